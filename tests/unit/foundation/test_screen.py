import io
import sys

import pytest

from pipelines.foundation.screen import print_table

ID = "core_subscriptions/2026-07-31.1"
ROWS = [
    {"delivery": ID, "note": "held because " + "a total is off, " * 9, "rows": None},
    {"delivery": "atm/2026-07-31.1", "note": "信息", "rows": 7},
]


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("kind", [io.StringIO, Terminal])
def test_a_list_never_cuts_an_id(monkeypatch, kind):
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr("sys.stdout", kind())

    print_table(ROWS)

    shown = sys.stdout.getvalue()
    assert ID in shown
    assert "…" not in shown


def test_piped_rows_are_plain_and_one_line_each(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("FORCE_COLOR", "1")

    print_table(ROWS)

    shown = capsys.readouterr().out
    assert len(shown.splitlines()) == 1 + len(ROWS)
    assert "\x1b" not in shown
