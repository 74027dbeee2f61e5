"""Knowledge discovery 知识发现: SEMMA, and which estimator becomes champion.

Duty: learn from the marts what is latent in them, and say how far it can be trusted.
Belongs here: the five stages for the bank's use cases (``use_cases``) and for any table
(``any_table``), the pages they write (``report``), MLflow (``tracking``), and the gate
between challenger and champion (``champion``).

Does not belong here: what is learnt (``models/``), which use cases there are
(``foundation/use_case.py``), or what is done with a score (``decision``).
"""
