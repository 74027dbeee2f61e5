import pytest
from mlflow import MlflowClient

from models.explain.origins import UnexplainableError
from pipelines.decision import explain, score
from pipelines.discovery.use_cases.concepts import read_concepts
from pipelines.foundation.errors import RegistryLostError

NEWEST = "2026-04-01"


@pytest.fixture
def explained(mined):
    """A home in which both use cases are scored and explained."""
    for use_case in ("churn", "cross_sell"):
        score.run(mined, use_case)
        explain.run(mined, use_case)
    return mined


@pytest.mark.usefixtures("explained")
def test_a_customer_has_up_to_three_reasons_each_weaker_than_the_one_before(ask):
    (ranks,) = ask("""
        select
            list(distinct reason_rank order by reason_rank),
            bool_and(attribution >= 0.05)
        from ml.score_reasons
    """)
    wrong = ask("""
        from ml.score_reasons
        qualify reason_rank != row_number() over (
            partition by use_case, customer_id, as_of_date, product_family
            order by attribution desc, reason_rank
        )
    """)

    assert ranks == ([1, 2, 3], True)
    assert wrong == []


@pytest.mark.usefixtures("explained")
def test_who_is_likely_to_leave_is_named_the_planted_reason(ask):
    # Who is silent and keeps little leaves here, and silence takes their salary away.
    likely = ask("""
        select concept, level
        from ml.churn_scores
        left join ml.score_reasons using (customer_id, as_of_date)
        where use_case = 'churn' and reason_rank = 1
        order by churn_probability desc
        limit 30
    """)

    planted = {("recency", "less"), ("salary", "less"), ("balances", "less")}
    assert set(likely) <= planted


@pytest.mark.usefixtures("explained")
def test_the_three_likeliest_families_of_a_customer_are_explained(ask):
    families = ask("""
        select distinct customer_id, product_family
        from ml.score_reasons where use_case = 'cross_sell'
    """)
    likeliest = ask("""
        select customer_id, product_family from ml.cross_sell_scores
        qualify row_number() over (
            partition by customer_id order by open_probability desc, product_family
        ) <= 3
    """)

    assert set(families) <= set(likeliest)
    assert len(families) > 0.8 * len(likeliest)


def test_a_reason_is_of_the_estimator_that_scored(explained, ask):
    assert ask("""
        select distinct use_case, as_of_date::varchar, run_id = (
            select run_id from ops.promotions
            where promotions.use_case = score_reasons.use_case
        )
        from ml.score_reasons order by all
    """) == [("churn", NEWEST, True), ("cross_sell", NEWEST, True)]
    ask("update ml.churn_scores set run_id = 'another'")

    assert explain.run(explained, "churn") == 0


@pytest.mark.parametrize("use_case", ["churn", "cross_sell"])
def test_running_twice_leaves_what_running_once_leaves(explained, ask, use_case):
    once = ask("from ml.score_reasons order by all")
    explain.run(explained, use_case)

    assert ask("from ml.score_reasons order by all") == once


def test_batches_do_not_change_reasons(explained, ask, monkeypatch):
    whole = ask("from ml.score_reasons order by all")
    monkeypatch.setattr(explain, "BATCH_ROWS", 7)
    explain.run(explained, "cross_sell")

    assert ask("from ml.score_reasons order by all") == whole


def test_another_snapshot_and_use_case_keep_their_reasons(explained, ask):
    ask("""
        insert into ml.score_reasons
        select * replace (date '2026-03-01' as as_of_date) from ml.score_reasons
    """)
    before = ask(
        "select use_case, as_of_date, count(*) from ml.score_reasons group by all"
    )
    explain.run(explained, "churn")

    after = ask(
        "select use_case, as_of_date, count(*) from ml.score_reasons group by all"
    )
    assert sorted(after) == sorted(before)


def test_without_a_champion_nothing_is_explained(settings):
    assert explain.run(settings, "churn") == 0


def test_a_champion_that_was_lost_is_not_taken_for_none(mined):
    client = MlflowClient(mined.tracking_uri)
    client.delete_registered_model_alias("churn", "champion")

    with pytest.raises(RegistryLostError):
        explain.run(mined, "churn")


def test_a_champion_that_cannot_be_explained_has_no_reasons_and_that_is_said(
    explained, ask, monkeypatch, caplog
):
    def refuse(*_):
        msg = "it is not written down what a column adds to a Crystal"
        raise UnexplainableError(msg)

    monkeypatch.setattr(explain, "Explainer", refuse)

    assert explain.run(explained, "churn") == 0
    assert "have no reasons, for it is not written down" in caplog.text
    assert ask("select distinct use_case from ml.score_reasons") == [("cross_sell",)]


def test_a_column_that_the_contract_no_longer_has_cannot_be_explained():
    with pytest.raises(UnexplainableError, match="no longer has shoe_size"):
        read_concepts(["tenure_days", "shoe_size"])
