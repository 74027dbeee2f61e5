"""Publish: a version of the marts that never changes, and a pointer to the newest.

Belongs here: copying marts out, the manifest, versions and their order. Does not belong
here: building marts (``analysis``), or judging them (``expectations/``).
"""
