"""What several commands share: arguments, options, and how rows are printed."""

import json
from typing import Annotated

import typer
from rich.console import Console

from pipelines.foundation.errors import UsageError

# What `crm --help` lists together, in the order of the flow.
TRY, NIGHT = "Try it", "The whole night"
INFORMATION = "Information system 信息系统: collect, tidy, maintain"
ANALYSIS = "Data analysis 数据分析: from rows to what a customer is"
DISCOVERY = "Knowledge discovery 知识发现: the five stages, and who becomes champion"
DECISION = "Decision support 决策支持: who is contacted, why, with what"
RECORD = "Through all layers"

UseCase = Annotated[str, typer.Argument(help="churn or cross_sell", metavar="USE_CASE")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]
Seed = Annotated[
    int, typer.Option(help="Same seed, same result.", min=0, max=2**32 - 1)
]


def known(use_case: str) -> str:
    """Return the use case if there is one of that name; UsageError if not."""
    if use_case not in {"churn", "cross_sell"}:
        msg = (
            f"No use case is called {use_case!r}. Known: churn, cross_sell; a file or "
            "table needs --target."
        )
        raise UsageError(msg)
    return use_case


def print_rows(rows: list[dict], *, as_json: bool) -> None:
    """Print rows as a table for a reader, or as JSON for a program."""
    if as_json:
        typer.echo(json.dumps(rows, default=str, indent=2))
        return
    from rich.table import Table

    table = Table(*(rows[0] if rows else ["nothing to list"]), box=None)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console().print(table)
