"""What each column adds to an estimator's log-odds, exactly, by kind of estimator."""

from functools import singledispatch

import numpy as np
from scipy.sparse import csr_array, issparse, vstack
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from models.explain.origins import UnexplainableError, trace_columns
from models.model.by_group import ClassifierByGroup

# What `remember_average` leaves on a linear estimator.
AVERAGE = "training_average_"
SEVERAL_CLASSES = "it has more than two classes"
CHECKED_ROWS = 50
SUM_TOLERANCE = 1e-6


class Explainer:
    """Splits the log-odds of a fitted estimator into what each column adds.

    Parameters
    ----------
    estimator : Pipeline or CalibratedClassifierCV
        Fitted, calibrated or not. Calibration only bends the log-odds, so that what
        raises them raises the probability.

    Attributes
    ----------
    columns : list of str
        The columns that it was fitted on, in that order.
    bias : float
        Log-odds of the average training row. A row's contributions and the bias add up
        to its ``decision_function``.

    Raises
    ------
    UnexplainableError
        There is no exact answer for an estimator like this one.
    """

    def __init__(self, estimator):
        self._pipeline = uncover(estimator)
        self.columns = list(self._pipeline.feature_names_in_)
        self._prepare, classify = self._pipeline[:-1], self._pipeline[-1]
        origins = trace_columns(self._prepare, np.arange(len(self.columns)))
        membership = csr_array(
            (np.ones(len(origins)), (np.arange(len(origins)), origins)),
            shape=(len(origins), len(self.columns)),
        )
        self._split, self.bias = build_split(classify, membership)

    def explain(self, X):
        """Split the log-odds of rows.

        Parameters
        ----------
        X : DataFrame of shape (n_rows, n_columns)
            With ``columns``.

        Returns
        -------
        ndarray of shape (n_rows, n_columns)
            In the order of ``columns``, relative to the average training row, which is
            what ``bias`` stands for.

        Raises
        ------
        UnexplainableError
            The parts do not add up to the whole.
        """
        X = X[self.columns]
        contributions = self._split(self._prepare.transform(X))
        # The trees are read through what scikit-learn does not promise to keep.
        whole = self._pipeline.decision_function(X.head(CHECKED_ROWS))
        parts = self.bias + contributions[:CHECKED_ROWS].sum(axis=1)
        if not np.allclose(parts, whole, rtol=0, atol=SUM_TOLERANCE):
            msg = "what the columns add does not sum up to what the estimator says"
            raise UnexplainableError(msg)
        return contributions


def remember_average(pipeline, X):
    """Keep the average training row with a linear estimator, to measure from it.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted. Left as it is where its last step is not linear, since trees know how
        many training rows went where.
    X : DataFrame of shape (n_rows, n_columns)
        The training part.
    """
    if isinstance(pipeline[-1], LogisticRegression):
        average = pipeline[:-1].transform(X).mean(axis=0)
        setattr(pipeline[-1], AVERAGE, np.asarray(average).ravel())


def uncover(estimator):
    """Find the pipeline below a calibration that keeps its ranking."""
    if isinstance(estimator, CalibratedClassifierCV):
        if len(estimator.calibrated_classifiers_) != 1:
            msg = "it is the mean of several calibrated estimators"
            raise UnexplainableError(msg)
        (calibrated,) = estimator.calibrated_classifiers_
        if any(getattr(c, "a_", -1.0) >= 0 for c in calibrated.calibrators):
            msg = "its calibration turns its ranking round"
            raise UnexplainableError(msg)
        return uncover(calibrated.estimator)
    if isinstance(estimator, FrozenEstimator):
        return uncover(estimator.estimator)
    if not isinstance(estimator, Pipeline):
        msg = f"it is a {type(estimator).__name__}, not a pipeline"
        raise UnexplainableError(msg)
    return estimator


@singledispatch
def build_split(classify, membership):  # noqa: ARG001 - what a family's method takes
    """Build what splits the log-odds of a last step, and its bias.

    Parameters
    ----------
    classify : BaseEstimator
        Fitted. A family of estimators is explained by registering its method here.
    membership : csr_array of shape (n_prepared_columns, n_columns)
        1 where a prepared column was made of a column.

    Returns
    -------
    tuple of callable and float
        The callable takes prepared rows, of shape (n_rows, n_prepared_columns), and
        returns an ndarray of shape (n_rows, n_columns).
    """
    msg = f"it is not written down what a column adds to a {type(classify).__name__}"
    raise UnexplainableError(msg)


@build_split.register
def _(classify: LogisticRegression, membership):
    average = getattr(classify, AVERAGE, None)
    if classify.coef_.shape[0] != 1:
        raise UnexplainableError(SEVERAL_CLASSES)
    if average is None:
        msg = "it does not know the average training row, and has to be mined again"
        raise UnexplainableError(msg)
    weights = membership.multiply(classify.coef_.T).tocsr()
    usual = average @ weights

    def split(Z):
        added = Z @ weights
        return (added.toarray() if issparse(added) else added) - usual

    return split, float(classify.intercept_[0] + average @ classify.coef_[0])


@build_split.register
def _(classify: HistGradientBoostingClassifier, membership):
    """Saabas: what a split adds is by how much it moves the mean of the training rows.

    Only the leaf that a row ends in matters, so each leaf is split once, and rows add
    up their leaves.
    """
    if classify.n_trees_per_iteration_ != 1:
        raise UnexplainableError(SEVERAL_CLASSES)
    trees = [predictor for (predictor,) in classify._predictors]  # noqa: SLF001
    origins = membership.indices[_order_columns(classify)]
    split_leaves = [_split_nodes(t.nodes, origins, membership.shape[1]) for t in trees]
    table = vstack([csr_array(nodes) for nodes, _ in split_leaves]).tocsr()
    starts = np.cumsum([0, *(len(tree.nodes) for tree in trees)])
    finders = [_build_finder(tree) for tree in trees]
    bitsets, positions = classify._bin_mapper.make_known_categories_bitsets()  # noqa: SLF001

    def split(Z):
        Z = classify._preprocess_X(Z, reset=False)  # noqa: SLF001
        leaves = np.empty((len(Z), len(trees)), dtype=np.int32)
        for place, finder in enumerate(finders):
            leaves[:, place] = finder.predict(Z, bitsets, positions, 1) + starts[place]
        ends = np.arange(len(Z) + 1) * len(trees)
        ones = np.ones(leaves.size)
        passed = csr_array((ones, leaves.ravel(), ends), shape=(len(Z), starts[-1]))
        return (passed @ table).toarray()

    baseline = float(classify._baseline_prediction.item())  # noqa: SLF001
    return split, baseline + sum(mean for _, mean in split_leaves)


@build_split.register
def _(classify: ClassifierByGroup, membership):
    """Each row as its own group's classifier is split.

    By how much that group's average row differs from all groups' is what the column
    that names the group adds.
    """
    parts = [build_split(one, membership[:-1]) for one in classify.classifiers_]
    bias = float(np.mean([own_bias for _, own_bias in parts]))
    group = membership.indices[-1]

    def split(Z):
        added = np.zeros((len(Z), membership.shape[1]))
        for name, (split_own, own_bias) in zip(classify.groups_, parts, strict=True):
            rows = Z[:, -1] == name
            if rows.any():
                added[rows] = split_own(Z[rows, :-1])
                added[rows, group] += own_bias - bias
        return added

    return split, bias


def _order_columns(classify):
    """In which order the trees see the columns: native categories come first."""
    is_category = classify.is_categorical_
    if is_category is None:
        return np.arange(classify.n_features_in_)
    return np.argsort(~is_category, kind="stable")


def _split_nodes(nodes, origins, column_count):
    """Split the mean of the training rows at each node into what columns added.

    Returns
    -------
    tuple of ndarray and float
        Of shape (n_nodes, n_columns), and the mean at the root.
    """
    means = nodes["value"].copy()
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    children = np.stack([nodes["left"], nodes["right"]], axis=1).astype(int)
    # A node comes before its children.
    for node in inner[::-1]:
        means[node] = np.average(
            means[children[node]], weights=nodes["count"][children[node]]
        )
    added = np.zeros((len(nodes), column_count))
    for node in inner:
        for child in children[node]:
            added[child] = added[node]
            column = origins[nodes["feature_idx"][node]]
            added[child, column] += means[child] - means[node]
    return added, float(means[0])


def _build_finder(tree):
    """Build a tree that predicts which of its nodes a row ends in."""
    nodes = tree.nodes.copy()
    nodes["value"] = np.arange(len(nodes))
    return TreePredictor(nodes, tree.binned_left_cat_bitsets, tree.raw_left_cat_bitsets)
