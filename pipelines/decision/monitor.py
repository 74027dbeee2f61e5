"""Monitor: is an estimator in use still right, and of the customers it learnt from?"""

import logging
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import pandas as pd

from models.assess.assessment import measure
from models.explore.drift import measure_column_drift
from pipelines.decision import health
from pipelines.discovery.champion import registry
from pipelines.discovery.champion.registry import Champion
from pipelines.discovery.tracking import mlflow_runs as tracking
from pipelines.discovery.tracking.artifacts import list_unknown_families
from pipelines.discovery.use_cases.sample import draw, read_part
from pipelines.foundation.feature_contract import load_feature_contract
from pipelines.foundation.parameters import read_contact_capacity
from pipelines.foundation.settings import Settings
from pipelines.foundation.use_case import find_use_case
from pipelines.foundation.warehouse import connect, prepare, run_lock

logger = logging.getLogger(__name__)

# More rows than these hardly sharpen a figure. With fewer, drift is an accident, and so
# is calibration in ten groups with fewer of either outcome.
MOST_WATCHED_ROWS, LEAST_ROWS, LEAST_OUTCOMES = 50_000, 200, 50
ASSESSED_ON = """
select max(assessments.as_of_date)
from ops.challenges
inner join ml.assessments using (use_case, mining_run_id)
where challenges.use_case = ? and estimator_version = ? and part = 'test'
"""


@dataclass(frozen=True)
class Snapshot:
    """Scores of one date, all by one version.

    Attributes
    ----------
    as_of_date : date
        Which.
    estimator_version : int
        Who scored it.
    run_id : str
        MLflow run of that version.
    share : float
        Which part of its rows is read, in (0, 1].
    """

    as_of_date: date
    estimator_version: int
    run_id: str
    share: float


def run(settings: Settings, use_case: str) -> list[str]:
    """Measure drift and what came of earlier scores, into ``ml.estimator_health``.

    Parameters
    ----------
    settings : Settings
        Says where the warehouse and MLflow's store are.
    use_case : str
        Name of one of ``USE_CASES``.

    Returns
    -------
    list of str
        What could not be measured, why, and from which date on it can be.
    """
    with run_lock(settings, "monitor"):
        with connect(settings) as connection:
            prepare(connection)
        champion = registry.load_champion(settings, use_case)
        if champion is None:
            return [f"{use_case}: there is no champion to monitor."]
        with connect(settings) as connection:
            snapshots = _find_snapshots(connection, use_case)
            if not snapshots:
                return [f"{use_case}: nothing was scored yet. Run `crm score` first."]
            drift, notes = _measure_drift(connection, use_case, champion, snapshots[-1])
            outcomes, waiting = _measure_outcomes(connection, use_case, snapshots)
            figures, newest = drift + outcomes, snapshots[-1].as_of_date
            measured = pd.DataFrame(figures, columns=health.MEASURED)
            is_changed = health.replace(connection, use_case, measured, newest)
        if is_changed:
            _track(settings, use_case, figures, newest)
    alerts = health.list_alerts(settings, use_case)
    logger.info(
        "%s monitored: %d figures, %d alerts", use_case, len(figures), len(alerts)
    )
    if alerts:
        logger.warning("%s", "; ".join(alerts))
    return notes + waiting


def _find_snapshots(
    connection: duckdb.DuckDBPyConnection, use_case: str
) -> list[Snapshot]:
    rows = connection.execute(
        f"""
        select
            as_of_date, any_value(estimator_version), any_value(run_id),
            least(1, {MOST_WATCHED_ROWS} / count(*))
        from {find_use_case(use_case).score_table}
        group by as_of_date
        order by as_of_date
        """
    ).fetchall()
    return [Snapshot(*row) for row in rows]


def _measure_drift(
    connection: duckdb.DuckDBPyConnection,
    use_case: str,
    champion: Champion,
    snapshot: Snapshot,
) -> tuple[list[tuple], list[str]]:
    """Compare the newest snapshot with the one that the champion was assessed on.

    The training part reaches back to when windows of a year were not yet full, and the
    champion has shown since that it can live with that.
    """
    features = [
        name
        for name in find_use_case(use_case).columns.features
        if not load_feature_contract().find(name).is_calendar
    ]
    joined = "marts.customer_features using (customer_id, as_of_date)"
    now = _read_scored(connection, use_case, snapshot, features, joined)
    if len(now) < LEAST_ROWS:
        note = (
            f"{use_case}: drift is not measured on fewer than {LEAST_ROWS} rows, and "
            f"{snapshot.as_of_date} has {len(now)}."
        )
        return [], [note]
    before = _read_baseline(connection, use_case, champion)
    if len(before) < LEAST_ROWS:
        note = (
            f"{use_case}: drift is not measured, for the snapshot that version "
            f"{champion.estimator_version} was assessed on has fewer than {LEAST_ROWS} "
            f"labelled rows by now. Run `crm mine {use_case}`."
        )
        return [], [note]
    drifts = {
        ("feature_psi", name): measure_column_drift(before[name], now[name])
        for name in features
    }
    if obstacle := _find_obstacle(use_case, champion, snapshot):
        return _list_figures(snapshot, drifts), [obstacle]
    columns = list(champion.estimator.feature_names_in_)
    then = champion.estimator.predict_proba(before[columns])[:, 1]
    drifts["score_psi", None] = measure_column_drift(
        pd.Series(then), now["probability"]
    )
    return _list_figures(snapshot, drifts), []


def _read_baseline(
    connection: duckdb.DuckDBPyConnection, use_case: str, champion: Champion
) -> pd.DataFrame:
    """Read the snapshot that the champion was assessed on, whoever was mined since."""
    table = f"ml.{use_case}_baseline"
    (as_of_date,) = connection.execute(
        ASSESSED_ON, [use_case, champion.estimator_version]
    ).fetchone()
    draw(connection, use_case, table, {as_of_date: "test"}, seed=0)
    rows = read_part(connection, use_case, "test", table=table)
    connection.execute(f"drop table {table}")
    families = find_use_case(use_case).families
    if unknown := list_unknown_families(champion.estimator, families):
        # It scores none of them, and so they are not compared.
        rows = rows[~rows["product_family"].isin(unknown)]
    return rows.sample(min(len(rows), MOST_WATCHED_ROWS), random_state=0)


def _find_obstacle(use_case: str, champion: Champion, snapshot: Snapshot) -> str:
    """Say why the drift of scores can't be measured; nothing where it can be."""
    known = find_use_case(use_case).columns.features
    if lost := sorted(set(champion.estimator.feature_names_in_) - set(known)):
        return (
            f"{use_case}: the champion takes {', '.join(lost)}, which samples lack by "
            f"now, so its scores' drift is not known. Run `crm mine {use_case}`."
        )
    if champion.run_id != snapshot.run_id:
        return (
            f"{use_case}: {snapshot.as_of_date} was scored by version "
            f"{snapshot.estimator_version}, and the champion is version "
            f"{champion.estimator_version}. Run `crm score {use_case}`."
        )
    return ""


def _measure_outcomes(
    connection: duckdb.DuckDBPyConnection, use_case: str, snapshots: list[Snapshot]
) -> tuple[list[tuple], list[str]]:
    """Compare scores with what happened, where that is known."""
    definition = find_use_case(use_case)
    joined = f"({definition.population}) using ({', '.join(definition.keys)})"
    figures, notes, is_anything_known = [], [], False
    for snapshot in snapshots:
        rows = _read_scored(connection, use_case, snapshot, ["label"], joined)
        is_anything_known |= len(rows) > 0
        positives = int(rows["label"].sum())
        if min(positives, len(rows) - positives) >= LEAST_OUTCOMES:
            compared = _compare(rows, _read_assessed_auc(connection, snapshot))
            figures += _list_figures(snapshot, compared)
        elif len(rows):
            notes.append(
                f"{use_case}: {positives} of {len(rows)} scores of "
                f"{snapshot.as_of_date} came true. With fewer than {LEAST_OUTCOMES} "
                "that did, or did not, a figure would be an accident."
            )
    if not is_anything_known:
        notes.append(_say_when(use_case, snapshots))
    return figures, notes


def _compare(rows: pd.DataFrame, assessed_auc: float | None) -> dict:
    """Measure how right a snapshot's probabilities were."""
    label, probability = rows["label"].to_numpy(int), rows["probability"].to_numpy()
    figures = measure(label, probability, read_contact_capacity()) | {
        "row_count": len(rows),
        "observed_rate": label.mean(),
        "predicted_rate": probability.mean(),
    }
    figures["calibration_error_to_base_rate"] = (
        figures["calibration_error"] / label.mean()
    )
    if assessed_auc is not None:
        figures["auc_loss"] = assessed_auc - figures["auc"]
    return {(metric, None): value for metric, value in figures.items()}


def _say_when(use_case: str, snapshots: list[Snapshot]) -> str:
    """Say from when on scores can be compared with what happened."""
    horizon = timedelta(days=find_use_case(use_case).label_days)
    # Others than those of a month's first day leave the marts with the next night.
    kept = [one.as_of_date for one in snapshots if one.as_of_date.day == 1]
    if not kept:
        return f"{use_case}: no snapshot of the first of a month was scored yet."
    return (
        f"{use_case}: what came of the scores of {kept[0]} is known from "
        f"{kept[0] + horizon} on. Until then they can't be compared with it."
    )


def _read_scored(
    connection: duckdb.DuckDBPyConnection,
    use_case: str,
    snapshot: Snapshot,
    columns: list[str],
    joined: str,
) -> pd.DataFrame:
    """Read columns beside the scores of a snapshot, always in the same order."""
    definition = find_use_case(use_case)
    return connection.execute(
        f"""
        select {", ".join(columns)}, {definition.probability} as probability
        from {definition.score_table}
        inner join {joined}
        where as_of_date = ? and hash(customer_id) % 1000000 < ? * 1000000
        order by all
        """,
        [snapshot.as_of_date, snapshot.share],
    ).df()


def _read_assessed_auc(
    connection: duckdb.DuckDBPyConnection, snapshot: Snapshot
) -> float | None:
    # Read to the end: nothing can be registered where a result is half read.
    rows = connection.execute(
        """
        select assessments.value
        from ml.candidates
        inner join ml.assessments using (mining_run_id, candidate)
        where candidates.run_id = ? and part = 'test' and metric = 'auc'
        """,
        [snapshot.run_id],
    ).fetchall()
    return rows[0][0] if rows else None


def _list_figures(snapshot: Snapshot, figures: dict) -> list[tuple]:
    made = (snapshot.as_of_date, snapshot.estimator_version, snapshot.run_id)
    return [
        (*made, metric, feature, float(value))
        for (metric, feature), value in figures.items()
    ]


def _track(
    settings: Settings, use_case: str, figures: list[tuple], as_of_date: date
) -> None:
    """Log the newest value of each figure."""
    with tracking.open_run(settings, use_case, f"monitor {as_of_date}"):
        tracking.log(
            metrics={
                f"{metric}/{feature}" if feature else metric: value
                for *_, metric, feature, value in figures
            }
        )
