"""Which column knows more than it could have known in time?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.preprocessing import OrdinalEncoder, TargetEncoder
from sklearn.tree import DecisionTreeClassifier

from models.model.cross_fitting import split_folds

PERFECT = 0.9995
STRONG = 0.75  # below this AUC no column alone is suspect
MOST_ROWS = 20_000
SUSPECTS_TRIED = 3
AUC_TOLERANCE = 0.02  # of AUC
LEAK_FOLDS = 3
TWIN = 0.95  # absolute rank correlation from which two columns say the same


@dataclass(frozen=True)
class Drawn:
    """As many rows as it takes.

    Attributes
    ----------
    rows : ndarray of int
        Their positions.
    folds : list of tuple of ndarray
        Positions among them to fit on, and to judge on.
    random_state : int
        Seed of whatever is random.
    """

    rows: np.ndarray
    folds: list
    random_state: int


def draw_rows(label, random_state=0, group=None):
    """Choose as many rows as it takes, in folds.

    Parameters
    ----------
    label : ndarray of shape (n_rows,)
        0 or 1.
    random_state : int, default=0
        Seed.
    group : ndarray of shape (n_rows,), optional
        Rows of one group are not judged by each other.

    Returns
    -------
    Drawn
    """
    rows = np.arange(len(label))
    if len(label) > MOST_ROWS:
        random = np.random.default_rng(random_state)
        rows = np.sort(random.choice(len(label), MOST_ROWS, replace=False))
    group = None if group is None else group[rows]
    folds = split_folds(label[rows], random_state, group, LEAK_FOLDS)
    return Drawn(rows, folds, random_state)


def measure_alone(X, label, drawn):
    """How well does each column alone rank rows it was not fitted on?

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_columns)
        Arranged; see :func:`models.modify.columns.arrange`.
    label : ndarray of shape (n_rows,)
        0 or 1.
    drawn : Drawn
        On which rows.

    Returns
    -------
    dict of str to float
        AUC by column, in either direction.
    """
    X, label = X.iloc[drawn.rows], label[drawn.rows]
    return {name: _measure_column(X[[name]], label, drawn) for name in X}


def find_suspects(X, label, alone, drawn):
    """Name columns that alone rank about as well as all the others together.

    What happens in the world shows in many columns a little. What was written down
    after the outcome shows in one, and nearly all of it. Columns that are nearly the
    same count as one, and all of them are named.

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_columns)
        Arranged.
    label : ndarray of shape (n_rows,)
        0 or 1.
    alone : dict of str to float
        As :func:`measure_alone` gives it; what is not in it is no suspect.
    drawn : Drawn
        On which rows.

    Returns
    -------
    dict of str to str
        Why, by column. A suspicion, no proof: when a value is written down is known to
        people, not to a table.
    """
    reasons = {
        name: f"predicts the target perfectly (AUC {auc:.4f} alone)"
        for name, auc in alone.items()
        if auc >= PERFECT
    }
    X = X.drop(columns=list(reasons)).iloc[drawn.rows]
    label = label[drawn.rows]
    strong = [name for name in X if alone.get(name, 0.0) >= STRONG]
    families = _group_twins(X, sorted(strong, key=alone.get, reverse=True))
    for family in families[:SUSPECTS_TRIED]:
        others = _measure_together(X.drop(columns=family), label, drawn)
        if alone[family[0]] >= others - AUC_TOLERANCE:
            reasons |= {name: _explain(name, family, alone, others) for name in family}
    return reasons


def _group_twins(X, names):
    """Put each of some columns together with all that are nearly the same as it.

    Beside its twin no column is missed, so that neither would ever be suspect.
    """
    # A gap is below everything, and an unordered text is only the same as its copy.
    ranks = _encode_texts(X).rank().fillna(0.0)
    ranks -= ranks.mean()
    length = np.sqrt((ranks**2).sum()).replace(0.0, np.nan)
    groups, grouped = [], set()
    for name in names:
        if name in grouped:
            continue
        correlation = ranks.T @ ranks[name] / (length * length[name])
        twins = [other for other in X if abs(correlation[other]) > TWIN]
        groups.append([name, *(other for other in twins if other != name)])
        grouped |= {name, *twins}
    return groups


def _explain(name, family, alone, others):
    twins = [other for other in family if other != name]
    besides = f", {' and '.join(twins)} left aside," if twins else ""
    return (
        f"alone (AUC {alone[name]:.3f}) ranks about as well as all other columns "
        f"together{besides} ({others:.3f})"
    )


def _measure_column(column, label, drawn):
    if pd.api.types.is_float_dtype(column.iloc[:, 0]):
        tree = DecisionTreeClassifier(
            max_leaf_nodes=32, min_samples_leaf=10, random_state=drawn.random_state
        )
        score = cross_val_predict(
            tree, column, label, cv=drawn.folds, method="predict_proba"
        )[:, 1]
    else:
        encoder = TargetEncoder(target_type="binary", cv=drawn.folds)
        score = encoder.fit_transform(column, label)[:, 0]
    return float(roc_auc_score(label, score))


def _measure_together(X, label, drawn):
    if X.shape[1] == 0:
        return 0.5
    X = _encode_texts(X)
    # Few and small trees find what columns say together; more would not find a leak.
    boosting = HistGradientBoostingClassifier(
        early_stopping=False,
        learning_rate=0.2,
        max_iter=40,
        max_leaf_nodes=15,
        random_state=drawn.random_state,
    )
    score = cross_val_predict(
        boosting, X, label, cv=drawn.folds, method="predict_proba"
    )
    return float(roc_auc_score(label, score[:, 1]))


def _encode_texts(X):
    texts = [name for name in X if not pd.api.types.is_float_dtype(X[name])]
    X = X.copy()
    X[texts] = OrdinalEncoder().fit_transform(X[texts]) if texts else X[texts]
    return X
