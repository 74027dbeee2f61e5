"""Modify: what is done to columns before an estimator sees them."""
