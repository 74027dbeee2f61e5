"""Does a real bank's year come out as it went in?"""

import csv
from collections import defaultdict
from decimal import Decimal

import pytest

from pipelines import night, status
from pipelines.decision.publish import run as publish
from pipelines.demo.import_berka import run as import_berka
from pipelines.foundation.settings import Settings
from pipelines.foundation.use_case import list_names
from pipelines.foundation.vault import load_key, pseudonym
from pipelines.foundation.warehouse import connect


@pytest.fixture(scope="module")
def czech_bank(berka, tmp_path_factory):
    settings = Settings(home=tmp_path_factory.mktemp("berka"))
    import_berka.run(settings, berka)
    assert night.run(settings) == []
    return settings


def test_every_transaction_is_in_the_mart(czech_bank):
    with connect(czech_bank, read_only=True) as connection:
        assert connection.execute(
            "select count(*) from marts.transactions"
        ).fetchone() == (46_997,)


def test_sums_per_account_match_the_source(czech_bank, berka):
    expected = defaultdict(Decimal)
    (path,) = berka.glob("trans*.asc")
    with path.open(newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            sign = 1 if row["type"] == "PRIJEM" else -1
            expected[row["account_id"]] += sign * Decimal(row["amount"])
    key = load_key(czech_bank)

    with connect(czech_bank, read_only=True) as connection:
        sums = connection.execute("""
            select account_id, sum(amount) from marts.transactions group by account_id
        """).fetchall()

    assert dict(sums) == {
        pseudonym(key, "account", account): total for account, total in expected.items()
    }


def test_use_cases_without_enough_to_learn_from_are_skipped_and_say_so(czech_bank):
    shown = status.collect(czech_bank)

    assert [row["use_case"] for row in shown.skipped] == sorted(list_names())
    assert shown.figures == []
    with connect(czech_bank, read_only=True) as connection:
        assert connection.execute("from ml.scores").fetchall() == []


def test_the_marts_are_published_all_the_same(czech_bank):
    assert (publish.find_current(czech_bank) / "marts.duckdb").exists()
