import pytest

from pipelines.foundation import ledger
from pipelines.foundation.errors import DataQualityError


def entry(delivery_id, rows=3):
    return ledger.Entry(delivery_id, rows, 0, 0, "17", "ab")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "ledger.jsonl"
    ledger.append(path, [entry("atm/2026-01-30.1"), entry("atm/2026-01-31.1")])
    return path


def test_what_was_appended_is_read_again(path):
    assert list(ledger.read(path).values()) == [
        entry("atm/2026-01-30.1"),
        entry("atm/2026-01-31.1"),
    ]


def test_the_newest_entry_of_a_delivery_counts(path):
    ledger.append(path, [entry("atm/2026-01-30.1", rows=9)])

    assert ledger.read(path)["atm/2026-01-30.1"].rows_loaded == 9


def test_an_edited_line_is_found_out(path):
    path.write_text(path.read_text().replace('"rows_loaded": 3', '"rows_loaded": 4', 1))

    with pytest.raises(DataQualityError, match=r"Line 1 of ledger\.jsonl"):
        ledger.read(path)


def test_a_removed_line_is_found_out(path):
    path.write_text(path.read_text().splitlines(keepends=True)[1])

    with pytest.raises(DataQualityError, match="Line 1"):
        ledger.read(path)


def test_a_line_that_was_cut_off_while_writing_never_counted(path):
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"delivery_id": "atm/2026-')

    ledger.append(path, [entry("atm/2026-02-01.1")])

    assert len(ledger.read(path)) == 3


def test_nothing_is_added_behind_a_damaged_line(path):
    path.write_bytes(path.read_bytes()[:-9] + b"\n")

    with pytest.raises(DataQualityError, match=r"The last line of ledger\.jsonl"):
        ledger.append(path, [entry("atm/2026-02-01.1")])


def test_what_we_never_wrote_is_not_cut_off(path):
    path.write_bytes(path.read_bytes() + b"x" * 2 * ledger.LAST_BYTES)
    before = path.read_bytes()

    with pytest.raises(DataQualityError):
        ledger.append(path, [entry("atm/2026-02-01.1")])

    assert path.read_bytes() == before


def test_a_ledger_longer_than_what_is_read_of_it_goes_on(path):
    ledger.append(path, [entry(f"atm/2026-02-01.{n}") for n in range(500)])

    ledger.append(path, [entry("atm/2026-02-02.1")])

    assert path.stat().st_size > ledger.LAST_BYTES
    assert len(ledger.read(path)) == 503


def test_the_head_changes_with_every_entry(path):
    before = ledger.head(path)

    ledger.append(path, [entry("atm/2026-02-01.1")])

    assert ledger.head(path) != before


def test_an_empty_ledger_has_a_head(tmp_path):
    assert ledger.head(tmp_path / "none.jsonl") == ledger.GENESIS
