import logging
from dataclasses import replace

import pytest

from pipelines.discovery import mine
from pipelines.discovery.champion import registry
from pipelines.discovery.runs import find_latest
from pipelines.discovery.use_cases import assess, explore, sample
from pipelines.foundation import use_case
from pipelines.foundation.errors import GateRefusedError, UsageError
from pipelines.foundation.use_case import find_use_case
from pipelines.foundation.warehouse import connect

has_been_mined = pytest.mark.usefixtures("mined")


def figures(ask, mining_run):
    return ask(f"""
        select candidate, part, metric, value
        from ml.assessments
        where mining_run_id = '{mining_run.mining_run_id}'
        order by all
    """)


def test_a_use_case_with_something_to_find_gets_a_champion(mined, ask):
    assert not mine.needs_mining(mined, "churn")
    assert ask("select use_case, status from ml.mining_runs order by all") == [
        ("churn", "promoted"),
        ("cross_sell", "promoted"),
    ]


def test_two_runs_with_one_seed_agree_to_the_bit_and_keep_the_champion(mined, ask):
    first = find_latest(mined, "churn")
    second = mine.run(mined, "churn", seed=0)

    assert second.status == "kept"
    assert second.data_version == first.data_version
    assert figures(ask, second) == figures(ask, first)


@has_been_mined
def test_candidates_and_the_rule_are_compared_on_the_latest_labelled_snapshot(ask):
    assert ask("""
        select use_case, candidate, cast(as_of_date as varchar)
        from ml.assessments
        where part = 'test' and metric = 'auc'
        order by all
    """) == [
        # A churn label is known after 104 days, a cross-sell label after 90.
        ("churn", "boosting", "2025-12-01"),
        ("churn", "larger_boosting", "2025-12-01"),
        ("churn", "logistic", "2025-12-01"),
        ("churn", "random", "2025-12-01"),
        ("churn", "rule", "2025-12-01"),
        ("cross_sell", "boosting", "2026-01-01"),
        ("cross_sell", "logistic", "2026-01-01"),
        ("cross_sell", "random", "2026-01-01"),
        ("cross_sell", "rule", "2026-01-01"),
    ]


def test_noise_is_refused_and_the_champion_stays(mined, fill_marts):
    fill_marts(mined, churn="0.5")

    with pytest.raises(GateRefusedError, match="AUC"):
        mine.run(mined, "churn")
    assert find_latest(mined, "churn").status == "refused"
    assert registry.load_champion(mined, "churn").estimator_version == 1


def test_an_estimator_no_better_than_its_rule_is_refused_until_there_is_news(
    settings, fill_marts
):
    fill_marts(settings, customers=480, months=22)
    with pytest.raises(GateRefusedError, match="over that of the rule"):
        mine.run(settings, "growth")

    assert registry.load_champion(settings, "growth") is None
    assert not mine.needs_mining(settings, "growth")
    fill_marts(settings, customers=480, months=23)
    assert mine.needs_mining(settings, "growth")


def test_too_few_positives_are_skipped_without_inventing_anything(
    settings, fill_marts, ask
):
    fill_marts(settings, churn="0.02")

    mining_run = mine.run(settings, "churn")

    assert mining_run.status == "skipped"
    assert "positives in the train part, fewer than 50" in mining_run.note
    assert ask("from ml.candidates") == []
    assert explore.run(settings, "churn") == 0


def test_too_short_a_history_is_skipped(settings, fill_marts):
    fill_marts(settings, months=6)

    assert mine.run(settings, "churn").note == (
        "no three labelled snapshots lie a horizon apart"
    )


def test_a_stage_out_of_turn_says_what_to_run_first(settings, fill_marts):
    fill_marts(settings)

    with pytest.raises(UsageError, match="Run `crm sample churn` first"):
        explore.run(settings, "churn")


def test_a_feature_that_was_written_after_the_outcome_is_named(
    settings, fill_marts, ask, caplog
):
    fill_marts(settings)
    ask("""
        update marts.customer_features as features
        set complaint_count_180d = coalesce(cast(labels.has_churned_90d as int), 0)
        from marts.customer_labels as labels
        where labels.customer_id = features.customer_id
            and labels.as_of_date = features.as_of_date
    """)
    sample.run(settings, "churn")

    with caplog.at_level(logging.INFO, "pipelines"):
        explore.run(settings, "churn")

    assert "complaint_count_180d may be a leak: it predicts the target perfectly" in (
        caplog.text
    )
    assert "complaint_count_180d says most alone (AUC 1.000)" in caplog.text
    assert ("complaint_count_180d",) in ask("""
        select column_name from ml.churn_profile where leak != ''
    """)


def test_a_failed_challenge_keeps_the_champion(mined, monkeypatch):
    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr(registry, "load_champion", fail)
    with pytest.raises(MemoryError):
        assess.run(mined, "churn")

    assert registry.find_champion(mined, "churn").version == 1


def test_a_truly_better_challenger_becomes_champion(mined, ask):
    # The champion has not seen salaries tell more than silence does.
    ask("""
        update marts.customer_labels as labels
        set has_churned_90d = features.salary_amount_sum_90d_cny > 0.5
        from marts.customer_features as features
        where labels.customer_id = features.customer_id
            and labels.as_of_date = features.as_of_date
            and labels.has_churned_90d is not null
    """)

    assert mine.run(mined, "churn").status == "promoted"
    assert registry.load_champion(mined, "churn").estimator_version == 2


def test_a_sample_too_large_keeps_positives_and_weighs_what_speaks_for_others(
    settings, fill_marts, ask, monkeypatch
):
    fill_marts(settings, churn="0.1")
    whole = """
        select count(*), sum(label), sum(weight)
        from ml.churn_sample
        where part = 'train'
    """

    def write(seed):
        with connect(settings) as connection:
            sample.write_sample(connection, "churn", seed)
        return ask("from ml.churn_sample order by all")

    write(seed=0)
    ((rows, positives, _),) = ask(whole)
    smaller = replace(find_use_case("churn"), negatives=100)
    monkeypatch.setattr(use_case, "USE_CASES", (smaller,))
    thinned = write(seed=0)
    ((rows_left, positives_left, weight),) = ask(whole)

    assert positives_left == positives
    assert 60 < rows_left - positives < 140
    assert weight == pytest.approx(rows, rel=0.3)
    assert write(seed=0) == thinned
    assert write(seed=1) != thinned


@has_been_mined
def test_no_snapshot_is_in_two_parts_and_gaps_are_left_out(ask):
    rows = ask("""
        select part, cast(min(as_of_date) as varchar), cast(max(as_of_date) as varchar)
        from ml.cross_sell_sample
        group by all
        order by 2
    """)

    assert rows == [
        ("train", "2025-02-01", "2025-07-01"),
        ("tune", "2025-10-01", "2025-10-01"),
        ("test", "2026-01-01", "2026-01-01"),
    ]


@has_been_mined
def test_every_figure_of_the_test_snapshot_lies_within_its_interval(ask):
    assert (
        ask("""
        select use_case, metric, count(*)
        from ml.assessments
        where part = 'test' and candidate != 'random'
            and metric in ('auc', 'average_precision', 'ks', 'lift_at_capacity')
            and not coalesce(low <= value and value <= high, false)
        group by all
    """)
        == []
    )


@has_been_mined
def test_the_winner_is_fitted_anew_at_cut_offs_a_quarter_apart(ask):
    assert ask("""
        select distinct use_case, cast(as_of_date as varchar)
        from ml.assessments
        where part = 'back_test'
        order by all
    """) == [
        ("churn", "2025-06-01"),
        ("churn", "2025-09-01"),
        ("churn", "2025-12-01"),
        ("cross_sell", "2025-07-01"),
        ("cross_sell", "2025-10-01"),
        ("cross_sell", "2026-01-01"),
    ]


@has_been_mined
def test_groups_of_people_are_judged_apart_and_add_up(ask):
    assert ask("""
        with groups as (
            select use_case, split_part(segment, '=', 1) as kind, sum(value) as rows
            from ml.assessments
            where part = 'segments' and metric = 'row_count'
            group by all
        )
        select use_case, kind from groups
        inner join (
            select 'churn' as use_case, count(*) as total
            from ml.churn_sample where part = 'test'
            union all
            select 'cross_sell', count(*) from ml.cross_sell_sample where part = 'test'
        ) using (use_case)
        where rows = total
        order by all
    """) == [
        ("churn", "age"),
        ("churn", "branch"),
        ("churn", "gender"),
        ("churn", "tier"),
        ("cross_sell", "age"),
        ("cross_sell", "branch"),
        ("cross_sell", "gender"),
        ("cross_sell", "product_family"),
        ("cross_sell", "tier"),
    ]


@has_been_mined
def test_offers_are_ranked_beside_what_sells_and_what_is_held_together(ask):
    rows = ask("""
        select candidate, count(*), min(low <= value and value <= high)
        from ml.assessments
        where use_case = 'cross_sell' and part = 'offers'
        group by all
        order by all
    """)

    names = {name for name, _, _ in rows}
    assert {"co_holding", "popularity"} < names
    assert [(count, holds) for _, count, holds in rows] == [(3, True)] * 3


def test_a_thinned_test_part_has_all_offers_of_those_it_has(mined, ask, monkeypatch):
    monkeypatch.setattr(sample, "OTHER_ROWS", 300)
    with connect(mined) as connection:
        sample.write_sample(connection, "cross_sell", seed=1)

    (incomplete, kept) = ask(f"""
        select count(*) filter (asked.offers != offered.offers), count(*)
        from (
            select customer_id, as_of_date, count(*) as offers
            from ml.cross_sell_sample where part = 'test' group by all
        ) as asked
        inner join (
            select customer_id, as_of_date, count(*) as offers
            from ({find_use_case("cross_sell").population}) group by all
        ) as offered using (customer_id, as_of_date)
    """)[0]
    assert incomplete == 0
    assert 20 < kept < 200


def test_the_page_answers_five_adjectives_and_names_no_customer(mined, ask):
    (page,) = (mined.reports / "churn").glob("*.html")
    text = page.read_text()

    for adjective in ("redible", "ovel", "ffective", "nderstandable", "seful"):
        assert adjective in text
    assert "By tenth of the score" in text
    ids = [name for (name,) in ask("select distinct customer_id from ml.churn_scores")]
    assert not [name for name in ids if f">{name}<" in text]
