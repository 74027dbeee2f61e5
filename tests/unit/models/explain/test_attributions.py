import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures

from models.explain.attributions import Explainer, remember_average
from models.explain.origins import UnexplainableError
from models.explain.reasons import measure_stability
from models.model.candidates import (
    build_boosting,
    build_boosting_by_group,
    build_logistic,
    build_logistic_by_group,
    calibrate,
)

TREATMENTS = {
    "gender": "one_hot",
    "silence": "scale",
    "balance": "log_scale",
    "nothing": "drop",
    "wait": "scale",
}

FAMILIES = ["fund", "loan", "wealth"]


def draw_rows(count=600, seed=0):
    """Rows of every kind: skewed, missing, text; silence and balance matter."""
    draw = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "gender": draw.choice(["female", "male", "unknown"], count),
            "silence": draw.integers(0, 90, count).astype(float),
            "balance": draw.lognormal(8, 2, count),
            "nothing": 1.0,
            "wait": np.where(draw.random(count) < 0.3, np.nan, draw.random(count)),
        }
    )
    odds = X["silence"] / 15 - np.log(X["balance"]) / 2 + X["wait"].isna() * 2
    label = (odds + draw.logistic(size=count) > odds.median()).astype(int)
    return X, label


def unseen():
    """Rows with what training never showed."""
    X, _ = draw_rows(80, seed=1)
    X.loc[:5, "gender"] = "other"
    X.loc[6:12, "silence"] = np.nan
    X.loc[13:20, "balance"] = 1e12
    return X


def logistic():
    return build_logistic(TREATMENTS, penalty=0.5)


def boosting():
    return build_boosting(TREATMENTS, max_iter=40, max_leaf_nodes=8)


def boosting_of_native_categories():
    classify = HistGradientBoostingClassifier(
        categorical_features=[1, 4], max_iter=40, min_samples_leaf=5
    )
    codes = ColumnTransformer(
        [
            ("number", "passthrough", ["silence"]),
            ("code", "passthrough", ["branch"]),
            ("numbers", "passthrough", ["balance", "wait"]),
            ("other_code", "passthrough", ["segment"]),
        ]
    )
    return Pipeline([("columns", codes), ("classify", classify)])


def boosting_by_segment():
    return build_boosting_by_group(
        TREATMENTS, "segment", ["even", "odd"], max_iter=40, max_leaf_nodes=8
    )


def add_segments(X):
    return X.assign(segment=np.where(X["silence"] % 2 == 0, "even", "odd"))


def add_codes(X):
    """Codes of which those that matter are no interval, and some are missing."""
    branch = (X["balance"].round() % 7).where(X["silence"] > 10)
    return X.assign(branch=branch, segment=(X["silence"] % 5))


@pytest.mark.parametrize(
    ("build", "change"),
    [
        (logistic, lambda X: X),
        (boosting, lambda X: X),
        (boosting_of_native_categories, add_codes),
        (boosting_by_segment, add_segments),
    ],
)
def test_contributions_and_bias_are_the_log_odds(build, change):
    X, label = draw_rows()
    X, new = change(X), change(unseen())
    if "branch" in X:
        label = label ^ (X["branch"].isin([1, 4])).astype(int)
        new.loc[:5, "branch"] = 99.0
    estimator = build().fit(X, label)
    remember_average(estimator, X)

    explainer = Explainer(estimator)

    for rows in (X, new):
        whole = explainer.bias + explainer.explain(rows).sum(axis=1)
        assert np.abs(whole - estimator.decision_function(rows)).max() < 1e-9


@pytest.mark.parametrize("build", [logistic, boosting])
def test_the_average_training_row_needs_no_reason(build):
    X, label = draw_rows()
    estimator = build().fit(X, label)
    remember_average(estimator, X)

    explainer = Explainer(estimator)

    assert explainer.explain(X).mean(axis=0) == pytest.approx(np.zeros(5), abs=1e-9)
    assert explainer.bias == pytest.approx(estimator.decision_function(X).mean())


def test_an_estimator_of_own_coefficients_by_family_is_split_by_customer_columns():
    X, label = draw_rows()
    X.insert(0, "product_family", np.resize(FAMILIES, len(X)))
    label = label.where(X["product_family"] != "loan", 1 - label)
    unfitted = build_logistic_by_group(
        TREATMENTS, "product_family", FAMILIES, penalty=0.003
    )
    estimator = unfitted.fit(X, label)
    remember_average(estimator, X)

    explainer = Explainer(estimator)
    contributions = explainer.explain(X)

    whole = explainer.bias + contributions.sum(axis=1)
    assert np.abs(whole - estimator.decision_function(X)).max() < 1e-9
    # What speaks for one product speaks against the other.
    is_loan = X["product_family"] == "loan"
    silence = contributions[:, list(X.columns).index("silence")]
    assert np.corrcoef(silence[is_loan], X["silence"][is_loan])[0, 1] < -0.9
    assert np.corrcoef(silence[~is_loan], X["silence"][~is_loan])[0, 1] > 0.9


@pytest.mark.parametrize("build", [logistic, boosting])
def test_only_what_was_planted_is_given_weight(build):
    X, label = draw_rows(3000)
    estimator = build().fit(X, label)
    remember_average(estimator, X)

    weight = np.abs(Explainer(estimator).explain(X)).mean(axis=0)

    by_column = dict(zip(X.columns, weight, strict=True))
    assert by_column["nothing"] == 0
    assert by_column["gender"] < 0.2 * min(
        by_column[name] for name in ("silence", "balance", "wait")
    )


def test_columns_keep_their_own_contribution_whatever_their_order():
    X, label = draw_rows()
    explainer = Explainer(boosting().fit(X, label))

    turned = explainer.explain(X[X.columns[::-1]].assign(more=1.0))

    assert explainer.columns == list(X.columns)
    assert np.array_equal(turned, explainer.explain(X))


def test_calibration_changes_no_contribution():
    X, label = draw_rows()
    estimator = boosting().fit(X, label)

    bare = Explainer(estimator).explain(X)
    calibrated = Explainer(calibrate(estimator, X, label)).explain(X)

    assert np.array_equal(bare, calibrated)


def fit_forest(X, label):
    encode = ColumnTransformer([("gender", OneHotEncoder(), ["gender"])])
    return Pipeline([("columns", encode), ("classify", RandomForestClassifier(5))]).fit(
        X, label
    )


def fit_products(X, label):
    columns = ColumnTransformer([("products", PolynomialFeatures(), ["silence"])])
    return Pipeline([("columns", columns), ("classify", LogisticRegression())]).fit(
        X, label
    )


def fit_turned_round(X, label):
    return calibrate(boosting().fit(X, label), X, 1 - label)


def fit_mean_of_calibrated(X, label):
    return CalibratedClassifierCV(boosting(), cv=2).fit(X, label)


def fit_bare(X, label):
    return FrozenEstimator(LogisticRegression().fit(X[["silence"]], label))


def fit_without_average(X, label):
    return calibrate(logistic().fit(X, label), X, label)


@pytest.mark.parametrize(
    ("fit", "why"),
    [
        (fit_forest, "RandomForestClassifier"),
        (fit_products, "PolynomialFeatures"),
        (fit_turned_round, "turns its ranking round"),
        (fit_mean_of_calibrated, "mean of several"),
        (fit_without_average, "has to be mined again"),
        (fit_bare, "not a pipeline"),
    ],
)
def test_what_has_no_exact_answer_is_refused(fit, why):
    X, label = draw_rows()

    with pytest.raises(UnexplainableError, match=why):
        Explainer(fit(X, label))


def test_parts_that_do_not_add_up_are_refused():
    X, label = draw_rows()
    estimator = boosting().fit(X, label)
    explainer = Explainer(estimator)
    estimator[-1]._baseline_prediction += 1  # noqa: SLF001

    with pytest.raises(UnexplainableError, match="does not sum up"):
        explainer.explain(X)


def concepts_of(X):
    return pd.DataFrame(
        {"concept": list(X.columns), "orientation": 1, "when_missing": "other"},
        index=X.columns,
    )


@pytest.mark.parametrize("build", [logistic, boosting])
def test_reasons_are_stable_where_there_is_something_to_learn(build):
    X, label = draw_rows(4000)
    noise = pd.Series(np.random.default_rng(2).integers(0, 2, len(X)))
    rows, _ = draw_rows(500, seed=3)
    learnt, guessed = (build().fit(X, of) for of in (label, noise))
    for estimator in (learnt, guessed):
        remember_average(estimator, X)

    learnt = measure_stability(learnt, X, label, rows, concepts_of(X))
    guessed = measure_stability(guessed, X, noise, rows, concepts_of(X))

    assert learnt > 0.85
    assert guessed < 0.7


def test_stability_is_the_same_in_every_run_and_leaves_the_estimator_alone():
    X, label = draw_rows()
    estimator = calibrate(boosting().fit(X, label), X, label)
    before = estimator.predict_proba(X)

    first, second = (
        measure_stability(estimator, X, label, X, concepts_of(X), random_state=5)
        for _ in range(2)
    )

    assert first == second
    assert np.array_equal(estimator.predict_proba(X), before)
