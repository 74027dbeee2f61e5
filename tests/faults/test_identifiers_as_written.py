"""One identifier is one, however it is spelt; nothing, damage and defaults are none."""

import csv
import json
from datetime import UTC, date, datetime

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.forget import run as forget
from pipelines.foundation.contracts import load_contract
from pipelines.foundation.deliveries import MANIFEST, describe_file
from pipelines.foundation.parameters import read_seed
from pipelines.foundation.warehouse import connect
from pipelines.information.identity import run as identity
from pipelines.information.ingest import run as ingest
from pipelines.information.ingest.identifier_forms import find_form

DAY = date(2026, 3, 31)


@pytest.fixture
def register(settings):
    """Deliver registrations, each as what is known of a person, and match them."""

    def register(*people):
        names = load_contract("core_customers").names
        folder = settings.landing / "core_customers" / DAY.isoformat()
        folder.mkdir(parents=True)
        path = folder / "customers.csv"
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, names, lineterminator="\n")
            writer.writeheader()
            for number, person in enumerate(people):
                writer.writerow(
                    dict.fromkeys(names, "")
                    | {
                        "customer_number": f"C{number}",
                        "changed_date": "2026-03-01",
                        "registered_date": f"2020-01-{number + 1:02}",
                        "gender": "female",
                        "branch_code": "B1",
                    }
                    | person
                )
        promise(folder, path, len(people))
        ingest.run(settings).raise_for_problems()
        with connect(settings) as connection:
            connection.execute("update ops.deliveries set status = 'accepted'")
        identity.run(settings)
        with connect(settings, read_only=True) as connection:
            return connection.execute("""
                select count(*) from ops.identity_changes where action = 'merge'
            """).fetchone()[0]

    return register


def promise(folder, path, rows):
    manifest = {
        "source": folder.parent.name,
        "business_date": DAY.isoformat(),
        "extracted_at": datetime(2026, 4, 1, 1, tzinfo=UTC).isoformat(),
        "files": [describe_file(path, rows=rows).model_dump()],
    }
    (folder / MANIFEST).write_text(json.dumps(manifest))


def person(name, born="1990-05-05", **known):
    return {"full_name": name, "birth_date": born} | known


NOTHING = ["NULL", "#N/A", "none", "未知", "N/A", "-", "unknown", "\\N", "(null)", "无"]


@pytest.mark.parametrize("word", NOTHING)
def test_a_word_for_nothing_is_no_evidence(register, ask, word):
    merged = register(
        person("Ann Abel", phone_number=word, email_address=word),
        person("Mia Zorn", phone_number=word, email_address=word),
        person("Wei Wang", "1970-01-02", document_number=word),
        person("Wei Wang", "1999-08-09", document_number=word),
    )

    assert merged == 0
    assert ask("""
        select count(document_number), count(phone_number), count(email_address)
        from raw.core_customers
    """) == [(0, 0, 0)]


@pytest.mark.parametrize(
    ("kind", "placeholder"),
    [
        ("phone", "13800000000"),
        ("phone", "+86 138-0013-8000"),
        ("phone", "12345678901"),
        ("email", "none@bank.example"),
        ("email", "No-Mail@bank.example"),
        ("document", "000000000000000000"),
        ("document", "111111111111111"),
    ],
)
def test_a_placeholder_is_nothing(kind, placeholder):
    assert find_form(kind, placeholder, DAY) is None


def test_a_default_birthday_says_nothing_of_who_somebody_is(register):
    shared = {"phone_number": "16012345678", "email_address": "desk@example.com"}

    assert register(person("Lee One", "1900-01-01", **shared), person("Mao Two", "1900-01-01", **shared)) == 0  # fmt: skip # noqa: E501


def test_what_more_than_a_household_shares_is_no_evidence(register):
    shared = {"phone_number": "16012345678", "email_address": "desk@example.com"}
    names = "Abel Bohr Curie Dirac Euler Fermi Gauss Hertz".split()  # noqa: SIM905

    assert register(*(person(f"{name} {name}", **shared) for name in names)) == 0


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("document", "79010119910505000X", "79010119910505000x"),
        ("document", "790101199205051237", "790101920505123"),
        ("document", "790101199205051237", "790101 19920505 1237"),
        ("phone", "16000000002", "+86 160-0000-0002"),
        ("phone", "16000000002", "0086 16000000002"),
        ("phone", "16000000002", "8616000000002"),
        ("phone", "16000000002", "１６００００００００２"),
        ("phone", "16000000002", "16000000002.0"),
        ("email", "q@example.com", " Q@Example.com"),
        ("account", "62220200000000003", "6222 0200 0000 00003"),
        ("card", "4539578763621486", "4539-5787-6362-1486"),
        ("account", "AB12", "ab12"),
    ],
)
def test_one_identifier_in_other_spelling_is_the_same(kind, one, other):
    assert find_form(kind, one, DAY) == one
    assert find_form(kind, other, DAY) == one


def test_two_spellings_of_what_somebody_is_known_by_are_one_person(register):
    merged = register(
        person("Lim Ll", document_number="79010119910505000X"),
        person("Lim Ll", document_number="79010119910505000x"),
        person("Tim Tt", "1992-05-05", document_number="790101199205051237"),
        person("Tim Tt", "1992-05-05", document_number="790101920505123"),
    )

    assert merged == 2


def test_a_spelling_does_not_dodge_the_check_digit(register, ask):
    wrong = ["79010119990505019X", "79010119990505019x", "790101 1999 0505 019X"]

    register(*(person("Bad One", document_number=number) for number in wrong))

    assert ask(
        "select distinct line_number, reason from ops.quarantine order by 1"
    ) == [(line, "check_digit") for line in (2, 3, 4)]


def test_damaged_identifiers_are_quarantined_with_a_reason_of_their_own(settings, ask):
    damaged = [
        "6.22202E+16",
        "6.22202e16",
        "'62220200000000003",
        "62220200000000004.0",
        "622202******0003",
        "62220.5",
        "6222\ufffd2",
        r"\xE5\xBC\xA00",
    ]
    folder = settings.landing / "core_postings" / DAY.isoformat()
    folder.mkdir(parents=True)
    path = folder / "postings.csv"
    path.write_text(
        "posting_number,account_number,occurred_at,event_type,amount,currency_code\n"
        + "".join(
            f"P{number},{account},2026-03-19T10:00:00Z,fee,-1.00,CNY\n"
            for number, account in enumerate([*damaged, "６２２２０", "#N/A"])
        )
    )
    promise(folder, path, len(damaged) + 2)

    ingest.run(settings).raise_for_problems()

    assert ask(
        "select line_number, reason from ops.quarantine order by line_number"
    ) == [
        *((line, "damaged") for line in range(2, len(damaged) + 2)),
        (len(damaged) + 3, "missing"),
    ]
    assert ask("select posting_number from raw.core_postings") == [("P8",)]


def write_parquet(settings, **columns):
    folder = settings.landing / "core_balances" / DAY.isoformat()
    folder.mkdir(parents=True)
    path = folder / "balances.parquet"
    good = {
        "account_number": pa.array(["A1", "A2"]),
        "balance_date": pa.array([DAY, DAY]),
        "balance": pa.array([1.5, 2.5]),
        "currency_code": pa.array(["CNY", "CNY"]),
    }
    pq.write_table(pa.table(good | columns), path)
    promise(folder, path, 2)


def read_accounts(settings):
    with duckdb.connect(settings.vault, read_only=True) as connection:
        return connection.execute("""
            select identifier from identifiers where kind = 'account' order by all
        """).fetchall()


def test_bytes_in_parquet_that_are_utf_8_are_text(settings):
    write_parquet(settings, account_number=pa.array([b"A1", "张2".encode()]))

    ingest.run(settings).raise_for_problems()

    assert read_accounts(settings) == [("A1",), ("张2",)]


def test_a_float_in_parquet_that_holds_all_digits_is_read_as_they_are(settings):
    write_parquet(settings, account_number=pa.array([13800000001.0, 13800000002.0]))

    ingest.run(settings).raise_for_problems()

    assert read_accounts(settings) == [("13800000001",), ("13800000002",)]


@pytest.mark.parametrize(
    "accounts",
    [
        pa.array([62220212345678901.0, 62220212345678905.0]),
        pa.array([13800000001.0, 5.0], pa.float32()),
        pa.array([1.5, 2.0]),
    ],
)
def test_a_float_in_parquet_that_lost_digits_is_refused(settings, accounts):
    write_parquet(settings, account_number=accounts)

    (line,) = ingest.run(settings).refused

    assert "account_number as" in line
    assert "can't hold all its digits" in line


def test_bytes_in_parquet_that_are_no_text_are_refused(settings):
    write_parquet(settings, account_number=pa.array([b"\xff\xfe", b"A2"]))

    (line,) = ingest.run(settings).refused

    assert "not UTF-8" in line


def test_mining_and_ingestion_know_the_same_words_for_nothing():
    from models.modify.columns import MARKS, WORDS  # noqa: PLC0415
    from pipelines.discovery.any_table.formats import MISSING_TEXTS  # noqa: PLC0415

    assert read_seed("words_for_nothing")
    for word in {*MARKS, *WORDS, *MISSING_TEXTS} - {""}:
        assert find_form("name", word, DAY) is None, word


def test_whoever_is_erased_is_found_in_any_spelling(settings, register):
    register(
        person(
            "Lim Ll",
            document_number="79010119910505000x",
            phone_number="+86 160-1234-5672",
            email_address="Q@Example.com",
        ),
        person("Tim Tt", phone_number="16012345679"),
    )
    (path,) = (settings.landing / "core_customers").glob("*/*.csv")

    forget.run_by_number(settings, " c0\n")

    left = path.read_text()
    assert "16012345679" in left
    for spelt in ("79010119910505000x", "160-1234-5672", "Q@Example.com", "C0"):
        assert spelt not in left
