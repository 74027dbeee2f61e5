"""What people rule on a delivery: to accept it, or to withdraw it, and why."""

import logging

from pipelines.foundation.errors import UsageError
from pipelines.foundation.record import record_decision, require_reason
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect, prepare, run_lock
from pipelines.information.ingest import (
    contested,
)
from pipelines.information.ingest import (
    reload as again,
)

logger = logging.getLogger(__name__)
# From which status a decision may take a delivery, and to which.
ALLOWED = {
    "accept": (("held", "loaded", "withdrawn"), "accepted"),
    "withdraw": (("accepted", "held", "loaded"), "withdrawn"),
}


def accept(settings: Settings, delivery_id: str, reason: str) -> None:
    """Let the marts read a delivery that a gate held, or that was withdrawn.

    Parameters
    ----------
    settings : Settings
        Where the warehouse is.
    delivery_id : str
        For example ``"atm/2026-01-31.1"``.
    reason : str
        Kept with who decided and when, in ``ops.decisions``.

    Raises
    ------
    UsageError
        There is no such delivery, it is in no state to be accepted, or no reason is
        given.
    """
    _decide(settings, "accept", delivery_id, reason)


def withdraw(settings: Settings, delivery_id: str, reason: str) -> None:
    """Take a delivery out of every mart from the next build on; parameters as above.

    Its rows stay in ``raw``, so that it can be accepted again. Other deliveries may
    have left out rows because this one had said them: those are loaded again by the
    next ingestion, as long as they are still in landing.

    Raises
    ------
    UsageError
        As ``accept``.
    """
    _decide(settings, "withdraw", delivery_id, reason)


def _decide(settings: Settings, decision: str, delivery_id: str, reason: str) -> None:
    require_reason(reason)
    allowed, status = ALLOWED[decision]
    with run_lock(settings, decision), connect(settings) as connection:
        prepare(connection)
        found = connection.execute(
            """
            select status, rows_loaded from ops.deliveries
            where delivery_id = ? and status != 'refused'
            """,
            [delivery_id],
        ).fetchone()
        if found is None or found[0] not in allowed:
            was = f"is {found[0]}" if found else "was never loaded"
            msg = (
                f"{delivery_id!r} {was}, so there is nothing to {decision}. "
                f"`crm deliveries` lists what can be: {', '.join(allowed)}."
            )
            raise UsageError(msg)
        connection.begin()
        connection.execute(
            "update ops.deliveries set status = ?, note = ? where delivery_id = ?"
            " and status != 'refused'",
            [status, f"{status.capitalize()} by hand: {reason}", delivery_id],
        )
        record_decision(connection, decision, delivery_id, reason, row_count=found[1])
        landing = settings.landing
        stale = contested.find_out_of_turn(connection, landing, delivery_id)
        stale += again.list_copies(connection, landing, delivery_id)
        again.take_out(connection, sorted(set(stale)))
        connection.commit()
    logger.info("%s: %s is %s, was %s", decision, delivery_id, status, found[0])
    if stale:
        logger.warning(
            "%s: %d deliveries share rows with this one, or it with others, and were "
            "taken out to be judged again. Run `crm ingest` to load them.",
            decision,
            len(stale),
        )
