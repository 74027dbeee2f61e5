"""Somebody is erased: nothing of them is left, and everything else is (F41 to F43)."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from pipelines import forget, identity, ingest, simulate, verify
from pipelines.deliveries import Manifest
from pipelines.errors import DataQualityError, UsageError
from pipelines.forget.search import search_home
from pipelines.settings import Settings
from pipelines.vault import Vault, load_key, pseudonym
from pipelines.warehouse import connect

PEOPLE = 20


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """A small bank, ingested, accepted and resolved. Read only."""
    settings = Settings(home=tmp_path_factory.mktemp("erasure") / "var")
    simulate.run(settings, customers=120, months=2, seed=3)
    ingest.run(settings).raise_for_problems()
    with connect(settings) as connection:
        connection.execute("update ops.deliveries set status = 'accepted'")
    identity.run(settings)
    return settings


@pytest.fixture
def bank(loaded, copy_home):
    """The same, free to be changed."""
    return copy_home(loaded)


def ask(settings, query, *values):
    with connect(settings) as connection:
        Vault(connection, settings)
        return connection.execute(query, list(values)).fetchall()


def choose(settings, count, seed=0):
    numbers = ask(
        settings,
        """
        select distinct identifier from raw.core_customers
        inner join vault.identifiers
            on kind = 'customer' and customer_number = pseudonym
        -- Not those who came later: deliveries of this day are sent again.
        where delivery_id = 'core_customers/2025-01-31.1'
        """,
    )
    return sorted(
        (number for (number,) in numbers),
        key=lambda number: hashlib.sha256(f"{seed} {number}".encode()).digest(),
    )[:count]


def customer_id(settings, number):
    return pseudonym(load_key(settings), "customer", number)


def values_of(settings, number):
    """List the values by which only this person is known, by plain look-up."""
    rows = ask(
        settings,
        """
        with mine as (
            select full_name, document_number, phone_number, email_address, login_name
            from raw.core_customers where customer_number = ?
        )
        select distinct identifier from vault.identifiers
        semi join (
            select unnest([
                full_name, document_number, phone_number, email_address, login_name
            ]) as pseudonym from mine
        ) using (pseudonym)
        """,
        customer_id(settings, number),
    )
    return [number, *(value for (value,) in rows)]


def others(settings, numbers):
    """Hash every row of `raw` that does not name one of these people."""
    gone = [customer_id(settings, number) for number in numbers]
    hashes = {}
    with connect(settings, read_only=True) as connection:
        for source in ("core_customers", "core_accounts", "branch", "campaign"):
            hashes[source] = connection.execute(
                f"""
                select count(*), sum(row_hash) from raw.{source}
                where customer_number is null or customer_number not in (
                    select unnest(?::varchar[])
                )
                """,
                [gone],
            ).fetchall()
        for source in ("card", "atm"):
            hashes[source] = connection.execute(
                f"""
                select count(*), sum(row_hash) from raw.{source}
                where card_number is null or card_number not in (
                    select unnest(?::varchar[])
                )
                """,
                [_cards_of(connection, gone)],
            ).fetchall()
    return hashes


def _cards_of(connection, customers):
    if "cards" not in _remembered:
        _remembered["cards"] = dict(
            connection.execute("""
                select customer_number, list(distinct card_number)
                from raw.core_accounts where card_number is not null group by all
            """).fetchall()
        )
    return [card for c in customers for card in _remembered["cards"].get(c, [])]


_remembered: dict = {}


def test_f41_twenty_people_leave_no_value_behind_and_everybody_else_stays(bank):
    numbers = choose(bank, PEOPLE)
    people = {number: values_of(bank, number) for number in numbers}
    registrations = ask(
        bank,
        """
        select identities.customer_number, identities.customer_id
        from ops.customer_identities as identities where superseded_at is null
        """,
    )
    canonical = dict(registrations)
    erased = {canonical.get(c, c) for c in (customer_id(bank, n) for n in numbers)}
    everyone = {
        number
        for (number,) in ask(
            bank,
            "select distinct identifier from vault.identifiers where kind = 'customer'",
        )
    }
    gone = [
        n
        for n in everyone
        if canonical.get(customer_id(bank, n), customer_id(bank, n)) in erased
    ]
    before = others(bank, gone)
    assert search_home(bank.home, people[numbers[0]], without=[])["hits"]

    for number in numbers:
        try:
            certificate = forget.run(bank, customer_id(bank, number))
        except UsageError:
            assert number in gone  # the second registration of somebody erased before
            continue
        assert certificate["hits"] == 0
    after = others(bank, gone)

    exact = sorted({value for values in people.values() for value in values[:1]})
    assert search_home(bank.home, exact)["hits"] == {}
    assert after == before
    assert verify.run(bank) == len(list(bank.landing.glob("*/*/manifest.json")))


def test_rows_are_still_conserved_after_an_erasure(bank):
    (number,) = choose(bank, 1, seed=1)

    forget.run(bank, customer_id(bank, number))

    for path in bank.landing.glob("*/*/manifest.json"):
        manifest = Manifest.model_validate_json(path.read_bytes())
        assert ask(
            bank,
            """
            select rows_delivered, rows_loaded + rows_duplicate + rows_quarantined,
                content_sha256
            from ops.deliveries where delivery_id = ?
            """,
            manifest.delivery_id,
        ) == [(manifest.rows, manifest.rows, manifest.content)]


def test_the_ledger_says_which_deliveries_somebody_was_erased_from(bank):
    (number,) = choose(bank, 1, seed=2)
    lines = len(bank.ledger.read_text().splitlines())

    forget.run(bank, customer_id(bank, number))

    added = [json.loads(line) for line in bank.ledger.read_text().splitlines()[lines:]]
    assert {line["reason"] for line in added} == {"erased"}
    assert "core_customers" in {line["delivery_id"].split("/")[0] for line in added}


def test_f41_a_delivery_that_comes_again_brings_nobody_back(bank, tmp_path):
    (number,) = choose(bank, 1, seed=3)
    old = tmp_path / "old"
    shutil.copytree(bank.landing, old)
    forget.run(bank, customer_id(bank, number))
    source = bank.landing / "core_customers"
    first = sorted((old / "core_customers").iterdir())[0]
    manifest = json.loads((first / "manifest.json").read_text())
    again = source / f"{first.name}.2"
    shutil.copytree(first, again)
    (again / "manifest.json").write_text(json.dumps(manifest | {"sequence": 2}))

    summary = ingest.run(bank)

    assert summary.refused == []
    assert summary.rows_quarantined >= 1
    assert summary.rows_delivered == (
        summary.rows_loaded + summary.rows_duplicate + summary.rows_quarantined
    )
    assert ask(
        bank,
        """
        select distinct reason from ops.quarantine where delivery_id like '%.2'
        """,
    ) == [("erased",)]
    assert ask(bank, "select count(*) from vault.quarantined_rows") == [(0,)]
    assert ask(
        bank,
        "select count(*) from vault.identifiers where identifier = ?",
        number,
    ) == [(0,)]


def test_what_only_erased_rows_brought_is_forgotten_by_the_vault_again(bank, tmp_path):
    (number,) = choose(bank, 1, seed=4)
    values = values_of(bank, number)
    first = sorted((bank.landing / "core_customers").iterdir())[0]
    shutil.copytree(first, tmp_path / "old")
    known = ask(bank, "select count(*) from vault.identifiers")
    forget.run(bank, customer_id(bank, number))
    left = ask(bank, "select count(*) from vault.identifiers")
    again = first.with_name(f"{first.name}.2")
    shutil.copytree(tmp_path / "old", again)
    manifest = json.loads((again / "manifest.json").read_text())
    (again / "manifest.json").write_text(json.dumps(manifest | {"sequence": 2}))

    ingest.run(bank).raise_for_problems()

    assert left < known
    assert ask(bank, "select count(*) from vault.identifiers") == left
    assert len(values) > 1


def test_the_file_as_it_was_before_is_known_and_not_loaded(bank, tmp_path):
    (number,) = choose(bank, 1, seed=5)
    shutil.copytree(bank.landing, tmp_path / "old")
    forget.run(bank, customer_id(bank, number))
    rows = ask(bank, "select count(*) from raw.core_customers")
    shutil.rmtree(bank.landing)
    shutil.copytree(tmp_path / "old", bank.landing)

    summary = ingest.run(bank)

    assert (summary.deliveries_loaded, summary.refused) == (0, [])
    assert ask(bank, "select count(*) from raw.core_customers") == rows


def test_both_registrations_of_a_person_are_erased(bank):
    ((again, first),) = ask(
        bank,
        """
        select customer_number, customer_id from ops.customer_identities
        where customer_number != customer_id limit 1
        """,
    )

    forget.run(bank, again)

    for customer in (again, first):
        with pytest.raises(UsageError, match="nobody was erased"):
            forget.run(bank, customer)


def test_quarantined_text_that_names_the_person_goes_too(bank):
    (number,) = choose(bank, 1, seed=6)
    with connect(bank) as connection:
        Vault(connection, bank).store_quarantined(
            "atm/2025-01-31.1", [(1, 7, f'"{number}",broken'), (1, 8, "C9,broken")]
        )

    forget.run(bank, customer_id(bank, number))

    assert ask(bank, "select raw_text from vault.quarantined_rows") == [("C9,broken",)]


def test_a_value_in_a_file_that_nobody_rewrites_keeps_the_erasure_open(bank):
    (number,) = choose(bank, 1, seed=7)
    stray = bank.home / "notes.txt"
    stray.write_text(f"call {number} back")

    with pytest.raises(DataQualityError, match=r"notes\.txt") as raised:
        forget.run(bank, customer_id(bank, number))
    assert number not in str(raised.value)
    with pytest.raises(DataQualityError, match="crm forget --resume"):
        ingest.run(bank)

    stray.unlink()
    assert forget.resume(bank)["hits"] == 0
    assert forget.resume(bank) is None


# Each is a place in pipelines.forget that is reached once everything before it is done.
KILLED_IN = [
    "landing._write_manifest",
    "landing._move_new_files",
    "erase_from_warehouse",
    "enter_into_ledger",
    "rebuild",
    "erase_from_published",
    "search_home",
    "_write_vault",
    "put_in_place",
]
KILL = """
import os, signal
from pipelines import forget
from pipelines.settings import Settings
def die(*args, **options):
    os.kill(os.getpid(), signal.SIGKILL)
forget.{place} = die
forget.run(Settings(), "{customer}")
"""


@pytest.mark.parametrize("place", KILLED_IN)
def test_f42_killed_anywhere_an_erasure_ends_clean(bank, place):
    (number,) = choose(bank, 1, seed=8)
    customer = customer_id(bank, number)
    killed = subprocess.run(
        [sys.executable, "-c", KILL.format(place=place, customer=customer)],
        env=os.environ | {"CRM_HOME": str(bank.home)},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL

    assert forget.resume(bank)["hits"] == 0

    assert search_home(bank.home, [number, customer])["hits"] == {}
    assert verify.run(bank)
    assert not list(bank.home.rglob("*.erasing")) + list(bank.home.rglob("*.rebuilt"))


def test_f43_an_estimator_that_may_have_learnt_from_the_person_is_flagged(bank):
    (number,) = choose(bank, 1, seed=9)
    customer = customer_id(bank, number)
    with connect(bank) as connection:
        connection.execute(
            """
            create table ml.churn_sample as
            select ? as customer_id, date '2025-02-01' as as_of_date, 1 as label
            """,
            [customer],
        )
        connection.execute("""
            insert into ops.promotions (use_case, estimator_version)
            values ('churn', 3), ('cross_sell', 1)
        """)

    certificate = forget.run(bank, customer)

    assert certificate["estimators_to_retrain"] == ["churn 3"]
    assert ask(bank, "select use_case, estimator_version from ops.retraining") == [
        ("churn", 3)
    ]


def test_the_certificate_names_nobody_and_is_kept(bank):
    (number,) = choose(bank, 1, seed=10)
    values = values_of(bank, number)

    certificate = forget.run_by_number(bank, f"{number}\n")

    (path,) = (bank.home / "erasures").iterdir()
    text = path.read_text()
    assert json.loads(text) == certificate
    assert not [value for value in values if value in text]
    assert ask(bank, "select erasure_id from ops.erasures") == [
        (certificate["erasure_id"],)
    ]
