"""What a gate found: in words for people, in ``ops.gates`` and in a JSON report."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipelines.foundation.modes import make_folder
from pipelines.foundation.settings import Settings

CRITICAL = "critical"


@dataclass(frozen=True)
class Failure:
    """An expectation that was not met, and by how many. Never by whom.

    Attributes
    ----------
    expectation : str
        What was expected, in words or as ``"amount: expect_column_…"``.
    principle : str
        The principle of customer information that it belongs to.
    severity : str
        ``"critical"`` or ``"warning"``.
    count : int or None
        Rows that broke it; None where it is about the table as a whole.
    is_checked : bool
        False where the expectation could not be evaluated, for example because a
        column is missing.
    deliveries : tuple of str
        The deliveries that broke it, where deliveries were judged.
    origins : tuple of str
        The deliveries that rows of a table came with which broke it.
    """

    expectation: str
    principle: str
    severity: str
    count: int | None = None
    is_checked: bool = True
    deliveries: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.is_checked:
            return f"{self.expectation}, could not be checked"
        if self.deliveries:
            listed = ", ".join(self.deliveries[:3])
            more = len(self.deliveries) - 3
            return f"{self.expectation}, {listed}" + (f" and {more} more" * (more > 0))
        if self.count is None:
            return self.expectation
        return f"{self.expectation}, {self.count} rows"


@dataclass(frozen=True)
class Verdict:
    """What became of one suite.

    Attributes
    ----------
    target : str
        The table or source that was judged.
    row_count : int
        Rows, or deliveries, that were judged.
    expectation_count : int
        Expectations in the suite; 0 where it was not run.
    failures : tuple of Failure
    note : str
        Why the suite was not run.
    """

    target: str
    row_count: int
    expectation_count: int
    failures: tuple[Failure, ...] = ()
    note: str = ""

    @property
    def is_passed(self) -> bool:
        """Whether nothing critical failed."""
        return not self.criticals

    @property
    def criticals(self) -> list[Failure]:
        """What stops the night."""
        return [f for f in self.failures if f.severity == CRITICAL]

    @property
    def warnings(self) -> list[Failure]:
        """What is reported only."""
        return [f for f in self.failures if f.severity != CRITICAL]


def report_path(settings: Settings, gate: str) -> Path:
    """Where a gate's last report is."""
    return settings.reports / "validation" / f"{gate}.json"


def record(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    gate: str,
    verdicts: list[Verdict],
) -> None:
    """Add the verdicts to ``ops.gates``, and replace the gate's report."""
    checked_at = datetime.now(UTC).replace(tzinfo=None)
    connection.executemany(
        "insert into ops.gates values (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                gate,
                verdict.target,
                checked_at,
                verdict.is_passed,
                verdict.expectation_count,
                len(verdict.failures),
                json.dumps(asdict(verdict)),
            )
            for verdict in verdicts
        ],
    )
    report = {
        "gate": gate,
        "checked_at": checked_at.isoformat(timespec="seconds"),
        "is_passed": all(verdict.is_passed for verdict in verdicts),
        "verdicts": [asdict(verdict) for verdict in verdicts],
    }
    path = report_path(settings, gate)
    make_folder(path.parent)
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
