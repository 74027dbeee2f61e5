"""The commands of the information system: collect, tidy and maintain."""

from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import INFORMATION, Json, Reason, print_rows
from pipelines.foundation.errors import UsageError
from pipelines.foundation.settings import Settings

commands = typer.Typer()
command = partial(commands.command, rich_help_panel=INFORMATION)
DeliveryId = Annotated[str, typer.Argument(help="For example atm/2026-01-31.1")]


@command()
def ingest() -> None:
    """Load new deliveries into the warehouse; identifiers go to the vault."""
    from pipelines.information.ingest import run as step

    step.run(Settings()).raise_for_problems()


@command()
def validate(
    gate: Annotated[
        str, typer.Argument(help="deliveries, features or scores")
    ] = "deliveries",
) -> None:
    """Accept or hold deliveries, or check what was built, with Great Expectations."""
    from pipelines.analysis import validate as step
    from pipelines.information.accept import run as accept

    if gate == "deliveries":
        accept.run(Settings())
    else:
        step.run(Settings(), gate)


@command()
def resolve(
    *,
    measure: Annotated[
        bool, typer.Option("--measure", help="Compare with a synthetic bank's truth.")
    ] = False,
) -> None:
    """Find who was registered twice, and which prospects are customers."""
    from pipelines.information.identity import run as step

    if not measure:
        step.run(Settings())
        return
    found = step.measure(Settings())
    rows = [
        asdict(m) | {"precision": f"{m.precision:.4f}", "recall": f"{m.recall:.4f}"}
        for m in found
    ]
    print_rows(rows, as_json=False)


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
