"""Does each suite pass what is good, and can each of its expectations fail?"""

import duckdb
import pandas as pd
import pytest

from expectations.delivery_facts import SUITES
from pipelines.analysis.validate import GATED_TABLES
from pipelines.foundation.contracts import load_contracts
from pipelines.foundation.feature_contract import load_feature_contract
from pipelines.foundation.gates import suites
from pipelines.foundation.parameters import read_families
from pipelines.foundation.use_case import list_names
from pipelines.foundation.warehouse import prepare

SCHEMAS = {
    table.split(".")[1]: table.split(".")[0]
    for tables in GATED_TABLES.values()
    for table in tables
}
NUMERIC = {
    column
    for use_case in list_names()
    for column in load_feature_contract().list_columns(use_case).numeric
}
# What breaks a table, and a part of the name of each expectation that must notice.
BROKEN = {
    "int_customers_registered": [
        ("alter table {table} add column surname varchar", "columns_to_match"),
        ("delete from {table}", "row_count"),
        ("update {table} set birth_year = null", "proportion_of_non_null"),
        ("update {table} set open_account_count = -1", "open_account_count"),
        ("update {table} set owed_balance_cny = -0.01", "owed_balance_cny"),
        ("update {table} set birth_year = 1890", "in their lifetime"),
        ("update {table} set birth_year = 2021", "in their lifetime"),
        ("update {table} set registered_date = '2025-04-02'", "in the future"),
        ("update {table} set open_account_count = 0", "a third"),
        (
            "update {table} set last_customer_event_date = '2025-02-27'",
            "the last 31 days",
        ),
    ],
    "accounts": [
        ("alter table {table} drop column balance_date", "columns_to_match"),
        ("delete from {table}", "row_count"),
        ("update {table} set closed_date = '2019-12-31'", "closed before"),
        ("update {table} set opened_date = '2025-04-02'", "in the future"),
        ("update {table} set balance_cny = null", "exchange rate"),
        (
            "update {table} set product_family = 'fund', balance = -1",
            "no deposit or investment",
        ),
        ("update {table} set balance = null", "eight in ten"),
        ("update {table} set balance_date = '2025-02-23'", "at most 35 days"),
    ],
    "transactions": [
        ("alter table {table} add column card_number varchar", "columns_to_match"),
        ("delete from {table}", "row_count"),
        (
            "update {table} set customer_id = null where customer_id = 'C1'",
            "customer_id",
        ),
        ("update {table} set branch_wait_minutes = 1441", "branch_wait_minutes"),
        ("update {table} set occurred_at = '2025-04-01 01:11'", "before it happened"),
        ("update {table} set amount_cny = -100000000001", "amount_cny"),
        ("update {table} set initiative = 'automatic'", "the customers' own"),
        ("update {table} set initiative = 'customer'", "the customers' own"),
        ("update {table} set occurred_at = '2025-02-27'", "the last 31 days"),
    ],
    "customer_features": [
        ("alter table {table} drop column tenure_days", "columns_to_match"),
        ("delete from {table}", "row_count"),
        (
            "update {table} set "
            + ", ".join(f"{column} = -200000000000" for column in sorted(NUMERIC)),
            "values_to_be_between",
        ),
        ("update {table} set holds_fund = 2", "holds_fund"),
        ("update {table} set held_family_count = 2", "as many families"),
        ("update {table} set customer_event_count_30d = 5", "a longer window"),
        ("update {table} set card_event_count_180d = 2", "a longer window"),
        (
            "update {table} set customer_event_count_365d = 0",
            "customer_event_count_365d: expect_column_mean",
        ),
        ("update {table} set age_years = 17", "age_years: expect_column_mean"),
        (
            "update {table} set open_account_count = 0",
            "open_account_count: expect_column_mean",
        ),
        ("delete from {table} where as_of_date = '2025-04-01'", "the day after"),
        (
            "delete from {table} where customer_id = 'C1' and month(as_of_date) = 4",
            "the customers of the one before",
        ),
        (
            "update {table} set customer_event_count_30d = 4 - month(as_of_date)",
            "about as active",
        ),
    ],
    "customer_labels": [
        ("alter table {table} drop column has_churned_90d", "columns_to_match"),
        ("delete from {table}", "row_count"),
        ("update {table} set has_churned_90d = false", "a churn label waits"),
        ("update {table} set has_opened_fund_90d = false", "a cross-sell label waits"),
        ("update {table} set has_grown_180d = false", "a growth label waits"),
        (
            "insert into {table} (has_churned_90d) select true from range(1000)",
            "fewer than half",
        ),
        (
            "insert into {table} (has_churned_90d) select false from range(1000)",
            "fewer than half",
        ),
        (
            "insert into {table} (has_grown_180d) select true from range(1000)",
            "the eligible grow",
        ),
        (
            "insert into {table} (has_grown_180d) select false from range(1000)",
            "the eligible grow",
        ),
        *(
            (f"update {{table}} set has_opened_{family}_90d = true", f"{family}_90d")
            for family in read_families(is_offered="true")
        ),
        ("delete from {table} where as_of_date = '2025-04-01'", "the day after"),
        ("delete from {table} where customer_id = 'C1'", "has one of labels"),
    ],
    "churn_scores": [
        ("alter table {table} drop column scored_at", "columns_to_match"),
        ("delete from {table}", "row_count"),
        ("insert into {table} from {table}", "to_be_unique"),
        ("update {table} set churn_probability = null", "not_be_null"),
        ("update {table} set churn_probability = 1.01", "values_to_be_between"),
        ("update {table} set churn_probability = 0.51", "mean"),
        ("update {table} set churn_probability = 0", "mean"),
        (
            "insert into {table} (churn_probability) select 0.1 from range(100)",
            "tell customers apart",
        ),
        ("update {table} set run_id = 'run-9' where customer_id = 'C1'", "champion"),
        ("update {table} set as_of_date = '2025-03-01'", "newest snapshot"),
        ("delete from {table} where customer_id = 'C1'", "everybody eligible"),
    ],
    "cross_sell_scores": [
        ("alter table {table} drop column scored_at", "columns_to_match"),
        ("delete from {table}", "row_count"),
        ("insert into {table} from {table}", "to_be_unique"),
        ("update {table} set open_probability = null", "not_be_null"),
        ("update {table} set product_family = 'lottery'", "what is offered"),
        ("update {table} set open_probability = -0.01", "values_to_be_between"),
        ("update {table} set open_probability = 0.31", "mean"),
        (
            "insert into {table} (open_probability) select 0.02 from range(100)",
            "tell customers apart",
        ),
        ("update {table} set run_id = 'run-9' where customer_id = 'C1'", "champion"),
        ("update {table} set as_of_date = '2025-03-01'", "newest snapshot"),
        ("delete from {table} where customer_id = 'C1'", "everybody who lacks"),
    ],
    "growth_scores": [
        ("alter table {table} drop column scored_at", "columns_to_match"),
        ("delete from {table}", "row_count"),
        ("insert into {table} from {table}", "to_be_unique"),
        ("update {table} set growth_probability = null", "not_be_null"),
        ("update {table} set growth_probability = 1.01", "values_to_be_between"),
        ("update {table} set growth_probability = 0.51", "mean"),
        ("update {table} set growth_probability = 0", "mean"),
        (
            "insert into {table} (growth_probability) select 0.1 from range(100)",
            "tell customers apart",
        ),
        ("update {table} set run_id = 'run-9' where customer_id = 'C1'", "champion"),
        ("update {table} set as_of_date = '2025-03-01'", "newest snapshot"),
        ("delete from {table} where customer_id = 'C1'", "everybody eligible"),
    ],
    "customer_scores": [
        ("alter table {table} drop column scored_at", "columns_to_match"),
        ("delete from {table}", "row_count"),
        ("update {table} set churn_probability = 1.01", "churn_probability"),
        ("update {table} set open_probability = -0.01", "open_probability"),
        ("update {table} set growth_probability = 1.01", "growth_probability"),
        (
            "insert into {table} (customer_id, as_of_date) values ('C9', '2025-04-01')",
            "a row has a score",
        ),
        ("update {table} set as_of_date = '2025-03-01'", "newest snapshot"),
        ("update {table} set scored_at = '2025-03-31'", "last scoring"),
        ("delete from {table} where customer_id = 'C1'", "everybody scored"),
    ],
    "customers": [
        ("alter table {table} add column surname varchar", "columns_to_match"),
        ("delete from {table}", "row_count"),
        ("update {table} set churn_probability = 1.01", "churn_probability"),
        ("update {table} set open_probability = -0.01", "open_probability"),
        ("update {table} set growth_probability = 1.01", "growth_probability"),
        ("update {table} set data_quality_grade = null", "a grade of the sources"),
        ("update {table} set customer_id = 'C9'", "everybody is registered"),
        ("update {table} set scored_date = '2025-03-01'", "the scores are the newest"),
    ],
    "next_best_offers": [
        ("alter table {table} add column phone varchar", "columns_to_match"),
        ("update {table} set offer_rank = 4", "offer_rank"),
        ("update {table} set open_probability = 1.01", "open_probability"),
        ("update {table} set churn_probability = -0.01", "churn_probability"),
        ("update marts.customers set has_marketing_consent = false", "consent"),
        ("update {table} set product_family = 'current_deposit'", "what they hold"),
        ("update {table} set product_family = 'loan'", "rule of engagement"),
        ("update {table} set as_of_date = '2025-03-01'", "newest snapshot"),
    ],
    "work_list": [
        ("alter table {table} add column phone varchar", "columns_to_match"),
        ("update {table} set open_probability = 1.01", "open_probability"),
        ("update {table} set churn_probability = -0.01", "churn_probability"),
        ("update marts.customers set has_marketing_consent = false", "consent"),
        ("update {table} set as_of_date = '2025-03-01'", "newest snapshot"),
        ("delete from {table} where contact_rank = 1", "counted through"),
        ("update {table} set product_family = 'loan'", "rule of engagement"),
        ("update {table} set value_at_stake_cny = contact_rank", "more at stake"),
    ],
    "decision_log": [
        ("alter table {table} add column phone varchar", "columns_to_match"),
        ("update {table} set open_probability = 1.01", "open_probability"),
        ("update {table} set offer_rank = 1", "names its rule"),
        ("update {table} set rule_text_zh = null", "names its rule"),
        ("delete from {table} where customer_id = 'C1'", "has one verdict"),
        ("update {table} set as_of_date = '2025-03-01'", "newest snapshot"),
    ],
    "score_reasons": [
        ("alter table {table} drop column reason_zh", "columns_to_match"),
        ("update {table} set reason_rank = 4", "reason_rank"),
        ("update {table} set attribution = 0", "attribution"),
        ("update {table} set reason = 'Owes 1000 more'", "holds no value"),
        ("update {table} set run_id = 'run-2'", "the same estimator"),
        ("update {table} set as_of_date = '2025-03-01'", "newest snapshot"),
        ("delete from {table} where customer_id != 'C1'", "more than half"),
    ],
    "estimator_health": [
        ("alter table {table} drop column is_alert", "columns_to_match"),
        ("update {table} set metric = 'auc', value = 1.01", "a share is a share"),
        ("update {table} set value = -0.01", "not negative"),
        ("update {table} set is_alert = true, threshold = null", "beyond a threshold"),
        ("update {table} set as_of_date = '2025-03-01'", "newest snapshot"),
    ],
}
CASES = [
    pytest.param(name, *case, id=f"{name}-{number}")
    for name, cases in BROKEN.items()
    for number, case in enumerate(cases)
]
GOOD_FACTS = {
    "rows_delivered": 1000,
    "rows_unaccounted": 0,
    "rows_missing": 0,
    "quarantined_share": 0.001,
    "missing_required_share": 0.001,
    "impossible_time_share": 0.0,
    "unknown_reference_share": 0.001,
    "filled_share_change": 0.01,
    "volume_ratio": 1.1,
    "newest_row_age_days": 0,
    "knowledge_lag_hours": 1.5,
    "delay_days": 1,
    "missing_sequence_count": 0,
    "unlike_register_share": 0.0,
    "early_event_share": 0.0,
    "slipped_share": 0.001,
    "typical_amount_ratio": 1.1,
    "missing_date_count": 0,
    "seen_account_share": 0.99,
    "unmoved_share": 0.01,
}
# By fact: values that must not pass.
BAD_FACTS = {
    "rows_unaccounted": (-1, 1),
    "rows_missing": (-1, 1),
    "quarantined_share": (0.051,),
    "missing_required_share": (0.051,),
    "impossible_time_share": (0.02,),
    "unknown_reference_share": (0.51,),
    "filled_share_change": (-0.06,),
    "volume_ratio": (0.01, 51),
    "newest_row_age_days": (-2, 32),
    "knowledge_lag_hours": (841,),
    "delay_days": (-1, 4),
    "missing_sequence_count": (1,),
    "unlike_register_share": (0.001,),
    "early_event_share": (0.001,),
    "slipped_share": (0.003,),
    "typical_amount_ratio": (0.04, 21),
    "missing_date_count": (1,),
    "seen_account_share": (0.94,),
    "unmoved_share": (0.06,),
}


@pytest.fixture(scope="module")
def bank(good_marts):
    """An in-memory warehouse with good rows behind every gate, and copies of them."""
    with duckdb.connect() as connection:
        prepare(connection)
        connection.execute(good_marts)
        connection.execute("create schema good")
        for name, schema in SCHEMAS.items():
            connection.execute(f"create table good.{name} as from {schema}.{name}")
        yield connection


@pytest.fixture
def connection(bank):
    """The same, whatever the test before did to it."""
    for name, schema in SCHEMAS.items():
        bank.execute(f"create or replace table {schema}.{name} as from good.{name}")
    return bank


def name_of(expectation):
    """How an expectation is called in a failure."""
    kwargs = expectation.configuration.kwargs
    column = f"{kwargs['column']}: " if "column" in kwargs else ""
    return expectation.description or column + expectation.expectation_type


def judge_only(expectations, name, connection):
    suite = suites.gx.ExpectationSuite(name=name, expectations=expectations)
    query = f"select * from {SCHEMAS[name]}.{name}"
    return suites.judge_query(suites.open_context(), suite, connection, query)


@pytest.mark.parametrize("name", BROKEN)
def test_good_rows_pass(name, connection):
    verdict = judge_only(suites.load_suite(name).expectations, name, connection)

    assert verdict.failures == ()


@pytest.mark.parametrize(("name", "damage", "noticed_by"), CASES)
def test_an_expectation_fails_where_it_must(name, damage, noticed_by, connection):
    expected = [
        e for e in suites.load_suite(name).expectations if noticed_by in name_of(e)
    ]
    connection.execute(damage.format(table=f"{SCHEMAS[name]}.{name}"))

    verdict = judge_only([e.copy() for e in expected], name, connection)

    assert expected
    assert len(verdict.failures) == len(expected)
    assert all(failure.is_checked for failure in verdict.failures)


@pytest.mark.parametrize("name", SCHEMAS)
def test_no_expectation_is_decoration(name):
    parts = [noticed_by for _, noticed_by in BROKEN[name]]

    idle = [
        name_of(expectation)
        for expectation in suites.load_suite(name).expectations
        if not any(part in name_of(expectation) for part in parts)
    ]

    assert idle == []


def test_every_source_has_a_suite():
    assert set(SUITES) == set(load_contracts())


@pytest.mark.parametrize("source", SUITES)
def test_good_deliveries_pass_and_each_bad_fact_is_noticed(source):
    deliveries = {"good": GOOD_FACTS} | {
        f"{fact} {value}": GOOD_FACTS | {fact: value}
        for fact, values in BAD_FACTS.items()
        for value in values
    }
    frame = pd.DataFrame.from_dict(deliveries, orient="index")
    frame = frame.rename_axis("delivery_id").reset_index()

    verdict = suites.judge_frame(suites.open_context(), SUITES[source], frame)

    noticed = {d for failure in verdict.failures for d in failure.deliveries}
    # Nobody in the register of customers refers to another register.
    unseen = {"unknown_reference_share 0.51"} if source == "core_customers" else set()
    assert noticed == set(deliveries) - {"good"} - unseen
    assert len(verdict.failures) == verdict.expectation_count


def test_a_delivery_without_rows_passes():
    nothing = dict.fromkeys(GOOD_FACTS) | {
        "delivery_id": "atm/2025-01-31.1",
        "rows_delivered": 0,
        "rows_unaccounted": 0,
        "rows_missing": 0,
        "delay_days": 1,
    }

    verdict = suites.judge_frame(
        suites.open_context(), SUITES["atm"], pd.DataFrame([nothing])
    )

    assert verdict.failures == ()


@pytest.mark.parametrize(
    ("rows", "severities"), [(19, {"warning"}), (20, {"critical", "warning"})]
)
def test_few_rows_are_no_judgement(rows, severities):
    facts = GOOD_FACTS | {
        "delivery_id": "atm/2025-01-31.1",
        "rows_delivered": rows,
        "quarantined_share": 0.2,
        "unknown_reference_share": 0.6,
        "impossible_time_share": 0.2,
    }

    verdict = suites.judge_frame(
        suites.open_context(), SUITES["atm"], pd.DataFrame([facts])
    )

    assert {failure.severity for failure in verdict.failures} == severities


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_table_is_judged_on_accuracy_and_timeliness(name):
    principles = {e.meta["principle"] for e in suites.load_suite(name).expectations}

    assert {"accuracy", "timeliness"} <= principles


@pytest.mark.parametrize("source", SUITES)
def test_each_source_is_judged_on_all_four_principles(source):
    principles = {e.meta["principle"] for e in SUITES[source].expectations}

    assert principles == {"accuracy", "authenticity", "completeness", "timeliness"}
