"""The commands of a night: from deliveries to marts."""

from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from pipelines.cli.options import NIGHTLY, TRY, Seed, app, print_rows
from pipelines.foundation.deliveries import in_utc
from pipelines.foundation.settings import Settings

command = partial(app.command, rich_help_panel=NIGHTLY)
import_app = typer.Typer(
    no_args_is_help=True, help="Turn a public data set into deliveries."
)
app.add_typer(import_app, name="import", rich_help_panel=TRY)

FIRST_DAY = datetime(2025, 1, 1)  # noqa: DTZ001 - a day of the bank, not a moment


@command()
def run() -> None:
    """Run the whole night: ingest to publish."""
    from pipelines import night, status

    settings, began = Settings(), in_utc(datetime.now(UTC))
    problems = night.run(settings)
    status.print_summary(settings, since=began)
    if problems:
        raise problems[0]


@command(rich_help_panel=TRY)
def simulate(
    *,
    customers: Annotated[
        int, typer.Option(min=10, help="Customers at the start.")
    ] = 5000,
    months: Annotated[int, typer.Option(min=1, help="Months to deliver.")] = 18,
    seed: Seed = 0,
    start: Annotated[
        datetime,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="First day.",
            metavar="YYYY-MM-DD",
            show_default=f"{FIRST_DAY:%Y-%m-%d}",
        ),
    ] = FIRST_DAY,
    every: Annotated[
        Literal["month", "day"], typer.Option(help="One delivery per month or per day.")
    ] = "month",
    defects: Annotated[
        bool, typer.Option("--defects", help="Damage some, and list what was done.")
    ] = False,
) -> None:
    """Write the deliveries of a synthetic bank into landing."""
    from pipelines.demo import simulate as step

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
    from pipelines.demo.import_berka import run as step

    step.run(Settings(), folder)


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
def build(
    *,
    select: Annotated[str | None, typer.Option(help="What dbt selects.")] = None,
    exclude: Annotated[str | None, typer.Option(help="What dbt leaves out.")] = None,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Compute all history again.")
    ] = False,
) -> None:
    """Build and test the customer marts with dbt."""
    from pipelines.analysis import build as step

    step.run(Settings(), select=select, exclude=exclude, full_refresh=full_refresh)


@command()
def publish() -> None:
    """Publish the marts as a new version, if they changed and every gate passed."""
    from pipelines.decision.publish import run as step

    step.run(Settings())
