"""What is done to each column before a linear estimator sees it."""

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

DROP, ONE_HOT, LOG_SCALE, SCALE = "drop", "one_hot", "log_scale", "scale"
# Amounts and counts of this bank lie around 5 and more, ages and flags below 2.
SKEWED = 2.0
# No row is further from the average to a linear estimator: it would be all that counts.
MOST_DEVIATIONS = 4.0


def decide_treatment(column):
    """Choose a treatment from a column's profile.

    Parameters
    ----------
    column : Mapping
        A row of :func:`models.explore.profiling.profile`.

    Returns
    -------
    tuple of str
        The treatment, and why.

    Examples
    --------
    >>> income = {"kind": "number", "distinct_count": 900, "skewness": 7.1}
    >>> decide_treatment(income | {"missing_share": 0.25})
    ('log_scale', 'skewness 7.1, 25.0% missing: median and indicator')
    """
    if column["distinct_count"] <= 1:
        return DROP, "the same for everybody in the training part"
    if column["kind"] == "text":
        return ONE_HOT, f"text with {column['distinct_count']} levels"
    reason = f"skewness {column['skewness']:.1f}"
    if column["missing_share"]:
        reason += f", {column['missing_share']:.1%} missing: median and indicator"
    # A logarithm changes nothing about a column of two values.
    is_skewed = abs(column["skewness"]) > SKEWED and column["distinct_count"] > 2  # noqa: PLR2004
    return LOG_SCALE if is_skewed else SCALE, reason


def build_columns(treatments):
    """Build the unfitted transformer that applies treatments by column name.

    Parameters
    ----------
    treatments : dict of str to str
        By column. Numbers are imputed by the median whether training had gaps or not,
        since what never was missing may be some day; with an indicator where it had.

    Returns
    -------
    ColumnTransformer
        Gives numbers only, none missing, all but one-hot columns scaled and cut off at
        ``MOST_DEVIATIONS``.
    """
    impute = SimpleImputer(strategy="median", add_indicator=True)
    ends = {"a_min": -MOST_DEVIATIONS, "a_max": MOST_DEVIATIONS}
    cut = FunctionTransformer(np.clip, kw_args=ends)
    # arcsinh is a logarithm that also takes zero, and what is owed.
    log = FunctionTransformer(np.arcsinh)
    return ColumnTransformer(
        [
            (
                LOG_SCALE,
                make_pipeline(impute, log, StandardScaler(), cut),
                select(treatments, LOG_SCALE),
            ),
            (
                SCALE,
                make_pipeline(impute, StandardScaler(), cut),
                select(treatments, SCALE),
            ),
            (
                ONE_HOT,
                OneHotEncoder(handle_unknown="ignore"),
                select(treatments, ONE_HOT),
            ),
        ],
        sparse_threshold=0,
    )


def select(treatments, treatment):
    """List the columns that have a treatment."""
    return [name for name, chosen in treatments.items() if chosen == treatment]
