"""What learns to answer each use case, and what it must beat, one module each.

Belongs here: candidates, a rule, and what an answer is worth. Does not belong here:
label and population, which are SQL; the features, which ``customer_features.yml``
lists; and the use case's entry in the pipeline's list.
"""
