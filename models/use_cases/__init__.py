"""What each use case asks, learns from and must beat, one module each.

Belongs here: a question, its features, its candidates and its rule. Does not belong
here: its label and population, which are SQL, and its entry in the pipeline's list.
"""
