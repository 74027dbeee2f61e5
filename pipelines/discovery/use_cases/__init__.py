"""Sample, explore, modify, model, assess: the bank's own use cases, split in time.

Belongs here: the five stages over ``marts.customer_features``, what they compare
(``contests``) and report. Does not belong here: anything that names one use case; that
is ``models/use_cases/`` and its entry in ``foundation/use_case.py``.
"""
