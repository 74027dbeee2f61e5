"""Which column does each prepared column come from?"""

from functools import singledispatch

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)

from models.model.by_group import repeat_by_group


class UnexplainableError(ValueError):
    """There is no exact answer to why an estimator says what it says."""


@singledispatch
def trace_columns(step, origins):  # noqa: ARG001 - what each kind of step takes
    """Find where the columns that a fitted step returns come from.

    Parameters
    ----------
    step : BaseEstimator
        Fitted. A kind of step is traced by registering how here.
    origins : ndarray of shape (n_columns_in,)
        What each of the columns that it takes comes from.

    Returns
    -------
    ndarray of shape (n_columns_out,)

    Raises
    ------
    UnexplainableError
        Nobody has written down how to trace a step of this kind.
    """
    msg = f"it is not written down what the columns of a {type(step).__name__} are"
    raise UnexplainableError(msg)


@trace_columns.register(StandardScaler)
@trace_columns.register(OrdinalEncoder)
def _(step, origins):  # noqa: ARG001
    return origins


@trace_columns.register
def _(step: FunctionTransformer, origins):
    if step.func is repeat_by_group:
        return np.tile(origins, step.kw_args["group_count"])
    if step.func in {None, np.clip} or isinstance(step.func, np.ufunc):
        return origins
    msg = f"it is not written down what the columns of {step.func.__name__} are"
    raise UnexplainableError(msg)


@trace_columns.register
def _(step: SimpleImputer, origins):
    # A column that was missing throughout is dropped.
    kept = np.ones(len(origins), dtype=bool)
    if not step.keep_empty_features:
        kept = ~np.array([value != value for value in step.statistics_])  # noqa: PLR0124
    gaps = step.indicator_.features_ if step.add_indicator else []
    return np.concatenate([origins[kept], origins[gaps]]).astype(int)


@trace_columns.register
def _(step: OneHotEncoder, origins):
    # Public are only the categories, of which some may be dropped, and some are one.
    return np.repeat(origins, step._n_features_outs)  # noqa: SLF001


@trace_columns.register
def _(step: Pipeline, origins):
    for _, part in step.steps:
        if part != "passthrough":
            origins = trace_columns(part, origins)
    return origins


@trace_columns.register
def _(step: ColumnTransformer, origins):
    names = list(getattr(step, "feature_names_in_", range(step.n_features_in_)))
    traced = []
    for _, part, columns in step.transformers_:
        if len(columns) and part != "drop":
            places = origins[[names.index(column) for column in columns]]
            traced.append(
                places if part == "passthrough" else trace_columns(part, places)
            )
    return np.concatenate(traced)
