"""May it become champion? Decided on made-up scores, so that much can be tried."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from models.assess.comparison import CutOff, weigh
from models.assess.promotion import Bounds, decide
from pipelines.foundation.settings import Gate

BOUNDS = Bounds(**Gate().model_dump(), most_drift=0.25)
DATES = [date(2026, month, 1) for month in (1, 2, 3, 4)]
PEOPLE = 1200


def draw(seed):
    """What moves people, and who left: by cut-off, the same people each time."""
    generator = np.random.default_rng(seed)
    signal = generator.normal(size=PEOPLE)
    labels = [
        (generator.random(PEOPLE) < probability_of(signal)).astype(int) for _ in DATES
    ]
    return generator, signal, labels


def probability_of(signal):
    return 1 / (1 + np.exp(2.5 - 1.5 * signal))


def challenge(seed, challenger, champion=None, *, rule_noise=2.0, groups=None):
    """Decide on scores that are functions of signal and generator."""
    generator, signal, labels = draw(seed)

    def cut_offs():
        for as_of_date, label in zip(DATES, labels, strict=True):
            noise = rule_noise * generator.normal(size=PEOPLE)
            scores = {
                "rule": signal + noise,
                "challenger": challenger(signal, generator),
            }
            if champion:
                scores["champion"] = champion(signal, generator)
            people = np.arange(PEOPLE)
            yield CutOff(as_of_date, label, scores, people, groups or {})

    calibrated_on = challenger(signal, generator)
    return decide(weigh(cut_offs(), calibrated_on, tail=BOUNDS.tail), BOUNDS)


def know(signal, _):
    return probability_of(signal)


def guess(signal, generator):
    return generator.uniform(0.05, 0.3, size=len(signal))


def half_know(signal, generator):
    return probability_of(0.7 * signal + 0.7 * generator.normal(size=len(signal)))


def test_noise_is_never_promoted_in_a_hundred_tries():
    assert {challenge(seed, guess).outcome for seed in range(100)} == {"refused"}


def test_noise_never_beats_a_champion_that_is_noise_itself():
    # The rule is noise, too, so that only the figures stand in the way.
    outcomes = {
        challenge(seed, guess, guess, rule_noise=1000).outcome for seed in range(100)
    }

    assert outcomes == {"refused"}


@pytest.mark.parametrize("seed", range(5))
def test_a_truly_better_one_passes(seed):
    assert challenge(seed, know, half_know).outcome == "passed"


@pytest.mark.parametrize("seed", range(5))
def test_a_tie_keeps_the_champion(seed):
    assert challenge(seed, know, know).outcome == "kept"


@pytest.mark.parametrize("seed", range(5))
def test_a_worse_one_keeps_the_champion(seed):
    assert challenge(seed, half_know, know).outcome == "kept"


def test_one_as_good_as_the_rule_is_refused():
    decision = challenge(0, know, rule_noise=0)

    assert decision.outcome == "refused"
    assert "over that of the rule" in decision.reasons[0]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda signal, _: 1 - probability_of(signal), "its AUC is"),
        (lambda signal, _: np.full(len(signal), 0.1), "the same to everybody"),
        (lambda signal, _: 10 * signal, "no probabilities"),
        (lambda signal, _: probability_of(signal) ** 3, "its probabilities are off"),
        (lambda signal, _: np.where(signal > 9, 0, np.nan), "no probabilities"),
    ],
    ids=["inverted", "constant", "no probability", "uncalibrated", "not a number"],
)
def test_f45_what_is_broken_is_refused(broken, said):
    decision = challenge(0, broken)

    assert decision.outcome == "refused"
    assert said in " ".join(decision.reasons)


def test_scores_that_drifted_are_refused():
    evidence = weigh_known(calibrated_on=np.random.default_rng(0).random(PEOPLE) / 20)

    assert "drifted" in decide(evidence, BOUNDS).reasons[0]


def test_a_group_it_does_not_know_is_refused():
    generator, signal, labels = draw(0)
    group = np.where(np.arange(PEOPLE) % 2, "known", "unknown")
    blind = np.where(group == "known", probability_of(signal), 0.13)
    blind = blind + generator.normal(scale=1e-6, size=PEOPLE)
    rule = generator.normal(size=PEOPLE)
    cut_off = CutOff(
        DATES[0],
        labels[0],
        {"rule": rule, "challenger": blind},
        np.arange(PEOPLE),
        {"branch": group},
    )

    decision = decide(weigh([cut_off], blind, tail=BOUNDS.tail), BOUNDS)

    assert decision.outcome == "refused"
    assert "between groups by branch" in " ".join(decision.reasons)


def test_a_group_too_small_to_judge_is_said_to_be():
    group = np.where(np.arange(PEOPLE) < 20, "few", "many")

    evidence = weigh_known(groups={"age": group})

    decision = decide(evidence, BOUNDS)

    assert evidence.auc_gaps == {"age": None}
    assert decision.outcome == "passed"
    assert "alike by age is not known" in decision.reasons[-1]


def test_being_better_on_most_cut_offs_but_not_on_the_latest_is_not_enough():
    evidence = weigh_known()
    latest = evidence.comparisons[-1]
    tied = replace(latest, over={"rule": latest.over["rule"]._replace(low=0.0)})

    decision = decide(
        replace(evidence, comparisons=[*evidence.comparisons[:-1], tied]), BOUNDS
    )

    assert decision.outcome == "refused"
    assert "clearly on 3 of 4 cut-offs" in decision.reasons[0]


def test_a_figure_that_could_not_be_computed_refuses():
    evidence = weigh_known()

    for name in ("calibration_error", "drift", "lowest"):
        broken = replace(evidence, **{name: float("nan")})
        assert decide(broken, BOUNDS).outcome == "refused", name


def test_people_are_resampled_whole():
    # Ten rows of one person are no more evidence than one.
    _, signal, labels = draw(0)
    scores = {"rule": -signal, "challenger": probability_of(signal)}
    once = CutOff(DATES[0], labels[0], scores, np.arange(PEOPLE), {})
    ten = CutOff(
        DATES[0],
        np.repeat(labels[0], 10),
        {name: np.repeat(score, 10) for name, score in scores.items()},
        np.repeat(np.arange(PEOPLE), 10),
        {},
    )

    widths = [
        (auc.high - auc.low)
        for auc in (
            weigh([cut_off], scores["challenger"], tail=0.1).comparisons[0].auc
            for cut_off in (once, ten)
        )
    ]

    assert widths[1] == pytest.approx(widths[0], rel=1e-9)


def weigh_known(calibrated_on=None, groups=None):
    generator, signal, labels = draw(0)
    known = probability_of(signal)
    return weigh(
        (
            CutOff(
                as_of_date,
                label,
                {"rule": generator.normal(size=PEOPLE), "challenger": known},
                np.arange(PEOPLE),
                groups or {},
            )
            for as_of_date, label in zip(DATES, labels, strict=True)
        ),
        known if calibrated_on is None else calibrated_on,
        tail=BOUNDS.tail,
    )
