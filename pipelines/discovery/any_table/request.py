"""What a modeller asks for: a table, its target, and how much time there is."""

import codecs
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from pipelines.foundation.errors import UsageError

METRICS = ("auc", "average_precision", "brier")
# Cells that all candidates together get through in a second of the budget. Half of
# what two idle cores do, so that the clock rarely has to stop anything.
CELLS_PER_SECOND = 40_000
FOLDS = 5
FEWEST_SAMPLED_ROWS = 1_000
DATA_FILES = {
    ".csv",
    ".parquet",
    ".pq",
    ".txt",
    ".tsv",
    ".gz",
    ".zst",
    ".json",
    ".xlsx",
}


def names_file(source: str) -> bool:
    """Whether a file is meant, be it there or not, and not a table of the warehouse.

    Examples
    --------
    >>> [names_file(source) for source in ("members.csv", "marts.customers")]
    [True, False]
    """
    path = Path(source)
    return path.exists() or "/" in source or path.suffix in DATA_FILES


@dataclass(frozen=True)
class Request:
    """One call of `crm mine` on a table of the modeller's own.

    Attributes
    ----------
    source : str
        File (CSV or Parquet), or table of the warehouse.
    target : str
        Column to predict.
    id_column, time_column : str, optional
        What names a row, and what orders rows in time. Neither is learnt from.
    group_column : str, optional
        What names rows that belong together, say a customer's. They are held out
        together, unless a time or a test file says what is held out, and drawn
        together. It is not learnt from.
    test : Path, optional
        File of rows to predict. Else rows of ``source`` are held out.
    drop : tuple of str
        Columns not to learn from.
    positive : str, optional
        The value of ``target`` to predict. Else true, 1, or the rarer of two.
    metric : str
        What the best candidate is chosen by, one of ``METRICS``.
    budget : float
        Seconds of work on each core. How much is tried follows from it and from the
        size of the table, so that a run can be repeated. The clock only stops a run
        that takes longer, and that is said (see ``clock.py``).
    seed : int
        Of whatever is random.
    allow_leak : bool
        Whether to learn from a column that predicts the target perfectly.
    encoding : str, optional
        Of files of text, by its name in Python. Else UTF-8, or what a byte order mark
        says.
    """

    source: str
    target: str
    id_column: str | None = None
    time_column: str | None = None
    group_column: str | None = None
    test: Path | None = None
    drop: tuple[str, ...] = ()
    positive: str | None = None
    metric: str = "auc"
    budget: float = 120.0
    seed: int = 0
    allow_leak: bool = False
    encoding: str | None = None

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            msg = (
                f"--metric is one of {', '.join(METRICS)}, not {self.metric!r}, so "
                "nothing was mined."
            )
            raise UsageError(msg)
        try:
            codecs.lookup(self.encoding or "utf-8")
        except LookupError:
            msg = (
                f"{self.encoding!r} is no encoding, so nothing was mined. There are, "
                "for example, utf-8, gb18030, big5, utf-16 and latin-1."
            )
            raise UsageError(msg) from None

    @property
    def name(self) -> str:
        """What the table is called in MLflow and in the folder of reports.

        It is the same wherever the file is named from, and wherever it lies: next
        month's file of that name is compared with this month's.
        """
        path = Path(self.source)
        is_file = "/" in self.source or path.is_file()
        given = path.resolve().name if is_file else self.source
        given = given.removesuffix(".csv")
        # A dot stays, lest a file be called as a table of the warehouse is.
        name = re.sub(r"[^\w.]+", "_", given.lower()).strip("_.")
        if name != given.lower():
            name += "_" + hashlib.sha256(given.encode()).hexdigest()[:6]
        return f"table_{name}"

    @property
    def names_of_rows(self) -> tuple[str, ...]:
        """The columns that name a row or a group: text, as it is written."""
        named = (self.id_column, self.group_column)
        return tuple(name for name in named if name is not None)

    @property
    def not_learnt_from(self) -> tuple[str, ...]:
        """The target, what names, orders or groups rows, and what was dropped."""
        roles = (self.target, self.id_column, self.time_column, self.group_column)
        named = (*roles, *self.drop)
        return tuple(dict.fromkeys(name for name in named if name is not None))

    def count_rows_at_most(self, columns: int) -> int:
        """How many rows of so many columns the budget is enough for."""
        rows = int(self.budget * CELLS_PER_SECOND / max(columns, 1))
        return max(rows, FEWEST_SAMPLED_ROWS)
