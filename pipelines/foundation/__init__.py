"""Foundation: the doors and the words that every layer shares.

Belongs here: how settings, errors, logs, contracts, deliveries, the ledger, the vault
and the warehouse are read and written; which use cases there are (``use_case``); the
door to Great Expectations (``gates``).

Does not belong here: a step of the night. What decides anything about a row, a customer
or an estimator stands in one of the four layers above, and nothing here imports them.
"""
