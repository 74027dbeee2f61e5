from dataclasses import replace

import pytest

from models.assess.verdict import (
    Findings,
    TableFindings,
    write_table_verdict,
    write_verdict,
)

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

GOOD_TABLE = TableFindings(
    calibration_error=(0.010, 0.005, 0.018),
    over_rule=(0.12, 0.10, 0.14),
    over_scorecard=(0.004, -0.002, 0.010),
    lift=(4.1, 3.9, 4.3),
    precision=(0.5, 0.45, 0.55),
    precision_over_rule=(0.2, 0.15, 0.25),
    base_rate=0.125,
)


def judge(findings, write=write_verdict):
    return {name: holds for name, (holds, _) in write(findings).items()}


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


def test_a_good_table_has_all_five_adjectives_and_says_from_when_on_it_pays():
    assert all(judge(GOOD_TABLE, write_table_verdict).values())
    _, why = write_table_verdict(GOOD_TABLE)["useful"]
    assert "worth 2.0 contacts. Contacting at random pays from 8.0 on" in why


@pytest.mark.parametrize(
    ("adjective", "change"),
    [
        ("credible", {"calibration_error": (0.021, 0.01, 0.03)}),
        ("novel", {"over_rule": (0.01, -0.001, 0.02)}),
        ("effective", {"lift": (1.2, 0.9, 1.5)}),
        ("understandable", {"over_scorecard": (0.02, 0.01, 0.03)}),
        ("useful", {"precision_over_rule": (0.05, -0.01, 0.11)}),
    ],
)
def test_each_adjective_of_a_table_turns_negative_by_a_figure(adjective, change):
    judged = judge(replace(GOOD_TABLE, **change), write_table_verdict)

    assert [name for name, holds in judged.items() if not holds] == [adjective]


def test_what_finds_nobody_never_pays():
    _, why = write_table_verdict(replace(GOOD_TABLE, precision=(0.0, 0.0, 0.0)))[
        "useful"
    ]
    assert "It never pays." in why
