"""The command line: `crm` and one subcommand for each box of the picture."""

import json
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipelines.deliveries import in_utc
from pipelines.errors import PipelineError, UsageError
from pipelines.logs import configure_logging
from pipelines.settings import Settings

logger = logging.getLogger(__name__)
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Mine a retail bank's customer data: from nightly extracts to work lists.",
)
import_app = typer.Typer(
    no_args_is_help=True, help="Turn a public data set into deliveries."
)
app.add_typer(import_app, name="import")

UseCase = Annotated[str, typer.Argument(help="churn or cross_sell", metavar="USE_CASE")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
FIRST_DAY = datetime(2025, 1, 1)  # noqa: DTZ001 - a day of the bank, not a moment
Seed = Annotated[int, typer.Option(help="Same seed, same result.")]


@app.command()
def simulate(
    *,
    customers: Annotated[
        int, typer.Option(min=10, help="Customers at the start.")
    ] = 5000,
    months: Annotated[int, typer.Option(min=1, help="Months to deliver.")] = 18,
    seed: Seed = 0,
    start: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="First day.")
    ] = FIRST_DAY,
    every: Annotated[
        str, typer.Option(help="One delivery per month or per day.")
    ] = "month",
) -> None:
    """Write the deliveries of a synthetic bank into landing."""
    from pipelines import simulate as step

    if every not in {"month", "day"}:
        msg = f"--every is month or day, not {every!r}."
        raise UsageError(msg)
    step.run(
        Settings(),
        customers=customers,
        months=months,
        seed=seed,
        start=start.date(),
        every=every,
    )


@import_app.command()
def berka(
    folder: Annotated[Path, typer.Argument(help="Folder of the .asc files.")],
) -> None:
    """Turn the files of the Czech bank of PKDD'99 into deliveries."""
    from pipelines import import_berka as step

    step.run(Settings(), folder)


@app.command()
def ingest() -> None:
    """Load new deliveries into the warehouse; identifiers go to the vault."""
    from pipelines import ingest as step

    step.run(Settings()).raise_for_problems()


@app.command()
def validate(
    gate: Annotated[
        str, typer.Argument(help="deliveries, features or scores")
    ] = "deliveries",
) -> None:
    """Accept or hold deliveries, or check what was built, with Great Expectations."""
    from pipelines import validate as step

    step.run(Settings(), gate)


@app.command()
def build(
    *,
    select: Annotated[str | None, typer.Option(help="What dbt selects.")] = None,
    exclude: Annotated[str | None, typer.Option(help="What dbt leaves out.")] = None,
) -> None:
    """Build and test the customer marts with dbt."""
    from pipelines import build as step

    step.run(Settings(), select=select, exclude=exclude)


@app.command()
def sample(use_case: UseCase, seed: Seed = 0) -> None:
    """Choose the snapshots to learn from, split by date with the horizon as gap."""
    from pipelines import sample as step

    step.run(Settings(), _known(use_case), seed=seed)


@app.command()
def explore(use_case: UseCase) -> None:
    """Profile the sample's columns."""
    from pipelines import explore as step

    step.run(Settings(), _known(use_case))


@app.command()
def modify(use_case: UseCase) -> None:
    """Decide what is done to each column."""
    from pipelines import modify as step

    step.run(Settings(), _known(use_case))


@app.command()
def model(use_case: UseCase) -> None:
    """Fit and calibrate the candidates."""
    from pipelines import model as step

    step.run(Settings(), _known(use_case))


@app.command()
def assess(use_case: UseCase) -> None:
    """Compare the candidates out of time, register the better one, promote it."""
    from pipelines import assess as step

    step.run(Settings(), _known(use_case))


@app.command()
def mine(  # noqa: PLR0913 - one argument for each option
    use_case: Annotated[
        str,
        typer.Argument(
            help="churn, cross_sell, or with --target a CSV or Parquet file, or a "
            "table of the warehouse",
            metavar="USE_CASE_OR_TABLE",
        ),
    ],
    *,
    seed: Seed = 0,
    target: Annotated[str | None, typer.Option(help="Column to predict.")] = None,
    id_column: Annotated[
        str | None, typer.Option("--id", help="Column that names a row.")
    ] = None,
    time_column: Annotated[
        str | None, typer.Option("--time", help="Column that orders rows in time.")
    ] = None,
    test: Annotated[Path | None, typer.Option(help="File of rows to predict.")] = None,
    drop: Annotated[
        list[str] | None, typer.Option(help="Column not to learn from; repeatable.")
    ] = None,
    positive: Annotated[
        str | None, typer.Option(help="Value of the target to predict.")
    ] = None,
    metric: Annotated[
        str, typer.Option(help="Choose by auc, average_precision or brier.")
    ] = "auc",
    budget: Annotated[
        float, typer.Option(min=1, help="Seconds of work on each core.")
    ] = 120.0,
    allow_leak: Annotated[
        bool,
        typer.Option("--allow-leak", help="Learn from what predicts perfectly, too."),
    ] = False,
) -> None:
    """Sample, explore, modify, model and assess in one."""
    if target is None:
        from pipelines import mine as step

        step.run(Settings(), _known(use_case), seed=seed)
        return
    from pipelines import any_table
    from pipelines.any_table.request import Request

    request = Request(
        source=use_case,
        target=target,
        id_column=id_column,
        time_column=time_column,
        test=test,
        drop=tuple(drop or ()),
        positive=positive,
        metric=metric,
        budget=budget,
        seed=seed,
        allow_leak=allow_leak,
    )
    typer.echo(any_table.run(Settings(), request) / "report.html")


@app.command()
def score(use_case: UseCase) -> None:
    """Score the latest snapshot with the champion."""
    from pipelines import score as step

    step.run(Settings(), _known(use_case))


@app.command()
def publish() -> None:
    """Publish the marts as a new version, if they changed and every gate passed."""
    from pipelines import publish as step

    step.run(Settings())


@app.command()
def run() -> None:
    """Run the whole night: ingest to publish."""
    from pipelines import night, summary

    settings, began = Settings(), in_utc(datetime.now(UTC))
    problems = night.run(settings)
    summary.print_summary(settings, since=began)
    if problems:
        raise problems[0]


@app.command()
def status(*, as_json: Json = False) -> None:
    """Print what came in, what passed, and what is published."""
    from pipelines import summary

    if as_json:
        typer.echo(
            json.dumps(asdict(summary.collect(Settings())), default=str, indent=2)
        )
    else:
        summary.print_summary(Settings())


@app.command()
def deliveries(*, as_json: Json = False) -> None:
    """List deliveries that are not simply accepted, and the newest of each source."""
    from pipelines import status as step

    _print_rows(step.list_deliveries(Settings()), as_json=as_json)


@app.command()
def quarantine(*, as_json: Json = False) -> None:
    """Count the quarantined rows by source, column and reason."""
    from pipelines import status as step

    _print_rows(step.count_quarantine(Settings()), as_json=as_json)


@app.command()
def verify() -> None:
    """Compare the warehouse with the ledger, row for row."""
    from pipelines import verify as step

    count = step.run(Settings())
    typer.echo(f"{count} deliveries are in the warehouse as the ledger remembers them.")


def main() -> None:
    """Run `crm`, and turn what a user can act on into one line and an exit code."""
    os.umask(0o027)  # What is written here is nobody else's business.
    configure_logging(Settings())
    _exit_with(app)


def _exit_with(command: Callable[[], None]) -> None:
    try:
        command()
    except PipelineError as error:
        logger.error("%s", error)  # noqa: TRY400 - it says what to do; no trace needed
        sys.exit(error.exit_code)


def _known(use_case: str) -> str:
    if use_case not in {"churn", "cross_sell"}:
        msg = f"No use case is called {use_case!r}. Known: churn, cross_sell."
        raise UsageError(msg)
    return use_case


def _print_rows(rows: list[dict], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(rows, default=str, indent=2))
        return
    from rich.table import Table

    table = Table(*(rows[0] if rows else ["nothing to list"]), box=None)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console().print(table)
