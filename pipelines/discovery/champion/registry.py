"""The door to MLflow's registry: numbered estimators, and which one is champion."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from sklearn.base import BaseEstimator
from sqlalchemy.exc import SQLAlchemyError

from pipelines.discovery.champion.challenges import WAITING
from pipelines.discovery.tracking.artifacts import Artifact
from pipelines.discovery.tracking.mlflow_runs import load_candidate, open_client
from pipelines.foundation.errors import GateRefusedError, RegistryLostError
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect, prepare

CHAMPION, CHALLENGER = "champion", "challenger"
LOGGED = "models:/"  # MLflow's prefix of a logged estimator's id
# Nothing has the alias, nothing is registered, or the database is no database: to know
# no champion is the answer to all of them, and whoever expects one refuses.
FAULTS = (MlflowException, SQLAlchemyError)


@dataclass(frozen=True)
class Champion:
    """The registered estimator version in use."""

    estimator_version: int
    run_id: str
    estimator: BaseEstimator


def register(settings: Settings, use_case: str, artifact: Artifact) -> int:
    """Give a logged estimator the next version number of its use case."""
    client = open_client(settings)
    if not client.search_registered_models(f"name = '{use_case}'"):
        client.create_registered_model(use_case)
    registered = client.create_model_version(
        use_case,
        source=f"{LOGGED}{artifact.model_id}",
        run_id=artifact.run_id,
        model_id=artifact.model_id,
    )
    return int(registered.version)


def announce(
    settings: Settings, use_case: str, estimator_version: int, decision: str
) -> None:
    """Say in the registry what was decided of a version, and whether it waits."""
    client, version = open_client(settings), str(estimator_version)
    client.set_model_version_tag(use_case, version, "decision", decision)
    if decision == WAITING:
        client.set_registered_model_alias(use_case, CHALLENGER, version)
    elif CHALLENGER in client.get_model_version(use_case, version).aliases:
        client.delete_registered_model_alias(use_case, CHALLENGER)


def promote(
    settings: Settings,
    use_case: str,
    estimator_version: int,
    artifact: Artifact,
    *,
    reason: str,
    approved_by: str,
) -> None:
    """Make a registered version the champion. No other way leads there.

    The record comes before the alias. A crash in between leaves the old champion, and
    an alias moved by hand to what was never promoted is refused.
    """
    require_registered(settings, use_case, estimator_version, artifact)
    with connect(settings) as connection:
        connection.execute(
            """
            insert into ops.promotions by name
            select
                $use_case as use_case, $estimator_version as estimator_version,
                $run_id as run_id, $promoted_at as promoted_at, $reason as reason,
                $digests as digests, $approved_by as approved_by
            """,
            {
                "use_case": use_case,
                "estimator_version": estimator_version,
                "run_id": artifact.run_id,
                "promoted_at": datetime.now(UTC).replace(tzinfo=None),
                "reason": reason,
                "digests": json.dumps(artifact.digests, sort_keys=True),
                "approved_by": approved_by,
            },
        )
    client = open_client(settings)
    client.set_registered_model_alias(use_case, CHAMPION, str(estimator_version))


def require_registered(
    settings: Settings, use_case: str, estimator_version: int, artifact: Artifact
) -> None:
    """Refuse a version that the registry does not know, or knows as something else.

    Raises
    ------
    GateRefusedError
        What was meant to become champion would not be what was assessed.
    """
    try:
        registered = open_client(settings).get_model_version(
            use_case, str(estimator_version)
        )
    except FAULTS:
        registered = None
    if registered is None or registered.source != f"{LOGGED}{artifact.model_id}":
        msg = (
            f"MLflow's version {estimator_version} of {use_case} is not the one that "
            "was assessed, so nothing was promoted. Restore MLflow's store from a "
            f"backup, or run `crm mine {use_case}` again."
        )
        raise GateRefusedError(msg)


def load_champion(settings: Settings, use_case: str) -> Champion | None:
    """Load the estimator version in use.

    Returns
    -------
    Champion or None
        None where no version has been promoted yet.

    Raises
    ------
    GateRefusedError
        Its promotion is not on record, or its files are not those recorded.
    """
    registered = find_champion(settings, use_case)
    if registered is None:
        return None
    artifact = Artifact(
        run_id=registered.run_id,
        model_id=registered.source.removeprefix(LOGGED),
        digests=_read_promoted_digests(settings, use_case, int(registered.version)),
    )
    return Champion(
        estimator_version=int(registered.version),
        run_id=registered.run_id,
        estimator=load_candidate(settings, use_case, artifact),
    )


def find_champion(settings: Settings, use_case: str) -> ModelVersion | None:
    """Find the version in use, without loading it.

    Returns
    -------
    ModelVersion or None
        None where no version has been promoted yet.

    Raises
    ------
    RegistryLostError
        One was promoted, but the registry has no champion: its database was lost.
    """
    registered = _ask_registry(settings, use_case)
    if registered is None and (promoted := _find_promoted(settings, use_case)):
        msg = (
            f"MLflow's registry has no champion of {use_case}, though version "
            f"{promoted} was promoted: its database was lost, or the alias removed. So "
            "nothing was scored, and the scores there are stay as they are. Restore "
            f"mlflow.db from a backup, or run `crm mine {use_case}` and approve what "
            "comes of it."
        )
        raise RegistryLostError(msg)
    return registered


def _ask_registry(settings: Settings, use_case: str) -> ModelVersion | None:
    # Asking would create a store that is not there, which takes seconds.
    if not Path(settings.tracking_uri.removeprefix("sqlite:///")).exists():
        return None
    try:
        return open_client(settings).get_model_version_by_alias(use_case, CHAMPION)
    except FAULTS:
        return None


def _find_promoted(settings: Settings, use_case: str) -> int | None:
    with connect(settings) as connection:
        prepare(connection)  # A new home has no record of promotions yet.
        (version,) = connection.execute(
            """
            select max_by(estimator_version, promoted_at)
            from ops.promotions
            where use_case = ?
            """,
            [use_case],
        ).fetchone()
    return version


def _read_promoted_digests(
    settings: Settings, use_case: str, estimator_version: int
) -> dict[str, str]:
    with connect(settings) as connection:
        row = connection.execute(
            """
            select digests
            from ops.promotions
            where use_case = ? and estimator_version = ?
            order by promoted_at desc
            limit 1
            """,
            [use_case, estimator_version],
        ).fetchone()
    if row is None:
        msg = (
            f"MLflow's champion of {use_case} is version {estimator_version}, which "
            "ops.promotions does not know, so it was not loaded. Move the alias to a "
            "version that was promoted."
        )
        raise GateRefusedError(msg)
    return json.loads(row[0])
