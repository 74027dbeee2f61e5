from dataclasses import replace

import pytest

from models.verdict import Findings, write_verdict

GOOD = Findings(
    calibration_error=(0.010, 0.005, 0.018),
    back_test=[
        ("2025-06-01", (0.06, 0.02, 0.08)),
        ("2025-09-01", (0.04, 0.02, 0.06)),
        ("2025-12-01", (0.05, 0.03, 0.07)),
    ],
    over_rule=(0.04, 0.03, 0.05),
    missed_by_rule=0.3,
    lift=(5.8, 5.3, 6.2),
    stability=0.93,
    unexplained="",
    reason_stability=0.8,
    profit=(3000.0, 2500.0, 3500.0),
    profit_over_rule=(400.0, 100.0, 700.0),
)


def judge(findings):
    return {name: holds for name, (holds, _) in write_verdict(findings).items()}


def test_what_is_good_in_all_respects_has_all_five_adjectives():
    assert all(judge(GOOD).values())


@pytest.mark.parametrize(
    ("adjective", "change"),
    [
        ("credible", {"calibration_error": (0.021, 0.01, 0.03)}),
        ("credible", {"back_test": [*GOOD.back_test, ("", (0.01, -0.01, 0.03))]}),
        ("credible", {"back_test": []}),
        ("credible", {"back_test": GOOD.back_test[:2]}),
        ("novel", {"over_rule": (0.01, -0.001, 0.02)}),
        ("novel", {"missed_by_rule": 0.0}),
        ("effective", {"lift": (1.2, 0.9, 1.5)}),
        (
            "understandable",
            {
                "unexplained": "it is the mean of several estimators",
                "reason_stability": float("nan"),
            },
        ),
        ("understandable", {"reason_stability": 0.4}),
        ("understandable", {"stability": 0.7}),
        ("understandable", {"stability": float("nan")}),
        ("useful", {"profit": (100.0, -50.0, 250.0)}),
        ("useful", {"profit_over_rule": (10.0, -20.0, 40.0)}),
    ],
)
def test_each_adjective_turns_negative_by_a_figure(adjective, change):
    judged = judge(replace(GOOD, **change))

    assert [name for name, holds in judged.items() if not holds] == [adjective]


def test_every_sentence_states_its_figure():
    said = {name: why for name, (_, why) in write_verdict(GOOD).items()}

    assert "1.0%" in said["credible"]
    assert "3 of 3 cut-offs" in said["credible"]
    assert "+0.040 (+0.030 to +0.050)" in said["novel"]
    assert "5.8 times" in said["effective"]
    assert "0.93" in said["understandable"]
    assert "80% of the likeliest keep their first reason" in said["understandable"]
    assert "3,000 CNY" in said["useful"]
