"""Contests: the rows of one snapshot, and what everybody says of them."""

from dataclasses import dataclass, field
from datetime import date

import duckdb
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from models.assess.comparison import RULE
from pipelines.discovery.champion.evidence import GROUPS
from pipelines.discovery.use_cases.truth import TRUTHS
from pipelines.foundation.use_case import find_use_case

RANDOM = "random"
# By what figures are looked at again, besides what the gate looks at.
SEGMENTS = GROUPS | {
    "tier": "coalesce(months.tier, 'unknown')",
    "branch": "coalesce(months.branch_id, 'unknown')",
}


@dataclass(frozen=True)
class Contest:
    """One snapshot, and scores of its rows.

    Attributes
    ----------
    as_of_date : date
        Which snapshot.
    rows : DataFrame of shape (n_rows, n_columns)
        Features and ``label``; ``person``, a number from 0; a column ``segment <name>``
        for each of ``SEGMENTS``, and what a planted truth says, if there is one.
    probabilities : dict of str to ndarray of shape (n_rows,)
        By candidate, the simplest first.
    baselines : dict of str to ndarray of shape (n_rows,)
        What a bank without estimators would rank by, and chance; no probabilities.
    truths : dict of str to ndarray of shape (n_rows,)
        What a planted truth says; empty for a bank that is none of ours.
    """

    as_of_date: date
    rows: pd.DataFrame
    probabilities: dict[str, np.ndarray]
    baselines: dict[str, np.ndarray]
    truths: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def label(self) -> np.ndarray:
        """0 or 1 by row."""
        return self.rows["label"].to_numpy()

    @property
    def person(self) -> np.ndarray:
        """Number of each row's customer."""
        return self.rows["person"].to_numpy()

    @property
    def scores(self) -> dict[str, np.ndarray]:
        """All of them."""
        return self.probabilities | self.baselines | self.truths


def hold(
    use_case: str,
    as_of_date: date,
    rows: pd.DataFrame,
    estimators: dict[str, BaseEstimator],
    known: pd.DataFrame,
    seed: int,
) -> Contest:
    """Let estimators, the rule and chance score the rows of a snapshot.

    Parameters
    ----------
    use_case : str
        Name of one of ``USE_CASES``.
    as_of_date : date
        Which snapshot.
    rows : DataFrame
        As :func:`read_rows` gives it.
    estimators : dict of str to BaseEstimator
        Fitted.
    known : DataFrame
        Earlier rows, from which the rule may take what sells best.
    seed : int
        Of chance.
    """
    definition = find_use_case(use_case)
    features = rows[definition.columns.features]
    return Contest(
        as_of_date=as_of_date,
        rows=rows,
        probabilities={
            name: estimator.predict_proba(features)[:, 1]
            for name, estimator in estimators.items()
        },
        baselines={
            RULE: definition.module.score_by_rule(known, rows),
            RANDOM: np.random.default_rng(seed).random(len(rows)) + 1,
        },
        truths={
            name: rows[name].fillna(0).to_numpy() for name in TRUTHS if name in rows
        },
    )


def read_rows(
    connection: duckdb.DuckDBPyConnection,
    use_case: str,
    part: str,
    *,
    table: str,
    truths: tuple[str, ...] = (),
) -> pd.DataFrame:
    """Read a part of a sample with all that it is judged by, and without ids.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Open on the warehouse, with ``planted_truth`` loaded if ``truths`` are named.
    use_case, part : str
        Of which use case, and which part.
    table : str
        The sample, as :func:`sample.write_sample` makes it.
    truths : tuple of str
        Columns of ``planted_truth``.
    """
    definition = find_use_case(use_case)
    segments = [f'{rule} as "segment {name}"' for name, rule in SEGMENTS.items()]
    keys = ", ".join(definition.keys)
    return connection.execute(
        f"""
        select
            {", ".join([*definition.columns.features, "label", *segments, *truths])},
            dense_rank() over (order by customer_id) - 1 as person
        from {table}
        inner join marts.customer_features using (customer_id, as_of_date)
        left join (
            select customer_id, as_of_date, tier, branch_id from marts.customer_months
        ) as months using (customer_id, as_of_date)
        {f"left join planted_truth using ({keys})" if truths else ""}
        where part = ?
        order by all
        """,
        [part],
    ).df()
