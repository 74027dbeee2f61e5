"""The commands of decision support: scores, why, health, versions and lists."""

import json
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.help import example
from pipelines.cli.options import (
    DECISION,
    USE_CASE_NAMES,
    Json,
    Reason,
    UseCase,
    known,
    print_rows,
)
from pipelines.foundation.settings import Settings
from pipelines.foundation.use_case import list_names

commands = typer.Typer()
command = partial(commands.command, rich_help_panel=DECISION)


@command(epilog=example("score churn"))
def score(use_case: UseCase) -> None:
    """Score the latest snapshot with the champion."""
    from pipelines.decision import score as step

    step.run(Settings(), known(use_case))


@command(epilog=example("explain churn"))
def explain(use_case: UseCase) -> None:
    """Give each score up to three reasons, in words."""
    from pipelines.decision import explain as step

    step.run(Settings(), known(use_case))


@command(epilog=example("monitor", "monitor churn --json"))
def monitor(
    use_case: Annotated[
        str | None, typer.Argument(help=f"{USE_CASE_NAMES}; else all")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Measure drift, and compare earlier scores with what happened."""
    from pipelines.decision import health
    from pipelines.decision import monitor as step

    settings = Settings()
    use_cases = [known(use_case)] if use_case else list_names()
    notes = [note for name in use_cases for note in step.run(settings, name)]
    figures = health.list_figures(settings, use_cases)
    if as_json:
        typer.echo(json.dumps({"figures": figures, "notes": notes}, default=str))
        return
    # A hundred features that have not moved are not worth a hundred lines.
    print_rows(
        [
            {
                "use case": row["use_case"],
                "as of": row["as_of_date"],
                "figure": " ".join(filter(None, (row["metric"], row["feature"]))),
                "value": f"{row['value']:.3f}",
                "threshold": row["threshold"],
                "": "alert" if row["is_alert"] else "",
            }
            for row in figures
            if row["is_alert"] or row["feature"] is None
        ],
        as_json=False,
    )
    for note in notes:
        typer.echo(note)


@command(epilog=example("publish"))
def publish() -> None:
    """Publish the marts as a new version.

    It does nothing if no mart changed, and refuses if a gate has failed. Readers keep
    the version that they opened.
    """
    from pipelines.decision.publish import run as step

    step.run(Settings())


@command(epilog=example("work-list july.csv --branch B0002 --reason 'July calls'"))
def work_list(
    to: Annotated[Path, typer.Argument(help="CSV file to write.", metavar="FILE")],
    *,
    branch: Annotated[str | None, typer.Option(help="Whose customers.")] = None,
    manager: Annotated[str | None, typer.Option(help="Whose customers.")] = None,
    rows: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
    reason: Reason,
) -> None:
    """Write whom to call, why, and with what offer.

    The only list with real customer numbers. It is on record who wrote it and why.
    """
    from pipelines.decision import work_list as step

    count = step.export(
        Settings(), to, branch=branch, manager=manager, rows=rows, reason=reason
    )
    typer.echo(f"{count} customers are in {to}, which only you may read.")
