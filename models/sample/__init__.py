"""Sample: which rows to learn from, to tune on and to test on."""
