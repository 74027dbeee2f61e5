"""The estimators that compete in every use case, and their calibration."""

from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder

from models.model.by_group import ClassifierByGroup, repeat_by_group
from models.modify.treatments import DROP, ONE_HOT, build_columns, select


def build_logistic(treatments, penalty):
    """Build the unfitted logistic baseline.

    Parameters
    ----------
    treatments : dict of str to str
        By column, see :mod:`models.modify.treatments`.
    penalty : float
        Inverse strength of the ridge penalty, scikit-learn's ``C``.

    Returns
    -------
    Pipeline
        Takes a DataFrame with those columns. Any number may be missing; a category not
        seen in training counts as none of those seen.
    """
    return Pipeline(
        [
            ("columns", build_columns(treatments)),
            ("classify", LogisticRegression(C=penalty, max_iter=500)),
        ]
    )


def build_logistic_by_group(treatments, group, levels, penalty):
    """Build the unfitted logistic baseline, with own coefficients for each group.

    Parameters
    ----------
    treatments : dict of str to str
        By column, the group's left out; as :func:`build_logistic`.
    group : str
        The column that names a row's group.
    levels : list of str
        All its values.
    penalty : float
        Inverse strength of the ridge penalty, scikit-learn's ``C``.

    Returns
    -------
    Pipeline
        As :func:`build_logistic`, and takes the group's column besides.
    """
    columns = [
        ("customer", build_columns(treatments), list(treatments)),
        ("group", OrdinalEncoder(categories=[levels]), [group]),
    ]
    repeat = FunctionTransformer(repeat_by_group, kw_args={"group_count": len(levels)})
    return Pipeline(
        [
            ("columns", ColumnTransformer(columns)),
            ("by_group", repeat),
            ("classify", LogisticRegression(C=penalty, max_iter=500)),
        ]
    )


def build_boosting(treatments, random_state=0, **parameters):
    """Build the unfitted gradient boosting.

    Parameters
    ----------
    treatments : dict of str to str
        By column. Trees need no scaling and take a missing value as it is, so that only
        what is dropped and what is a category matters.
    random_state : int, default=0
        Seed. Two fits on the same rows give the same probabilities.
    **parameters
        Of :class:`~sklearn.ensemble.HistGradientBoostingClassifier`.

    Returns
    -------
    Pipeline
        Takes a DataFrame with those columns. Any number may be missing; a category not
        seen in training counts as none of those seen.
    """
    categorical = select(treatments, ONE_HOT)
    numeric = [
        name for name, chosen in treatments.items() if chosen not in {DROP, ONE_HOT}
    ]
    # One-hot, as native categories would bring functools.partial into the saved file.
    encode = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = ColumnTransformer(
        [("categorical", encode, categorical), ("numeric", "passthrough", numeric)]
    )
    classify = HistGradientBoostingClassifier(
        categorical_features=None,
        early_stopping=False,
        l2_regularization=10.0,
        max_features=0.3,
        random_state=random_state,
        **parameters,
    )
    return Pipeline([("columns", columns), ("classify", classify)])


def build_boosting_by_group(treatments, group, levels, random_state=0, **parameters):
    """Build the unfitted gradient boosting, with trees of its own for each group.

    Parameters
    ----------
    treatments : dict of str to str
        By column, the group's left out; as :func:`build_boosting`.
    group : str
        The column that names a row's group.
    levels : list of str
        All its values.
    random_state : int, default=0
        Seed. Two fits on the same rows give the same probabilities.
    **parameters
        Of :class:`~sklearn.ensemble.HistGradientBoostingClassifier`.

    Returns
    -------
    Pipeline
        As :func:`build_boosting`; a group that is none of ``levels`` is an error.
    """
    shared = build_boosting(treatments, random_state, **parameters)
    number = OrdinalEncoder(categories=[levels])
    columns = ColumnTransformer(
        [
            ("row", shared.named_steps["columns"], list(treatments)),
            ("group", number, [group]),
        ]
    )
    classify = ClassifierByGroup(shared.named_steps["classify"])
    return Pipeline([("columns", columns), ("classify", classify)])


def calibrate(estimator, X, label):
    """Make a fitted estimator's probabilities agree with what happened later.

    This also undoes what thinning one label in the training part did to them.

    Parameters
    ----------
    estimator : Pipeline
        Fitted, and left as it is.
    X : DataFrame of shape (n_rows, n_columns)
        The tuning part, which ``estimator`` has not seen.
    label : Series of shape (n_rows,)
        0 or 1.

    Returns
    -------
    CalibratedClassifierCV
        A sigmoid on top of ``estimator``, which keeps its ranking.
    """
    calibrated = CalibratedClassifierCV(FrozenEstimator(estimator), method="sigmoid")
    # What predicts is in `calibrated_classifiers_`; skops would write both.
    return calibrated.fit(X, label).set_params(estimator=None)
