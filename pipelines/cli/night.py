"""The commands of a whole night, and of what became of it."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial

import typer

from pipelines.cli.options import NIGHT, Json
from pipelines.foundation.deliveries import in_utc
from pipelines.foundation.settings import Settings

commands = typer.Typer()
command = partial(commands.command, rich_help_panel=NIGHT)


@command()
def run() -> None:
    """Run the whole night: ingest to publish."""
    from pipelines import night, status

    settings, began = Settings(), in_utc(datetime.now(UTC))
    problems = night.run(settings)
    status.print_summary(settings, since=began)
    if problems:
        raise problems[0]


@command()
def status(*, as_json: Json = False) -> None:
    """Print what came in, what passed, and what is published."""
    from pipelines import status as step

    if as_json:
        typer.echo(json.dumps(asdict(step.collect(Settings())), default=str, indent=2))
    else:
        step.print_summary(Settings())
