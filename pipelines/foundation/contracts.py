"""What each source promised to deliver, read from dbt's own source files."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

from pipelines.foundation.errors import DataQualityError
from pipelines.foundation.settings import PROJECT_ROOT

STAGING = PROJECT_ROOT / "dbt_project" / "models" / "staging"
# A night, and a long week-end.
DUE_DAYS = 3
LARGEST_BYTES = 1 << 20


@dataclass(frozen=True)
class Column:
    """One column of a delivery.

    Attributes
    ----------
    name : str
        As in the header of the file and in ``raw``.
    data_type : str
        DuckDB type. A ``timestamp`` is delivered in ISO 8601 with an offset (none means
        UTC) and kept in UTC.
    identifier : str or None
        Kind of identifier, for example ``"card"``. Its values go to the vault, and
        ``raw`` holds their pseudonyms.
    is_key, is_required, is_happened, is_control_total : bool
        Part of the row's key; may not be empty; says when it happened; its sum is
        promised in the manifest.
    accepted_values : tuple of str
        Empty where any value may stand.
    limits : tuple of two values or None
        Least and greatest value allowed, both included.
    is_past : bool
        Whether it may not lie after the extraction.
    not_before : str or None
        Another column of the same type than which it may not be earlier.
    check_digit : {"luhn", "iso7064"} or None
        How the last character follows from the others: of card numbers, of identity
        cards. A value of another form (a passport) has none to check.
    """

    name: str
    data_type: str
    identifier: str | None = None
    is_key: bool = False
    is_required: bool = False
    is_happened: bool = False
    is_control_total: bool = False
    accepted_values: tuple[str, ...] = ()
    limits: tuple[object, object] | None = None
    is_past: bool = False
    not_before: str | None = None
    check_digit: str | None = None

    @property
    def raw_type(self) -> str:
        """Type in ``raw``: a pseudonym is text whatever it stands for."""
        return "varchar" if self.identifier else self.data_type

    @property
    def raw_definition(self) -> str:
        """Type in ``raw``, and what not to compress: what differs in almost every row.

        DuckDB would look for repetitions first, which costs more than all the rest.
        """
        is_text = self.raw_type == "varchar"
        differs = is_text and (self.identifier or self.is_key)
        return f"{self.raw_type}{' using compression uncompressed' if differs else ''}"


@dataclass(frozen=True)
class Contract:
    """What a source promised: its columns, in the order of the file.

    A delivery is overdue more than ``due_days`` days after its business date.
    """

    source: str
    columns: tuple[Column, ...]
    requires_one_of: tuple[str, ...] = field(default=())
    due_days: int = DUE_DAYS

    @property
    def names(self) -> list[str]:
        """Column names in the order of the file."""
        return [column.name for column in self.columns]

    @property
    def keys(self) -> list[str]:
        """Columns that together name a row."""
        return [column.name for column in self.columns if column.is_key]

    @property
    def identifiers(self) -> list[Column]:
        """Columns whose values stay in the vault."""
        return [column for column in self.columns if column.identifier]

    @property
    def control_totals(self) -> list[str]:
        """Columns whose sums the manifest promises."""
        return [column.name for column in self.columns if column.is_control_total]

    @property
    def happened(self) -> Column:
        """The column that says when the row happened."""
        return next(column for column in self.columns if column.is_happened)


@cache
def load_contracts(folder: Path = STAGING) -> dict[str, Contract]:
    """Read every ``_<source>__sources.yml`` below a folder.

    Returns
    -------
    dict of str to Contract
        By source, in alphabetical order. The source ``ml`` is not a delivery and is
        left out.
    """
    contracts = {}
    for path in sorted(folder.glob("*/_*__sources.yml")):
        for source in _read_yaml(path)["sources"]:
            if source["schema"] == "raw":
                contracts[source["name"]] = _read_contract(source)
    return contracts


def _read_yaml(path: Path) -> dict:
    """Read plain data, and nothing that would make an object or fill the memory."""
    msg = (
        f"The contract {path.name} can't be read, so no delivery can be: it is over "
        f"{LARGEST_BYTES >> 20} MB, no YAML, or YAML that is more than data."
    )
    if path.stat().st_size > LARGEST_BYTES:
        raise DataQualityError(msg)
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataQualityError(msg) from error


def load_contract(source: str) -> Contract:
    """Read one source's contract.

    Raises
    ------
    DataQualityError
        No source of that name has a contract.
    """
    contracts = load_contracts()
    if source not in contracts:
        msg = (
            f"No source is called {source!r}, so nothing of it can be loaded. "
            f"Known: {', '.join(contracts)}. A new source needs a contract in "
            "dbt_project/models/staging/<source>/_<source>__sources.yml."
        )
        raise DataQualityError(msg)
    return contracts[source]


def _read_contract(source: dict) -> Contract:
    (table,) = source["tables"]
    meta = table.get("config", {}).get("meta", {})
    return Contract(
        source=source["name"],
        columns=tuple(_read_column(column) for column in table["columns"]),
        requires_one_of=tuple(meta.get("requires_one_of", ())),
        due_days=meta.get("due_days", DUE_DAYS),
    )


def _read_column(column: dict) -> Column:
    meta = column.get("config", {}).get("meta", {})
    return Column(
        name=column["name"],
        data_type=column["data_type"],
        identifier=meta.get("identifier"),
        is_key=meta.get("key", False),
        is_required=meta.get("required", False),
        is_happened=meta.get("happened", False),
        is_control_total=meta.get("control_total", False),
        accepted_values=tuple(meta.get("accepted_values", ())),
        limits=tuple(meta["range"]) if "range" in meta else None,
        is_past=meta.get("past", False),
        not_before=meta.get("not_before"),
        check_digit=meta.get("check_digit"),
    )
