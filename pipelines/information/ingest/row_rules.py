"""All that may be wrong with a row by itself, as its contract tells, in SQL."""

from pipelines.foundation.contracts import Column, Contract

# DuckDB also reads infinity, years before Christ and years of five digits.
CALENDAR = "date '0001-01-01' and timestamp '9999-12-31 23:59:59.999999'"
# As far as any zone is.
AHEAD = "14 hours"


def list_rules(contract: Contract) -> list[tuple[str, str, str]]:
    """List column, reason and condition in SQL of all that may be wrong with a row."""
    rules = [
        (column.name, reason, condition)
        for column in contract.columns
        for reason, condition in _rules_of(column)
    ]
    if contract.requires_one_of:
        empty = " and ".join(f"{name} is null" for name in contract.requires_one_of)
        rules.append((contract.requires_one_of[0], "missing", empty))
    return rules


def _rules_of(column: Column) -> list[tuple[str, str]]:
    name, rules = column.name, []
    if column.is_required:
        rules.append(("missing", f"{name} is null"))
    if column.accepted_values:
        accepted = ", ".join(f"'{value}'" for value in column.accepted_values)
        rules.append(("not_accepted", f"{name} not in ({accepted})"))
    if column.limits:
        low, high = (f"cast('{v}' as {column.data_type})" for v in column.limits)
        rules.append(("out_of_range", f"{name} not between {low} and {high}"))
    elif column.data_type in {"date", "timestamp"}:
        rules.append(("out_of_range", f"{name} not between {CALENDAR}"))
    if column.check_digit:
        false = f"""
            select pseudonym from false_identifiers where kind = '{column.identifier}'
        """
        rules.append(("check_digit", f"{name} in ({false})"))
    return [*rules, *_rules_of_time(column)]


def _rules_of_time(column: Column) -> list[tuple[str, str]]:
    rules = []
    if column.is_happened or column.is_past:
        # A date is the bank's own, which may be hours ahead of UTC.
        moment = f"known_at + interval '{AHEAD}'" if column.is_past else "known_at"
        latest = f"cast({moment} as {column.data_type})"
        rules.append(("happened_after_extraction", f"{column.name} > {latest}"))
    if column.not_before:
        rules.append(("contradicts_itself", f"{column.name} < {column.not_before}"))
    return rules
