"""The estimators that compete in every use case, and their calibration."""

from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from models.treatments import DROP, ONE_HOT, build_columns, select


def build_logistic(treatments):
    """Build the unfitted logistic baseline.

    Parameters
    ----------
    treatments : dict of str to str
        By column, see :mod:`models.treatments`.

    Returns
    -------
    Pipeline
        Takes a DataFrame with those columns. Any number may be missing; a category not
        seen in training counts as none of those seen.
    """
    return Pipeline(
        [("columns", build_columns(treatments)), ("classify", build_classifier())]
    )


def build_classifier():
    """Build the logistic regression of every baseline, with a mild ridge penalty."""
    return LogisticRegression(C=0.1, max_iter=500)


def build_boosting(treatments, random_state=0):
    """Build the unfitted gradient boosting.

    Parameters
    ----------
    treatments : dict of str to str
        By column. Trees need no scaling and take a missing value as it is, so that only
        what is dropped and what is a category matters.
    random_state : int, default=0
        Seed. Two fits on the same rows give the same probabilities.

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
    # Native categories would bring functools.partial into the saved file.
    encode = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = ColumnTransformer(
        [("categorical", encode, categorical), ("numeric", "passthrough", numeric)]
    )
    classify = HistGradientBoostingClassifier(
        categorical_features=None,
        early_stopping=False,
        l2_regularization=10.0,
        learning_rate=0.06,
        max_iter=120,
        max_leaf_nodes=15,
        min_samples_leaf=60,
        random_state=random_state,
    )
    return Pipeline([("columns", columns), ("classify", classify)])


def calibrate(estimator, X, label):
    """Make a fitted estimator's probabilities agree with what happened later.

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
    return CalibratedClassifierCV(FrozenEstimator(estimator), method="sigmoid").fit(
        X, label
    )
