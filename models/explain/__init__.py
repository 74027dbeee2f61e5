"""Explain: what each column adds to a score, exactly, and which reasons follow."""
