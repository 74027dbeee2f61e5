"""How many checks of each principle a delivery was put through, and how many failed."""

from collections import Counter

import duckdb

from pipelines.foundation.gates.verdicts import Verdict

PRINCIPLES = ("authenticity", "accuracy", "timeliness", "completeness")


def record_principles(
    connection: duckdb.DuckDBPyConnection,
    verdicts: list[Verdict],
    checks: dict[str, Counter],
    judged: list[tuple],
) -> None:
    """Replace what ``ops.delivery_principles`` says of the deliveries just judged.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The warehouse, open for writing.
    verdicts : list of Verdict
        One for each source.
    checks : dict of str to Counter
        By source, the number of its checks by principle.
    judged : list of tuple
        Delivery, source and business date.
    """
    failed = {
        (delivery_id, failure.principle, failure.expectation)
        for verdict in verdicts
        for failure in verdict.failures
        for delivery_id in failure.deliveries
    }
    counts = Counter((delivery_id, principle) for delivery_id, principle, _ in failed)
    rows = [
        (
            delivery_id,
            source,
            business_date,
            principle,
            checks[source][principle],
            counts[delivery_id, principle],
        )
        for delivery_id, source, business_date in judged
        for principle in PRINCIPLES
    ]
    for row in rows:
        connection.execute(
            "delete from ops.delivery_principles "
            "where delivery_id = ? and principle = ?",
            [row[0], row[3]],
        )
    connection.executemany(
        "insert into ops.delivery_principles values (?, ?, ?, ?, ?, ?)", rows
    )
