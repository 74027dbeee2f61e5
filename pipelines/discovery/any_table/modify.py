"""Modify: what every estimator takes a column for, and which columns are left out."""

import pandas as pd

from models.explore.leaks import PERFECT
from models.modify.columns import DROP, decide_kind
from pipelines.discovery.any_table.sample import Sample
from pipelines.foundation.errors import DataQualityError


def decide(
    sample: Sample, columns: pd.DataFrame, *, allow_leak: bool
) -> dict[str, tuple[str, str]]:
    """Decide on every column from the training part; nothing is changed here.

    Parameters
    ----------
    sample : Sample
        As :func:`sample.draw` gives it.
    columns : DataFrame
        As :func:`explore.profile_columns` gives it.
    allow_leak : bool
        Whether to keep a column that predicts the target perfectly.

    Returns
    -------
    dict of str to tuple of str
        Kind (see :mod:`models.modify.columns`) and reason, by column.

    Raises
    ------
    DataQualityError
        No column is left.
    """
    treatments = {}
    for column in columns.to_dict("records"):
        name = column["column_name"]
        values = sample.X[name].iloc[sample.train]
        kind, reason = decide_kind(values, column["auc_alone"])
        if column["auc_alone"] >= PERFECT and not allow_leak:
            kind, reason = DROP, column["leak"]
        treatments[name] = kind, reason
    if all(kind == DROP for kind, _ in treatments.values()):
        msg = (
            "No column is left to learn from: each is constant, a name, or predicts "
            "the target perfectly. Bring other columns, or allow a perfect one with "
            "--allow-leak."
        )
        raise DataQualityError(msg)
    return treatments


def find_most_telling(columns: pd.DataFrame) -> str:
    """Name the column that tells most alone, of those that are learnt from.

    Parameters
    ----------
    columns : DataFrame
        ``column_name``, ``treatment`` and ``auc_alone``.
    """
    used = columns[columns["treatment"] != DROP]
    return used.loc[used["auc_alone"].idxmax(), "column_name"]
