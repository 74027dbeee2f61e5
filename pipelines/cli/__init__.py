"""The command line: `crm` and one subcommand for each box of the picture."""

import errno
import logging
import os
import sys
from collections.abc import Callable

import typer

from pipelines.cli import (
    analysis,
    decision,
    demo,
    discovery,
    information,
    night,
    record,
)
from pipelines.foundation.errors import PipelineError, ResourceError
from pipelines.foundation.logs import configure_logging, log_to_screen
from pipelines.foundation.settings import check_environment

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Mine a retail bank's customer data: from nightly extracts to work lists.",
    epilog="Settings are environment variables such as CRM_HOME, the folder of all "
    "state. Exit codes: 2 asked wrongly, 3 data does not hold what it promised, 4 "
    "another run is at work, 5 disk or memory ran out, 6 something has not come yet, "
    "7 an estimator was refused. dags/README.md lists both.",
)
# In the order of the flow, which `crm --help` keeps.
for module in (demo, night, information, analysis, discovery, decision, record):
    app.add_typer(module.commands)

logger = logging.getLogger(__name__)


def main() -> None:
    """Run `crm`, and turn what a user can act on into one line and an exit code."""
    os.umask(0o027)  # What is written here is nobody else's business.
    # On a full disk, the line on the screen must not drown in the log file's troubles.
    logging.raiseExceptions = False
    log_to_screen()
    _exit_with(_start)


def _start() -> None:
    configure_logging(check_environment())
    app()


def _exit_with(command: Callable[[], None]) -> None:
    try:
        command()
    except PipelineError as error:
        logger.error("%s", error)  # noqa: TRY400 - it says what to do; no trace needed
        sys.exit(error.exit_code)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        logger.error(  # noqa: TRY400 - as above
            "The disk is full, so this step wrote nothing that counts. Free some space "
            "and run it again."
        )
        sys.exit(ResourceError.exit_code)
