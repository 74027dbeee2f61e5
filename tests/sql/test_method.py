"""Do the marts show the method's lists, and is what was not observed unknown?"""

import pytest

from pipelines.foundation.parameters import read_seed
from pipelines.foundation.warehouse import connect

pytestmark = pytest.mark.usefixtures("models_only")

TODAY = "2025-03-31"
# No customer, not before and not since.
NONE = (None, False, None)


@pytest.fixture(scope="module")
def methodical_bank(handmade_bank):
    """Customers and people on the edges of stages, and events from January 2025 on."""
    bank = handmade_bank
    bank.deliver_registers("2024-12-31", "held", "closed", "silent", since="2015-01-01")
    bank.deliver("core_customers", "2025-02-28", [bank.customer("zhang", "2025-02-01")])
    bank.deliver("core_accounts", "2025-02-28", [bank.account("zhang", "2025-02-01")])
    bank.deliver(
        "core_accounts",
        TODAY,
        [
            bank.account(
                "closed",
                "2025-01-31",
                opened_date="2015-01-01",
                closed_date="2025-01-31",
                status="closed",
            )
        ],
    )
    bank.deliver(
        "core_customers",
        TODAY,
        [
            bank.customer("agreed", "2020-01-01"),
            bank.customer("refused", "2020-01-01", has_marketing_consent=False),
        ],
    )
    bank.deliver("atm", "2025-01-31", [bank.atm("closed", "2025-01-02 12:00:00", 1)])
    bank.deliver("atm", TODAY, [bank.atm("held", "2025-03-02 12:00:00", 1)])
    bank.deliver("branch", TODAY, [visit("1", "held", "2025-03-01 10:00:00")])
    bank.deliver("partner", "2025-01-31", list(report_people()))
    bank.deliver(
        "survey", TODAY, [answer("1", "held", 6, 9), answer("2", "held", 8, 9)]
    )
    with connect(bank.settings) as connection:
        connection.executemany(
            "insert into ops.identity_changes values "
            "('partner', ?, ?, 'merge', 'document', 9, '2025-03-31 06:00', ?)",
            [("became", "zhang", "2025-02-01"), ("was", "held", "2015-01-01")],
        )
    bank.build()
    return bank


def visit(number, customer, occurred_at):
    return {
        "visit_number": number,
        "customer_number": customer,
        "branch_code": "B1",
        "occurred_at": occurred_at,
        "event_type": "advice",
    }


def answer(number, customer, experience, expectation):
    return {
        "answer_number": number,
        "survey_code": "S1",
        "customer_number": customer,
        "answered_at": "2025-03-02 10:00:00",
        "question_code": "advice",
        "experience_score": experience,
        "expectation_score": expectation,
    }


def report_people():
    people = [
        ("became", "prospect", True, "held"),
        ("was", "prospect", True, None),
        ("agreed", "prospect", True, None),
        ("refused", "prospect", False, None),
        ("asked", "suspect", True, None),
        ("unknown", "suspect", False, None),
    ]
    for number, kind, consents, referrer in people:
        yield {
            "person_number": number,
            "reported_date": "2025-01-10",
            "person_kind": kind,
            "partner_kind": "referral" if referrer else "merchant",
            "referrer_number": referrer,
            "full_name": number,
            "has_contact_consent": consents,
        }


def test_touchpoints_are_28_in_each_month_in_both_languages(methodical_bank):
    shown = methodical_bank.query("""
        select touchpoint, touchpoint_zh, phase, phase_order, contact_class, key_point
        from marts.touchpoints where month_date = '2025-03-01'
    """)
    assert sorted(shown) == sorted(
        (
            row["touchpoint"],
            row["touchpoint_zh"],
            row["phase"],
            int(row["phase_order"]),
            row["contact_class"],
            row["key_point"] or None,
        )
        for row in read_seed("touchpoint_phases")
    )


def test_a_touchpoint_that_no_source_observes_is_unknown_and_not_0(methodical_bank):
    observed = methodical_bank.query("""
        select touchpoint, contact_count from marts.touchpoints
        where month_date = '2025-03-01' and is_observed order by all
    """)
    # Of the branch, whose events came; nothing came of telephone and online banking.
    assert observed == [("branch_completing_the_transaction", 0), ("branch_enquiry", 1)]
    assert methodical_bank.query("""
        select count(*), count(contact_count), count(customer_count), count(score_count)
        from marts.touchpoints where not is_observed
    """) == [(28 * 2 - 2, 0, 0, 0)]


def test_satisfaction_is_experience_less_expectation(methodical_bank):
    assert methodical_bank.query("""
        select touchpoint, score_count, experience_score_mean, expectation_score_mean,
            satisfaction_gap_mean
        from marts.touchpoints where score_count is not null
    """) == [("branch_enquiry", 2, 7, 9, -2)]


@pytest.mark.parametrize(
    ("customer", "stage"),
    [
        # Registered and with an account long before the first event that was delivered.
        ("held", "repeat"),
        ("silent", "repeat"),
        ("closed", "dormant"),
        ("zhang", "first_time"),
        ("agreed", "qualified_prospect"),
        ("refused", "possible"),
    ],
)
def test_a_stage_is_about_a_life(methodical_bank, customer, stage):
    assert methodical_bank.query(
        "select loyalty_stage from intermediate.int_customers_registered"
        f" where customer_id = '{customer}'"
    ) == [(stage,)]


def test_actions_are_those_of_stage_and_class_in_both_languages(methodical_bank):
    shown = methodical_bank.query("""
        select loyalty_stage, recommended_action, recommended_action_zh,
            structure_class, class_action, class_action_zh
        from intermediate.int_customers_registered
    """)
    stages = {row["loyalty_stage"]: row for row in read_seed("loyalty_stages")}
    classes = {row["structure_class"]: row for row in read_seed("structure_classes")}
    assert len(shown) == 6
    for stage, action, action_zh, name, of_class, of_class_zh in shown:
        assert action == stages[stage]["recommended_action"]
        assert action_zh == stages[stage]["recommended_action_zh"]
        assert of_class == classes[name]["recommended_action"]
        assert of_class_zh == classes[name]["recommended_action_zh"]


def test_what_is_not_observed_of_the_customer_file_is_unknown(methodical_bank):
    shown = {
        field: (count, of)
        for field, count, of in methodical_bank.query(
            "select field, known_count, customer_count from marts.file_coverage"
            " order by field_order"
        )
    }
    assert shown["relations"] == (6, 6)
    assert shown["risk_tolerance"] == (0, 6)
    assert shown["hobbies"] == (None, 6)
    assert list(shown) == [row["field"] for row in read_seed("customer_file_fields")]


def test_people_reported_have_the_stages_before_the_first_use(methodical_bank):
    assert methodical_bank.query("""
        select person_id, reported_level, reported_stage, customer_id,
            was_customer_before, cast(became_customer_date as varchar), loyalty_stage
        from marts.prospects order by all
    """) == [
        (
            "partner:agreed",
            "prospect",
            "qualified_prospect",
            *NONE,
            "qualified_prospect",
        ),
        ("partner:asked", "suspect", "possible", *NONE, "possible"),
        (
            *("partner:became", "prospect", "qualified_prospect"),
            *("zhang", False, "2025-02-01", "first_time"),
        ),
        ("partner:refused", "prospect", "possible", *NONE, "possible"),
        ("partner:unknown", "suspect", "non_customer", *NONE, "non_customer"),
        (
            *("partner:was", "prospect", "qualified_prospect"),
            *("held", True, None, "repeat"),
        ),
    ]


def test_the_funnel_counts_who_became_a_customer_of_those_who_were_none(
    methodical_bank,
):
    assert methodical_bank.query("""
        select introduced_by, loyalty_stage, has_contact_consent, person_count,
            customer_before_count, became_customer_count, conversion_rate,
            days_to_customer_mean
        from marts.prospect_funnel order by all
    """) == [
        ("merchant", "non_customer", False, 1, 0, 0, 0, None),
        ("merchant", "possible", False, 1, 0, 0, 0, None),
        ("merchant", "possible", True, 1, 0, 0, 0, None),
        ("merchant", "qualified_prospect", True, 2, 1, 0, 0, None),
        ("referral", "qualified_prospect", True, 1, 0, 1, 1, 22),
    ]
