"""The commands of the record: what came in, what is held, who is forgotten."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import PEOPLE, RECORD, Json, Reason, app, print_rows
from pipelines.foundation.errors import UsageError
from pipelines.foundation.settings import Settings

command = partial(app.command, rich_help_panel=RECORD)
DeliveryId = Annotated[str, typer.Argument(help="For example atm/2026-01-31.1")]


@command()
def status(*, as_json: Json = False) -> None:
    """Print what came in, what passed, and what is published."""
    from pipelines import status as step

    if as_json:
        typer.echo(json.dumps(asdict(step.collect(Settings())), default=str, indent=2))
    else:
        step.print_summary(Settings())


@command()
def deliveries(*, as_json: Json = False) -> None:
    """List deliveries that are not simply accepted, and the newest of each source."""
    from pipelines.foundation import deliveries as step

    print_rows(step.list_notable(Settings()), as_json=as_json)


@command()
def overdue(
    *,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day; else today.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List each source's newest date and what it owes; exit 6 if one is silent."""
    from pipelines.information import overdue as step

    sources = step.run(Settings(), (on or datetime.now(UTC)).date())
    print_rows([asdict(source) for source in sources], as_json=as_json)
    step.raise_for_overdue(sources)


@command()
def accept(delivery_id: DeliveryId, *, reason: Reason) -> None:
    """Let the marts read a delivery that is held or was withdrawn."""
    from pipelines.information import rulings as decisions

    decisions.accept(Settings(), delivery_id, reason)


@command()
def withdraw(delivery_id: DeliveryId, *, reason: Reason) -> None:
    """Take a delivery out of every mart from the next build on."""
    from pipelines.information import rulings as decisions

    decisions.withdraw(Settings(), delivery_id, reason)


@command()
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
    from pipelines.information import quarantine as step
    from pipelines.information import replay

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
        print_rows(step.count_rows(settings), as_json=as_json)


@command("replay")
def replay_rows() -> None:
    """Put open rows through the door of ingestion again, repaired or not."""
    from pipelines.information import replay

    passed, still_open = replay.run(Settings())
    typer.echo(f"{passed} rows passed, {still_open} are still open.")


@command()
def verify(
    *, deep: Annotated[bool, typer.Option(help="Read every table, too.")] = False
) -> None:
    """Compare the warehouse with the ledger, row for row."""
    from pipelines.information import verify as step

    count = step.run(Settings(), deep=deep)
    typer.echo(f"{count} deliveries are in the warehouse as the ledger remembers them.")


@command(rich_help_panel=PEOPLE)
def work_list(
    to: Annotated[Path, typer.Argument(help="CSV file to write.", metavar="FILE")],
    *,
    branch: Annotated[str | None, typer.Option(help="Whose customers.")] = None,
    manager: Annotated[str | None, typer.Option(help="Whose customers.")] = None,
    rows: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
    reason: Reason,
) -> None:
    """Write whom to call, why and with what offer, with real customer numbers."""
    from pipelines.decision import work_list as step

    count = step.export(
        Settings(), to, branch=branch, manager=manager, rows=rows, reason=reason
    )
    typer.echo(f"{count} customers are in {to}, which only you may read.")


@command(rich_help_panel=PEOPLE)
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
    from pipelines.forget import run as step

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
