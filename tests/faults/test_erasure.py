"""Somebody is erased: nothing of them is left, and everything else is (F41 to F43)."""

import csv
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys

import duckdb
import pyarrow.parquet as pq
import pytest

from pipelines.decision.publish import run as publish
from pipelines.demo import simulate
from pipelines.forget import run as forget
from pipelines.forget.search import search_home
from pipelines.foundation.deliveries import Manifest, describe_file
from pipelines.foundation.errors import DataQualityError, UsageError
from pipelines.foundation.settings import Settings
from pipelines.foundation.vault import Vault, load_key, pseudonym
from pipelines.foundation.warehouse import connect
from pipelines.information import verify
from pipelines.information.identity import run as identity
from pipelines.information.ingest import run as ingest

PEOPLE = 20


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """A small bank, ingested, accepted and resolved. Read only."""
    settings = Settings(home=tmp_path_factory.mktemp("erasure") / "var")
    simulate.run(settings, customers=120, months=2, seed=3)
    report_a_customer(settings.landing)
    ingest.run(settings).raise_for_problems()
    with connect(settings) as connection:
        connection.execute("update ops.deliveries set status = 'accepted'")
    identity.run(settings)
    return settings


def report_a_customer(landing):
    """Let a partner report somebody who is a customer."""
    (register,) = (landing / "core_customers" / "2025-01-31").glob("*.csv")
    (reports,) = (landing / "partner" / "2025-01-31").glob("*.csv")
    with register.open(newline="") as file:
        customer = next(row for row in csv.DictReader(file) if row["document_number"])
    report = {
        "person_number": "R9999999",
        "reported_date": "2025-01-30",
        "person_kind": "prospect",
        "partner_kind": "merchant",
        "has_contact_consent": "true",
    }
    with reports.open(newline="") as file:
        header = next(csv.reader(file))
    with reports.open("a", newline="") as file:
        writer = csv.DictWriter(
            file, header, extrasaction="ignore", lineterminator="\n"
        )
        writer.writerow(customer | report)
    manifest = json.loads((reports.parent / "manifest.json").read_text())
    rows = manifest["files"][0]["rows"] + 1
    manifest["files"] = [describe_file(reports, rows=rows).model_dump()]
    (reports.parent / "manifest.json").write_text(json.dumps(manifest))


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


def find_gone(settings, numbers):
    """Find, by plain look-up, what stands for these people and for nobody else."""
    customers = {customer_id(settings, number) for number in numbers}
    gone = {"customer": customers}
    for kind, column in (("account", "account_number"), ("card", "card_number")):
        rows = ask(
            settings,
            f"""
            select {column} from raw.core_accounts where {column} is not null
            group by {column}
            having bool_and(list_contains(?::varchar[], customer_number))
            """,
            sorted(customers),
        )
        gone[kind] = {value for (value,) in rows}
    for kind, column in OWN_COLUMNS.items():
        rows = ask(
            settings,
            f"""
            with said as (
                select customer_number as who, {column} as value
                from raw.core_customers
                union all
                select person_number, {column} from raw.partner
                where '{column}' != 'login_name' and person_number not in (
                    select number from ops.identity_changes
                    where source = 'partner' and list_contains($1, customer_id)
                )
            )
            select value from said where value is not null
            group by value having bool_and(list_contains($1, who))
            """.replace("raw.partner", PARTNERS),
            sorted(customers),
        )
        gone[kind] = {value for (value,) in rows}
    gone["prospect"] = {
        number
        for (number,) in ask(
            settings,
            """
            select number from ops.identity_changes
            where source = 'partner' and list_contains(?::varchar[], customer_id)
            """,
            sorted(customers),
        )
    }
    return gone


# What a person is registered with. A name belongs to many, and proves nothing.
OWN_COLUMNS = {
    "document": "document_number",
    "phone": "phone_number",
    "email": "email_address",
    "login": "login_name",
}
PARTNERS = "(select *, null as login_name from raw.partner)"
# By which columns a row says whose it is.
OWNERS = {
    "core_customers": {"customer_number": "customer"},
    "core_accounts": {
        "customer_number": "customer",
        "account_number": "account",
        "card_number": "card",
    },
    "core_balances": {"account_number": "account"},
    "core_postings": {"account_number": "account"},
    "core_subscriptions": {"account_number": "account"},
    "atm": {"card_number": "card"},
    "card": {"card_number": "card", "account_number": "account"},
    "branch": {"customer_number": "customer", "account_number": "account"},
    "online": {"login_name": "login", "account_number": "account"},
    "phone": {"customer_number": "customer", "phone_number": "phone"},
    "survey": {"customer_number": "customer"},
    "campaign": {"customer_number": "customer"},
    "partner": {"person_number": "prospect"},
}


def others(settings, gone):
    """Hash every row of every source that names none of these people."""
    hashes = {}
    for source, owners in OWNERS.items():
        names = " and ".join(
            f"not coalesce(list_contains(?::varchar[], {column}), false)"
            for column in owners
        )
        # Whom somebody referred stays, without saying by whom.
        kept = "* exclude (row_hash, known_at)"
        if source == "partner":
            kept = "* exclude (row_hash, known_at, referrer_number)"
        hashes[source] = ask(
            settings,
            f"""
            select count(*), sum(hash(stored))
            from (select {kept} from raw.{source} where {names}) as stored
            """,
            *(sorted(gone[kind]) for kind in owners.values()),
        )
    return hashes


def spread(settings, numbers):
    """Let people stand wherever a bank at work would have them as well."""
    with connect(settings) as connection:
        vault = Vault(connection, settings)
        rows = [(1, line, f'"{n}",broken') for line, n in enumerate(numbers, 10_001)]
        vault.store_quarantined("atm/2025-01-31.1", [*rows, (1, 1, "C9,broken")])
        connection.executemany(
            "insert into vault.repaired_rows values "
            "('atm/2025-01-31.1', 1, ?, ?, now())",
            [(line, text) for _, line, text in [*rows, (1, 1, "C9,mended")]],
        )
        connection.execute("""
            create schema if not exists marts;
            create table marts.customer_features as
            select distinct
                customer_number as customer_id, date '2025-02-01' as as_of_date
            from raw.core_customers;
            insert into ops.gates values
                ('scores', 'customer_scores', '2026-07-01', true, 5, 0, null);
        """)
    record = settings.home / "dbt" / "target" / "run_results.json"
    record.parent.mkdir(parents=True)
    built = {
        "metadata": {"generated_at": "2026-06-30T06:10:00Z"},
        "results": [{"unique_id": "model.bank_crm.customer_features"}],
    }
    record.write_text(json.dumps(built))
    publish.run(settings)
    with connect(settings) as connection:
        connection.execute(
            "update marts.customer_features set as_of_date = as_of_date + 31"
        )
    publish.run(settings)
    report = settings.reports / "table_people" / "2025-02-01"
    report.mkdir(parents=True)
    with duckdb.connect(settings.warehouse, read_only=True) as connection:
        connection.execute(f"""
            copy (select customer_id, 0.5 as probability from marts.customer_features)
            to '{report}/predictions.parquet' (format parquet)
        """)
    (report / "list.csv").write_text("\n".join(numbers))
    (report / "report.html").write_text("<p>Nobody's.</p>")


def read_everything(home):
    """Read the bytes of every file, and what packed and compressed ones hold."""
    for path in home.rglob("*"):
        if not path.is_file() or path.relative_to(home).parts[0] == "truth":
            continue
        yield path.read_bytes()
        if path.suffix == ".parquet":
            yield str(pq.read_table(path).to_pydict()).encode()
        if path.suffix == ".duckdb":
            copy = home.parent / "uncompressed.duckdb"
            with duckdb.connect() as connection:
                connection.execute("set force_compression = 'uncompressed'")
                connection.execute(f"attach '{path}' as packed (read_only)")
                connection.execute(f"attach '{copy}' as copy")
                tables = connection.execute("""
                    select format('"{}"."{}"', schema_name, table_name), schema_name
                    from duckdb_tables() where database_name = 'packed'
                """).fetchall()
                for table, schema in tables:
                    connection.execute(f"""
                        create schema if not exists copy."{schema}";
                        create table copy.{table} as from packed.{table};
                    """)
                connection.execute("checkpoint copy; detach copy; detach packed")
            yield copy.read_bytes()
            copy.unlink()


def test_f41_twenty_people_leave_no_value_behind_and_everybody_else_stays(bank):
    numbers = choose(bank, PEOPLE)
    # A partner had reported one of them before.
    ((reported,),) = ask(
        bank,
        """
        select min(identifier) from vault.identifiers
        where kind = 'customer' and pseudonym in (
            select customer_id from ops.identity_changes where source = 'partner'
        )
        """,
    )
    numbers = sorted({reported, *numbers[: PEOPLE - 1]})
    canonical = dict(
        ask(
            bank,
            """
            select customer_number, customer_id from ops.customer_identities
            where superseded_at is null
            """,
        )
    )
    known = ask(
        bank,
        "select distinct identifier from vault.identifiers where kind = 'customer'",
    )
    of_person = {
        number: canonical.get(customer_id(bank, number), customer_id(bank, number))
        for (number,) in known
    }
    erased = {of_person[number] for number in numbers}
    everywhere = [number for number in of_person if of_person[number] in erased]
    gone = find_gone(bank, everywhere)
    spread(bank, numbers)
    values = ask(
        bank,
        """
        select identifier from vault.identifiers
        where list_contains(?::varchar[], pseudonym)
        """,
        sorted(set().union(*gone.values())),
    )
    needles = {value for (value,) in values} | set().union(*gone.values())
    before = others(bank, gone)
    found = {n for c in read_everything(bank.home) for n in needles if n.encode() in c}
    assert needles - found == set()
    assert [kind for kind in gone if not gone[kind]] == []

    for number in numbers:
        try:
            certificate = forget.run(bank, customer_id(bank, number))
        except UsageError:
            assert number in everywhere  # registered twice, and so erased before
            continue
        assert certificate["hits"] == 0

    left = [n for c in read_everything(bank.home) for n in needles if n.encode() in c]
    assert left == []
    assert others(bank, gone) == before
    assert len(list(bank.published.glob("*/manifest.json"))) == 3  # and `current`
    assert [path.name for path in bank.reports.rglob("*.*")] == ["report.html"]
    assert ask(
        bank,
        """
        select line_number, raw_text from vault.quarantined_rows
        union all select line_number, raw_text from vault.repaired_rows
        """,
    ) == [(1, "C9,broken"), (1, "C9,mended")]
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
        with pytest.raises(UsageError, match="nothing was erased"):
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
from pipelines.forget import run as forget
from pipelines.foundation.settings import Settings
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


def test_f43_an_earlier_champion_is_flagged_by_who_was_judged_until_it_learnt(bank):
    (number,) = choose(bank, 1, seed=11)
    customer = customer_id(bank, number)
    with connect(bank) as connection:
        connection.execute("create schema marts")
        connection.execute(
            """
            create table marts.customer_labels as
            select ? as customer_id, date '2025-02-01' as as_of_date
            """,
            [customer],
        )
        connection.execute("""
            insert into ops.promotions (use_case, estimator_version, promoted_at)
            values
                ('churn', 2, '2025-08-01'), ('churn', 1, '2025-09-01');
            insert into ops.challenges
                (use_case, estimator_version, mining_run_id, learnt_until)
            values ('churn', 1, 'a', '2025-03-01'), ('churn', 2, 'b', '2025-01-01');
            insert into ml.mining_runs (use_case, mining_run_id, started_at)
            values ('churn', 'c', '2025-10-01');
        """)

    certificate = forget.run(bank, customer)

    assert certificate["estimators_to_retrain"] == ["churn 1"]


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
