"""The gate of deliveries: accept what holds what it must, and hold the rest."""

import logging
from collections import Counter
from dataclasses import replace
from pathlib import Path

import duckdb

from pipelines.foundation.errors import DataQualityError
from pipelines.foundation.gates.verdicts import Verdict, record, report_path
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect, prepare, run_lock
from pipelines.information.accept.principles import record_principles

logger = logging.getLogger(__name__)
GATE = "deliveries"
# A held delivery is judged again: what it lacked may have come. Not so once a later
# sequence has taken its place.
IS_WAITING = """
    status = 'loaded' or (
        status = 'held' and not exists (
            select 1 from ops.deliveries as later
            where later.source = deliveries.source
                and later.business_date = deliveries.business_date
                and later.sequence > deliveries.sequence
                and later.status in ('loaded', 'accepted')
        )
    )
"""


def run(settings: Settings) -> None:
    """Accept or hold every delivery that waits for its verdict.

    A second call with nothing new returns at once.

    Parameters
    ----------
    settings : Settings
        Where the warehouse and the reports are.

    Raises
    ------
    DataQualityError
        Some are held. All others are accepted, this is committed, and the night may go
        on without what is held.
    """
    with run_lock(settings, f"validate {GATE}"):
        _judge_waiting(settings)


def _judge_waiting(settings: Settings) -> None:
    with connect(settings, read_only=True) as connection:
        (waiting,) = connection.execute(
            f"select count(*) from ops.deliveries where {IS_WAITING}"
        ).fetchone()
    if not waiting:
        logger.info("validate deliveries: none waits for a verdict")
        return
    with connect(settings) as connection:
        prepare(connection)
        connection.begin()
        try:
            connection.execute(
                f"update ops.deliveries set status = 'loaded', note = null "
                f"where {IS_WAITING}"
            )
            judged = connection.execute(
                "select delivery_id, source, business_date from ops.deliveries "
                "where status = 'loaded'"
            ).fetchall()
            verdicts, held = _judge_and_hold(connection, settings)
            record_principles(connection, verdicts, _count_checks(), judged)
            connection.execute(
                "update ops.deliveries set status = 'accepted' where status = 'loaded'"
            )
            record(connection, settings, GATE, verdicts)
        except BaseException:
            connection.rollback()
            raise
        connection.commit()
    _report(settings, verdicts, held, waiting)


def _judge_and_hold(
    connection: duckdb.DuckDBPyConnection, settings: Settings
) -> tuple[list[Verdict], set[str]]:
    """Judge what is loaded and hold what fails, until all that is left passes.

    What is held is no history for the others, and its accounts and cards are unknown to
    them: so they are judged again without it.
    """
    found: dict[str, Verdict] = {}
    held: set[str] = set()
    while True:
        docs = None if found else settings.reports / "data_docs" / GATE
        verdicts = _judge(connection, docs)
        for verdict in verdicts:
            before = found.get(verdict.target, replace(verdict, failures=()))
            failures = (*before.criticals, *verdict.failures)
            found[verdict.target] = replace(before, failures=failures)
        failing = _hold(connection, verdicts)
        if not failing:
            return list(found.values()), held
        held |= failing


def _judge(connection: duckdb.DuckDBPyConnection, docs: Path | None) -> list[Verdict]:
    # GX takes 6 s to import, and most calls find nothing to judge.
    from expectations.delivery_facts import SUITES
    from pipelines.foundation.gates import suites
    from pipelines.information.accept import facts

    context = suites.open_context()
    verdicts = [
        suites.judge_frame(context, SUITES[source], of_source.reset_index(drop=True))
        for source, of_source in facts.measure(connection).groupby("source")
    ]
    if docs:
        suites.write_docs(context, docs, verdicts)
    return verdicts


def _count_checks() -> dict[str, Counter]:
    from expectations.delivery_facts import SUITES

    return {
        source: Counter(check.meta["principle"] for check in suite.expectations)
        for source, suite in SUITES.items()
    }


def _hold(connection: duckdb.DuckDBPyConnection, verdicts: list[Verdict]) -> set[str]:
    reasons: dict[str, list[str]] = {}
    for verdict in verdicts:
        for failure in verdict.criticals:
            for delivery_id in failure.deliveries:
                reasons.setdefault(delivery_id, []).append(failure.expectation)
    for delivery_id, expectations in reasons.items():
        connection.execute(
            "update ops.deliveries set status = 'held', note = ? where delivery_id = ?",
            [f"Failed {', '.join(expectations)}", delivery_id],
        )
    return set(reasons)


def _report(
    settings: Settings, verdicts: list[Verdict], held: set[str], waiting: int
) -> None:
    for verdict in verdicts:
        for warning in verdict.warnings:
            logger.warning("validate deliveries: %s failed %s", verdict.target, warning)
    logger.info(
        "validate deliveries: %d accepted, %d held; %d expectations, %d warnings",
        waiting - len(held),
        len(held),
        sum(verdict.expectation_count for verdict in verdicts),
        sum(len(verdict.warnings) for verdict in verdicts),
    )
    if held:
        failures = "\n".join(
            f"  {verdict.target}: {failure}"
            for verdict in verdicts
            for failure in verdict.criticals
        )
        msg = (
            f"{len(held)} of {waiting} deliveries are held, so the marts are built "
            f"without them.\n{failures}\n"
            "What was measured: table ops.delivery_facts. What was expected, and why: "
            f"expectations/delivery_facts.py. Report: {report_path(settings, GATE)}. "
            "Send a restatement, or mend what it lacks and run this again."
        )
        raise DataQualityError(msg)
