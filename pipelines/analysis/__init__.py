"""Data analysis 数据分析: from rows to what a customer is.

Duty: let dbt build the marts, and stop what was built wrong. The layer itself is SQL,
in ``dbt_project/``. Belongs here: starting dbt, what it has to compute again, and the
gates of what was built.

Does not belong here: a rule about customers, a feature or a label: those are SQL.
"""
