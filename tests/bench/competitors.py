"""What else loads the same files. A module of its own, for its imports are heavy."""

import hashlib
import os
import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from pipelines.foundation.contracts import load_contract
from pipelines.foundation.vault import pseudonym

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
import dlt

ARROW_TYPES = {
    "varchar": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "decimal(18,2)": pa.decimal128(18, 2),
}


def load_with_pandas(database: Path, landing: Path) -> None:
    """Do what ingestion does through frames, but for inexact amounts and no repair."""
    database.unlink(missing_ok=True)
    with duckdb.connect(database, config={"threads": 2}) as connection:
        connection.execute("set enable_progress_bar = false")
        for path in sorted(landing.glob("*/*/*.csv")):
            contract = load_contract(path.parents[1].name)
            times = [c.name for c in contract.columns if c.data_type == "timestamp"]
            with path.open("rb") as file:
                hashlib.file_digest(file, "sha256")
            frame = pd.read_csv(path, parse_dates=times)
            frame["row_hash"] = pd.util.hash_pandas_object(frame, index=False)
            frame = frame[~frame.duplicated(contract.keys)]
            for column in contract.columns:
                if column.is_required:
                    frame = frame[frame[column.name].notna()]
                if column.identifier:
                    frame[column.name] = _pseudonyms(frame[column.name])
            connection.register("frame", frame)
            connection.execute(f"create table {contract.source} as from frame")


def _pseudonyms(values: pd.Series) -> pd.Series:
    numbers, identifiers = pd.factorize(values)
    made = [pseudonym(b"k" * 32, "kind", str(value)) for value in identifiers]
    return pd.Series(pd.array([*made, None], dtype="str")[numbers], index=values.index)


def load_with_dlt(home: Path, landing: Path) -> None:
    """Load the same files into DuckDB through Arrow, the fastest way that dlt has."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=str(home / "pipelines"),
        destination=dlt.destinations.duckdb(str(home / "dlt.duckdb")),
        dataset_name="raw",
    )
    pipeline.run(
        [
            dlt.resource(_read(path), name=path.parents[1].name)
            for path in sorted(landing.glob("*/*/*.csv"))
        ]
    )


def _read(path: Path):
    contract = load_contract(path.parents[1].name)
    types = {column.name: ARROW_TYPES[column.data_type] for column in contract.columns}
    yield from csv.open_csv(
        path,
        read_options=csv.ReadOptions(block_size=16 << 20),
        convert_options=csv.ConvertOptions(column_types=types),
    )
