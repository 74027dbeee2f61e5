"""Who decided what, when and why: the record that every decision of a person enters."""

import getpass
from datetime import UTC, datetime

import duckdb

from pipelines.foundation.deliveries import in_utc
from pipelines.foundation.errors import UsageError


def record_decision(
    connection: duckdb.DuckDBPyConnection,
    decision: str,
    target: str,
    reason: str,
    *,
    row_count: int,
) -> None:
    """Keep what was decided, by whom, when and why."""
    connection.execute(
        "insert into ops.decisions values (?, ?, ?, ?, ?, ?)",
        [
            decision,
            target,
            row_count,
            reason,
            getpass.getuser(),
            in_utc(datetime.now(UTC)),
        ],
    )


def require_reason(reason: str) -> None:
    """Refuse a decision without one.

    Raises
    ------
    UsageError
        The reason is empty.
    """
    if not reason.strip():
        msg = "A decision needs a reason, so nothing was done. Say why with --reason."
        raise UsageError(msg)
