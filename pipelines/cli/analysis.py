"""The commands of data analysis: from rows to what a customer is."""

from functools import partial
from typing import Annotated

import typer

from pipelines.cli.help import example
from pipelines.cli.options import ANALYSIS
from pipelines.foundation.settings import Settings

commands = typer.Typer()
command = partial(commands.command, rich_help_panel=ANALYSIS)


@command(epilog=example("build", "build --select customer_features+"))
def build(
    *,
    select: Annotated[str | None, typer.Option(help="What dbt selects.")] = None,
    exclude: Annotated[str | None, typer.Option(help="What dbt leaves out.")] = None,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Compute all history again.")
    ] = False,
    unit_tests: Annotated[
        bool, typer.Option("--unit-tests", help="Test the code of dbt models, too.")
    ] = False,
) -> None:
    """Build and test the customer marts with dbt.

    It computes again only what new deliveries changed. --full-refresh computes all, and
    gives the same marts.
    """
    from pipelines.analysis import build as step

    step.run(
        Settings(),
        select=select,
        exclude=exclude,
        full_refresh=full_refresh,
        unit_tests=unit_tests,
    )
