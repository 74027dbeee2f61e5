"""Which rows are the same row again, and must stay on one side of every split?"""

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

EQUAL_BY_CHANCE = 0.01  # share of rows that may be equal by chance but for one column


def number_copies(X):
    """Give equal rows one number, unless a table is so coarse that many are equal.

    Where a row was written several times, who learns from one copy knows the answer to
    the others. But customers of the same sex and district are no copies of each other.
    What tells them apart: of different rows, hardly any would become equal if a column
    was left out, unless it is one of few that say nearly everything.

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_columns)
        Arranged; see :func:`models.modify.columns.arrange`.

    Returns
    -------
    ndarray of shape (n_rows,) or None
        Whole numbers from 0; None where no row is the copy of another.

    Examples
    --------
    >>> X = pd.DataFrame({"a": [0.1, 0.2, 0.1, 0.3], "b": [7.5, 7.1, 7.5, 7.2]})
    >>> number_copies(X).tolist()
    [0, 1, 0, 2]
    >>> number_copies(pd.DataFrame({"a": [0.0, 1.0] * 9, "b": [0.0] * 9 + [1.0] * 9}))
    """
    hashes = np.column_stack(
        [
            pd.util.hash_pandas_object(X[name], index=False).to_numpy()
            * np.uint64(2 * number + 1)
            for number, name in enumerate(X)
        ]
    )
    total = hashes.sum(axis=1, dtype=np.uint64)
    numbers, different = pd.factorize(total)
    if len(different) == len(total):
        return None
    first = np.unique(numbers, return_index=True)[1]
    hashes, total = hashes[first], total[first]
    varied = [column for column in hashes.T if (column != column[0]).any()]
    equal_without = [
        1 - len(np.unique(total - column)) / len(total) for column in varied
    ]
    if not varied or np.mean(np.array(equal_without) > EQUAL_BY_CHANCE) > 1 / 2:
        return None
    return numbers


def join_groups(one, other):
    """Join what belongs together by either of two groupings.

    Parameters
    ----------
    one, other : ndarray of shape (n_rows,)
        Whole numbers from 0.

    Returns
    -------
    ndarray of shape (n_rows,)

    Examples
    --------
    >>> join_groups(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2])).tolist()
    [0, 0, 0, 1]
    """
    shape = (one.max() + 1, other.max() + 1)
    links = coo_matrix((np.ones(len(one)), (one, other + shape[0])), [sum(shape)] * 2)
    _, labels = connected_components(links, directed=False)
    return pd.factorize(labels[one])[0]
