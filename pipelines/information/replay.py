"""Put quarantined rows through the door of ingestion again."""

import logging

from pipelines.foundation.settings import Settings
from pipelines.foundation.vault import Vault
from pipelines.foundation.warehouse import connect, run_lock
from pipelines.information.ingest import repaired
from pipelines.information.ingest.check_ahead import CheckAhead
from pipelines.information.ingest.run import IngestSummary, judge_again
from pipelines.information.quarantine import open_rows

logger = logging.getLogger(__name__)


def run(settings: Settings) -> tuple[int, int]:
    """Try every open row again, with its repaired text where there is one.

    Deliveries whose rows have become another's are loaded again.

    Returns
    -------
    tuple of two int
        Rows that passed, and rows that are still open.
    """
    with run_lock(settings, "replay"), connect(settings) as connection:
        rows = open_rows(connection, settings)
        vault = Vault(connection, settings)
        passed = repaired.replay(connection, vault, settings, rows)
        with CheckAhead(connection, []) as checks:
            judge_again(connection, vault, checks, settings, IngestSummary())
        still_open = len(open_rows(connection, settings))
    logger.info("replay: %d rows passed, %d open", passed, still_open)
    return passed, still_open
