"""The commands of knowledge discovery: the five stages, and who becomes champion."""

from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import (
    DISCOVERY,
    Json,
    Reason,
    Seed,
    UseCase,
    known,
    print_rows,
)
from pipelines.foundation.errors import UsageError
from pipelines.foundation.settings import Settings

if TYPE_CHECKING:
    from pipelines.discovery.any_table.request import Request

commands = typer.Typer()
command = partial(commands.command, rich_help_panel=DISCOVERY)
Version = Annotated[int, typer.Argument(help="As `crm challengers` lists it.")]
UseCaseOrTable = Annotated[
    str,
    typer.Argument(
        help="churn, cross_sell, or with --target a CSV or Parquet file, or a table of "
        "the warehouse",
        metavar="USE_CASE_OR_TABLE",
    ),
]
UseCaseOrRun = Annotated[
    str,
    typer.Argument(
        help="churn, cross_sell, or the folder that `crm sample TABLE` printed",
        metavar="USE_CASE_OR_FOLDER",
    ),
]
Target = Annotated[str | None, typer.Option(help="Column to predict.")]
Id = Annotated[str | None, typer.Option("--id", help="Column that names a row.")]
Time = Annotated[
    str | None, typer.Option("--time", help="Column that orders rows in time.")
]
Group = Annotated[
    str | None,
    typer.Option("--group", help="Column whose rows stay together, say a customer's."),
]
Test = Annotated[Path | None, typer.Option(help="File of rows to predict.")]
Drop = Annotated[
    list[str] | None, typer.Option(help="Column not to learn from; repeatable.")
]
Positive = Annotated[str | None, typer.Option(help="Value of the target to predict.")]
Metric = Annotated[str, typer.Option(help="Choose by auc, average_precision or brier.")]
Budget = Annotated[float, typer.Option(min=1, help="Seconds of work on each core.")]
AllowLeak = Annotated[
    bool,
    typer.Option("--allow-leak", help="Learn from what predicts perfectly, too."),
]
TABLE_ONLY = {
    "id_column": None,
    "time_column": None,
    "group_column": None,
    "test": None,
    "drop": None,
    "positive": None,
    "metric": "auc",
    "budget": 120.0,
    "allow_leak": False,
}


@command()
def mine(  # noqa: PLR0913 - one argument for each option
    source: UseCaseOrTable,
    *,
    seed: Seed = 0,
    target: Target = None,
    id_column: Id = None,
    time_column: Time = None,
    group_column: Group = None,
    test: Test = None,
    drop: Drop = None,
    positive: Positive = None,
    metric: Metric = TABLE_ONLY["metric"],
    budget: Budget = TABLE_ONLY["budget"],
    allow_leak: AllowLeak = False,
) -> None:
    """Sample, explore, modify, model and assess in one."""
    asked = dict(locals())
    if not _is_about_table(asked):
        from pipelines.discovery import mine as step

        step.run(Settings(), known(source), seed=seed)
        return
    from pipelines.discovery.any_table import run as any_table

    typer.echo(any_table.run(Settings(), _ask(asked)) / "report.html")


@command()
def sample(  # noqa: PLR0913 - one argument for each option
    source: UseCaseOrTable,
    *,
    seed: Seed = 0,
    target: Target = None,
    id_column: Id = None,
    time_column: Time = None,
    group_column: Group = None,
    test: Test = None,
    drop: Drop = None,
    positive: Positive = None,
    metric: Metric = TABLE_ONLY["metric"],
    budget: Budget = TABLE_ONLY["budget"],
    allow_leak: AllowLeak = False,
) -> None:
    """Choose what to learn from; of a use case, by date with the horizon as gap."""
    asked = dict(locals())
    if not _is_about_table(asked):
        from pipelines.discovery.use_cases import sample as step

        step.run(Settings(), known(source), seed=seed)
        return
    from pipelines.discovery.any_table import run as any_table

    typer.echo(any_table.begin(Settings(), _ask(asked)).path)


@command()
def explore(of: UseCaseOrRun) -> None:
    """Profile the sample's columns."""
    from pipelines.discovery.use_cases import explore as step

    _go_on(of, "explore", step)


@command()
def modify(of: UseCaseOrRun) -> None:
    """Decide what is done to each column."""
    from pipelines.discovery.use_cases import modify as step

    _go_on(of, "modify", step)


@command()
def model(of: UseCaseOrRun) -> None:
    """Fit and calibrate the candidates."""
    from pipelines.discovery.use_cases import model as step

    _go_on(of, "model", step)


@command()
def assess(of: UseCaseOrRun) -> None:
    """Compare the candidates; the better one of a use case challenges the champion."""
    from pipelines.discovery.use_cases import assess as step

    _go_on(of, "assess", step)


def _go_on(of: str, stage: str, step: ModuleType) -> None:
    """Run a stage of a use case's latest run, or of the run in a folder."""
    if "/" not in of:
        step.run(Settings(), known(of))
        return
    from pipelines.discovery.any_table import run as any_table

    typer.echo(any_table.run_stage(Settings(), stage, Path(of)))


@command()
def challengers(*, as_json: Json = False) -> None:
    """List who wanted to become champion, what was decided, and who waits."""
    from pipelines.discovery.champion import challenges

    print_rows(challenges.list_all(Settings()), as_json=as_json)


@command()
def approve(use_case: UseCase, version: Version, *, reason: Reason) -> None:
    """Make a challenger that waits, or an earlier champion, the champion."""
    from pipelines.discovery.champion import promote as step

    step.approve(Settings(), known(use_case), version, reason)


@command()
def decline(use_case: UseCase, version: Version, *, reason: Reason) -> None:
    """Let a challenger wait no longer."""
    from pipelines.discovery.champion import promote as step

    step.decline(Settings(), known(use_case), version, reason)


def _is_about_table(options: dict) -> bool:
    """Whether a table is meant, not a use case, which has settings of its own."""
    if options["target"] is not None:
        return True
    if any(options[name] != default for name, default in TABLE_ONLY.items()):
        msg = (
            "Only --seed goes with a use case, so nothing was done. A file or table "
            "needs --target."
        )
        raise UsageError(msg)
    return False


def _ask(options: dict) -> "Request":
    """Make a request of a command's options, which have the names of its fields."""
    from pipelines.discovery.any_table.request import Request

    return Request(**options | {"drop": tuple(options["drop"] or ())})
