"""Identity: which registrations are one person, by evidence and at each moment.

Belongs here: comparing identifiers in the vault, and ``ops.customer_identities``.
Does not belong here: households and relations, which are SQL in ``dbt_project/``.
"""
