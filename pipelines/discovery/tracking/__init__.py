"""Tracking: the doors to MLflow and to the files of estimators.

Belongs here: runs, metrics and artifacts, saving and loading estimators after their
hashes were compared, and which estimators may not be kept. Does not belong here: which
version scores (``champion``).
"""
