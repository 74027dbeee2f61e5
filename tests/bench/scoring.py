"""Scoring everybody and writing it down, against a bare `predict_proba` in memory."""

import multiprocessing
import time
from collections.abc import Iterator
from pathlib import Path

from pipelines.foundation.settings import Settings
from pipelines.foundation.use_case import find_use_case
from pipelines.foundation.warehouse import connect, prepare

COLUMNS = find_use_case("churn").columns
AS_OF_DATE = "date '2026-01-01'"
TRAIN_ROWS = 55_000  # enough for every tree to grow as large as it may
LOGGINGS = 5
# What somebody does hangs on a few columns, on two together, and on chance.
CHANCE = """
    1 / (1 + exp(
        4 - days_since_customer_event / 300 - 2 * (total_balance_cny < 200)::int
        - 2 * (salary_count_90d < 300 and age_years > 500)::int
        + customer_event_count_90d / 400
    ))
"""


def compare(stopwatch, folder: Path, rows: int) -> Iterator[str]:
    """Compare ``crm score`` with the same estimator on the same rows in memory."""
    customers = rows // 2
    settings = Settings(home=folder / "home")
    # Elsewhere, for a child's peak of memory is never below that of its parent.
    making = multiprocessing.get_context("spawn").Process(
        target=make_home, args=(settings, customers)
    )
    making.start()
    making.join()
    figures = stopwatch.measure(
        bare=(predict_bare, settings),
        score=(score_all, settings),
        log=(log_one, settings),
    )
    bare, ours = figures["bare"], figures["score"]
    yield (
        f"score     {customers:,} customers: {ours.seconds:.0f} s "
        f"({ours.seconds / bare.seconds:.2f} × a bare predict_proba in memory), "
        f"{ours.peak_megabytes:.0f} MB (bare {bare.peak_megabytes:.0f}); "
        f"logging an estimator {figures['log'].seconds:.2f} s"
    )


def make_home(settings: Settings, customers: int) -> None:
    """Make marts and a champion that has learnt from some of them."""
    make_marts(settings, customers)
    make_champion(settings)


def make_marts(settings: Settings, customers: int) -> None:
    """Make features and labels of one snapshot. Every number is below 1,000."""
    columns = ", ".join(
        f"cast(hash(number, '{name}') % 1000 as double) as {name}"
        for name in COLUMNS.numeric
    )
    with connect(settings) as connection:
        prepare(connection)
        connection.execute(f"""
            create schema marts;
            create table marts.customer_features as
            select
                'P' || number as customer_id, {AS_OF_DATE} as as_of_date,
                if(number % 2 = 0, 'female', 'male') as gender, {columns}
            from range({customers}) as numbers (number);
            create table marts.customer_labels as
            select
                customer_id, as_of_date, true as is_churn_eligible,
                hash(customer_id) % 10000 / 10000 < {CHANCE} as has_churned_90d
            from marts.customer_features
        """)


def read_rows(settings: Settings, first: int, count: int):
    """Read features and label of some customers."""
    with connect(settings) as connection:
        return connection.execute(
            f"""
            select
                {", ".join(COLUMNS.features)},
                cast(has_churned_90d as integer) as label
            from marts.customer_features
            inner join marts.customer_labels using (customer_id, as_of_date)
            order by hash(customer_id) limit ? offset ?
            """,
            [count, first],
        ).df()


def fit(train):
    """Fit the most complex of the use case's candidates, and calibrate it."""
    from models.model.candidates import calibrate  # noqa: PLC0415
    from models.modify.treatments import ONE_HOT, SCALE  # noqa: PLC0415
    from models.use_cases import churn  # noqa: PLC0415

    treatments = dict.fromkeys(COLUMNS.categorical, ONE_HOT)
    treatments |= dict.fromkeys(COLUMNS.numeric, SCALE)
    *_, estimator = churn.build_estimators(treatments).values()
    estimator.fit(train[COLUMNS.features], train["label"])
    return calibrate(estimator, train[COLUMNS.features], train["label"])


def make_champion(settings: Settings) -> None:
    """Fit, log, register and promote, as the night does."""
    from pipelines.discovery.champion import registry  # noqa: PLC0415
    from pipelines.discovery.tracking import mlflow_runs as tracking  # noqa: PLC0415

    estimator = fit(read_rows(settings, 0, TRAIN_ROWS))
    with tracking.open_run(settings, "churn", "bench"):
        artifact = log(settings, estimator)
    version = registry.register(settings, "churn", artifact)
    registry.promote(
        settings, "churn", version, artifact, reason="bench", approved_by="bench"
    )


def log(settings: Settings, estimator):
    """Log a fitted estimator to the open run."""
    from pipelines.discovery.tracking import mlflow_runs as tracking  # noqa: PLC0415

    return tracking.log_estimator(
        settings,
        "churn",
        estimator,
        categorical=COLUMNS.categorical,
        numeric=COLUMNS.numeric,
    )


def score_all(settings: Settings) -> float:
    """Score everybody into an empty table, the whole way."""
    from pipelines.decision import score  # noqa: PLC0415

    with connect(settings) as connection:
        connection.execute("delete from ml.churn_scores")
    began = time.perf_counter()
    score.run(settings, "churn")
    return time.perf_counter() - began


def predict_bare(settings: Settings) -> float:
    """Predict all rows at once, which are in memory already, and keep nothing."""
    from pipelines.discovery.champion import registry  # noqa: PLC0415

    estimator = registry.load_champion(settings, "churn").estimator
    with connect(settings) as connection:
        rows = connection.execute(
            f"select {', '.join(estimator.feature_names_in_)} "
            "from marts.customer_features"
        ).df()
    began = time.perf_counter()
    estimator.predict_proba(rows)
    return time.perf_counter() - began


def log_one(settings: Settings) -> float:
    """Log an estimator to an open run, once MLflow has warmed up."""
    from pipelines.discovery.champion import registry  # noqa: PLC0415
    from pipelines.discovery.tracking import mlflow_runs as tracking  # noqa: PLC0415

    estimator = registry.load_champion(settings, "churn").estimator
    with tracking.open_run(settings, "churn", "logging"):
        log(settings, estimator)
        began = time.perf_counter()
        for _ in range(LOGGINGS):
            log(settings, estimator)
        return (time.perf_counter() - began) / LOGGINGS
