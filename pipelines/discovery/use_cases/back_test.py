"""Back-test: would the recipe that won have worked at earlier dates, too?"""

from datetime import date, timedelta

import duckdb
from sklearn.base import BaseEstimator

from models.modify.treatments import DROP
from pipelines.discovery.runs import MiningRun
from pipelines.discovery.use_cases import contests, sample
from pipelines.discovery.use_cases.contests import Contest
from pipelines.foundation.use_case import find_use_case

CUT_OFFS = 3
APART = timedelta(days=89)  # a quarter, or little less


def choose_cut_offs(
    connection: duckdb.DuckDBPyConnection, mining_run: MiningRun
) -> dict[date, dict[date, str]]:
    """Choose the latest labelled snapshots a quarter apart, the earliest first.

    Returns
    -------
    dict of date to dict of date to str
        By cut-off, the part of each snapshot: all whose labels were known by then are
        ``"train"``, the cut-off itself is ``"test"``.
    """
    horizon = timedelta(days=find_use_case(mining_run.use_case).label_days)
    known = sample.list_snapshots(connection, mining_run.use_case)
    chosen: list[date] = []
    for as_of_date in reversed(known):
        if not chosen or as_of_date + APART <= chosen[-1]:
            chosen.append(as_of_date)
    parts = {
        cut_off: {day: "train" for day in known if day + horizon <= cut_off}
        | {cut_off: "test"}
        for cut_off in reversed(chosen[:CUT_OFFS])
    }
    return {cut_off: of for cut_off, of in parts.items() if len(of) > 1}


def hold_contest(
    connection: duckdb.DuckDBPyConnection,
    mining_run: MiningRun,
    winner: str,
    treatments: dict[str, str],
    cut_off: tuple[date, dict[date, str]],
) -> tuple[Contest, BaseEstimator] | None:
    """Fit the winner's recipe on what was known at a cut-off, and score its snapshot.

    It is not calibrated: a back-test asks how it ranks.

    Returns
    -------
    tuple of Contest and Pipeline, or None
        None where too few of either label were known.
    """
    use_case, (as_of_date, parts) = mining_run.use_case, cut_off
    definition = find_use_case(use_case)
    table = f"ml.{use_case}_back_test"
    sample.draw(connection, use_case, table, parts, mining_run.seed)
    train = sample.read_part(connection, use_case, "train", table=table)
    rows = contests.read_rows(connection, use_case, "test", table=table)
    connection.execute(f"drop table {table}")
    least = sample.LEAST_POSITIVES
    if (
        train["label"].sum() < least["train"]
        or not 0 < least["test"] <= rows["label"].sum()
    ):
        return None
    # What was always the same by then can't be fitted.
    varied = {
        name: kind if train[name].nunique() > 1 else DROP
        for name, kind in treatments.items()
    }
    features = definition.columns.features
    estimator = definition.build_estimators(varied, random_state=mining_run.seed)
    fitted = estimator[winner].fit(train[features], train["label"])
    contest = contests.hold(
        use_case, as_of_date, rows, {winner: fitted}, train, mining_run.seed
    )
    return contest, fitted
