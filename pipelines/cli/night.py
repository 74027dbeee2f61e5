"""The commands of a whole night, and of what became of it."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial

import typer

from pipelines.cli.help import example
from pipelines.cli.options import NIGHT, Json
from pipelines.foundation.settings import Settings

commands = typer.Typer()
command = partial(commands.command, rich_help_panel=NIGHT)


@command(epilog=example("run"))
def run() -> None:
    """Run the whole night: ingest to publish.

    One refused delivery, or one estimator that is not good enough, does not stop it;
    the exit code then says what was wrong first. If a step fails that the rest depends
    on, BI goes on reading the version that was published before.
    """
    from pipelines import night, status
    from pipelines.foundation.deliveries import in_utc

    settings, began = Settings(), in_utc(datetime.now(UTC))
    problems = night.run(settings)
    status.print_summary(settings, since=began)
    if problems:
        raise problems[0]


@command(epilog=example("status", "status --json"))
def status(*, as_json: Json = False) -> None:
    """Show what came in, what passed, and what is published."""
    from pipelines import status as step

    if as_json:
        typer.echo(json.dumps(asdict(step.collect(Settings())), default=str, indent=2))
    else:
        step.print_summary(Settings())
