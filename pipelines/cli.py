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
DeliveryId = Annotated[str, typer.Argument(help="For example atm/2026-01-31.1")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]
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
    defects: Annotated[
        bool, typer.Option("--defects", help="Damage some, and list what was done.")
    ] = False,
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
        has_defects=defects,
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
def resolve(
    *,
    measure: Annotated[
        bool, typer.Option("--measure", help="Compare with a synthetic bank's truth.")
    ] = False,
) -> None:
    """Find who was registered twice, and which prospects are customers."""
    from pipelines import identity as step

    if not measure:
        step.run(Settings())
        return
    found = step.measure(Settings())
    rows = [
        asdict(m) | {"precision": f"{m.precision:.4f}", "recall": f"{m.recall:.4f}"}
        for m in found
    ]
    _print_rows(rows, as_json=False)


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
def overdue(
    *,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day; else today.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List each source's newest date and what it owes; exit 6 if one is silent."""
    from pipelines import overdue as step

    sources = step.run(Settings(), (on or datetime.now(UTC)).date())
    _print_rows([asdict(source) for source in sources], as_json=as_json)
    step.raise_for_overdue(sources)


@app.command()
def accept(delivery_id: DeliveryId, *, reason: Reason) -> None:
    """Let the marts read a delivery that is held or was withdrawn."""
    from pipelines import decisions

    decisions.accept(Settings(), delivery_id, reason)


@app.command()
def withdraw(delivery_id: DeliveryId, *, reason: Reason) -> None:
    """Take a delivery out of every mart from the next build on."""
    from pipelines import decisions

    decisions.withdraw(Settings(), delivery_id, reason)


@app.command()
def quarantine(
    *,
    export_to: Annotated[
        Path | None,
        typer.Option("--export", help="Write the open rows of --source for repair."),
    ] = None,
    import_from: Annotated[
        Path | None,
        typer.Option("--import", help="Take repaired rows back and replay."),
    ] = None,
    source: Annotated[str, typer.Option(help="Whose rows to export.")] = "",
    waive: Annotated[
        str, typer.Option(help="Delivery whose open rows are given up, with --reason.")
    ] = "",
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    as_json: Json = False,
) -> None:
    """Count the quarantined rows, or export, take back or give up the open ones."""
    from pipelines import quarantine as step
    from pipelines import replay, status

    settings = Settings()
    if sum(map(bool, (export_to, import_from, waive))) > 1:
        msg = "--export, --import and --waive are one at a time, so nothing was done."
        raise UsageError(msg)
    if export_to:
        step.export_open(settings, export_to, source)
    elif import_from:
        step.import_repaired(settings, import_from)
        replay.run(settings)
    elif waive:
        step.waive(settings, waive, reason)
    else:
        _print_rows(status.count_quarantine(settings), as_json=as_json)


@app.command("replay")
def replay_rows() -> None:
    """Put open rows through the door of ingestion again, repaired or not."""
    from pipelines import replay

    passed, still_open = replay.run(Settings())
    typer.echo(f"{passed} rows passed, {still_open} are still open.")


@app.command()
def verify(
    *, deep: Annotated[bool, typer.Option(help="Read every table, too.")] = False
) -> None:
    """Compare the warehouse with the ledger, row for row."""
    from pipelines import verify as step

    count = step.run(Settings(), deep=deep)
    typer.echo(f"{count} deliveries are in the warehouse as the ledger remembers them.")


@app.command()
def forget(
    customer: Annotated[
        str | None, typer.Argument(help="The customer_id of the marts, a pseudonym.")
    ] = None,
    *,
    number: Annotated[
        str | None, typer.Option(help="-: read the real number from standard input.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="End an erasure that was interrupted.")
    ] = False,
) -> None:
    """Erase a person from everywhere, and prove it."""
    from pipelines import forget as step

    if [customer is not None, number is not None, resume].count(True) != 1:
        msg = "Give a pseudonym, or --number -, or --resume: one of them."
        raise UsageError(msg)
    if number not in {None, "-"}:
        msg = (
            "A real number would stay in the shell's history, so nobody was erased. "
            "Give --number - and write the number to standard input."
        )
        raise UsageError(msg)
    if resume:
        certificate = step.resume(Settings())
    elif number:
        certificate = step.run_by_number(Settings(), sys.stdin.readline())
    else:
        certificate = step.run(Settings(), customer)
    typer.echo(json.dumps(certificate, indent=2))


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
