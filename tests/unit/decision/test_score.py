import pytest

from pipelines.decision import score
from pipelines.foundation.errors import GateRefusedError


def test_eligible_customers_of_the_latest_snapshot_get_a_churn_score(mined, ask):
    score.run(mined, "churn")

    scored = ask("select customer_id, as_of_date from ml.churn_scores order by all")
    assert scored == ask("""
        select customer_id, as_of_date
        from marts.customer_labels
        where is_churn_eligible and as_of_date = '2026-04-01'
        order by all
    """)


def test_each_family_that_a_customer_does_not_hold_gets_a_score(mined, ask):
    score.run(mined, "cross_sell")

    scored = ask("""
        select customer_id, list(product_family order by product_family)
        from ml.cross_sell_scores
        where as_of_date = '2026-04-01'
        group by all
        order by all
    """)
    assert scored == ask("""
        select customer_id, list(family[7:] order by family)
        from (
            unpivot marts.customer_features
            on holds_time_deposit, holds_credit_card, holds_loan, holds_wealth,
                holds_fund, holds_insurance
            into name family value is_held
        )
        where is_held = 0 and as_of_date = '2026-04-01'
        group by all
        order by all
    """)


def test_who_has_no_open_account_is_offered_nothing(mined, ask):
    ask("update marts.customer_features set open_account_count = 0")

    assert score.run(mined, "cross_sell") == 0


def test_scores_are_probabilities_and_say_who_made_them(mined, ask):
    score.run(mined, "churn")

    assert ask("""
        select distinct
            churn_probability between 0 and 1, estimator_version,
            run_id = (select run_id from ops.promotions where use_case = 'churn')
        from ml.churn_scores
    """) == [(True, 1, True)]


@pytest.mark.parametrize("use_case", ["churn", "cross_sell"])
def test_scoring_the_same_again_touches_nothing(mined, ask, use_case):
    score.run(mined, use_case)
    once = ask(f"from ml.{use_case}_scores")
    score.run(mined, use_case)

    assert ask(f"from ml.{use_case}_scores") == once


def test_a_changed_feature_replaces_the_snapshot_and_leaves_no_row_twice(mined, ask):
    count = score.run(mined, "churn")
    before = ask("select churn_probability from ml.churn_scores order by customer_id")
    ask("update marts.customer_features set days_since_customer_event = 0")
    score.run(mined, "churn")

    after = ask("select churn_probability from ml.churn_scores order by customer_id")
    assert len(after) == count
    assert after != before


def test_another_snapshot_keeps_its_scores(mined, ask):
    ask("""
        insert into ml.churn_scores
        values ('P1', '2026-03-01', 0.5, 1, 'run', '2026-03-01')
    """)
    score.run(mined, "churn")

    assert ask("select count(*) from ml.churn_scores where run_id = 'run'") == [(1,)]


def test_batches_do_not_change_what_is_scored(mined, ask, monkeypatch):
    score.run(mined, "churn")
    whole = ask("from ml.churn_scores")
    monkeypatch.setattr(score, "BATCH_ROWS", 7)
    score.run(mined, "churn")

    assert ask("from ml.churn_scores") == whole


def test_without_a_champion_scores_stay_absent(settings, fill_marts, ask):
    fill_marts(settings)

    assert score.run(settings, "churn") == 0
    assert ask("from ml.churn_scores") == []


def test_an_untrustworthy_champion_leaves_the_scores_of_before(mined, ask):
    score.run(mined, "churn")
    before = ask("from ml.churn_scores")
    ask("delete from ops.promotions")

    with pytest.raises(GateRefusedError):
        score.run(mined, "churn")
    assert ask("from ml.churn_scores") == before
