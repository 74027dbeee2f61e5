"""Do good tables pass, are bad ones stopped, and is nothing told of a customer?"""

import logging

import great_expectations as gx
import pytest
from great_expectations import expectations as gxe

from expectations.rules import ACCURACY
from pipelines.analysis import validate
from pipelines.foundation.errors import DataQualityError, MissingSourceError, UsageError
from pipelines.foundation.gates import suites
from pipelines.foundation.warehouse import connect, prepare

CANARY = "canary"


@pytest.fixture
def marts(settings, good_marts):
    """A warehouse with good marts; returns what changes it."""

    def execute(query):
        with connect(settings) as connection:
            connection.execute(query)

    with connect(settings) as connection:
        prepare(connection)
    execute(good_marts)
    return execute


@pytest.mark.parametrize("gate", ["features", "scores"])
@pytest.mark.usefixtures("marts")
def test_good_tables_pass(gate, settings, ask):
    validate.run(settings, gate)

    assert ask("select distinct gate, is_passed, failed_count from ops.gates") == [
        (gate, True, 0)
    ]
    assert (settings.reports / "data_docs" / gate / "index.html").exists()


def test_a_failed_table_says_what_how_many_and_where_to_look(settings, marts, ask):
    marts("""
        update intermediate.int_customers_registered set owed_balance_cny = -1
        where customer_id != 'C1'
    """)

    with pytest.raises(DataQualityError) as error:
        validate.run(settings, "features")

    assert (
        str(error.value)
        == f"""\
features: 1 expectations failed, so nothing will be made of these tables or published.
  int_customers_registered (3 rows): owed_balance_cny: \
expect_column_values_to_be_between, 2 rows
What was expected, and why: expectations/int_customers_registered.py. \
Report: {settings.reports}/validation/features.json."""
    )
    assert ask("select target from ops.gates where not is_passed") == [
        ("int_customers_registered",)
    ]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            "marts.accounts set closed_date = opened_date - 1 where account_id = 'A2'",
            "core_accounts/2025-02-28.2",
        ),
        (
            "marts.accounts set opened_date = '2099-01-01' where account_id = 'A1'",
            "core_accounts/2025-01-31.1",
        ),
        (
            "intermediate.int_customers_registered set registered_date = '2099-01-01'",
            ", ".join(f"core_customers/2025-03-31.{number}" for number in (1, 2, 3)),
        ),
        (
            "marts.transactions set occurred_at = known_at + interval 1 day",
            "branch/2025-03-31.1",
        ),
    ],
)
def test_a_gate_that_stops_the_bank_names_the_delivery_to_withdraw(
    settings, marts, change, named
):
    marts(f"update {change}")

    with pytest.raises(DataQualityError) as error:
        validate.run(settings, "features")

    line = str(error.value).splitlines()[-2]
    assert line.startswith(f"Such rows came with {named}. To go on without them: ")
    assert f"`crm withdraw {named.split(',')[0]} --reason" in line


def test_rows_that_fail_are_counted(settings, marts):
    marts("""
        update ml.churn_scores set churn_probability = null where customer_id = 'C1';
        update ml.churn_scores set churn_probability = 0.6 where customer_id != 'C1';
        insert into ml.churn_scores from ml.churn_scores where customer_id != 'C1';
        update ml.cross_sell_scores set product_family = 'lottery'
            where product_family = 'loan';
        update marts.customers set has_marketing_consent = false;
        alter table marts.customer_scores alter churn_probability type varchar;
        update marts.customer_scores set churn_probability = 'high';
    """)

    with pytest.raises(DataQualityError) as error:
        validate.run(settings, "scores")

    told = str(error.value).replace("expect_column_", "")
    assert told.splitlines()[1:-1] == [
        "  churn_scores (5 rows): churn_probability: mean_to_be_between",
        "  churn_scores (5 rows): churn_probability: values_to_not_be_null, 1 rows",
        "  churn_scores (5 rows): everybody eligible is scored",
        "  churn_scores (5 rows): expect_compound_columns_to_be_unique, 2 rows",
        "  cross_sell_scores (6 rows): only what is offered is scored, 3 rows",
        (
            "  customer_scores (3 rows): churn_probability: values_to_be_between, "
            "could not be checked"
        ),
        (
            "  next_best_offers (3 rows): no customer is offered anything without "
            "consent, 3 rows"
        ),
        "  work_list (3 rows): no customer is on the list without consent, 3 rows",
    ]


def test_a_warning_does_not_stop_the_night(settings, marts, caplog):
    marts("update intermediate.int_customers_registered set birth_year = null")

    validate.run(settings, "features")

    assert "int_customers_registered failed birth_year" in caplog.text


EMPTY = """
    delete from ml.churn_scores;
    delete from ml.cross_sell_scores;
    delete from ml.growth_scores;
    delete from marts.customer_scores;
    update marts.customers set scored_date = null;
    delete from marts.decision_log;
    delete from marts.next_best_offers;
    delete from marts.work_list;
    delete from marts.score_reasons;
    delete from marts.estimator_health;
"""


def test_scores_without_a_champion_are_not_judged_and_that_is_said(
    settings, marts, ask, caplog
):
    marts(EMPTY)

    with caplog.at_level(logging.INFO):
        validate.run(settings, "scores")

    assert "churn_scores not run, no champion for churn" in caplog.text
    assert ask("""
        select distinct is_passed, expectation_count from ops.gates
        where target != 'customers'
    """) == [(True, 0)]


def test_a_champion_without_scores_fails(settings, marts):
    marts(EMPTY + "insert into ops.promotions (use_case) values ('churn')")

    with pytest.raises(DataQualityError) as error:
        validate.run(settings, "scores")

    assert "churn_scores (0 rows): expect_table_row_count_to_be_between" in str(
        error.value
    )
    assert "cross_sell_scores" not in str(error.value)


def test_tables_that_are_not_built_are_named(settings):
    with connect(settings) as connection:
        prepare(connection)

    with pytest.raises(
        MissingSourceError, match=r"no intermediate\.int_customers_registered, marts"
    ):
        validate.run(settings, "features")


def test_a_gate_nobody_knows_is_a_usage_error(settings):
    with pytest.raises(UsageError, match="'mart'"):
        validate.run(settings, "mart")


CANARIES = {
    # GX quotes the values that are not in a set, in all but its shortest results.
    "out of range": (
        "scores",
        f"update ml.cross_sell_scores set product_family = '{CANARY}'",
    ),
    # DuckDB quotes the value that it can't convert, and GX keeps the message.
    "of another type": (
        "features",
        """
        alter table marts.customer_features alter holds_fund type varchar;
        update marts.customer_features set holds_fund = customer_id;
        alter table marts.customer_labels alter has_churned_90d type varchar;
        update marts.customer_labels set has_churned_90d = customer_id;
        alter table marts.accounts drop column balance;
        """,
    ),
}


@pytest.mark.parametrize(("gate", "damage"), CANARIES.values(), ids=CANARIES)
def test_no_gate_of_tables_tells_of_a_customer(
    gate, damage, settings, marts, heard, kept
):
    for table in (
        "intermediate.int_customers_registered",
        "marts.customers",
        "marts.accounts",
        "marts.customer_features",
        "marts.customer_labels",
    ):
        marts(f"update {table} set customer_id = '{CANARY}-' || customer_id")
    marts(damage)

    with pytest.raises(DataQualityError) as error:
        validate.run(settings, gate)

    told = str(error.value) + heard()
    assert gate in kept()
    assert CANARY not in told + kept()


@pytest.mark.usefixtures("marts")
def test_great_expectations_still_needs_its_cure(settings, monkeypatch):
    """When this fails, GX has learnt to read DuckDB: drop NEVER_ROLL_BACK."""
    suite = gx.ExpectationSuite(
        name="customers",
        expectations=[
            gxe.ExpectColumnValuesToBeInSet(
                column="customer_id", value_set=["C1", "C2", "C3"], meta=ACCURACY
            )
        ],
    )
    query = "select * from marts.customers"
    with connect(settings, read_only=True) as connection:
        cured = suites.judge_query(suites.open_context(), suite, connection, query)
        monkeypatch.setattr(suites, "NEVER_ROLL_BACK", {})
        ill = suites.judge_query(suites.open_context(), suite, connection, query)

    assert cured.failures == ()
    assert [failure.is_checked for failure in ill.failures] == [False]
