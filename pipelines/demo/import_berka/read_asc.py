"""Find the Czech bank's files and read them as they are."""

import csv
import re
from pathlib import Path

import duckdb

from pipelines.foundation.errors import UsageError

ASC_COLUMNS = {
    "account": {
        "account_id": "varchar",
        "district_id": "varchar",
        "frequency": "varchar",
        "date": "date",
    },
    "client": {
        "client_id": "varchar",
        "birth_number": "varchar",
        "district_id": "varchar",
    },
    "disp": {
        "disp_id": "varchar",
        "client_id": "varchar",
        "account_id": "varchar",
        "type": "varchar",
    },
    "order": {
        "order_id": "varchar",
        "account_id": "varchar",
        "bank_to": "varchar",
        "account_to": "varchar",
        "amount": "decimal(18,2)",
        "k_symbol": "varchar",
    },
    "loan": {
        "loan_id": "varchar",
        "account_id": "varchar",
        "date": "date",
        "amount": "decimal(18,2)",
        "duration": "integer",
        "payments": "decimal(18,2)",
        "status": "varchar",
    },
    "card": {
        "card_id": "varchar",
        "disp_id": "varchar",
        "type": "varchar",
        "issued": "timestamp",
    },
    "trans": {
        "trans_id": "varchar",
        "account_id": "varchar",
        "date": "date",
        "type": "varchar",
        "operation": "varchar",
        "amount": "decimal(18,2)",
        "balance": "decimal(18,2)",
        "k_symbol": "varchar",
        "bank": "varchar",
        "account": "varchar",
    },
}


def find_files(folder: Path) -> dict[str, Path]:
    """Find each file and check that it begins with its own columns.

    Returns
    -------
    dict of str to Path
        By name, as in ``ASC_COLUMNS``.

    Raises
    ------
    UsageError
        The folder or a file is missing, or a file is another one.
    """
    if not folder.is_dir():
        msg = (
            f"There is no folder {folder}, so nothing was imported. Name the folder "
            "that holds the bank's .asc files."
        )
        raise UsageError(msg)
    return {name: _find_file(folder, name) for name in ASC_COLUMNS}


def load_file(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    """Load a file into the table ``files.<name>``.

    Raises
    ------
    UsageError
        A row does not fit the columns.
    """
    try:
        connection.execute(
            f"""
            create table files."{name}" as
            from read_csv(
                [?], columns = {ASC_COLUMNS[name]}, auto_detect = false, header = true,
                delim = ';', quote = '"', escape = '"', encoding = 'latin-1',
                dateformat = '%y%m%d', timestampformat = '%y%m%d %H:%M:%S'
            )
            """,
            [str(path)],
        )
    except duckdb.Error as error:
        line = re.search(r"on Line: (\d+)", str(error))
        where = f"{path.name}, line {line[1]}," if line else path.name
        msg = (
            f"{where} does not fit the columns, so nothing was imported. Is the file "
            "whole?"
        )
        # DuckDB's own words quote the row.
        raise UsageError(msg) from None


def _find_file(folder: Path, name: str) -> Path:
    found = [folder / f"{name}.asc"] if (folder / f"{name}.asc").is_file() else []
    if name == "trans":
        found += folder.glob("trans_*.asc")
    if len(found) != 1:
        msg = (
            f"{folder} holds {len(found)} files {name}.asc instead of one, so nothing "
            "was imported. Name the folder that holds the bank's .asc files."
        )
        raise UsageError(msg)
    (path,) = found
    with path.open(encoding="latin-1", newline="") as file:
        header = next(csv.reader(file, delimiter=";"), [])
    if header != list(ASC_COLUMNS[name]):
        msg = (
            f"{path.name} does not begin with {';'.join(ASC_COLUMNS[name])}, so "
            "nothing was imported. Is it the bank's own file?"
        )
        raise UsageError(msg)
    return path
