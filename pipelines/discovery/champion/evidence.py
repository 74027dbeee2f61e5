"""Evidence: challenger, champion and rule on snapshots that none has learnt from."""

from collections.abc import Iterator
from datetime import date

import duckdb
import pandas as pd
from sklearn.base import BaseEstimator

from models.assess.comparison import CHALLENGER, CHAMPION, RULE, CutOff, Evidence, weigh
from pipelines.discovery.champion.registry import Champion
from pipelines.discovery.runs import MiningRun
from pipelines.discovery.tracking.artifacts import require_columns
from pipelines.discovery.use_cases.sample import OTHER_ROWS, read_dates, read_part
from pipelines.foundation.errors import GateRefusedError
from pipelines.foundation.settings import Settings
from pipelines.foundation.use_case import find_use_case
from pipelines.foundation.warehouse import connect

# Whom a score should treat alike, by what a column says of a person.
GROUPS = {
    "gender": "coalesce(gender, 'unknown')",
    "age": """
        case
            when age_years < 30 then '0 to 29'
            when age_years < 45 then '30 to 44'
            when age_years < 60 then '45 to 59'
            when age_years >= 60 then '60 and over'
            else 'unknown'
        end
    """,
}


def gather(
    settings: Settings,
    mining_run: MiningRun,
    challenger: BaseEstimator,
    champion: Champion | None,
) -> Evidence:
    """Score every snapshot since both were calibrated, and weigh what comes of it.

    What lies in the gap between tuning and test was left out of training, as its labels
    were not known when the test snapshot was taken. Here they serve: neither estimator
    was fitted on them. The labels of the tuning snapshot overlap with theirs in time,
    but a sigmoid does not change how anybody is ranked. Calibration, which it does
    change, is measured on the test snapshot alone.

    Parameters
    ----------
    settings : Settings
        Says where the warehouse is.
    mining_run : MiningRun
        That of the challenger, with its sample in ``ml.<use_case>_sample``.
    challenger : BaseEstimator
        Fitted and calibrated.
    champion : Champion or None
        To be compared on the same rows.

    Raises
    ------
    GateRefusedError
        There is no such snapshot, or the marts lack a column.
    """
    use_case = mining_run.use_case
    definition = find_use_case(use_case).module
    with connect(settings) as connection:
        available = list_columns(connection, use_case)
        tune = read_part(connection, use_case, "tune")
        learnt_until = read_dates(connection, use_case)["tune"]
        cut_offs = _find_cut_offs(connection, use_case, learnt_until, champion)
    columns = require_columns(use_case, challenger, available)
    estimators = {CHALLENGER: challenger}
    if champion:
        estimators[CHAMPION] = champion.estimator

    def score_all() -> Iterator[CutOff]:
        for as_of_date in cut_offs:
            with connect(settings) as connection:
                rows = _read_rows(connection, mining_run, as_of_date, available)
            scores = {RULE: definition.score_by_rule(tune, rows)}
            for name, estimator in estimators.items():
                features = rows[list(estimator.feature_names_in_)]
                scores[name] = estimator.predict_proba(features)[:, 1]
            yield _describe(as_of_date, rows, scores)

    return weigh(
        score_all(),
        calibrated_on=challenger.predict_proba(tune[columns])[:, 1],
        tail=settings.gate.tail,
        random_state=mining_run.seed,
    )


def list_columns(connection: duckdb.DuckDBPyConnection, use_case: str) -> list[str]:
    """List what an estimator of a use case can be fitted on."""
    found = connection.execute(
        f"""
        describe
        from ({find_use_case(use_case).population})
        inner join marts.customer_features using (customer_id, as_of_date)
        """
    ).fetchall()
    return [name for name, *_ in found]


def describe_sample(connection: duckdb.DuckDBPyConnection, use_case: str) -> list[dict]:
    """Say what each part of a sample rests on, the earliest first."""
    names = ("part", "first", "last", "rows", "positives")
    found = connection.execute(
        f"""
        select
            part, min(as_of_date), max(as_of_date), count(*),
            cast(sum(label) as bigint)
        from ml.{use_case}_sample group by part order by 2
        """
    ).fetchall()
    return [dict(zip(names, row, strict=True)) for row in found]


def _find_cut_offs(
    connection: duckdb.DuckDBPyConnection,
    use_case: str,
    learnt_until: date,
    champion: Champion | None,
) -> list[date]:
    if champion:
        (theirs,) = connection.execute(
            "select max(learnt_until) from ops.challenges where run_id = ?",
            [champion.run_id],
        ).fetchone()
        learnt_until = max(learnt_until, theirs or learnt_until)
    found = connection.execute(
        f"""
        select distinct as_of_date from ({find_use_case(use_case).population})
        where as_of_date > ? order by as_of_date
        """,
        [learnt_until],
    ).fetchall()
    if not found:
        msg = (
            f"No snapshot is later than {learnt_until}, until when the {use_case} "
            "champion has learnt, so the challenger can't be compared and was not "
            "promoted. Mine again once labels of a later month are known."
        )
        raise GateRefusedError(msg)
    return [as_of_date for (as_of_date,) in found]


def _read_rows(
    connection: duckdb.DuckDBPyConnection,
    mining_run: MiningRun,
    as_of_date: date,
    available: list[str],
) -> pd.DataFrame:
    """Read a snapshot without ids: people are numbered, and thinned as a whole."""
    columns = [name for name in available if name not in {"customer_id", "as_of_date"}]
    groups = [f'{rule} as "group {name}"' for name, rule in GROUPS.items()]
    return connection.execute(
        f"""
        with labelled as (
            select * replace (cast(label as integer) as label)
            from ({find_use_case(mining_run.use_case).population})
            where as_of_date = $as_of_date
        )
        select
            {", ".join([*columns, *groups])},
            dense_rank() over (order by customer_id) - 1 as person
        from labelled
        inner join marts.customer_features using (customer_id, as_of_date)
        where hash(customer_id, $seed) % 1000000
            < 1e6 * {OTHER_ROWS} / (select count(*) from labelled)
        order by all
        """,
        {"as_of_date": as_of_date, "seed": mining_run.seed},
    ).df()


def _describe(as_of_date: date, rows: pd.DataFrame, scores: dict) -> CutOff:
    return CutOff(
        as_of_date=as_of_date,
        label=rows["label"].to_numpy(),
        scores=scores,
        person=rows["person"].to_numpy(),
        groups={name: rows[f"group {name}"].to_numpy(dtype=str) for name in GROUPS},
    )
