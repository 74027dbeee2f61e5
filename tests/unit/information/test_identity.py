"""Who is the same person: what is believed, since when, and whose number stays."""

from datetime import date, datetime

import pytest

from pipelines.foundation.contracts import load_contract
from pipelines.foundation.errors import MissingSourceError
from pipelines.foundation.settings import Settings
from pipelines.foundation.vault import load_key, pseudonym
from pipelines.foundation.warehouse import connect
from pipelines.information.identity import run as identity
from pipelines.information.identity.persons import (
    CUSTOMERS,
    Match,
    Registration,
    find_changes,
)
from pipelines.information.ingest import run as ingest

CONTRACT = load_contract("core_customers")
JAN, FEB, MAR = (datetime(2025, month, 1) for month in (1, 2, 3))  # noqa: DTZ001


def customer(number, registered, known_at=JAN):
    return Registration(CUSTOMERS, number, registered, known_at)


FIRST = customer("first", date(2020, 1, 1))
SECOND = customer("second", date(2022, 1, 1))
THIRD = customer("third", date(2024, 1, 1))
PROSPECT = Registration("partner", "R1", date(2019, 1, 1), JAN)


def match(one, other, known_at, superseded_at=None):
    return Match(one, other, "scored", 9.0, known_at, superseded_at)


def told(changes):
    return [(c.number, c.customer_id, c.action, c.known_at) for c in changes]


def test_the_number_registered_first_stays_and_the_later_one_joins_it():
    assert told(find_changes([match(SECOND, FIRST, FEB)])) == [
        ("second", "first", "merge", FEB)
    ]


def test_three_registrations_are_one_person_through_the_one_in_between():
    changes = find_changes([match(FIRST, SECOND, FEB), match(SECOND, THIRD, MAR)])

    assert told(changes) == [
        ("second", "first", "merge", FEB),
        ("third", "first", "merge", MAR),
    ]


def test_a_match_that_is_withdrawn_is_a_split_from_then_on():
    assert told(find_changes([match(FIRST, SECOND, FEB, MAR)])) == [
        ("second", "first", "merge", FEB),
        ("second", "second", "split", MAR),
    ]


def test_a_prospect_reported_long_before_never_gives_a_customer_its_number():
    assert told(find_changes([match(FIRST, PROSPECT, FEB)])) == [
        ("R1", "first", "merge", FEB)
    ]


def test_two_reports_of_somebody_unknown_are_nobodys_until_one_is_a_customer():
    other = Registration("partner", "R2", date(2019, 5, 1), JAN)

    changes = find_changes([match(PROSPECT, other, FEB), match(other, FIRST, MAR)])

    assert told(changes) == [
        ("R1", "first", "merge", MAR),
        ("R2", "first", "merge", MAR),
    ]


def test_the_order_in_which_matches_come_in_makes_no_difference():
    matches = [
        match(FIRST, SECOND, FEB, MAR),
        match(SECOND, THIRD, FEB),
        match(THIRD, PROSPECT, MAR),
    ]

    assert find_changes(matches) == find_changes(matches[::-1])


def person(**columns):
    columns = {
        "changed_date": "2025-01-05",
        "registered_date": "2025-01-05",
        "branch_code": "B1",
    } | columns
    return ", ".join(f"'{value}' as {name}" for name, value in columns.items())


@pytest.fixture
def register(deliver, settings):
    """Deliver, load and accept registrations, and resolve them."""

    def run(*people, business_date=date(2025, 1, 31)):
        union = " union all by name ".join(f"select {p}" for p in people)
        empty = ", ".join(f"null as {n}" for n in CONTRACT.names)
        deliver(
            "core_customers",
            f"({union}) union all by name (select {empty} limit 0)",
            business_date,
        )
        assert ingest.run(settings).rows_loaded == len(people)
        with connect(settings) as connection:
            connection.execute("update ops.deliveries set status = 'accepted'")
        return identity.run(settings)

    return run


def merged(settings):
    key = load_key(settings)
    names = {pseudonym(key, "customer", name): name for name in ("C1", "C2", "C3")}
    with connect(settings, read_only=True) as connection:
        rows = connection.execute("""
            select number, customer_id, rule from ops.identity_changes order by all
        """).fetchall()
    return sorted((names[number], names[other], rule) for number, other, rule in rows)


WANG = {
    "full_name": "王安柏",
    "birth_date": "1980-01-01",
    "phone_number": "16000000001",
}


def test_one_document_is_one_person_whatever_else_was_typed(register, settings):
    document = {"document_number": "790001198001010011"}
    register(
        person(customer_number="C1", **WANG, **document, registered_date="2020-01-01"),
        person(
            customer_number="C2",
            **(WANG | document | {"full_name": "王安", "phone_number": "16000000002"}),
        ),
    )

    assert merged(settings) == [("C2", "C1", "same_document")]


def test_a_misspelt_name_with_birth_date_and_telephone_is_the_same_person(
    register, settings
):
    register(
        person(customer_number="C1", **WANG, registered_date="2020-01-01"),
        person(customer_number="C2", **(WANG | {"full_name": "王安岑"})),
    )

    assert merged(settings) == [("C2", "C1", "scored")]


def test_a_namesake_born_the_same_day_is_somebody_else(register, settings):
    register(
        person(customer_number="C1", **WANG),
        person(customer_number="C2", **(WANG | {"phone_number": "16000000002"})),
    )

    assert merged(settings) == []


def test_twins_with_their_own_documents_are_two_people(register, settings):
    register(
        person(customer_number="C1", **WANG, document_number="790001198001010011"),
        person(
            customer_number="C2",
            **(WANG | {"full_name": "王安岑"}),
            document_number="790001198001010038",
        ),
    )

    assert merged(settings) == []


def test_parent_and_child_of_one_telephone_are_two_people(register, settings):
    register(
        person(customer_number="C1", **WANG),
        person(customer_number="C2", **(WANG | {"birth_date": "2005-06-07"})),
    )

    assert merged(settings) == []


def test_resolving_twice_leaves_what_resolving_once_leaves(register, settings):
    people = [
        person(customer_number="C1", **WANG, registered_date="2020-01-01"),
        person(customer_number="C2", **WANG),
    ]
    once = register(*people)
    log = merged(settings)

    assert identity.run(settings) == once
    assert merged(settings) == log


def test_no_spelling_leaves_the_vault(register, settings):
    register(person(customer_number="C1", **WANG), person(customer_number="C2", **WANG))

    assert "王安柏".encode() not in settings.warehouse.read_bytes()


def test_a_bank_without_planted_truth_is_not_measured(register, settings):
    register(person(customer_number="C1", **WANG))

    with pytest.raises(MissingSourceError, match="crm simulate"):
        identity.measure(settings)


def test_planted_people_are_found_with_the_precision_and_recall_promised(
    tmp_path_factory,
):
    from pipelines.demo import simulate  # noqa: PLC0415 - 1 s that the others do not need

    settings = Settings(home=tmp_path_factory.mktemp("planted") / "var")
    simulate.run(settings, customers=2000, months=2, seed=11)
    ingest.run(settings).raise_for_problems()
    with connect(settings) as connection:
        connection.execute("update ops.deliveries set status = 'accepted'")

    (found,) = identity.measure(settings, [identity.THRESHOLD])

    assert found.true > 40
    assert found.precision >= 0.99
    assert found.recall >= 0.95
