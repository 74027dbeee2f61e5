"""What several commands share: arguments, options, and how rows are printed."""

import json
from pathlib import Path
from typing import Annotated

import typer

from pipelines.foundation.errors import UsageError
from pipelines.foundation.screen import print_table
from pipelines.foundation.use_case import find_use_case, list_names

# What `crm --help` lists together, in the order of the flow.
TRY, NIGHT = "Try it", "The whole night"
INFORMATION = "Information system 信息系统: collect, tidy, maintain"
ANALYSIS = "Data analysis 数据分析: from rows to what a customer is"
DISCOVERY = "Knowledge discovery 知识发现: the five stages, and who becomes champion"
DECISION = "Decision support 决策支持: who is contacted, why, with what"
RECORD = "Through all layers"

USE_CASE_NAMES = ", ".join(list_names())
UseCase = Annotated[str, typer.Argument(help=USE_CASE_NAMES, metavar="USE_CASE")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]
Seed = Annotated[
    int, typer.Option(help="Same seed, same result.", min=0, max=2**32 - 1)
]


def known(use_case: str) -> str:
    """Return the use case if there is one of that name; UsageError if not."""
    return find_use_case(use_case).name


def existing(path: Path) -> Path:
    """Return a path if something is there; UsageError if not.

    Asked before a command loads what takes seconds to load.
    """
    if not path.exists():
        msg = f"There is no {path}, so nothing was done. Check the path."
        raise UsageError(msg)
    return path


def print_rows(rows: list[dict], *, as_json: bool) -> None:
    """Print rows as a table for a reader, or as JSON for a program."""
    if as_json:
        typer.echo(json.dumps(rows, default=str, indent=2))
        return
    print_table(rows)
