"""What a published version says about itself."""

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from pipelines.analysis.build import dbt_code_version
from pipelines.decision.publish.marts import Mart, combine_hashes
from pipelines.decision.publish.versions import UNFINISHED
from pipelines.foundation import ledger
from pipelines.foundation.deliveries import MANIFEST
from pipelines.foundation.settings import Settings


def write_manifest(
    settings: Settings,
    folder: Path,
    as_of_date: date,
    marts: list[Mart],
    gaps: list[dict],
) -> None:
    """Write the manifest of the version whose files are in a folder.

    Parameters
    ----------
    settings : Settings
        Where the ledger is that the marts were loaded under.
    folder : Path
        The version, all but its manifest.
    as_of_date : date
        The newest snapshot in it.
    marts : list of Mart
        What it holds.
    gaps : list of dict
        Source, business date and state of what the marts lack.
    """
    manifest = {
        "version": folder.name.removeprefix(UNFINISHED),
        "data_version": combine_hashes(marts),
        "as_of_date": as_of_date.isoformat(),
        "published_at": datetime.now(UTC).isoformat(timespec="microseconds"),
        "dbt_code_version": dbt_code_version(),
        "duckdb_version": duckdb.__version__,
        "ledger_head": ledger.head(settings.ledger),
        "gaps": [
            gap | {"business_date": gap["business_date"].isoformat()} for gap in gaps
        ],
        "marts": {
            mart.name: {"rows": mart.rows, "content_hash": mart.content_hash}
            for mart in marts
        },
        "files": {
            str(path.relative_to(folder)): describe_file(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        },
    }
    text = json.dumps(manifest, indent=2)
    (folder / MANIFEST).write_text(f"{text}\n", encoding="utf-8")


def describe_file(path: Path) -> dict[str, int | str]:
    """Give the size and the SHA-256 of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": digest}
