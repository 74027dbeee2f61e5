import io
import zipfile

import numpy as np
import pandas as pd
import pytest
import skops.io

from models.model.candidates import calibrate
from models.use_cases import churn, cross_sell, growth
from pipelines.foundation.use_case import find_use_case

ROWS = 400
CHURN, CROSS_SELL, GROWTH = map(find_use_case, ("churn", "cross_sell", "growth"))
FAMILIES = CROSS_SELL.families


def treat(use_case):
    return {
        name: "one_hot" if name in use_case.columns.categorical else "scale"
        for name in use_case.columns.features
    }


def invent(use_case, rows=ROWS):
    """Customers whose label follows from how long they were silent, by family."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.random((rows, len(use_case.columns.numeric))))
    frame.columns = use_case.columns.numeric
    frame["gender"] = np.where(random.random(rows) < 0.5, "female", "male")
    frame["product_family"] = np.tile(FAMILIES, rows)[:rows]
    # What draws to one family keeps from another.
    turn = np.where(frame["product_family"].isin(["loan", "fund"]), -1, 1)
    if use_case is not CROSS_SELL:
        turn = 1
    sign = turn * (frame["days_since_customer_event"] - 0.5)
    frame["label"] = (random.random(rows) < 0.5 + 0.8 * sign).astype(int)
    return frame


def fit(use_case, name, frame):
    estimators = use_case.build_estimators(treat(use_case), random_state=3)
    return estimators[name].fit(frame[use_case.columns.features], frame["label"])


every_candidate = pytest.mark.parametrize(
    ("use_case", "name"),
    [
        (use_case, name)
        for use_case, names in (
            (CHURN, ("logistic", "boosting", "larger_boosting")),
            (CROSS_SELL, ("logistic", "boosting")),
            (GROWTH, ("logistic", "boosting")),
        )
        for name in names
    ],
    ids=[
        "churn logistic",
        "churn boosting",
        "churn larger boosting",
        "cross_sell logistic",
        "cross_sell boosting",
        "growth logistic",
        "growth boosting",
    ],
)


@every_candidate
def test_two_fits_on_the_same_rows_give_the_same_probabilities(use_case, name):
    frame = invent(use_case)

    first, second = (
        fit(use_case, name, frame).predict_proba(frame[use_case.columns.features])
        for _ in range(2)
    )

    assert np.array_equal(first, second)


@every_candidate
def test_any_number_may_be_missing_that_training_had(use_case, name):
    frame = invent(use_case)
    estimator = fit(use_case, name, frame)
    empty = frame[use_case.columns.features].copy()
    empty[use_case.columns.numeric] = np.nan

    assert np.isfinite(estimator.predict_proba(empty)).all()


@every_candidate
def test_a_gender_that_training_did_not_show_is_an_ordinary_row(use_case, name):
    frame = invent(use_case)
    estimator = fit(use_case, name, frame)

    unknown = frame[use_case.columns.features].assign(gender="unknown")

    assert np.isfinite(estimator.predict_proba(unknown)).all()


@every_candidate
def test_columns_are_found_by_name_whatever_their_order(use_case, name):
    frame = invent(use_case)
    estimator = fit(use_case, name, frame)

    straight = estimator.predict_proba(frame[use_case.columns.features])
    turned = estimator.predict_proba(frame[use_case.columns.features[::-1]])

    assert np.array_equal(straight, turned)


@pytest.mark.parametrize("name", ["logistic", "boosting"])
def test_what_draws_to_one_family_may_keep_from_another(name):
    frame = invent(CROSS_SELL, rows=3000)
    estimator = fit(CROSS_SELL, name, frame)
    asked = frame[CROSS_SELL.columns.features].head(1)

    def rise(family):
        silent, busy = (
            estimator.predict_proba(
                asked.assign(product_family=family, days_since_customer_event=days)
            )[0, 1]
            for days in (1.0, 0.0)
        )
        return silent - busy

    assert rise("wealth") > 0.1
    assert rise("loan") < -0.1


@every_candidate
def test_calibration_keeps_the_ranking_and_meets_the_base_rate(use_case, name):
    frame = invent(use_case)
    estimator = fit(use_case, name, frame)
    later = invent(use_case, rows=900).tail(500)
    later["label"] = np.where(np.arange(500) % 2, later["label"], 0)

    calibrated = calibrate(estimator, later[use_case.columns.features], later["label"])

    before, after = (
        each.predict_proba(later[use_case.columns.features])[:, 1]
        for each in (estimator, calibrated)
    )
    assert np.array_equal(before.argsort(kind="stable"), after.argsort(kind="stable"))
    assert after.mean() == pytest.approx(later["label"].mean(), abs=0.01)


def test_what_is_saved_of_a_calibrated_boosting_is_saved_once():
    frame = invent(CHURN)
    estimator = fit(CHURN, "boosting", frame)
    X, label = frame[CHURN.columns.features], frame["label"]

    def count_trees(estimator):
        with zipfile.ZipFile(io.BytesIO(skops.io.dumps(estimator))) as saved:
            return saved.read("schema.json").count(b'"TreePredictor"')

    assert count_trees(calibrate(estimator, X, label)) == count_trees(estimator) > 0


def test_the_rule_for_churn_is_silence_and_never_is_longest():
    frame = pd.DataFrame({"days_since_customer_event": [3.0, np.nan, 80.0]})

    assert list(churn.score_by_rule(frame, frame).argsort()) == [0, 2, 1]


def test_the_rule_for_cross_sell_is_what_sold_best_before():
    known = pd.DataFrame(
        {"product_family": ["loan", "loan", "fund"], "label": [0, 1, 1]}
    )
    asked = pd.DataFrame({"product_family": ["fund", "loan", "wealth"]})

    assert list(cross_sell.score_by_rule(known, asked)) == [1.0, 0.5, 0.0]


@pytest.mark.parametrize(
    ("grows", "ranking"),
    [("rising", [1, 0, 2]), ("near", [1, 2, 0])],
    ids=["a trend that lasts", "a trend that does not"],
)
def test_the_rule_for_growth_carries_a_trend_as_far_as_it_lasted(grows, ranking):
    customers = pd.DataFrame(
        {
            "next_level_share": [0.5, 0.2, 0.4],
            "total_balance_cny": [500.0, 200.0, 400.0],
            "total_balance_slope_180d_cny": [-1.0, 0.0, 1.0],
        },
        index=["near", "far", "rising"],
    )
    known = customers.assign(label=(customers.index == grows).astype(int))

    assert list(growth.score_by_rule(known, customers).argsort()) == ranking
