"""The commands of knowledge discovery: the five stages, and who becomes champion."""

import sys
from dataclasses import fields
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.help import example
from pipelines.cli.options import (
    DISCOVERY,
    USE_CASE_NAMES,
    Json,
    Reason,
    Seed,
    UseCase,
    existing,
    known,
    print_rows,
)
from pipelines.discovery.any_table.request import METRICS, Request, names_file
from pipelines.foundation.errors import UsageError
from pipelines.foundation.settings import Settings

commands = typer.Typer()
command = partial(commands.command, rich_help_panel=DISCOVERY)
Version = Annotated[int, typer.Argument(help="As `crm challengers` lists it.")]
UseCaseOrTable = Annotated[
    str,
    typer.Argument(
        help=f"{USE_CASE_NAMES}, or with --target a CSV or Parquet file, or a table of "
        "the warehouse",
        metavar="USE_CASE_OR_TABLE",
    ),
]
UseCaseOrRun = Annotated[
    str,
    typer.Argument(
        help=f"{USE_CASE_NAMES}, or the folder that `crm sample TABLE` printed",
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
Metric = Annotated[str, typer.Option(help=f"Choose by {', '.join(METRICS)}.")]
Budget = Annotated[float, typer.Option(min=1, help="Seconds of work on each core.")]
AllowLeak = Annotated[
    bool,
    typer.Option("--allow-leak", help="Learn from what predicts perfectly, too."),
]
Encoding = Annotated[
    str | None,
    typer.Option(help="Of text that is not UTF-8: gb18030, big5, utf-16, latin-1 …"),
]
# What goes with a table only, and what it is where nothing is said.
TABLE_ONLY = {
    field.name: field.default
    for field in fields(Request)
    if field.name not in {"source", "target", "seed"}
} | {"drop": None}


@command(
    epilog=example("mine churn", "mine members.csv --target leaves --group member")
)
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
    metric: Metric = Request.metric,
    budget: Budget = Request.budget,
    allow_leak: AllowLeak = False,
    encoding: Encoding = None,
) -> None:
    """Sample, explore, modify, model and assess in one.

    A use case reads the marts; the best it finds becomes a challenger, which scores
    nobody before a person approves it. With --target, any table is mined, and the path
    of its report is printed.
    """
    asked = dict(locals())
    if _is_about_table(asked):
        request = _ask(asked)
        from pipelines.discovery.any_table import run as any_table

        typer.echo(any_table.run(Settings(), request) / "report.html")
        return
    use_case = known(source)
    from pipelines.discovery import mine as step

    step.run(Settings(), use_case, seed=seed)


@command(epilog=example("sample churn", "sample members.csv --target leaves"))
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
    metric: Metric = Request.metric,
    budget: Budget = Request.budget,
    allow_leak: AllowLeak = False,
    encoding: Encoding = None,
) -> None:
    """Stage 1: choose what to learn from, and what to test on.

    A use case is split by date, with its horizon as a gap. Of a table, it prints the
    folder with which the next stages go on.
    """
    asked = dict(locals())
    if _is_about_table(asked):
        request = _ask(asked)
        from pipelines.discovery.any_table import run as any_table

        typer.echo(any_table.begin(Settings(), request).path)
        return
    use_case = known(source)
    from pipelines.discovery.use_cases import sample as step

    step.run(Settings(), use_case, seed=seed)


@command(epilog=example("explore churn", "explore var/reports/table_members/RUN"))
def explore(of: UseCaseOrRun) -> None:
    """Stage 2: profile the sample's columns, and find leaks and drift."""
    _go_on(of, "explore")


@command(epilog=example("modify churn", "modify var/reports/table_members/RUN"))
def modify(of: UseCaseOrRun) -> None:
    """Stage 3: decide how each column is transformed."""
    _go_on(of, "modify")


@command(epilog=example("model churn", "model var/reports/table_members/RUN"))
def model(of: UseCaseOrRun) -> None:
    """Stage 4: fit and calibrate the candidates."""
    _go_on(of, "model")


@command(epilog=example("assess churn", "assess var/reports/table_members/RUN"))
def assess(of: UseCaseOrRun) -> None:
    """Stage 5: compare the candidates on what none of them has seen.

    The best one of a use case challenges the champion, if it is better than its rule.
    """
    _go_on(of, "assess")


def _go_on(of: str, stage: str) -> None:
    """Run a stage of a use case's latest run, or of the run in a folder."""
    if "/" in of:
        folder = existing(Path(of))
        from pipelines.discovery.any_table import run as any_table

        typer.echo(any_table.run_stage(Settings(), stage, folder))
        return
    use_case = known(of)
    step = import_module(f"pipelines.discovery.use_cases.{stage}")
    step.run(Settings(), use_case)


@command(
    epilog=example(
        "predict var/reports/table_members/RUN new.csv --out predicted.parquet"
    )
)
def predict(
    run: Annotated[
        Path, typer.Argument(help="Folder of a mined table, or its report.html.")
    ],
    file: Annotated[Path, typer.Argument(help="Rows to predict: CSV or Parquet.")],
    *,
    out: Annotated[
        Path | None,
        typer.Option(help="Parquet or CSV to write to, by its name. Else CSV to here."),
    ] = None,
    encoding: Encoding = None,
    reasons: Annotated[
        bool, typer.Option("--reasons/--no-reasons", help="Say why, row by row.")
    ] = True,
) -> None:
    """Predict rows of any size by what mining a table has kept.

    Each row gets its probability, and up to three reasons in English and Chinese.
    Columns that have moved since, and levels that are new, are named on stderr.
    """
    existing(run), existing(file)
    from pipelines.discovery.any_table import predict as step

    step.run(
        Settings(),
        run,
        file,
        out or sys.stdout,
        encoding=encoding,
        with_reasons=reasons,
    )


@command(epilog=example("challengers"))
def challengers(*, as_json: Json = False) -> None:
    """List challengers, what was decided, and who waits for it."""
    from pipelines.discovery.champion import challenges

    print_rows(challenges.list_all(Settings()), as_json=as_json)


@command(epilog=example("approve churn 2 --reason 'better in every group'"))
def approve(use_case: UseCase, version: Version, *, reason: Reason) -> None:
    """Make a waiting challenger, or an earlier champion, the champion."""
    from pipelines.discovery.champion import promote as step

    step.approve(Settings(), known(use_case), version, reason)


@command(epilog=example("decline churn 2 --reason 'too few positives'"))
def decline(use_case: UseCase, version: Version, *, reason: Reason) -> None:
    """Reject a waiting challenger."""
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


def _ask(options: dict) -> Request:
    """Make a request of a command's options, which have the names of its fields."""
    if names_file(options["source"]):
        existing(Path(options["source"]))
    if options["test"]:
        existing(options["test"])
    return Request(**options | {"drop": tuple(options["drop"] or ())})
