"""Gates: the door to Great Expectations, and how its verdicts are kept.

Belongs here: running a suite, and recording what it found. Does not belong here: what
is expected (``expectations/``), or what becomes of a delivery or mart that fails.
"""
