"""The record of challenges: who wanted to become champion, and what was decided."""

import json
from dataclasses import dataclass
from datetime import date, datetime

from pipelines.discovery.tracking.artifacts import Artifact
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect, list_rows, prepare

WAITING, APPROVED, DECLINED = "waiting", "approved", "declined"


@dataclass(frozen=True)
class Challenge:
    """A challenger, and the latest that was decided of it.

    Attributes
    ----------
    use_case, candidate : str
        What it is for, and the name of its estimator.
    estimator_version : int
        In the registry.
    mining_run_id : str
        Where it comes from.
    artifact : Artifact
        Its files.
    learnt_until : date
        The latest snapshot whose labels it has seen.
    champion_version : int or None
        Whom it was compared with.
    decision : str
        ``"refused"``, ``"kept"`` (the champion), ``"waiting"``, ``"approved"`` or
        ``"declined"``.
    reason, decided_by : str
        Why, and the account, or the switch that stands for one.
    decided_at : datetime
        UTC, without a zone.
    figures : dict
        The evidence.
    """

    use_case: str
    estimator_version: int
    mining_run_id: str
    candidate: str
    artifact: Artifact
    learnt_until: date
    champion_version: int | None
    decision: str
    reason: str
    decided_by: str
    decided_at: datetime
    figures: dict


def record(settings: Settings, challenge: Challenge) -> None:
    """Add what was decided. Nothing is ever changed or removed."""
    row = vars(challenge) | {
        "run_id": challenge.artifact.run_id,
        "model_id": challenge.artifact.model_id,
        "digests": json.dumps(challenge.artifact.digests, sort_keys=True),
        "figures": json.dumps(challenge.figures, default=str),
    }
    del row["artifact"]
    listed = ", ".join(f"${name} as {name}" for name in row)
    with connect(settings) as connection:
        prepare(connection)
        connection.execute(f"insert into ops.challenges by name select {listed}", row)


def find(
    settings: Settings, use_case: str, estimator_version: int
) -> tuple[Challenge, bool] | None:
    """Find what was last decided of a version, and whether it still waits.

    Returns
    -------
    tuple of Challenge and bool, or None
        None where there was no such challenger.
    """
    with connect(settings) as connection:
        prepare(connection)
        rows = list_rows(
            connection,
            """
            select challenges.*, (
                select count(*) > 0 from ops.waiting_challengers as waiting
                where waiting.use_case = challenges.use_case
                    and waiting.estimator_version = challenges.estimator_version
            ) as is_waiting
            from ops.challenges
            where use_case = ? and estimator_version = ?
            order by decided_at desc
            limit 1
            """,
            [use_case, estimator_version],
        )
    if not rows:
        return None
    (row,) = rows
    is_waiting = row.pop("is_waiting")
    artifact = Artifact(
        row.pop("run_id"), row.pop("model_id"), json.loads(row.pop("digests"))
    )
    figures = json.loads(row.pop("figures"))
    return Challenge(**row, artifact=artifact, figures=figures), is_waiting


def list_all(settings: Settings) -> list[dict]:
    """List each challenger and what was last decided of it, the newest first."""
    with connect(settings, read_only=True) as connection:
        return list_rows(
            connection,
            """
            select
                use_case, estimator_version as version, candidate,
                case
                    when decision != 'waiting' then decision
                    when exists (
                        from ops.waiting_challengers as waiting
                        where waiting.use_case = challenges.use_case
                            and waiting.estimator_version
                                = challenges.estimator_version
                    ) then decision
                    else 'out of date'
                end as decision,
                strftime(decided_at, '%Y-%m-%d %H:%M') as decided_at, decided_by,
                reason
            from ops.challenges
            qualify row_number() over (
                partition by use_case, estimator_version
                order by challenges.decided_at desc
            ) = 1
            order by challenges.decided_at desc
            """,
        )
