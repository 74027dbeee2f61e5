"""Assess: which candidate is better out of time? Promote decides what comes of it."""

import logging
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from models.assessment import measure, measure_groups, measure_ranking
from pipelines import plots, promote, tracking
from pipelines.artifacts import Artifact
from pipelines.errors import GateRefusedError
from pipelines.mining_runs import MiningRun, load_use_case, mark, open_stage
from pipelines.model import read_candidates
from pipelines.sample import read_dates, read_part
from pipelines.settings import Settings
from pipelines.warehouse import connect

logger = logging.getLogger(__name__)

RULE = "rule"


@dataclass(frozen=True)
class Contest:
    """One snapshot, scored by every candidate and by the rule.

    Attributes
    ----------
    as_of_date : date
        Which snapshot.
    rows : DataFrame of shape (n_rows, n_features + 1)
        Features and ``label``.
    probabilities : dict of str to ndarray of shape (n_rows,)
        By candidate, the simplest first.
    rule : ndarray of shape (n_rows,)
        What a bank without estimators would rank by; not a probability.
    """

    as_of_date: date
    rows: pd.DataFrame
    probabilities: dict[str, np.ndarray]
    rule: np.ndarray

    @property
    def label(self) -> np.ndarray:
        """0 or 1 by row."""
        return self.rows["label"].to_numpy()

    def measure(self) -> dict[str, dict[str, float]]:
        """Measure every candidate, and the rule."""
        figures = {
            name: measure(self.label, probability)
            for name, probability in self.probabilities.items()
        }
        if "product_family" in self.rows:
            for name, probability in self.probabilities.items():
                figures[name] |= measure_groups(
                    self.label, probability, self.rows["product_family"]
                )
        return figures | {RULE: measure_ranking(self.label, self.rule)}


def run(settings: Settings, use_case: str) -> str:
    """Compare the candidates, and let the better one challenge the champion.

    The choice among candidates falls on the tuning snapshot, so that the figures of the
    test snapshot, which are reported and which the gate reads, stay honest.

    Parameters
    ----------
    settings : Settings
        Says where the warehouse and MLflow's store are.
    use_case : str
        ``"churn"`` or ``"cross_sell"``.

    Returns
    -------
    str
        ``"promoted"``, ``"waiting"`` for a person, or ``"kept"`` where the champion is
        not clearly worse; ``"skipped"`` where mining was.

    Raises
    ------
    GateRefusedError
        The better candidate is not good enough to be anybody's champion. The champion
        stays.
    """
    try:
        with open_stage(settings, use_case, "assess") as mining_run:
            if mining_run is None:
                return "skipped"
            status, verdict = _assess(settings, mining_run)
    except GateRefusedError as error:
        mark(settings, mining_run, "refused", str(error))
        raise
    mark(settings, mining_run, status, verdict)
    tracking.end_run(settings, mining_run.mining_run_id, verdict=verdict)
    logger.info("%s assessed: %s", use_case, verdict)
    return status


def _assess(settings: Settings, mining_run: MiningRun) -> tuple[str, str]:
    use_case = mining_run.use_case
    candidates = read_candidates(settings, mining_run)
    contests = _hold_contests(settings, use_case, candidates)
    figures = {part: contest.measure() for part, contest in contests.items()}
    _write_figures(settings, mining_run, contests, figures)
    _track(contests["test"], figures["test"])
    # The first of equals is the simplest.
    winner = max(candidates, key=lambda name: figures["tune"][name]["auc"])
    status, verdict = promote.challenge(
        settings, mining_run, winner, candidates[winner]
    )
    ranks = ", ".join(f"{name} {of['auc']:.3f}" for name, of in figures["test"].items())
    return status, (
        f"{winner} won on the tuning snapshot and is {verdict}; "
        f"AUC on {contests['test'].as_of_date}: {ranks}"
    )


def _hold_contests(
    settings: Settings, use_case: str, candidates: dict[str, Artifact]
) -> dict[str, Contest]:
    definition = load_use_case(use_case)
    with connect(settings) as connection:
        dates = read_dates(connection, use_case)
        rows = {
            part: read_part(connection, use_case, part) for part in ("tune", "test")
        }
    estimators = {
        name: tracking.load_candidate(settings, use_case, artifact)
        for name, artifact in candidates.items()
    }
    return {
        part: Contest(
            as_of_date=dates[part],
            rows=rows[part],
            probabilities={
                name: estimator.predict_proba(rows[part][definition.FEATURES])[:, 1]
                for name, estimator in estimators.items()
            },
            rule=definition.score_by_rule(rows["tune"], rows[part]),
        )
        for part in ("tune", "test")
    }


def _write_figures(
    settings: Settings,
    mining_run: MiningRun,
    contests: dict[str, Contest],
    figures: dict[str, dict[str, dict[str, float]]],
) -> None:
    run_id = mining_run.mining_run_id
    rows = pd.DataFrame(
        {
            "use_case": mining_run.use_case,
            "mining_run_id": run_id,
            "candidate": name,
            "part": part,
            "as_of_date": contests[part].as_of_date,
            "metric": metric,
            "value": value,
        }
        for part, candidates in figures.items()
        for name, metrics in candidates.items()
        for metric, value in metrics.items()
    )
    with connect(settings) as connection:
        connection.register("figures", rows)
        connection.begin()
        connection.execute(
            "delete from ml.assessments where mining_run_id = ?", [run_id]
        )
        connection.execute("insert into ml.assessments by name from figures")
        connection.commit()


def _track(contest: Contest, figures: dict[str, dict[str, float]]) -> None:
    scores = contest.probabilities | {RULE: contest.rule}
    tracking.log(
        parameters={"as_of_date": contest.as_of_date},
        metrics={
            f"{name}_{metric}": value
            for name, metrics in figures.items()
            for metric, value in metrics.items()
        },
        figures={
            "roc": plots.plot_roc(contest.label, scores),
            "precision_recall": plots.plot_precision_recall(contest.label, scores),
            "gains": plots.plot_gains(contest.label, scores),
            "calibration": plots.plot_calibration(contest.label, contest.probabilities),
        },
    )
