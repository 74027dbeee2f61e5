import pytest

from pipelines.foundation.contracts import load_contract, load_contracts
from pipelines.foundation.errors import DataQualityError


def test_every_source_of_the_bank_has_a_contract():
    assert list(load_contracts()) == [
        "atm",
        "branch",
        "campaign",
        "card",
        "core_accounts",
        "core_balances",
        "core_customers",
        "core_postings",
        "core_subscriptions",
        "online",
        "partner",
        "phone",
        "survey",
    ]


@pytest.mark.parametrize("source", load_contracts())
def test_every_contract_names_a_key_and_when_a_row_happened(source):
    contract = load_contract(source)

    assert contract.keys
    assert contract.happened.is_required


@pytest.mark.parametrize("source", load_contracts())
def test_every_key_is_required(source):
    columns = load_contract(source).columns

    assert [c.name for c in columns if c.is_key and not c.is_required] == []


def test_an_identifier_is_text_in_raw_whatever_it_was():
    column = next(c for c in load_contract("atm").columns if c.name == "card_number")

    assert (column.identifier, column.raw_type) == ("card", "varchar")


def test_an_unknown_source_is_named_with_the_known_ones():
    with pytest.raises(DataQualityError, match=r"'fax'.*Known: atm, branch"):
        load_contract("fax")
