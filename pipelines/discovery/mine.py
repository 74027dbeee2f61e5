"""Mine: the five stages in one."""

from models.assess.promotion import REFUSED
from pipelines.discovery.champion import registry
from pipelines.discovery.runs import MiningRun, find_latest
from pipelines.discovery.use_cases import assess, explore, model, modify, sample
from pipelines.foundation.logs import show_status
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect, prepare, run_lock


def run(settings: Settings, use_case: str, *, seed: int = 0) -> MiningRun:
    """Sample, explore, modify, model and assess.

    Parameters
    ----------
    settings : Settings
        Says where the warehouse and MLflow's store are.
    use_case : str
        Name of one of ``USE_CASES``.
    seed : int, default=0
        Two runs on the same marts with the same seed give the same probabilities.

    Returns
    -------
    MiningRun
        What came of it, in its ``status`` and ``note``.

    Raises
    ------
    GateRefusedError
        The better candidate is not good enough to be anybody's champion.
    """
    with run_lock(settings, "mine"), show_status(f"Mining {use_case}"):
        if sample.run(settings, use_case, seed=seed):
            explore.run(settings, use_case)
            modify.run(settings, use_case)
            model.run(settings, use_case)
            assess.run(settings, use_case)
        return find_latest(settings, use_case)


def needs_mining(settings: Settings, use_case: str) -> bool:
    """Whether a use case has no champion, or one that learnt from somebody erased.

    A challenger that waits for a person is enough: mining again would only add another.
    So is one that was refused, until there is a later snapshot to judge one on.
    """
    with connect(settings) as connection:
        prepare(connection)
        is_flagged, is_waiting = connection.execute(
            """
            select
                (
                    select coalesce(max(flagged_at) > coalesce(
                        (
                            select max(started_at) from ml.mining_runs
                            where use_case = $use_case
                        ),
                        timestamp '0001-01-01'
                    ), false)
                    from ops.retraining where use_case = $use_case
                ),
                (
                    select count(*) > 0 from ops.waiting_challengers
                    where use_case = $use_case
                )
            """,
            {"use_case": use_case},
        ).fetchone()
    if is_flagged or is_waiting:
        return is_flagged
    if registry.find_champion(settings, use_case) is not None:
        return False
    return not _was_refused(settings, use_case)


def _was_refused(settings: Settings, use_case: str) -> bool:
    """Whether the latest run was refused, and would be on the same snapshots again."""
    latest = find_latest(settings, use_case)
    if latest is None or latest.status != REFUSED:
        return False
    with connect(settings) as connection:
        (judged_on,) = connection.execute(
            """
            select max(as_of_date) from ml.assessments
            where mining_run_id = ? and part = 'test'
            """,
            [latest.mining_run_id],
        ).fetchone()
        return sample.list_snapshots(connection, use_case)[-1:] == [judged_on]
