"""The commands of the record, which reach through every layer."""

import json
import sys
from functools import partial
from typing import Annotated

import typer

from pipelines.cli.help import example
from pipelines.cli.options import RECORD
from pipelines.foundation.errors import UsageError
from pipelines.foundation.settings import Settings

commands = typer.Typer()
command = partial(commands.command, rich_help_panel=RECORD)


@command(epilog=example("verify", "verify --deep"))
def verify(
    *, deep: Annotated[bool, typer.Option(help="Read every table, too.")] = False
) -> None:
    """Compare the warehouse with the ledger, row for row.

    Exits with 3 if something is missing, as after a crash or an old backup. `crm
    ingest` loads it again from landing.
    """
    from pipelines.information import verify as step

    count = step.run(Settings(), deep=deep)
    typer.echo(f"{count} deliveries are in the warehouse as the ledger remembers them.")


@command(
    epilog=example(
        "forget 2fbf1cf6c87e79f62e5e",
        "forget --number - < number.txt",
        "forget --resume",
    )
)
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
    """Erase a person everywhere, and prove it.

    Prints a certificate: what was erased where, and that a search found nothing more.
    Versions that were published before are erased from, too.
    """
    from pipelines.forget import run as step

    if [customer is not None, number is not None, resume].count(True) != 1:
        msg = "Give a pseudonym, or --number -, or --resume: one of them."
        raise UsageError(msg)
    if number not in {None, "-"}:
        msg = (
            "A real number would stay in the shell's history, so nothing was erased. "
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
