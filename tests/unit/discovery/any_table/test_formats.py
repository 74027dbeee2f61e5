"""Is a file read as what it is, or named in one line that quotes none of it?"""

import gzip
import json

import duckdb
import numpy as np
import pandas as pd
import pytest

from pipelines.discovery.any_table import sample
from pipelines.discovery.any_table.formats import open_source
from pipelines.discovery.any_table.request import Request
from pipelines.foundation.errors import UsageError
from pipelines.foundation.settings import Settings

ROWS = 300
RANDOM = np.random.default_rng(0)
TABLE = pd.DataFrame(
    {
        "member": [f"canary-{number}" for number in range(ROWS)],
        "城市": RANDOM.choice(["北京", "上海", "São Paulo"], ROWS),
        "balance": RANDOM.lognormal(8, 1, ROWS).round(2),
        "leaves": RANDOM.integers(0, 2, ROWS),
    }
)
CSV = TABLE.to_csv(index=False)
LINES = CSV.splitlines()


@pytest.fixture
def draw(tmp_path):
    def draw(content, name="t.csv", **options):
        path = tmp_path / name
        if isinstance(content, pd.DataFrame):
            content.to_parquet(path, index=False)
        elif content is not None:
            path.write_bytes(
                content if isinstance(content, bytes) else content.encode()
            )
        settings = Settings(home=tmp_path / "var")
        return sample.draw(settings, Request(str(path), "leaves", **options))

    return draw


def assert_same(drawn, cities=TABLE["城市"]):
    assert drawn.counts["total"] == ROWS
    assert drawn.X["balance"].tolist() == TABLE["balance"].tolist()
    assert drawn.X["城市"].tolist() == cities.tolist()
    assert drawn.label.tolist() == TABLE["leaves"].tolist()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_usual_delimiter_is_recognised(draw, delimiter):
    assert_same(draw(TABLE.to_csv(index=False, sep=delimiter)))


@pytest.mark.parametrize("end", ["\n", "\r\n", "mixed"])
def test_line_ends_change_nothing(draw, end):
    ends = ["\r\n", "\n"] if end == "mixed" else [end]
    text = "".join(line + ends[n % len(ends)] for n, line in enumerate(LINES))

    assert_same(draw(text))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_says_the_encoding(draw, encoding):
    assert_same(draw(CSV.encode(encoding)))


def test_another_encoding_is_asked_for_and_then_read(draw):
    gb = CSV.replace("São", "Sao").encode("gb18030")

    with pytest.raises(
        UsageError, match=r"not UTF-8 at about byte.*--encoding"
    ) as told:
        draw(gb)
    assert "canary" not in str(told.value)
    cities = TABLE["城市"].str.replace("São", "Sao")
    assert_same(draw(gb, encoding="gb18030"), cities)


@pytest.mark.parametrize(
    ("encoding", "message"),
    [("ascii", "is not ascii"), ("cp932x", "'cp932x' is no encoding")],
)
def test_an_encoding_that_does_not_fit_is_refused(draw, encoding, message):
    with pytest.raises(UsageError, match=message):
        draw(CSV, encoding=encoding)


@pytest.mark.parametrize("name", ["t.csv.gz", "t.csv"])
def test_a_packed_file_is_read_whatever_it_is_called(draw, name):
    assert_same(draw(gzip.compress(CSV.encode()), name))


@pytest.mark.parametrize("name", ["t.parquet", "t.pq", "t.csv"])
def test_parquet_is_told_by_its_first_bytes(draw, name):
    assert_same(draw(TABLE, name))


def test_a_folder_of_parquet_parts_is_one_table(draw, tmp_path):
    folder = tmp_path / "year=2024"
    folder.mkdir()
    (folder / "_SUCCESS").touch()
    TABLE[:100].to_parquet(folder / "part-0.parquet", index=False)
    TABLE[100:].to_parquet(folder / "part-1.parquet", index=False)

    drawn = draw(None, "year=2024")

    assert_same(drawn)
    assert "year" not in drawn.X


def test_where_a_file_lies_adds_no_column(draw, tmp_path):
    (tmp_path / "leaves=1").mkdir()

    assert set(draw(CSV, "leaves=1/t.csv").X) == {"member", "城市", "balance"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "\n".join([*LINES[:200], LINES[200] + ",oops", *LINES[201:]]),
            "line 201 has 5",
        ),
        ("\n".join([*LINES, f"Total rows: {ROWS}"]), f"line {ROWS + 2} has 1"),
        ("\n".join([LINES[0] + ",", *LINES[1:]]), "line 2 has 4 .* the header has 5"),
        ("\n".join([*LINES[:150], "# page 2", *LINES[150:]]), "line 151 has 1"),
        ("\n".join([*LINES[:9], '"' + LINES[9], *LINES[10:]]), "line 10 can't be read"),
        (json.dumps(TABLE.to_dict("records")), "is JSON"),
        (b"PK\x03\x04" + b"canary" * 9, "Excel workbook or a zip"),
        (CSV.encode()[:500] + b"\0" + CSV.encode()[500:], "NUL at byte 500"),
        (gzip.compress(CSV.encode())[:-40], "can't be unpacked"),
    ],
)
def test_what_a_file_is_not_is_said_with_the_line_and_none_of_its_text(
    draw, content, message
):
    with pytest.raises(UsageError, match=message) as told:
        draw(content)
    assert "canary" not in str(told.value)
    assert "\n" not in str(told.value)


def test_a_row_that_begins_with_a_hash_is_a_row(draw):
    rows = TABLE.assign(member=["#" + name for name in TABLE["member"]])

    drawn = draw(rows.to_csv(index=False), id_column="member")

    assert drawn.counts["total"] == ROWS
    assert drawn.keys["member"].tolist() == rows["member"].tolist()


@pytest.mark.parametrize(
    "ids",
    [
        [str(40817810000000000000 + n) for n in range(ROWS)],
        [f"{n}E1" for n in range(ROWS)],
        [f"{n:05d}" for n in range(ROWS)],
        [f"0x{n:04X}" for n in range(ROWS)],
        ["NA", "null", "nan", *(str(n) for n in range(ROWS - 3))],
    ],
    ids=["20 digits", "exponents", "noughts", "hexadecimal", "words for nothing"],
)
def test_ids_are_text_as_they_are_written(draw, ids):
    drawn = draw(TABLE.assign(member=ids).to_csv(index=False), id_column="member")

    assert drawn.keys["member"].tolist() == ids


def test_groups_are_text_as_they_are_written(draw):
    groups = [str(40817810000000000000 + n // 3) for n in range(ROWS)]

    drawn = draw(TABLE.assign(member=groups).to_csv(index=False), group_column="member")

    assert len(set(drawn.group)) == ROWS // 3


def test_whole_numbers_of_parquet_name_rows_without_decimals(draw):
    numbers = TABLE.assign(member=np.arange(ROWS, dtype=float))

    drawn = draw(numbers, "t.parquet", id_column="member")

    assert drawn.keys["member"].tolist() == [str(n) for n in range(ROWS)]


@pytest.mark.parametrize("values", [[b"yes", b"no"], [b"\xff\xfe", b"\x00"]])
def test_bytes_of_parquet_are_a_target_and_a_column_like_text(draw, values):
    as_bytes = [values[n] for n in TABLE["leaves"]]

    drawn = draw(TABLE.assign(leaves=as_bytes, kind=as_bytes), "t.parquet")

    assert drawn.counts["labelled"] == ROWS
    assert drawn.X["kind"].nunique() == len(values)


def test_infinity_in_a_target_is_unknown(draw):
    target = TABLE["leaves"].astype(float).where(TABLE.index % 10 != 0, np.inf)

    assert draw(TABLE.assign(leaves=target), "t.parquet").counts["labelled"] == 270


def test_a_file_that_cannot_be_opened_is_one_line(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text(CSV)

    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(UsageError, match="can't be opened"):
        sample.draw(Settings(home=tmp_path / "var"), Request(str(path), "leaves"))


def test_a_copy_in_another_encoding_is_removed(draw, monkeypatch, tmp_path):
    copies = tmp_path / "copies"
    copies.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(copies))

    draw(CSV.encode("utf-16"))

    assert list(copies.iterdir()) == []


def test_duckdb_numbers_headers_that_stand_twice_as_we_do(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,a,A,,leaves\n1,2,3,4,5\n")
    with open_source(path) as source, duckdb.connect() as connection:
        relation = source.write_relation()
        described = connection.execute(f"describe from {relation}").fetchall()

    assert [name for name, *_ in described] == list(source.names)
