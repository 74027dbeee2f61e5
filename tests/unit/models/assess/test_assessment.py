import numpy as np
import pytest

from models.assess.assessment import (
    accumulate_gains,
    measure,
    measure_calibration_error,
    measure_lift,
    measure_ranking,
)

# Ten customers, two of whom are positive.
LABEL = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
BEST, WORST = np.linspace(1, 0, 10), np.linspace(0, 1, 10)


@pytest.mark.parametrize(
    ("score", "share", "expected"),
    [
        (BEST, 0.2, 5.0),
        (BEST, 0.4, 2.5),
        (BEST, 1.0, 1.0),
        (WORST, 0.2, 0.0),
        (np.zeros(10), 0.2, 1.0),
        # One is contacted for certain, a hit, and one of two at the border, half a hit.
        (np.array([9, 5, 5, 0, 0, 0, 0, 0, 0, 0]), 0.2, 3.75),
    ],
    ids=[
        "best",
        "best, more contacted",
        "all",
        "worst",
        "constant",
        "tie at the border",
    ],
)
def test_lift_is_against_contacting_anybody(score, share, expected):
    assert measure_lift(LABEL, score, share) == expected


def test_the_best_ranking_has_auc_one_and_the_worst_zero():
    assert measure_ranking(LABEL, BEST, 0.2)["auc"] == 1
    assert measure_ranking(LABEL, WORST, 0.2)["auc"] == 0


def test_calibration_error_is_the_mean_gap_between_said_and_seen():
    label, probability = np.tile([0, 0, 0, 1], 50), np.full(200, 0.25)

    assert measure_calibration_error(label, probability) == pytest.approx(0, abs=0.01)
    assert measure_calibration_error(label, probability + 0.1) == pytest.approx(
        0.1, abs=0.01
    )


def test_true_probabilities_have_the_least_brier_score():
    label, truth = np.tile([0, 0, 0, 1], 50), np.full(200, 0.25)

    assert [measure(label, said, 0.2)["brier"] for said in (truth, truth * 2)] == [
        pytest.approx(0.1875),
        pytest.approx(0.25),
    ]


def test_gains_run_from_nobody_to_everybody():
    contacted, reached = accumulate_gains(LABEL, BEST)

    assert (contacted[0], reached[0]) == (0, 0)
    assert (contacted[2], reached[2]) == (0.2, 1)
    assert (contacted[-1], reached[-1]) == (1, 1)


def test_the_order_of_rows_with_one_probability_decides_nothing():
    probability = np.repeat([0.02, 0.3], 500)
    label = np.r_[np.ones(10), np.zeros(490), np.ones(150), np.zeros(350)]

    assert measure_calibration_error(label, probability) == pytest.approx(0, abs=1e-9)
    assert np.interp(0.25, *accumulate_gains(label, probability)) == pytest.approx(
        75 / 160
    )
