"""What each column adds to a score, where an estimator has no formula for it.

A row is scored again with the column at its usual value. By how much its log-odds fall
is what the column adds. That holds for any estimator, stacked or not, and takes as many
predictions as there are columns.
"""

import numpy as np

from models.model.table_candidates import to_log_odds


def measure_additions(estimator, X, usual):
    """Measure by how much each column raises the log-odds of each row.

    Parameters
    ----------
    estimator : classifier
        Fitted.
    X : DataFrame of shape (n_rows, n_columns)
        Arranged.
    usual : dict of str to float or str
        The usual value of each column.

    Returns
    -------
    ndarray of shape (n_rows, n_columns)
        Zero where a value is the usual one.
    """
    whole = to_log_odds(estimator.predict_proba(X)[:, 1])
    added = np.zeros(X.shape)
    for place, name in enumerate(X):
        differs = (X[name] != usual[name]).to_numpy()
        if differs.any():
            replaced = X[differs].assign(**{name: usual[name]})
            rest = to_log_odds(estimator.predict_proba(replaced)[:, 1])
            added[differs, place] = whole[differs] - rest
    return added
