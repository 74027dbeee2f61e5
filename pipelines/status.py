"""What came in, and what of it needs a person."""

from pipelines.settings import Settings
from pipelines.warehouse import connect


def list_deliveries(settings: Settings) -> list[dict]:
    """List deliveries that were not simply accepted, then the newest of each source."""
    return _rows(
        settings,
        """
        select
            delivery_id, status, rows_delivered, rows_loaded, rows_duplicate,
            rows_quarantined, note
        from ops.deliveries
        where status != 'accepted'
            or delivery_id in (
                select max_by(delivery_id, (business_date, sequence))
                from ops.deliveries where status = 'accepted' group by source
            )
        order by status = 'accepted', business_date, source
        """,
    )


def count_quarantine(settings: Settings) -> list[dict]:
    """Count quarantined rows by source, column, reason and state."""
    return _rows(
        settings,
        """
        select
            split_part(delivery_id, '/', 1) as source, column_name, reason, state,
            count(*) as row_count, count(distinct delivery_id) as delivery_count
        from ops.quarantine
        group by all
        order by row_count desc, source, column_name, reason
        """,
    )


def _rows(settings: Settings, query: str) -> list[dict]:
    with connect(settings, read_only=True) as connection:
        result = connection.execute(query)
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
