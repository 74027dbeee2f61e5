import numpy as np
import pytest

from models.assess.assessment import measure
from models.assess.ranking import measure_offers
from models.assess.resampling import Contacts, resample, summarise

CONTACTS = Contacts(capacity=0.1, worth=(100.0, 10.0))


def draw_scores(count=2000, seed=0):
    random = np.random.default_rng(seed)
    probability = random.beta(1, 9, count).round(2)
    label = (random.random(count) < probability).astype(int)
    return label, probability, np.arange(count) // 4


def test_without_resampling_the_figures_are_those_of_the_assessment():
    label, probability, person = draw_scores()

    drawn = resample(label, {"it": probability}, person, CONTACTS)["it"]

    plain = measure(label, probability, CONTACTS.capacity)
    assert {name: drawn[name][0] for name in plain} == pytest.approx(plain, abs=1e-9)


def test_a_seed_gives_the_same_draws_and_another_seed_others():
    label, probability, person = draw_scores()

    def auc(seed):
        scores = {"it": probability}
        drawn = resample(label, scores, person, CONTACTS, random_state=seed)
        return drawn["it"]["auc"]

    assert np.array_equal(auc(0), auc(0))
    assert not np.array_equal(auc(0)[1:], auc(1)[1:])


def test_scores_are_compared_on_the_same_draws():
    label, probability, person = draw_scores()

    drawn = resample(
        label, {"it": probability, "again": probability / 2}, person, CONTACTS
    )

    assert np.abs(drawn["it"]["auc"] - drawn["again"]["auc"]).max() < 1e-12


def test_rows_of_one_person_count_as_one_so_that_copies_do_not_make_it_surer():
    label, probability, _ = draw_scores(500)

    def width(copies):
        drawn = resample(
            np.repeat(label, copies),
            {"it": np.repeat(probability, copies)},
            np.repeat(np.arange(500), copies),
            CONTACTS,
        )
        _, low, high = summarise(drawn["it"]["auc"])
        return high - low

    assert width(8) == pytest.approx(width(1), rel=0.05)


def test_a_row_that_speaks_for_several_gives_the_figures_of_that_many_rows():
    label, probability, _ = draw_scores(500)
    weight = np.where(label == 1, 1, 7)
    each = np.repeat(np.arange(500), weight)

    ask = Contacts(capacity=0.1)
    once = resample(label, {"it": probability}, np.arange(500), ask, weight=weight)[
        "it"
    ]
    copied = resample(label[each], {"it": probability[each]}, each, ask)["it"]

    for name in set(once) - {"calibration_error"}:
        assert once[name] == pytest.approx(copied[name], abs=1e-9)
    # Here a bin ends within the copies of a row, there it can't.
    ours, theirs = once["calibration_error"], copied["calibration_error"]
    assert ours == pytest.approx(theirs, abs=0.005)
    assert "profit_cny_per_1000" not in once


def test_profit_is_what_hits_within_capacity_bring_less_what_contacts_cost():
    label = np.array([1, 0] + [0] * 18)
    score = np.linspace(1, 0, 20)

    drawn = resample(label, {"it": score}, np.arange(20), CONTACTS)["it"]

    # Two of twenty are contacted, one of them a hit: 100 - 2 * 10 for 20 rows.
    assert drawn["profit_cny_per_1000"][0] == pytest.approx(4000)
    assert drawn["precision_at_capacity"][0] == pytest.approx(0.5)
    assert drawn["gain_in_top_10_percent"][0] == pytest.approx(1)
    assert drawn["lift_in_decile_2"][0] == pytest.approx(0)


def test_offers_are_measured_over_those_who_accepted_one():
    person = np.array([1, 1, 1, 1, 2, 2, 2, 3, 3])
    label = np.array([0, 0, 0, 1, 1, 0, 1, 0, 0])
    score = np.array([4, 3, 2, 1, 3, 2, 1, 2, 1])

    measured = measure_offers(person, label, score)

    # The first accepted what came fourth, the second what came first and third.
    assert measured["hit_rate_at_3"].to_dict() == {1: 0, 2: 1}
    assert measured["map_at_3"].to_dict() == {1: 0, 2: pytest.approx((1 + 2 / 3) / 2)}
    ideal = 1 + 1 / np.log2(3)
    assert measured["ndcg_at_3"][2] == pytest.approx((1 + 1 / 2) / ideal)
