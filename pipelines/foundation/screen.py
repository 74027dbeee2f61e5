"""How rows are shown on stdout: no cell is ever cut, and piped text is plain."""

import sys
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table


def print_table(rows: Sequence[dict], *, or_else: str = "nothing to list") -> None:
    """Print rows of the same columns, with a header.

    On a terminal a sentence goes on in the next line, and an id stays whole. Piped,
    each row is one line as wide as it has to be, without colours.

    Parameters
    ----------
    rows : sequence of dict
        Column to value; None is shown as nothing.
    or_else : str
        What to print if there are no rows.
    """
    if not rows:
        sys.stdout.write(f"{or_else}\n")
        return
    header = [str(name) for name in rows[0]]
    lines = [["" if v is None else str(v) for v in row.values()] for row in rows]
    if sys.stdout.isatty():
        Console(highlight=False).print(_to_table(header, lines))
    else:
        sys.stdout.write(align([header, *lines]))


def align(lines: Sequence[Sequence[str]]) -> str:
    """Write lines of cells below each other, two blanks between columns.

    Parameters
    ----------
    lines : sequence of sequence of str
        Cells; all lines have the same number.

    Examples
    --------
    >>> print(align([["source", "rows"], ["atm", "7"]]), end="")
    source  rows
    atm     7
    """
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    return "".join(
        "  ".join(
            cell + " " * (width - cell_len(cell))
            for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        + "\n"
        for line in lines
    )


def _to_table(header: list[str], lines: list[list[str]]) -> Table:
    """Lay a table out for a terminal; only columns of several words may be folded."""
    table = Table(box=None, pad_edge=False)
    for name, column in zip(header, zip(*lines, strict=True), strict=True):
        is_sentence = any(" " in cell for cell in column)
        table.add_column(name, no_wrap=not is_sentence, overflow="fold")
    for line in lines:
        table.add_row(*line)
    return table
