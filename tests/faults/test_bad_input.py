"""Is bad input answered in one clear line, with nothing lost and nothing told?

Numbers are those of the list of faults; what is tried is written out beside them.
"""

import gzip
import hashlib
import json
import logging
import sys
from datetime import date

import pytest

from pipelines import cli
from pipelines.foundation.deliveries import MANIFEST

# Stands in cells, and must never be seen outside landing and the vault.
CANARY = "canary"
DAY, DAY_BEFORE = date(2025, 1, 31), date(2025, 1, 30)
HEADER = b"account_number,balance_date,balance,currency_code\n"
ROWS = [
    b"canary-1,2025-01-31,1.50,CNY\n",
    b"canary-2,2025-01-31,3.00,CNY\n",
    b"canary-3,2025-01-31,4.50,CNY\n",
]
WHOLE = HEADER + b"".join(ROWS)
BALANCES = """
    select
        'canary-' || number as account_number, date '{day}' as balance_date,
        number * 1.50 as balance, 'CNY' as currency_code
    from range(1, 4) as numbers (number)
"""


@pytest.fixture
def folder(deliver):
    """The delivery to be damaged; a good one of the day before stands beside it."""
    deliver("core_balances", BALANCES.format(day=DAY_BEFORE), DAY_BEFORE)
    return deliver("core_balances", BALANCES.format(day=DAY), DAY)


@pytest.fixture
def crm(settings, monkeypatch, capsys):
    """Run the command line; returns its exit code and the lines it wrote to stderr."""
    monkeypatch.setenv("CRM_HOME", str(settings.home))

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["crm", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code or 0, capsys.readouterr().err.splitlines()

    yield run
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)


def data_file(folder):
    (path,) = folder.glob("*.csv*")
    return path


def promise(folder, **changed):
    """Change what the manifest says."""
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | changed))


def promise_file(folder, **changed):
    """Change what the manifest says of its file."""
    (file,) = json.loads((folder / MANIFEST).read_text())["files"]
    promise(folder, files=[file | changed])


def write(folder, content, *, name=None, **changed):
    """Put other content in the file, and promise its true size and SHA-256."""
    path = data_file(folder)
    if name:
        path = path.rename(folder / name)
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    promise_file(folder, name=path.name, bytes=len(content), sha256=digest, **changed)


def cells(before, after):
    """Damage that replaces a text in the file, honestly promised."""
    return lambda folder: write(folder, WHOLE.replace(before, after))


def content(text):
    """Damage that replaces the whole file, honestly promised."""
    return lambda folder: write(folder, text)


def manifest(**changed):
    """Damage that changes fields of the manifest."""
    return lambda folder: promise(folder, **changed)


def manifest_text(text):
    """Damage that replaces the whole manifest."""
    return lambda folder: (folder / MANIFEST).write_text(text)


def file_name(name):
    """Damage that lets the manifest name another file."""
    return lambda folder: promise_file(folder, name=name)


def link_file(folder):
    outside = data_file(folder).rename(folder.parents[2] / "outside.csv")
    (folder / "core_balances_20250131.csv").symlink_to(outside)


def link_folder(folder):
    folder.symlink_to(folder.rename(folder.parents[2] / "outside"))


def link_manifest(folder):
    outside = (folder / MANIFEST).rename(folder.parents[2] / "outside.json")
    (folder / MANIFEST).symlink_to(outside)


def replace_manifest_by_folder(folder):
    (folder / MANIFEST).unlink()
    (folder / MANIFEST).mkdir()


def add_unlisted_file(folder):
    (folder / "more.csv").write_bytes(WHOLE.replace(b"canary-", b"canary-9"))


def gzip_file(folder):
    write(folder, gzip.compress(WHOLE), name="balances.csv.gz")


def delimit_by_bars(folder):
    write(folder, WHOLE.replace(b",", b"|"))
    promise(folder, delimiter="|")


def corrupt_gzip(folder):
    packed = gzip.compress(WHOLE)
    write(folder, packed[:20] + b"\xff" * 5 + packed[25:], name="balances.csv.gz")


def rename(name):
    return lambda folder: folder.rename(folder.with_name(name))


def case(name, damage, told):
    return pytest.param(damage, told, id=name.replace(" ", "_"))


FILES = [
    # F27: cut in a row, between two, or packed and cut. F31: empty, a trailer.
    case("file missing", lambda folder: data_file(folder).unlink(), "is not there"),
    case("other bytes", lambda f: data_file(f).write_bytes(WHOLE[:-9]), "bytes in"),
    case(
        "other content",
        lambda f: data_file(f).write_bytes(WHOLE.replace(b"1.5", b"9.5")),
        "SHA-256",
    ),
    case("cut between rows", content(HEADER + ROWS[0]), "has 1 rows"),
    case("header only", content(HEADER), "has 0 rows"),
    case("empty", content(b""), "without account_number"),
    case("trailer only", content(b"TRAILER;3\n"), "without account_number"),
    case("trailer that is no row", content(WHOLE + b"TRAILER,3\n"), "has 4 rows"),
    case("trailer of another count", content(WHOLE + b"TRAILER,9\n"), "has 4 rows"),
    case("more rows", content(WHOLE + b"canary-4,2025-01-31,0.00,CNY\n"), "has 4 rows"),
    case("file is a link", link_file, "is not there"),
    case("folder is a link", link_folder, "link"),
    case("file not listed", add_unlisted_file, "more.csv"),
    # F28 is in test_file_formats. F32: NUL, and quotes that nobody closes.
    case("NUL", cells(b"canary-2", b"canary\0"), "NUL at byte"),
    case("not UTF-8", cells(b"canary-2", b"canary\xe9"), "not UTF-8"),
    case("quote left open", cells(b"canary-2", b'"canary-2'), "has 2 rows"),
    case(
        "line ends of two kinds",
        content(WHOLE.replace(b"\n", b"\r\n", 1) + b"canary-4,2025-01-31,0.00,CNY\r\n"),
        "can't be read as CSV in file 1",
    ),
    case("quote left open in header", content(b'"' + WHOLE), "columns"),
    case("lone carriage returns", cells(b"\n", b"\r"), "columns"),
    case(
        "gzip cut",
        lambda f: write(f, gzip.compress(WHOLE)[:-9], name="balances.csv.gz"),
        "unpacked",
    ),
    case(
        "gzip that is none",
        lambda f: write(f, WHOLE, name="balances.csv.gz"),
        "unpacked",
    ),
    case("gzip corrupt", corrupt_gzip, "unpacked"),
]
HEADERS = [
    # F29, F30: renamed, reordered, doubled, dropped, in capitals.
    case("column renamed", cells(b"_date", b"_day"), "without balance_date"),
    case(
        "columns in another order",
        cells(b"account_number,balance_date", b"balance_date,account_number"),
        "another order",
    ),
    case("column twice", cells(b"balance_date", b"balance"), "without balance_date"),
    case("column missing", cells(b",currency_code", b""), "without currency_code"),
    case("column in capitals", cells(b"balance,c", b"BALANCE,c"), "without balance"),
    case("no header", content(b"".join(ROWS)), "without account_number"),
    case("other delimiter", manifest(delimiter="\t"), "without account_number"),
]
MANIFESTS = [
    case("not JSON", manifest_text("{canary"), "can't be read"),
    case("empty manifest", manifest_text(""), "can't be read"),
    case("JSON but a list", manifest_text("[]"), "can't be read"),
    case("unknown field", manifest(note="canary"), "can't be read"),
    case(
        "what a field has to be",
        manifest(control_totals={"balance": 9.0}),
        "control_totals.balance Input should be a valid string",
    ),
    case("what describes a manifest", manifest_text(""), "docs/deliveries.md"),
    case("manifest is a link", link_manifest, "link"),
    case("manifest is a folder", replace_manifest_by_folder, MANIFEST),
    case("other source", manifest(source="atm"), "another source"),
    case("other date", manifest(business_date="2025-02-28"), "another source, date"),
    case("other sequence", manifest(sequence=2), "date or sequence"),
    case("time without zone", manifest(extracted_at="2025-02-01T01:10:00"), "read"),
    case(
        "time before time", manifest(extracted_at="0001-01-01T00:00:00+14:00"), "read"
    ),
    case("no files", manifest(files=[]), "promises no file"),
    case("other encoding", manifest(encoding="ebcdic"), "an encoding other than"),
    case("other total", manifest(control_totals={"balance": "9.01"}), "another sum"),
    case("total no number", manifest(control_totals={"balance": "canary"}), "total"),
    case("total of no column", manifest(control_totals={"rate": "1"}), "control total"),
    case("folder not a date", rename("latest"), "is not named"),
    # F51: nothing of such a size is read.
    case("50 MB", manifest_text("[" * (50 << 20)), "too large"),
    case("nested a million times", manifest_text("[" * 900_000), "can't be read"),
    # F49, F50: names and paths that lead elsewhere, or into SQL, or nowhere.
    *(
        case(f"file called {name[:20]!r}", file_name(name), "whose name we don't open")
        for name in (
            "../20250131.csv",
            "../../../../etc/passwd",
            "/etc/passwd",
            "https://example.com/a.csv",
            "file:///etc/passwd",
            "a\\b.csv",
            "a[1].csv",
            "a*.csv",
            "a?.csv",
            "a'b.csv",
            'a"b.csv',
            "a;b.csv",
            "a\n.csv",
            "a\0.csv",
            "\u202evsc.csv",
            "con",
            "-rf.csv",
            f"{'a' * 300}.csv",
            "",
        )
    ),
]
# F27, F32, F33: what is wrong with a row leaves the others alone.
ROW_FAULTS = [
    case("text for a number", cells(b"3.00", b"canary"), (3, "balance", "unreadable")),
    case("number too large", cells(b"3.00", b"9" * 30), (3, "balance", "unreadable")),
    case(
        "date in another form",
        cells(b"2,2025-01-31", b"2,31.1.2025"),
        (3, "balance_date", "unreadable"),
    ),
    case("field too many", cells(b"3.00,", b"3.00,canary,"), (3, None, "unreadable")),
    case(
        "field too few", cells(b"3.00,CNY", b"3.00"), (3, "currency_code", "unreadable")
    ),
    case(
        "text behind a quote",
        cells(b"canary-2", b'"canary"2'),
        (3, "account_number", "unreadable"),
    ),
    case(
        "required field empty",
        cells(b"canary-2", b""),
        (3, "account_number", "missing"),
    ),
    case(
        "value not accepted",
        cells(b"3.00,CNY", b"3.00,canary"),
        (3, "currency_code", "not_accepted"),
    ),
    case("cut within a row", content(WHOLE[:-12]), (4, "balance", "unreadable")),
    case(
        "cut within quotes",
        content(HEADER + ROWS[0] + ROWS[1] + b'"canary-3'),
        (4, "account_number", "unreadable"),
    ),
]
ODD_BUT_GOOD = [
    pytest.param(cells(b"\n", b"\r\n"), id="windows_line_ends"),
    pytest.param(content(WHOLE[:-1]), id="no_last_line_end"),
    pytest.param(content(b"\xef\xbb\xbf" + WHOLE), id="byte_order_mark"),
    pytest.param(cells(b"canary-2", b'"canary-2"'), id="quotes"),
    pytest.param(cells(b"canary-2", b'"canary\n2"'), id="line_end_in_quotes"),
    pytest.param(gzip_file, id="gzip"),
    pytest.param(delimit_by_bars, id="other_delimiter"),
]


@pytest.mark.parametrize(("damage", "told"), [*FILES, *HEADERS, *MANIFESTS])
def test_a_delivery_that_is_not_what_it_promises_is_refused(
    folder, crm, ask, settings, damage, told
):
    damage(folder)
    delivered = read_files(settings.landing)

    code, lines = crm("ingest")

    assert code == 3
    (line,) = [line for line in lines if " ERROR " in line]
    assert told in line
    assert "core_balances/" in line
    assert "none of it was loaded" in line
    assert lines == [lines[0], line]  # the step's own line of counts comes first
    assert read_files(settings.landing) == delivered
    assert_only_the_good_delivery_is_loaded(ask)
    assert_nothing_told(settings, lines)
    assert crm("verify")[0] == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / MANIFEST).unlink(),
        rename("2025-01-31.partial"),
    ],
    ids=["no_manifest", "still_being_written"],
)
def test_a_delivery_that_is_not_complete_is_left_alone(
    folder, crm, ask, settings, damage
):
    damage(folder)
    delivered = read_files(settings.landing)

    code, lines = crm("ingest")

    assert code == 6
    assert "was left alone" in lines[1]
    assert len(lines) == 2
    assert read_files(settings.landing) == delivered
    assert_only_the_good_delivery_is_loaded(ask)


def test_a_source_without_a_contract_is_refused_and_the_known_ones_are_named(
    folder, crm, ask, settings
):
    unknown = folder.parents[1] / "telex" / folder.name
    unknown.parent.mkdir()
    folder.rename(unknown)

    code, lines = crm("ingest")

    assert code == 3
    assert len(lines) == 2
    assert "telex/2025-01-31 is of an unknown source" in lines[1]
    assert "Known: atm, branch, campaign, card" in lines[1]
    assert_only_the_good_delivery_is_loaded(ask)
    assert_nothing_told(settings, lines)


@pytest.mark.parametrize(("damage", "fault"), ROW_FAULTS)
def test_a_row_that_does_not_fit_is_quarantined_and_the_rest_loaded(
    folder, crm, ask, settings, damage, fault
):
    damage(folder)

    code, lines = crm("ingest")

    assert code == 0
    (line,) = lines
    assert "6 rows delivered = 5 loaded + 0 duplicate + 1 quarantined" in line
    assert fault in ask("select line_number, column_name, reason from ops.quarantine")
    assert ask("select count(distinct line_number) from ops.quarantine") == [(1,)]
    assert_nothing_told(settings, lines)
    assert crm("verify")[0] == 0


def test_rows_behind_an_unreadable_one_keep_their_identifiers(deliver, crm, ask):
    folder = deliver(
        "branch",
        """
        select
            'V' || number as visit_number, 'canary-' || number as customer_number,
            'canary-0' as account_number, null as branch_code, null as teller_code,
            timestamp '2025-01-05 10:00:00' as occurred_at, 'enquiry' as event_type,
            null as ticket_taken_at, null as called_at, null as served_at,
            null as amount, null as currency_code
        from range(1, 6) as numbers (number)
        """,
    )
    whole = data_file(folder).read_bytes()
    write(folder, whole.replace(b"V2,canary-2", b'"V"2,canary-2'))

    crm("ingest")

    assert ask("select visit_number, customer_number is null from raw.branch") == [
        ("V1", False),
        ("V3", False),
        ("V4", False),
        ("V5", False),
    ]


@pytest.mark.parametrize("damage", ODD_BUT_GOOD)
def test_what_only_looks_odd_is_loaded_whole(folder, crm, damage):
    damage(folder)

    code, (line,) = crm("ingest")

    assert code == 0
    assert "6 rows delivered = 6 loaded + 0 duplicate + 0 quarantined" in line


def test_each_bad_delivery_has_its_line_and_the_good_one_is_loaded(
    folder, deliver, crm, ask
):
    data_file(folder).unlink()
    other = deliver("core_balances", BALANCES.format(day=DAY), date(2025, 1, 29))
    (other / MANIFEST).write_text("{")

    code, lines = crm("ingest")

    assert code == 3
    assert [
        delivery
        for line in lines[1:]
        for delivery in ("2025-01-29", "2025-01-31")
        if f"core_balances/{delivery}" in line
    ] == ["2025-01-29", "2025-01-31"]
    assert_only_the_good_delivery_is_loaded(ask)


def test_a_refused_delivery_is_loaded_once_it_is_sent_again(folder, deliver, crm, ask):
    data_file(folder).unlink()
    crm("ingest")
    deliver("core_balances", BALANCES.format(day=DAY), DAY)

    code, _ = crm("ingest")

    assert code == 0
    assert ask("select delivery_id, status from ops.deliveries order by all") == [
        ("core_balances/2025-01-30.1", "loaded"),
        ("core_balances/2025-01-31.1", "loaded"),
    ]


def read_files(landing):
    return {path: path.read_bytes() for path in landing.rglob("*") if path.is_file()}


def assert_only_the_good_delivery_is_loaded(ask):
    loaded = ask("select delivery_id, count(*) from raw.core_balances group by all")
    assert loaded == [("core_balances/2025-01-30.1", 3)]


def assert_nothing_told(settings, lines):
    """Logs, ledger and warehouse may not hold what stood in a cell."""
    written = [
        settings.warehouse,
        settings.ledger,
        *settings.logs.iterdir(),
    ]
    assert CANARY not in "\n".join(lines)
    assert [path.name for path in written if CANARY.encode() in path.read_bytes()] == []
