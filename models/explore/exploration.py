"""What is worth knowing of every column: what it says, whether it drifts, or leaks."""

import numpy as np

from models.explore.leaks import draw_rows, find_suspects, measure_alone
from models.explore.profiling import profile


def explore_columns(  # noqa: PLR0913 - rows, and what they are
    train, label, test, *, weights=(None, None), seed=0, group=None, judged=None
):
    """Profile columns, measure what each says alone, and name those that may leak.

    Parameters
    ----------
    train : DataFrame of shape (n_rows, n_columns)
        Floats and texts, what is learnt from; see :mod:`models.modify.columns`.
    label : Series of shape (n_rows,)
        0 or 1.
    test : DataFrame of shape (n_test_rows, n_columns)
        What drift is measured to.
    weights : tuple of two Series, optional
        For how many rows each row of ``train`` and of ``test`` speaks.
    seed : int, default=0
        Of the folds in which a column is judged alone.
    group : ndarray of shape (n_rows,), optional
        Rows of one group are not judged by each other.
    judged : int, optional
        How many columns to judge alone, those that say most of the label first. What
        says little leaks nothing. Else all.

    Returns
    -------
    DataFrame of shape (n_columns, 16)
        As :func:`models.explore.profiling.profile`, with ``auc_alone`` and ``leak``
        (why a column is suspect, else empty). The AUC is NaN where it was not
        judged.
    """
    columns = profile(train, label, weights[0], test, weights[1])
    telling = columns.sort_values("information_value", ascending=False, kind="stable")
    chosen = set(telling["column_name"].iloc[:judged])
    varied = [name for name in train if len(train[name].unique()) > 1]
    chosen &= set(varied)
    known = label.to_numpy()
    drawn = draw_rows(known, seed, group)
    alone = measure_alone(
        train[[name for name in varied if name in chosen]], known, drawn
    )
    suspects = find_suspects(train[varied], known, alone, drawn)
    names = columns["column_name"]
    columns["auc_alone"] = names.map(alone).astype(float)
    columns["leak"] = [suspects.get(name, "") for name in names]
    return columns.replace({np.inf: np.nan, -np.inf: np.nan})
