"""The command line: `crm` and one subcommand for each box of the picture."""

import errno
import logging
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated

import typer

from pipelines.cli import (
    all_layers,
    analysis,
    decision,
    demo,
    discovery,
    information,
    night,
)
from pipelines.cli.help import MARKUP, ByLayer
from pipelines.foundation.errors import (
    EXIT_CODES,
    PipelineError,
    ResourceError,
    UsageError,
)
from pipelines.foundation.logs import configure_logging, log_to_screen
from pipelines.foundation.modes import keep_private
from pipelines.foundation.settings import check_environment

# Commands that make a home where there is none.
BEGINNINGS = {"simulate", "import"}

# What the machine may say of a file or folder that is not ours to use.
NOT_OURS = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.ELOOP,
}

app = typer.Typer(
    cls=ByLayer,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=MARKUP,
    help="Mine a retail bank's customer data: from nightly extracts to work lists.",
    epilog="First time: crm simulate, then crm run. Example of one step: crm ingest\n\n"
    "Settings are environment variables such as CRM_HOME, the folder of all state.\n\n"
    f"Exit codes: {', '.join(f'{code} {what}' for code, what in EXIT_CODES.items())}.",
)
# In the order of the flow, which `crm --help` keeps.
for module in (demo, night, information, analysis, discovery, decision, all_layers):
    app.add_typer(module.commands)

logger = logging.getLogger(__name__)


def _print_version(is_asked: bool) -> None:  # noqa: FBT001 - as Typer calls it
    if is_asked:
        typer.echo(f"crm {version('bank-crm-mining')}")
        raise typer.Exit


@app.callback()
def begin(
    context: typer.Context,
    *,
    is_version_asked: Annotated[  # noqa: ARG001 - its callback answers
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    """Read the settings before a command does."""
    # Typer comes by here on its way to the help of a command.
    if "--help" in sys.argv:
        return
    settings = check_environment()
    if not settings.home.exists() and context.invoked_subcommand not in BEGINNINGS:
        logger.warning(
            "There is no folder %s, so nothing was delivered there yet. CRM_HOME says "
            "where state is.",
            settings.home.resolve(),
        )
    configure_logging(settings)


def main() -> None:
    """Run `crm`, and turn what a user can act on into one line and an exit code."""
    keep_private()
    # On a full disk, the line on the screen must not drown in the log file's troubles.
    logging.raiseExceptions = False
    log_to_screen()
    _exit_with(app)


def _exit_with(command: Callable[[], None]) -> None:
    try:
        command()
    except PipelineError as error:
        logger.error("%s", error)  # noqa: TRY400 - it says what to do; no trace needed
        sys.exit(error.exit_code)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            logger.error(  # noqa: TRY400 - as above
                "The disk is full, so this step wrote nothing that counts. Free some "
                "space and run it again."
            )
            sys.exit(ResourceError.exit_code)
        if error.errno not in NOT_OURS:
            raise
        logger.error(  # noqa: TRY400 - as above
            "%s can't be used (%s), so this step did nothing. Check who owns it, and "
            "where CRM_HOME points.",
            error.filename,
            error.strerror,
        )
        sys.exit(UsageError.exit_code)
