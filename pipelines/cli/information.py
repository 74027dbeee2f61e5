"""The commands of the information system: collect, tidy and maintain."""

from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.help import example
from pipelines.cli.options import INFORMATION, Json, Reason, existing, print_rows
from pipelines.foundation.errors import UsageError
from pipelines.foundation.settings import Settings

commands = typer.Typer()
command = partial(commands.command, rich_help_panel=INFORMATION)
DeliveryId = Annotated[str, typer.Argument(help="For example atm/2026-01-31.1")]


@command(epilog=example("ingest"))
def ingest() -> None:
    """Load new deliveries into the warehouse, identifiers into the vault.

    A delivery that breaks its manifest is refused as a whole; a row that breaks its
    contract goes to quarantine. Running it twice loads nothing twice.
    """
    from pipelines.information.ingest import run as step

    step.run(Settings()).raise_for_problems()


@command(epilog=example("validate", "validate features"))
def validate(
    gate: Annotated[
        str, typer.Argument(help="deliveries, features or scores")
    ] = "deliveries",
) -> None:
    """Accept or hold deliveries, or check what was built.

    Great Expectations checks each delivery as a whole, or else the tables before
    (features) and after scoring (scores). No mart reads a delivery that is held.
    """
    from pipelines.analysis import validate as step
    from pipelines.information.accept import run as accept

    if gate == "deliveries":
        accept.run(Settings())
    else:
        step.run(Settings(), gate)


@command(epilog=example("resolve", "resolve --measure"))
def resolve(
    *,
    measure: Annotated[
        bool, typer.Option("--measure", help="Compare with a synthetic bank's truth.")
    ] = False,
) -> None:
    """Find who was registered twice, and which prospects are customers.

    Each night does it. Nothing is merged for good: a merge whose evidence has gone is
    taken back.
    """
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


@command(epilog=example("deliveries", "deliveries --json"))
def deliveries(*, as_json: Json = False) -> None:
    """List deliveries that need attention, and the newest of each source."""
    from pipelines.foundation import deliveries as step

    print_rows(step.list_notable(Settings()), as_json=as_json)


@command(epilog=example("overdue", "overdue --on 2026-07-01"))
def overdue(
    *,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day; else today.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List each source's newest delivery, and what is overdue.

    Exits with 6 if a source is silent for longer than its contract allows.
    """
    from pipelines.information import overdue as step

    sources = step.run(Settings(), (on or datetime.now(UTC)).date())
    print_rows([asdict(source) for source in sources], as_json=as_json)
    step.raise_for_overdue(sources)


@command(
    epilog=example("accept atm/2026-01-31.1 --reason 'the bank confirmed the count'")
)
def accept(delivery_id: DeliveryId, *, reason: Reason) -> None:
    """Let the marts read a delivery that is held or was withdrawn."""
    from pipelines.information import rulings as decisions

    decisions.accept(Settings(), delivery_id, reason)


@command(epilog=example("withdraw atm/2026-01-31.1 --reason 'sent for the wrong day'"))
def withdraw(delivery_id: DeliveryId, *, reason: Reason) -> None:
    """Take a delivery out of every mart from the next build on."""
    from pipelines.information import rulings as decisions

    decisions.withdraw(Settings(), delivery_id, reason)


@command(
    epilog=example(
        "quarantine",
        "quarantine --source atm --export atm.csv",
        "quarantine --source atm/2026-01-31.1 --export atm.csv",
        "quarantine --import atm.csv",
    )
)
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
    source: Annotated[
        str, typer.Option(help="Source, or one delivery, whose rows to export.")
    ] = "",
    waive: Annotated[
        str, typer.Option(help="Delivery whose open rows are given up, with --reason.")
    ] = "",
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    as_json: Json = False,
) -> None:
    """Count, export, take back or give up quarantined rows.

    An export holds real values, so only you may read the file. Repaired rows go through
    the same checks again.
    """
    settings = Settings()
    if sum(map(bool, (export_to, import_from, waive))) > 1:
        msg = "--export, --import and --waive are one at a time, so nothing was done."
        raise UsageError(msg)
    if import_from:
        existing(import_from)
    from pipelines.information import quarantine as step
    from pipelines.information import replay

    if export_to:
        step.export_open(settings, export_to, source)
    elif import_from:
        step.import_repaired(settings, import_from)
        replay.run(settings)
    elif waive:
        step.waive(settings, waive, reason)
    else:
        print_rows(step.count_rows(settings), as_json=as_json)


@command("replay", epilog=example("replay"))
def replay_rows() -> None:
    """Check open quarantined rows again, repaired or not.

    Rows pass, for example, once a contract was put right.
    """
    from pipelines.information import replay

    passed, still_open = replay.run(Settings())
    typer.echo(f"{passed} rows passed, {still_open} are still open.")
