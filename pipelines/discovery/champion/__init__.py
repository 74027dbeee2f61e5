"""Champion: which estimator version scores, on what evidence, and who let it in.

Belongs here: the registry, challenges, the gate's evidence, promotion, model cards.
Does not belong here: the gate's rules, which are pure functions in ``models/assess``.
"""
