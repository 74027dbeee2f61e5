import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from models.model.bg_nbd import BetaGeometricNBD

COLUMNS = ["frequency", "recency", "T"]


@pytest.fixture(scope="module")
def cdnow(public_data):
    path = public_data / "cdnow" / "cdnow_customers_summary.csv"
    if not path.is_file():
        pytest.skip("needs the summary of CDNOW's customers in CRM_PUBLIC_DATA")
    return pd.read_csv(path)[COLUMNS]


@pytest.fixture(scope="module")
def simulated():
    """Customers drawn from known parameters: r 0.6, alpha 9, a 0.8, b 2.5."""
    random, count = np.random.default_rng(0), 20_000
    rate, leaves = random.gamma(0.6, 1 / 9, count), random.beta(0.8, 2.5, count)
    age = random.uniform(27, 39, count)
    frequency, recency = np.zeros(count), np.zeros(count)
    here, now = np.ones(count, dtype=bool), np.zeros(count)
    while here.any():
        now = now + random.exponential(1 / rate)
        here = here & (now <= age)
        frequency += here
        recency = np.where(here, now, recency)
        here = here & (random.uniform(size=count) >= leaves)
    return np.column_stack([frequency, recency, age])


def test_the_published_fit_of_cdnow_is_reproduced(cdnow):
    estimator = BetaGeometricNBD().fit(cdnow)

    fitted = [estimator.r_, estimator.alpha_, estimator.a_, estimator.b_]
    assert np.round(fitted, 3).tolist() == [0.243, 4.414, 0.793, 2.426]
    assert round(estimator.score(cdnow), 1) == -9582.4


def test_the_published_forecast_of_a_cdnow_customer_is_reproduced(cdnow):
    estimator = BetaGeometricNBD(horizon=39).fit(cdnow.to_numpy())

    assert round(estimator.predict([[2, 30.43, 38.86]])[0], 3) == 1.226


def test_parameters_are_found_again_in_customers_drawn_from_them(simulated):
    estimator = BetaGeometricNBD().fit(simulated)

    assert estimator.r_ == pytest.approx(0.6, rel=0.1)
    assert estimator.alpha_ == pytest.approx(9, rel=0.1)
    # Of a and b the data tell the mean well, and each alone badly.
    assert estimator.a_ / (estimator.a_ + estimator.b_) == pytest.approx(0.242, rel=0.1)


def test_another_unit_of_time_changes_alpha_and_nothing_else(simulated):
    in_weeks = BetaGeometricNBD().fit(simulated)
    in_days = BetaGeometricNBD(horizon=91).fit(simulated * [1, 7, 7])

    assert in_days.alpha_ == pytest.approx(7 * in_weeks.alpha_, rel=1e-3)
    np.testing.assert_allclose(
        in_days.predict(simulated[:100] * [1, 7, 7]),
        in_weeks.predict(simulated[:100]),
        rtol=1e-3,
    )


def test_silence_tells_more_of_whoever_came_often(simulated):
    estimator = BetaGeometricNBD().fit(simulated)

    seldom, often, lately, never = estimator.predict_alive(
        [[1, 5, 38], [20, 5, 38], [20, 37.9, 38], [0, 0, 38]]
    )

    assert often < 0.01 < seldom < lately
    assert never == 1.0


def test_expected_visits_agree_with_what_parameters_say_of_a_new_customer():
    estimator = BetaGeometricNBD(horizon=1e-3)
    estimator.r_, estimator.alpha_, estimator.a_, estimator.b_ = 0.5, 5.0, 0.8, 2.5
    estimator.n_features_in_ = 3

    # In an instant nobody leaves: the rate is that of the gamma posterior.
    (visits,) = estimator.predict([[0, 0, 10]])

    assert visits / 1e-3 == pytest.approx(0.5 / 15.0, rel=1e-3)


def test_a_very_frequent_customer_does_not_overflow(simulated):
    estimator = BetaGeometricNBD().fit(simulated)

    assert np.isfinite(estimator.score([[5000, 38, 38.5]]))
    assert 0 <= estimator.predict_alive([[5000, 1, 38.5]])[0] < 1e-9


def test_impossible_customers_are_counted_and_none_is_shown():
    with pytest.raises(ValueError, match="2 of 3 customers are impossible") as raised:
        BetaGeometricNBD().fit([[1, 4, 38], [2, 4711, 38], [0, 3, 38]])
    assert "4711" not in str(raised.value)


def test_it_can_be_cloned_with_its_horizon():
    assert clone(BetaGeometricNBD(horizon=4)).horizon == 4
