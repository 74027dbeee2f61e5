"""Model: the estimators that compete, and how they are fitted.

Belongs here: builders of unfitted estimators, own estimator classes, cross-fitting.
Does not belong here: features of a use case (``use_cases``), or judging (``assess``).
"""
