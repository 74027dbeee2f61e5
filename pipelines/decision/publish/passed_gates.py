"""May what is in the warehouse be published at all?"""

import json
from datetime import UTC, datetime

import duckdb

from pipelines.foundation.errors import DataQualityError
from pipelines.foundation.settings import Settings


def refuse_unvalidated(
    settings: Settings, connection: duckdb.DuckDBPyConnection
) -> None:
    """Make sure that every gate but that of deliveries was passed when last asked.

    A delivery that is held stays out of the marts, so it keeps nothing from being
    published. A target that no gate has looked at, as scores without a champion, is
    left alone.

    Raises
    ------
    DataQualityError
        A gate failed, or has not looked at what dbt has built since.
    """
    verdicts = connection.execute("""
        select target, max_by(is_passed, checked_at), max(checked_at)
        from ops.gates
        where gate != 'deliveries'
        group by gate, target
        order by gate, target
    """).fetchall()
    failed = [target for target, is_passed, _ in verdicts if not is_passed]
    if failed:
        msg = (
            f"Gates failed on {', '.join(failed)}, so nothing was published, and BI "
            "still reads the version before. `crm validate` says what was expected."
        )
        raise DataQualityError(msg)
    built_at, built = _read_last_build(settings)
    older = [target for target, _, checked_at in verdicts if checked_at < built_at]
    if len(older) == len(verdicts) or built.intersection(older):
        msg = (
            "dbt has built marts since the gates were passed, so nothing was "
            "published. Run `crm validate features` and `crm validate scores` first."
        )
        raise DataQualityError(msg)


def _read_last_build(settings: Settings) -> tuple[datetime, set[str]]:
    """Read when dbt last ran, in UTC without a zone, and what it built then."""
    records = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in (settings.home / "dbt").rglob("run_results.json")
    ]
    if not records:
        return datetime.fromtimestamp(0, UTC).replace(tzinfo=None), set()
    last = max(records, key=lambda record: record["metadata"]["generated_at"])
    ended_at = datetime.fromisoformat(last["metadata"]["generated_at"])
    built = {result["unique_id"].rsplit(".", 1)[-1] for result in last["results"]}
    return ended_at.replace(tzinfo=None), built
