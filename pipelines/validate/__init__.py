"""Validate: accept or hold deliveries, and stop what was built wrong."""

from pipelines.foundation.errors import UsageError
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import run_lock
from pipelines.validate.deliveries import judge_deliveries
from pipelines.validate.tables import TABLES, judge_tables

GATES = ("deliveries", *TABLES)


def run(settings: Settings, gate: str) -> None:
    """Let pass what holds what it must.

    Parameters
    ----------
    settings : Settings
        Where the warehouse and the reports are.
    gate : {"deliveries", "features", "scores"}
        After ingestion; after the build up to the features; after the scores' build.
        A second call with nothing new at ``deliveries`` returns at once.

    Raises
    ------
    DataQualityError
        A critical expectation failed. At ``deliveries``, all that passed is accepted,
        and the night may go on without what is held. At the others, it must not.
    MissingSourceError
        There is nothing to validate yet.
    UsageError
        There is no such gate.
    """
    if gate not in GATES:
        known = ", ".join(GATES)
        msg = f"There is no gate {gate!r}, so nothing was checked. There are: {known}."
        raise UsageError(msg)
    with run_lock(settings, f"validate {gate}"):
        if gate == "deliveries":
            judge_deliveries(settings)
        else:
            judge_tables(settings, gate)
