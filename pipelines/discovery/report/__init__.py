"""Report: the frame, the tables and the plots that every page of mining shares.

Belongs here: how a page is written and drawn. Does not belong here: what it says, which
stands in the ``page`` module of whoever reports.
"""
