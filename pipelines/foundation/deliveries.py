"""A delivery: a folder with data files and, written last, a manifest."""

import codecs
import hashlib
import os
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal

import duckdb
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from pipelines.foundation.contracts import Contract
from pipelines.foundation.modes import make_folder
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect, list_rows

MANIFEST = "manifest.json"
PARTIAL = ".partial"


class DataFile(BaseModel):
    """One file of a delivery, as its manifest promised it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    rows: int = Field(ge=0)
    bytes: int = Field(ge=0)
    sha256: Annotated[
        str, Field(pattern="^[0-9a-fA-F]{64}$"), AfterValidator(str.lower)
    ]


class Manifest(BaseModel):
    """What a delivery promises to hold.

    ``control_totals`` are sums as decimal text with a point, whatever ``decimal`` says
    of the files, so that they compare exactly.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    business_date: date
    sequence: int = Field(default=1, ge=1)
    extracted_at: Annotated[
        AwareDatetime,
        Field(ge=datetime(1900, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC)),
    ]
    encoding: str = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    files: tuple[DataFile, ...]
    control_totals: dict[str, Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?$")]] = {}

    @property
    def delivery_id(self) -> str:
        """For example ``atm/2026-01-31.1``."""
        return f"{self.source}/{self.business_date}.{self.sequence}"

    @property
    def known_at(self) -> datetime:
        """When its rows could first have been known, as the warehouse keeps it."""
        return in_utc(self.extracted_at)

    @property
    def content(self) -> str:
        """SHA-256 that stands for the content of all files, whatever their names."""
        digests = "".join(sorted(file.sha256 for file in self.files))
        return hashlib.sha256(digests.encode()).hexdigest()

    @property
    def rows(self) -> int:
        """Rows in all files, headers not counted."""
        return sum(file.rows for file in self.files)


def parse_manifest(content: bytes) -> Manifest:
    """Read a manifest, with or without a byte order mark; ValidationError if none."""
    return Manifest.model_validate_json(content.removeprefix(codecs.BOM_UTF8))


def write_delivery(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    landing: Path,
    contract: Contract,
    *,
    business_date: date,
    extracted_at: datetime,
) -> Manifest:
    """Write the rows of a query as one delivery, manifest last.

    Parameters
    ----------
    connection : DuckDBPyConnection
        What ``query`` runs on.
    query : str
        Gives the contract's columns, by name, in any order.
    landing : Path
        The delivery becomes ``landing/<source>/<business_date>/``. One that is already
        there is replaced.
    contract : Contract
        Names and types of the columns, and which sums the manifest promises.
    business_date : date
        The last day that the rows are about.
    extracted_at : datetime
        When the source wrote them out, with a zone.

    Returns
    -------
    Manifest
        What was promised, as written.
    """
    folder = landing / contract.source / business_date.isoformat()
    partial = folder.with_name(f"{folder.name}{PARTIAL}")
    shutil.rmtree(partial, ignore_errors=True)
    make_folder(partial)
    path = partial / f"{contract.source}_{business_date:%Y%m%d}.csv"
    columns = ", ".join(_as_text(column) for column in contract.columns)
    target = str(path).replace("'", "''")
    connection.execute(f"""
        copy (select {columns} from ({query}))
        to '{target}' (format csv, header true)
    """)
    sums = "".join(
        f", cast(coalesce(sum({name}), 0) as varchar)"
        for name in contract.control_totals
    )
    rows, *totals = connection.execute(
        f"select count(*){sums} from (select {columns} from ({query}))"
    ).fetchone()
    manifest = Manifest(
        source=contract.source,
        business_date=business_date,
        extracted_at=extracted_at,
        files=(describe_file(path, rows=rows),),
        control_totals=dict(zip(contract.control_totals, totals, strict=True)),
    )
    (partial / MANIFEST).write_text(
        manifest.model_dump_json(indent=2), encoding="utf-8"
    )
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(partial, folder)
    return manifest


def describe_file(path: Path, *, rows: int) -> DataFile:
    """Size and SHA-256 of a file, as a manifest states them."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return DataFile(name=path.name, rows=rows, bytes=path.stat().st_size, sha256=digest)


def find_deliveries(landing: Path) -> list[Path]:
    """List the folders ``<source>/<business_date>[.<sequence>]`` in order of date."""
    folders = (path for path in landing.glob("*/*") if path.is_dir())
    return sorted(folders, key=lambda path: (path.name, path.parent.name))


def list_notable(settings: Settings) -> list[dict]:
    """List deliveries that were not simply accepted, then the newest of each source."""
    with connect(settings, read_only=True) as connection:
        return list_rows(
            connection,
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


def in_utc(moment: datetime) -> datetime:
    """Turn a moment with a zone into what the warehouse keeps: UTC, without one."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def _as_text(column) -> str:
    if column.data_type == "timestamp":
        return f"strftime({column.name}, '%Y-%m-%dT%H:%M:%SZ') as {column.name}"
    return f"cast({column.name} as {column.data_type}) as {column.name}"
