"""The command line: `crm` and one subcommand for each box of the picture."""

import errno
import logging
import os
import sys
from collections.abc import Callable

from pipelines.cli import daily, mining, records  # noqa: F401 - they add commands
from pipelines.cli.options import app
from pipelines.foundation.errors import PipelineError, ResourceError
from pipelines.foundation.logs import configure_logging, log_to_screen
from pipelines.foundation.settings import check_environment

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
