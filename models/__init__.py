"""What is learnt: scikit-learn estimators, one module per use case."""
