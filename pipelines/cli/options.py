"""What several commands share: the application, arguments, how rows are printed."""

import json
from typing import Annotated

import typer
from rich.console import Console

from pipelines.foundation.errors import UsageError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Mine a retail bank's customer data: from nightly extracts to work lists.",
    epilog="Settings are environment variables such as CRM_HOME, the folder of all "
    "state. Exit codes: 2 asked wrongly, 3 data does not hold what it promised, 4 "
    "another run is at work, 5 disk or memory ran out, 6 something has not come yet, "
    "7 an estimator was refused. dags/README.md lists both.",
)

# What `crm --help` lists together.
TRY, NIGHTLY, MINING = "Try it", "Every night", "Mining"
RECORD, PEOPLE = "What was delivered", "People"

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
