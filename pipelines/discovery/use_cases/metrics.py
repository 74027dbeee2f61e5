"""Figures of an assessment: by part, cut-off, candidate and segment, with intervals."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from models.assess.comparison import LEAST_OF_EACH_LABEL, RULE
from models.assess.ranking import measure_offers
from models.assess.resampling import DRAWS, summarise
from pipelines.discovery.runs import MiningRun
from pipelines.discovery.use_cases.contests import SEGMENTS, Contest
from pipelines.foundation.settings import Settings
from pipelines.foundation.use_case import find_use_case
from pipelines.foundation.warehouse import connect

FAMILY = "product_family"
OF_PROBABILITIES = ("brier", "calibration_error")


class Row(NamedTuple):
    """One figure, with the ends of its 95 % interval where it has one."""

    candidate: str
    part: str
    as_of_date: object
    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    segment: str | None = None


def list_tuned(tune: Contest, measured: dict[str, dict[str, float]]) -> list[Row]:
    """List what the choice among candidates rests on."""
    return [
        Row(name, "tune", tune.as_of_date, metric, value)
        for name, metrics in measured.items()
        for metric, value in metrics.items()
    ]


def list_resampled(
    contest: Contest, drawn: dict[str, dict[str, np.ndarray]], *, part: str = "test"
) -> list[Row]:
    """List what each score reaches, and what resampling people makes of it.

    A back-test is not calibrated, so that only its ranking counts.
    """
    left_out = OF_PROBABILITIES if part == "back_test" else ()
    return [
        Row(name, part, contest.as_of_date, metric, *summarise(values))
        for name, metrics in drawn.items()
        for metric, values in metrics.items()
        if metric not in left_out
    ]


def list_segments(test: Contest, winner: str) -> list[Row]:
    """List how the winner does for each group of people, and for each family.

    In a group with too few of either label, an AUC would be an accident.
    """
    label, said = test.label, test.probabilities[winner]
    groups = {name: test.rows[f"segment {name}"] for name in SEGMENTS}
    if FAMILY in test.rows:
        groups[FAMILY] = test.rows[FAMILY]
    rows = []
    for kind, names in groups.items():
        for name, places in names.groupby(names).indices.items():
            happened = label[places]
            found = {
                "row_count": len(places),
                "observed_share": happened.mean(),
                "predicted_share": said[places].mean(),
            }
            if min(happened.sum(), (1 - happened).sum()) >= LEAST_OF_EACH_LABEL:
                found["auc"] = roc_auc_score(happened, said[places])
            rows += [
                Row(
                    winner,
                    "segments",
                    test.as_of_date,
                    metric,
                    float(value),
                    segment=f"{kind}={name}",
                )
                for metric, value in found.items()
            ]
    return rows


def list_offers(
    test: Contest, known: Contest, winner: str, mining_run: MiningRun
) -> list[Row]:
    """List how the offers are ranked for each customer, where there are offers."""
    if FAMILY not in test.rows:
        return []
    others = find_use_case(mining_run.use_case).module.OTHER_RULES
    rankings = {
        winner: test.probabilities[winner],
        "popularity": test.baselines[RULE],
        **{name: score(known.rows, test.rows) for name, score in others.items()},
    }
    random, rows = np.random.default_rng(mining_run.seed), []
    measured = {
        name: measure_offers(test.person, test.label, score)
        for name, score in rankings.items()
    }
    count = len(measured[winner])
    drawn = random.integers(count, size=(DRAWS, count))
    for name, by_person in measured.items():
        for metric, column in by_person.items():
            values = column.to_numpy(dtype=float)
            figure = np.r_[values.mean(), values[drawn].mean(axis=1)]
            rows.append(
                Row(name, "offers", test.as_of_date, metric, *summarise(figure))
            )
    return rows


def correlate_ranks(one: np.ndarray, other: np.ndarray) -> float:
    """Correlate the ranks that two scores give to the same rows, in [-1, 1].

    A score that is the same for everybody ranks nobody, which is 0.
    """
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(spearmanr(one, other).statistic)


def share_missed(
    label: np.ndarray, score: np.ndarray, rule: np.ndarray, capacity: float
) -> float:
    """Share of the positives found within capacity that the rule would not contact."""
    count = max(1, round(capacity * len(label)))
    ours, theirs = (
        np.argsort(-ranking, kind="stable")[:count] for ranking in (score, rule)
    )
    found = ours[label[ours] == 1]
    return float(np.mean(~np.isin(found, theirs))) if len(found) else 0.0


def write(settings: Settings, mining_run: MiningRun, rows: list[Row]) -> pd.DataFrame:
    """Write the figures of a mining run to ``ml.assessments``, all or nothing."""
    run_id = mining_run.mining_run_id
    table = pd.DataFrame(rows).assign(
        use_case=mining_run.use_case, mining_run_id=run_id
    )
    with connect(settings) as connection:
        connection.register("figures", table)
        connection.begin()
        connection.execute(
            "delete from ml.assessments where mining_run_id = ?", [run_id]
        )
        connection.execute("insert into ml.assessments by name from figures")
        connection.commit()
    return table
