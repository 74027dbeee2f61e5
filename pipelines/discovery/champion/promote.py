"""Promote: may a challenger become the champion? Whatever goes wrong, it may not."""

import getpass
import logging
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from models.assess.comparison import Evidence
from models.assess.promotion import KEPT, PASSED, REFUSED, Bounds, decide
from pipelines.discovery.champion import challenges, evidence, registry
from pipelines.discovery.champion.challenges import (
    APPROVED,
    DECLINED,
    WAITING,
    Challenge,
)
from pipelines.discovery.champion.model_card import write_card
from pipelines.discovery.champion.registry import Champion
from pipelines.discovery.runs import MiningRun
from pipelines.discovery.tracking import mlflow_runs as tracking
from pipelines.discovery.tracking.artifacts import (
    Artifact,
    require_columns,
    require_families,
)
from pipelines.foundation.errors import GateRefusedError, RegistryLostError, UsageError
from pipelines.foundation.parameters import read_drift_threshold
from pipelines.foundation.record import require_reason
from pipelines.foundation.settings import Settings
from pipelines.foundation.use_case import find_use_case
from pipelines.foundation.warehouse import connect, prepare, run_lock

logger = logging.getLogger(__name__)
SWITCH = "CRM_AUTO_APPROVE"
MODEL_CARD = "model_card.md"


@dataclass(frozen=True)
class Rival:
    """Whom a challenger is compared with.

    Attributes
    ----------
    champion : Champion or None
        None where there is none, or none that can be compared.
    version : int or None
        The champion's, comparable or not.
    note : str
        Why it is not compared.
    needs_person : bool
        Whether that is for a person to judge, whatever the switch says.
    """

    champion: Champion | None
    version: int | None
    note: str = ""
    needs_person: bool = False


def challenge(
    settings: Settings, mining_run: MiningRun, candidate: str, artifact: Artifact
) -> tuple[str, str]:
    """Let the better candidate of a mining run challenge the champion.

    Parameters
    ----------
    settings : Settings
        Says where the warehouse and MLflow's store are, the bounds, and whether the
        gate alone makes champions.
    mining_run : MiningRun
        Which has been modelled, and is open in MLflow.
    candidate : str
        Name of the estimator that won.
    artifact : Artifact
        Its files.

    Returns
    -------
    tuple of str
        ``"promoted"``; ``"waiting"`` for a person; or ``"kept"`` where it is not
        clearly better than the champion. And why.

    Raises
    ------
    GateRefusedError
        Nobody should use it. What was champion stays, as it does after any error.
    """
    use_case = mining_run.use_case
    with connect(settings) as connection:
        prepare(connection)
        sample = evidence.describe_sample(connection, use_case)
    estimator = tracking.load_candidate(settings, use_case, artifact)
    rival = _find_rival(settings, use_case)
    figures = evidence.gather(settings, mining_run, estimator, rival.champion)
    verdict = decide(figures, _read_bounds(settings, figures))
    reason = "; ".join([*verdict.reasons, *filter(None, [rival.note])])
    decision, decided_by = verdict.outcome, getpass.getuser()
    if decision == PASSED:
        decision = WAITING
        if settings.auto_approve and not rival.needs_person:
            decision, decided_by = APPROVED, SWITCH
    entry = Challenge(
        use_case=use_case,
        estimator_version=registry.register(settings, use_case, artifact),
        mining_run_id=mining_run.mining_run_id,
        candidate=candidate,
        artifact=artifact,
        learnt_until=max(part["last"] for part in sample if part["part"] != "test"),
        champion_version=rival.version,
        decision=decision,
        reason=reason,
        decided_by=decided_by,
        decided_at=_now(),
        figures=asdict(figures)
        | {
            "sample": sample,
            "seed": mining_run.seed,
            "data_version": mining_run.data_version,
            "tail": settings.gate.tail,
        },
    )
    _carry_out(settings, entry)
    return _say(entry)


def approve(
    settings: Settings, use_case: str, estimator_version: int, reason: str
) -> None:
    """Make a challenger that waits the champion, or go back to an earlier champion.

    Parameters
    ----------
    settings : Settings
        Says where the warehouse and MLflow's store are.
    use_case : str
        Name of one of ``USE_CASES``.
    estimator_version : int
        Which, as ``crm challengers`` lists it.
    reason : str
        Kept with the account that approves, and when.

    Raises
    ------
    UsageError
        It does not wait, and was no champion; or no reason is given.
    GateRefusedError
        What it was compared with is out of date, or its files were changed.
    """
    require_reason(reason)
    with run_lock(settings, "approve"):
        entry, is_waiting = _find(settings, use_case, estimator_version)
        if entry.decision == WAITING and not is_waiting:
            msg = (
                f"Since version {estimator_version} of {use_case} was assessed, "
                "another became champion or a person it learnt from was erased, so it "
                f"was not approved. Run `crm mine {use_case}` again."
            )
            raise GateRefusedError(msg)
        _require(entry, (WAITING, APPROVED), "approved")
        if entry.decision == APPROVED and _has_to_go(
            settings, use_case, estimator_version
        ):
            msg = (
                f"Version {estimator_version} of {use_case} may have learnt from "
                "a person who was erased since, so it can't come back. Run `crm mine "
                f"{use_case}` again."
            )
            raise GateRefusedError(msg)
        registry.require_registered(
            settings, use_case, estimator_version, entry.artifact
        )
        estimator = tracking.load_candidate(settings, use_case, entry.artifact)
        with connect(settings) as connection:
            available = evidence.list_columns(connection, use_case)
        require_columns(use_case, estimator, available)
        _decide(settings, entry, APPROVED, reason)
    logger.info(
        "%s version %d is champion. The next night scores with it, or `crm score %s`.",
        use_case,
        estimator_version,
        use_case,
    )


def decline(
    settings: Settings, use_case: str, estimator_version: int, reason: str
) -> None:
    """Let a challenger that waits wait no longer; parameters as ``approve``.

    Raises
    ------
    UsageError
        It does not wait, or no reason is given.
    """
    require_reason(reason)
    with run_lock(settings, "decline"):
        entry, _ = _find(settings, use_case, estimator_version)
        _require(entry, (WAITING,), "declined")
        _decide(settings, entry, DECLINED, reason)
    logger.info("%s version %d is declined.", use_case, estimator_version)


def _read_bounds(settings: Settings, figures: Evidence) -> Bounds:
    """Read the bounds that hold on the snapshot of the test."""
    return Bounds(
        **settings.gate.model_dump(),
        most_drift=read_drift_threshold(figures.comparisons[-1].as_of_date),
    )


def _find_rival(settings: Settings, use_case: str) -> Rival:
    """Load the champion. One that can't be compared leaves the decision to a person."""
    version = None
    try:
        if registered := registry.find_champion(settings, use_case):
            version = int(registered.version)
        champion = registry.load_champion(settings, use_case)
        if champion is None:
            return Rival(None, None, "there is no champion yet")
        with connect(settings) as connection:
            available = evidence.list_columns(connection, use_case)
        require_columns(use_case, champion.estimator, available)
        require_families(use_case, champion.estimator, find_use_case(use_case).families)
    except RegistryLostError:
        return Rival(None, None, "the champion is lost", needs_person=True)
    except GateRefusedError as error:
        note = f"the champion can't be compared: {error}"
        return Rival(None, version, note, needs_person=True)
    if _has_to_go(settings, use_case, champion.estimator_version):
        note = f"champion version {version} learnt from a person erased since"
        return Rival(None, version, note)
    return Rival(champion, version)


def _has_to_go(settings: Settings, use_case: str, estimator_version: int) -> bool:
    with connect(settings) as connection:
        (is_flagged,) = connection.execute(
            """
            select count(*) > 0 from ops.retraining
            where use_case = ? and estimator_version = ?
            """,
            [use_case, estimator_version],
        ).fetchone()
    return is_flagged


def _decide(settings: Settings, entry: Challenge, decision: str, reason: str) -> None:
    """Record what a person decided, and track it under the run it is about."""
    decided = replace(
        entry,
        decision=decision,
        reason=reason,
        decided_by=getpass.getuser(),
        decided_at=_now(),
    )
    name = f"{decision} version {entry.estimator_version}"
    with tracking.open_run(settings, entry.use_case, name):
        _carry_out(settings, decided)


def _carry_out(settings: Settings, entry: Challenge) -> None:
    """Record a decision, then do what it says. What fails leaves the champion."""
    challenges.record(settings, entry)
    tracking.log(texts={MODEL_CARD: write_card(entry)})
    if entry.decision == APPROVED:
        registry.promote(
            settings,
            entry.use_case,
            entry.estimator_version,
            entry.artifact,
            reason=entry.reason,
            approved_by=entry.decided_by,
        )
    registry.announce(settings, entry.use_case, entry.estimator_version, entry.decision)


def _say(entry: Challenge) -> tuple[str, str]:
    name = f"{entry.use_case} {entry.estimator_version}"
    if entry.decision == REFUSED:
        msg = (
            f"Version {entry.estimator_version} of {entry.use_case} "
            f"({entry.candidate}) was not promoted: {entry.reason}. What was champion "
            "before stays. Look at the run in MLflow, and at the features' drift."
        )
        raise GateRefusedError(msg)
    if entry.decision == KEPT:
        champion = entry.champion_version
        return KEPT, f"is not clearly better than champion {champion} ({entry.reason})"
    if entry.decision == WAITING:
        logger.warning(
            "%s version %d waits for a person: crm approve %s --reason WHY",
            entry.use_case,
            entry.estimator_version,
            name,
        )
        return WAITING, f"waits for approval ({entry.reason})"
    return "promoted", f"is promoted by {entry.decided_by} ({entry.reason})"


def _find(
    settings: Settings, use_case: str, estimator_version: int
) -> tuple[Challenge, bool]:
    found = challenges.find(settings, use_case, estimator_version)
    if found is None:
        msg = (
            f"There is no version {estimator_version} of {use_case}, so nothing was "
            "decided. `crm challengers` lists them."
        )
        raise UsageError(msg)
    return found


def _require(entry: Challenge, allowed: tuple[str, ...], done: str) -> None:
    if entry.decision not in allowed:
        msg = (
            f"Version {entry.estimator_version} of {entry.use_case} is "
            f"{entry.decision}, so it can't be {done}. `crm challengers` lists what "
            "waits."
        )
        raise UsageError(msg)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
