"""Is everything that was ever loaded still there? The ledger knows."""

import logging

from pipelines import ledger
from pipelines.contracts import load_contracts
from pipelines.errors import DataQualityError
from pipelines.settings import Settings
from pipelines.warehouse import connect

logger = logging.getLogger(__name__)


def run(settings: Settings) -> int:
    """Compare each delivery's rows in ``raw`` with what the ledger remembers.

    Returns
    -------
    int
        Deliveries compared.

    Raises
    ------
    DataQualityError
        Deliveries are missing or changed, or the ledger itself was; names them.
    """
    remembered = ledger.read(settings.ledger)
    found: dict[str, tuple[int, str]] = {}
    with connect(settings, read_only=True) as connection:
        duplicates = connection.execute("""
            select delivery_id, 0, '0' from ops.deliveries where status != 'refused'
        """).fetchall()
        rows = duplicates + [
            row
            for source in load_contracts()
            for row in connection.execute(f"""
                select delivery_id, count(*), cast(sum(row_hash) as varchar)
                from raw.{source} group by delivery_id
            """).fetchall()
        ]
    for delivery_id, count, rows_hash in rows:
        found[delivery_id] = (count, rows_hash)
    lost = [
        entry.delivery_id
        for entry in remembered.values()
        if found.get(entry.delivery_id) != (entry.rows_loaded, entry.rows_hash)
    ]
    unknown = sorted(set(found) - set(remembered))
    if lost or unknown:
        msg = (
            f"The warehouse does not hold what the ledger remembers: {len(lost)} "
            f"deliveries are missing or changed, {len(unknown)} are not in the ledger. "
            "Run `crm ingest` to load missing ones again from landing, or bring back a "
            f"backup: {', '.join([*lost, *unknown][:20])}"
        )
        raise DataQualityError(msg)
    logger.info("verify: %d deliveries as the ledger remembers them", len(remembered))
    return len(remembered)
