"""The commands to try it on: deliveries of a made-up or a public bank."""

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from pipelines.cli.help import example
from pipelines.cli.options import TRY, Seed
from pipelines.foundation.settings import Settings

commands = typer.Typer()
command = partial(commands.command, rich_help_panel=TRY)
import_app = typer.Typer(
    no_args_is_help=True, help="Turn a public data set into deliveries."
)
commands.add_typer(import_app, name="import", rich_help_panel=TRY)

FIRST_DAY = datetime(2025, 1, 1)  # noqa: DTZ001 - a day of the bank, not a moment


@command(
    epilog=example(
        "simulate --customers 2000 --months 18", "simulate --every day --defects"
    )
)
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
    """Write the deliveries of a synthetic bank into landing.

    Everybody in it is made up; the same seed makes the same bank. `crm run` loads it.
    With --defects some deliveries are damaged, and a file says how, so that one can see
    what ingestion finds.
    """
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


@import_app.command(epilog=example("import berka ~/data/berka"))
def berka(
    folder: Annotated[Path, typer.Argument(help="Folder of the .asc files.")],
) -> None:
    """Turn the files of the Czech bank of PKDD'99 into deliveries.

    That bank is public, but its .asc files are not part of this project.
    """
    from pipelines.demo.import_berka import run as step

    step.run(Settings(), folder)
