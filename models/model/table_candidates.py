"""Will this be true of a row, in a table nobody has seen before?"""

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import BernoulliNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    TargetEncoder,
)

from models.explore.interactions import JointLevels
from models.modify.bins import MonotoneBins, QuantileBins
from models.modify.columns import CATEGORY, CODE, NUMBER
from models.modify.treatments import select

FEWEST_ROWS_OF_LEVEL = 20  # of a level that is treated as one
BOOSTING_SETTINGS = [
    {"max_leaf_nodes": 16, "min_samples_leaf": 20, "max_features": 0.5},
    {"max_leaf_nodes": 8, "min_samples_leaf": 40, "max_features": 0.3},
    {"max_leaf_nodes": 31, "min_samples_leaf": 20, "max_features": 0.3},
    {"max_leaf_nodes": 6, "min_samples_leaf": 20, "max_features": 1.0},
]


def build_scorecard(kinds, pairs=(), random_state=0):
    """Build the unfitted scorecard: weight of evidence by bin, then a logistic line.

    Parameters
    ----------
    kinds : dict of str to str
        By column, as :func:`models.modify.columns.decide_kind` gives them.
    pairs : list of tuple of str
        Columns to treat as one, besides each alone.
    random_state : int, default=0
        Seed of the folds in which a level's evidence is taken from other rows.

    Returns
    -------
    Pipeline
        Takes an arranged DataFrame with those columns, and any level or gap in them.
    """
    encode = _build_target_encoder(random_state)
    columns = ColumnTransformer(
        [
            ("number", make_pipeline(MonotoneBins(20), encode), select(kinds, NUMBER)),
            ("text", encode, select(kinds, CATEGORY) + select(kinds, CODE)),
            *_build_pairs(pairs, random_state),
        ]
    )
    evidence = FunctionTransformer(to_log_odds)
    return Pipeline(
        [
            ("columns", columns),
            ("evidence", evidence),
            ("classify", LogisticRegression(C=1.0, max_iter=500)),
        ]
    )


def build_naive_bayes(kinds, pairs=(), random_state=0):  # noqa: ARG001 - takes neither
    """Build the unfitted naive Bayes on bins and levels; as :func:`build_scorecard`."""
    levels = OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=FEWEST_ROWS_OF_LEVEL
    )
    columns = ColumnTransformer(
        [
            ("number", make_pipeline(QuantileBins(), levels), select(kinds, NUMBER)),
            ("text", levels, select(kinds, CATEGORY) + select(kinds, CODE)),
        ]
    )
    return Pipeline([("columns", columns), ("classify", BernoulliNB())])


def build_boosting(kinds, pairs=(), random_state=0, **settings):
    """Build the unfitted boosting, which stops early; as :func:`build_scorecard`.

    Other Parameters
    ----------------
    **settings
        Of the boosting, one of ``BOOSTING_SETTINGS``.
    """
    categories = select(kinds, CATEGORY)
    levels = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        min_frequency=FEWEST_ROWS_OF_LEVEL,
    )
    columns = ColumnTransformer(
        [
            ("category", levels, categories),
            ("number", "passthrough", select(kinds, NUMBER)),
            ("code", _build_target_encoder(random_state), select(kinds, CODE)),
            *_build_pairs(pairs, random_state),
        ]
    )
    classify = HistGradientBoostingClassifier(
        categorical_features=list(range(len(categories))),
        early_stopping=True,
        l2_regularization=5.0,
        learning_rate=0.06,
        max_iter=500,
        n_iter_no_change=15,
        random_state=random_state,
        **(settings or BOOSTING_SETTINGS[0]),
    )
    return Pipeline([("columns", columns), ("classify", classify)])


def build_forest(kinds, pairs=(), random_state=0):
    """Build the unfitted forest; as :func:`build_scorecard`."""
    columns = ColumnTransformer(
        [
            ("number", "passthrough", select(kinds, NUMBER)),
            (
                "text",
                _build_target_encoder(random_state),
                select(kinds, CATEGORY) + select(kinds, CODE),
            ),
            *_build_pairs(pairs, random_state),
        ]
    )
    classify = RandomForestClassifier(
        n_estimators=50, min_samples_leaf=5, random_state=random_state
    )
    return Pipeline([("columns", columns), ("classify", classify)])


# The one that always fits comes first, and what a budget can best do without last.
CANDIDATES = {
    "scorecard": build_scorecard,
    "boosting": build_boosting,
    "naive_bayes": build_naive_bayes,
    "forest": build_forest,
}


def to_log_odds(probability):
    """Turn probabilities into log-odds; certainty is cut off at one in a million."""
    probability = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.log(probability / (1 - probability))


def _build_pairs(pairs, random_state):
    return [
        (
            f"pair_{number}",
            make_pipeline(JointLevels(), _build_target_encoder(random_state)),
            list(pair),
        )
        for number, pair in enumerate(pairs)
    ]


def _build_target_encoder(random_state):
    folds = StratifiedKFold(5, shuffle=True, random_state=random_state)
    return TargetEncoder(target_type="binary", cv=folds)
