"""Ingest: load what was delivered into ``raw``, every row once, and none of them lost.

Belongs here: everything between a folder in landing and rows with pseudonyms in ``raw``
or in quarantine. Does not belong here: judging a delivery as a whole (``accept``).
"""
