"""The gates of what was built: features before mining, scores before anybody acts.

Reads through the warehouse's own door, and writes nothing there but the verdict.
"""

import logging

import duckdb

from pipelines.foundation.errors import DataQualityError, MissingSourceError, UsageError
from pipelines.foundation.gates.verdicts import (
    Failure,
    Verdict,
    record,
    report_path,
)
from pipelines.foundation.settings import Settings
from pipelines.foundation.use_case import USE_CASES
from pipelines.foundation.warehouse import connect, prepare, run_lock

logger = logging.getLogger(__name__)
MARTS_OF_SCORES = (
    "marts.customer_scores",
    "marts.customers",
    "marts.decision_log",
    "marts.next_best_offers",
    "marts.work_list",
    "marts.score_reasons",
    "marts.estimator_health",
)
# The gate "features" guards all that is built before anything is scored.
GATED_TABLES = {
    "features": (
        "intermediate.int_customers_registered",
        "marts.accounts",
        "marts.transactions",
        "marts.customer_features",
        "marts.customer_labels",
    ),
    "scores": (*(use_case.score_table for use_case in USE_CASES), *MARTS_OF_SCORES),
}
GATES = tuple(GATED_TABLES)
# Which deliveries said last what is wrong, where a row says of whom or what it is.
ORIGINS = {
    "intermediate.int_customers_registered": """
        select distinct max_by(delivery_id, (changed_date, known_at)) as delivery_id
        from intermediate.int_registrations_resolved
        where superseded_at is null
            and customer_id in (select customer_id from ({broken}))
        group by customer_id order by delivery_id
    """,
    "marts.accounts": """
        select distinct max_by(delivery_id, (changed_date, known_at)) as delivery_id
        from intermediate.int_accounts_resolved
        where superseded_at is null
            and account_id in (select account_id from ({broken}))
        group by account_id order by delivery_id
    """,
    "marts.transactions": """
        select distinct delivery_id from ({broken}) order by delivery_id
    """,
}
MAX_NAMED = 5


def run(settings: Settings, gate: str) -> None:
    """Let pass what holds what it must.

    Parameters
    ----------
    settings : Settings
        Where the warehouse and the reports are.
    gate : {"features", "scores"}
        After the build up to the features; after the scores' build.

    Raises
    ------
    DataQualityError
        A critical expectation failed, in one table or more. The night must not go on.
    MissingSourceError
        The tables were never built.
    UsageError
        There is no such gate.
    """
    if gate not in GATES:
        known = ", ".join(("deliveries", *GATES))
        msg = f"There is no gate {gate!r}, so nothing was checked. There are: {known}."
        raise UsageError(msg)
    with run_lock(settings, f"validate {gate}"):
        _judge_tables(settings, gate)


def _judge_tables(settings: Settings, gate: str) -> None:
    with connect(settings, read_only=True) as connection:
        _require_tables(connection, gate)
        verdicts = _judge(connection, settings, gate)
    with connect(settings) as connection:
        prepare(connection)
        record(connection, settings, gate, verdicts)
    _report(settings, gate, verdicts)


def _require_tables(connection: duckdb.DuckDBPyConnection, gate: str) -> None:
    built = connection.execute("""
        select schema_name || '.' || table_name from duckdb_tables()
    """).fetchall()
    missing = [table for table in GATED_TABLES[gate] if (table,) not in built]
    if missing:
        msg = (
            f"There is no {', '.join(missing)} yet, so there is nothing to validate. "
            "Run `crm build` first."
        )
        raise MissingSourceError(msg)


def _judge(
    connection: duckdb.DuckDBPyConnection, settings: Settings, gate: str
) -> list[Verdict]:
    # GX takes 6 s to import, and a missing table is said before.
    from pipelines.foundation.gates import suites

    docs = settings.reports / "data_docs" / gate
    context = suites.open_context()
    verdicts = []
    for table in GATED_TABLES[gate]:
        name = table.split(".")[1]
        if note := _why_empty(connection, table):
            verdicts.append(Verdict(name, 0, 0, note=note))
            continue
        suite = suites.load_suite(name)
        query = _select_judged(table, gate)
        verdicts.append(
            suites.judge_query(
                context, suite, connection, query, origins=ORIGINS.get(table, "")
            )
        )
    suites.write_docs(context, docs, verdicts)
    return verdicts


def _why_empty(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """Say why a table is rightly empty; nothing where it is not."""
    use_cases = _list_filling(table)
    (is_empty,) = connection.execute(f"select count(*) = 0 from {table}").fetchone()
    (champions,) = connection.execute(
        "select count(*) from ops.promotions where list_contains(?, use_case)",
        [use_cases],
    ).fetchone()
    if use_cases and is_empty and not champions:
        return f"no champion for {' or '.join(use_cases)}"
    return ""


def _list_filling(table: str) -> list[str]:
    """Name the use cases without a champion of which a table is rightly empty."""
    if table not in GATED_TABLES["scores"] or table == "marts.customers":
        return []
    its_own = [
        use_case.name
        for use_case in USE_CASES
        if table in {use_case.score_table, *use_case.marts}
    ]
    return its_own or [use_case.name for use_case in USE_CASES]


def _select_judged(table: str, gate: str) -> str:
    """Write the query of what is judged: where there are snapshots, of the newest."""
    if gate == "scores" and table != "marts.customers":
        newest = f"(select max(as_of_date) from {table})"
        return f"select * from {table} where as_of_date = {newest}"
    return f"select * from {table}"


def _report(settings: Settings, gate: str, verdicts: list[Verdict]) -> None:
    for verdict in verdicts:
        if verdict.note:
            logger.info(
                "validate %s: %s not run, %s", gate, verdict.target, verdict.note
            )
        for warning in verdict.warnings:
            logger.warning("validate %s: %s failed %s", gate, verdict.target, warning)
    criticals = [(v, failure) for v in verdicts for failure in v.criticals]
    logger.info(
        "validate %s: %d tables, %d expectations, %d failed, %d warnings",
        gate,
        sum(not verdict.note for verdict in verdicts),
        sum(verdict.expectation_count for verdict in verdicts),
        len(criticals),
        sum(len(verdict.warnings) for verdict in verdicts),
    )
    if criticals:
        failures = "\n".join(
            f"  {verdict.target} ({verdict.row_count} rows): {failure}"
            for verdict, failure in criticals
        )
        modules = sorted({f"expectations/{v.target}.py" for v, _ in criticals})
        msg = (
            f"{gate}: {len(criticals)} expectations failed, so nothing will be made of "
            f"these tables or published.\n{failures}\n{_name_origins(criticals)}"
            f"What was expected, and why: {', '.join(modules)}. "
            f"Report: {report_path(settings, gate)}."
        )
        raise DataQualityError(msg)


def _name_origins(criticals: list[tuple[Verdict, Failure]]) -> str:
    """Name the deliveries to withdraw; nothing where no row leads to one."""
    origins = sorted({name for _, failure in criticals for name in failure.origins})
    if not origins:
        return ""
    listed = ", ".join(origins[:MAX_NAMED])
    if len(origins) > MAX_NAMED:
        listed += f" and {len(origins) - MAX_NAMED} more"
    return (
        f"Such rows came with {listed}. To go on without them: `crm withdraw "
        f"{origins[0]} --reason …`, then run the night again.\n"
    )
