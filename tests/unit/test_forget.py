"""The parts of an erasure: files of every kind, published versions, and the search."""

import gzip
import hashlib
import json
from datetime import UTC, datetime

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.cli.all_layers import forget
from pipelines.forget import landing
from pipelines.forget.person import Person
from pipelines.forget.published import erase_from_published
from pipelines.forget.search import holds_any, search_database, search_home
from pipelines.foundation.deliveries import Manifest
from pipelines.foundation.errors import UsageError
from pipelines.information.ingest import files

PERSON = Person(
    "e1", {"customer": {"a1b2"}, "name": {"c3d4"}}, ["C0000007", "李安", "16000000007"]
)
HEADER = "event_number,customer_number,amount\n"
THEIRS, OTHERS = 'E1,"C0000007",-20.50\n', "E2,C0000008,-3.00\n"


@pytest.fixture
def deliver_bytes(settings):
    """Write a delivery of one file, as a bank packs and encodes it."""

    def write(name, content, *, source="branch", rows=2, **promises):
        folder = settings.landing / source / "2025-01-31"
        folder.mkdir(parents=True)
        (folder / name).write_bytes(content)
        file = {
            "name": name,
            "rows": rows,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        manifest = Manifest(
            source=source,
            business_date="2025-01-31",
            extracted_at=datetime(2025, 2, 1, 1, tzinfo=UTC),
            files=[file],
            **promises,
        )
        (folder / "manifest.json").write_text(manifest.model_dump_json())
        return folder / name

    return write


def manifest_of(path):
    return Manifest.model_validate_json((path.parent / "manifest.json").read_bytes())


def unpacked(path):
    with files.open_bytes(path) as file:
        return file.read()


PACKERS = {
    "branch.csv": bytes,
    "branch.csv.gz": gzip.compress,
    "branch.csv.zst": lambda content: pa.compress(content, "zstd", asbytes=True),
}


@pytest.mark.parametrize("name", PACKERS)
def test_a_row_leaves_its_file_and_the_manifest_promises_what_is_left(
    deliver_bytes, settings, name
):
    content = PACKERS[name]((HEADER + THEIRS + OTHERS).encode())
    path = deliver_bytes(name, content, control_totals={"amount": "-23.50"})

    assert landing.erase_from_landing(settings.landing, PERSON) == 1

    assert unpacked(path) == (HEADER + OTHERS).encode()
    manifest = manifest_of(path)
    assert (manifest.rows, manifest.control_totals) == (1, {"amount": "-3.00"})
    assert manifest.files[0].sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("encoding", files.ENCODINGS)
def test_encodings_and_quoted_line_breaks_are_read_as_the_bank_wrote_them(
    deliver_bytes, settings, encoding
):
    kept, gone = '"E3\n李安柏",C0000009,1\n', '"E4\n李安",C0000009,1\n'
    content = f"{HEADER}{gone}{kept}".encode(encoding)
    path = deliver_bytes("branch.csv", content, encoding=encoding)

    landing.erase_from_landing(settings.landing, PERSON)

    assert path.read_bytes() == f"{HEADER}{kept}".encode(encoding)


@pytest.mark.parametrize("encoding", files.ENCODINGS)
def test_what_ingestion_reads_is_searched_in_its_encoding(tmp_path, encoding):
    (tmp_path / "names.csv").write_bytes("n\n李安\n王小明\n".encode(encoding))

    # Big5 has no character for the simplified name, which then can't stand in it.
    assert search_home(tmp_path, ["王小明", "马东"])["hits"] == {"names.csv": 1}


def test_parquet_is_rewritten_too(deliver_bytes, settings, tmp_path):
    table = pa.table({"customer_number": ["C0000007", "C0000008"], "amount": [1, 2]})
    pq.write_table(table, tmp_path / "packed.parquet")
    path = deliver_bytes("branch.parquet", (tmp_path / "packed.parquet").read_bytes())

    landing.erase_from_landing(settings.landing, PERSON)

    assert pq.read_table(path).to_pylist() == [
        {"customer_number": "C0000008", "amount": 2}
    ]
    assert manifest_of(path).rows == 1


def test_whom_the_person_referred_stays_without_the_referrer(deliver_bytes, settings):
    path = deliver_bytes(
        "partner.csv",
        b"person_number,referrer_number,full_name\nR1,C0000007,Xu\n",
        source="partner",
        rows=1,
    )

    landing.erase_from_landing(settings.landing, PERSON)

    assert path.read_text() == "person_number,referrer_number,full_name\nR1,,Xu\n"
    assert manifest_of(path).rows == 1


def test_a_delivery_that_was_cut_still_breaks_its_promise(deliver_bytes, settings):
    path = deliver_bytes("branch.csv", (HEADER + THEIRS + OTHERS).encode())
    path.write_bytes((HEADER + THEIRS).encode())
    promised = manifest_of(path).files[0].sha256

    landing.erase_from_landing(settings.landing, PERSON)

    assert path.read_text() == HEADER
    assert manifest_of(path).files[0].sha256 == promised


def test_files_without_the_person_are_not_touched(deliver_bytes, settings):
    path = deliver_bytes("branch.csv", (HEADER + OTHERS).encode(), rows=1)
    before = path.stat().st_mtime_ns

    assert landing.erase_from_landing(settings.landing, PERSON) == 0
    assert path.stat().st_mtime_ns == before


def test_a_longer_word_is_no_hit(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("1160000000071 李安柏 XC0000007")
    assert not holds_any(path, PERSON.values)

    path.write_text("call 16000000007")
    assert holds_any(path, PERSON.values)


def test_what_was_deleted_from_a_database_is_found_in_its_bytes(tmp_path):
    path = tmp_path / "left.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("create table t as select 'C0000007 and long' as v")
        connection.execute("checkpoint; delete from t; checkpoint")

    assert search_database(path, ["C0000007"]) == 1


@pytest.mark.parametrize("compression", ["", "using compression zstd"])
def test_a_compressed_value_is_found(tmp_path, compression):
    path = tmp_path / "packed.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute(f"create table t (v varchar {compression})")
        connection.execute("""
            insert into t
            select if(n = 7777, 'C0000007', 'customer ' || n) as v
            from range(20000) r(n)
        """)
        connection.execute("checkpoint")

    assert search_home(tmp_path, ["C0000007"])["hits"] == {"packed.duckdb": 1}


def test_published_versions_are_rewritten_and_keep_everybody_else(settings):
    version = settings.published / "2025-02-01-abc"
    (version / "parquet").mkdir(parents=True)
    rows = "select unnest(['a1b2', 'ffff']) as customer_id, unnest([1, 2]) as n"
    with duckdb.connect(version / "marts.duckdb") as connection:
        connection.execute(f"create table customers as {rows}")
        connection.execute("comment on table customers is 'One row per customer.'")
        connection.execute(
            f"copy ({rows}) to '{version}/parquet/customers.parquet' (format parquet)"
        )
    names = ["marts.duckdb", "parquet/customers.parquet"]
    manifest = {
        "files": {name: {"bytes": 0, "sha256": ""} for name in names},
        "marts": {"customers": {"rows": 2, "content_hash": "1"}},
    }
    (version / "manifest.json").write_text(json.dumps(manifest))

    assert erase_from_published(settings.published, PERSON) == 1

    with duckdb.connect(version / "marts.duckdb", read_only=True) as connection:
        assert connection.execute("from customers").fetchall() == [("ffff", 2)]
        assert connection.execute("select comment from duckdb_tables()").fetchall() == [
            ("One row per customer.",)
        ]
    told = json.loads((version / "manifest.json").read_text())
    assert told["marts"]["customers"] == {"rows": 1, "content_hash": None}
    assert search_home(settings.home, ["a1b2"])["hits"] == {}
    assert erase_from_published(settings.published, PERSON) == 0


def test_a_real_number_on_the_command_line_erases_nobody():
    with pytest.raises(UsageError, match="history"):
        forget(number="C0000007")


def test_nobody_is_erased_without_saying_whom():
    with pytest.raises(UsageError, match="one of them"):
        forget()
