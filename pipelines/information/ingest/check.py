"""Is this delivery what its manifest promised? Asked before a single row is read."""

import csv
import hashlib
import io
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from pydantic import ValidationError

from pipelines.foundation.contracts import Contract, load_contract
from pipelines.foundation.deliveries import (
    MANIFEST,
    PARTIAL,
    DataFile,
    Manifest,
    parse_manifest,
)
from pipelines.foundation.errors import DataQualityError
from pipelines.information.ingest import files

# Where senders find what a manifest has to be.
MANUAL = "docs/deliveries.md"
PROBLEMS_NAMED = 3
MANIFEST_LIMIT_BYTES = 1_000_000
HEADER_LIMIT_BYTES = 100_000
FOLDER_NAME = re.compile(r"\d{4}-\d{2}-\d{2}(\.[1-9]\d{0,5})?")
FILE_NAME = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9_.-]{0,120}(\.csv(\.gz|\.zst)?|\.parquet)"
)
COLUMN_NAME = re.compile(r"[a-z][a-z_]{0,60}")


class Refusal(DataQualityError):  # noqa: N818 - it is one, and reads as one
    """A delivery is not what it promised, so none of it was loaded."""

    def __init__(self, delivery_id: str, happened: str, advice: str):
        super().__init__(
            f"{delivery_id} {happened}, so none of it was loaded and its files were "
            f"left as they are: {advice}."
        )
        self.delivery_id = delivery_id


@dataclass(frozen=True)
class CheckedDelivery:
    """A delivery whose files are all there, unchanged, with the promised columns.

    Attributes
    ----------
    headers : tuple of tuple of str or None
        For each file, its columns in order: the contract's, and None for one that the
        contract does not know.
    added : tuple of str
        Places of the columns that the contract does not know, for instance ``"column
        7"``: what they are called is foreign text, which may be a person's name.
    """

    manifest: Manifest
    contract: Contract
    paths: tuple[Path, ...]
    headers: tuple[tuple[str | None, ...], ...]
    added: tuple[str, ...] = ()

    @property
    def landing(self) -> Path:
        """Where it lies, beside the others."""
        return self.paths[0].parents[2]


def read_manifest(folder: Path) -> Manifest | None:
    """Read what a folder promises to hold, or nothing where no manifest is there yet.

    Raises
    ------
    Refusal
        The folder's name, or the manifest, is not of the agreed form, or they disagree.
    """
    delivery_id = f"{printable(folder.parent.name)}/{printable(folder.name)}"
    if folder.suffix == PARTIAL:
        return None
    _check_folder(folder, delivery_id)
    path = folder / MANIFEST
    if not path.exists():
        return None
    if (
        path.is_symlink()
        or not path.is_file()
        or path.stat().st_size > MANIFEST_LIMIT_BYTES
    ):
        raise Refusal(
            delivery_id,
            f"has a {MANIFEST} that is a link, no file or too large",
            "send it again",
        )
    try:
        manifest = parse_manifest(path.read_bytes())
    except ValidationError as error:
        # What was given is left out, for it may be anything.
        found = error.errors(include_input=False, include_url=False)
        problems = "; ".join(
            f"{_place(problem['loc'], folder.parent.name)} {problem['msg']}".strip()
            for problem in found[:PROBLEMS_NAMED]
        )
        raise Refusal(
            delivery_id,
            f"has a {MANIFEST} that can't be read ({problems})",
            f"compare it with {MANUAL}, and send it again",
        ) from None
    promised = (manifest.source, manifest.business_date.isoformat(), manifest.sequence)
    business_date, _, sequence = folder.name.partition(".")
    if promised != (folder.parent.name, business_date, int(sequence or 1)):
        raise Refusal(
            delivery_id,
            f"has a {MANIFEST} of another source, date or sequence",
            "put it where it belongs",
        )
    return manifest


def _place(loc: tuple[str | int, ...], source: str) -> str:
    """Name a place in a manifest by what we know; the rest is foreign text."""
    columns = {column.name for column in load_contract(source).columns}
    known = {*Manifest.model_fields, *DataFile.model_fields, *columns}
    return ".".join(
        str(part) if isinstance(part, int) or part in known else "(unknown)"
        for part in loc
    )


def _check_folder(folder: Path, delivery_id: str) -> None:
    if folder.is_symlink() or folder.parent.is_symlink():
        raise Refusal(delivery_id, "is a link", "put the folder itself there")
    if not FOLDER_NAME.fullmatch(folder.name):
        raise Refusal(
            delivery_id,
            "is not named <business_date>[.<sequence>]",
            "rename the folder",
        )
    try:
        load_contract(folder.parent.name)
    except DataQualityError as error:
        raise Refusal(
            delivery_id, "is of an unknown source", str(error)[:-1]
        ) from error


def check_delivery(folder: Path, manifest: Manifest) -> CheckedDelivery:
    """Compare a delivery's files with its manifest and its contract.

    Raises
    ------
    Refusal
        A file is missing, changed, cut, badly named or encoded, or its header is not
        the contract's.
    """
    contract = load_contract(manifest.source)
    unknown = set(manifest.control_totals) - set(contract.control_totals)
    if (
        unknown
        or manifest.encoding.lower() not in files.ENCODINGS
        or manifest.decimal == manifest.delimiter
        or not manifest.files
    ):
        raise Refusal(
            manifest.delivery_id,
            "promises no file, an encoding other than "
            f"{', '.join(files.ENCODINGS)}, a decimal sign that is the delimiter, or a "
            "control total that its contract has not",
            f"correct {MANIFEST}",
        )
    try:
        checked = [
            _check_file(folder, number, manifest, contract)
            for number in range(1, len(manifest.files) + 1)
        ]
    except files.DamagedFileError as error:
        raise Refusal(manifest.delivery_id, error.happened, error.advice) from None
    _check_listed(folder, manifest)
    paths, headers = zip(*checked, strict=True)
    added = {
        place
        for header in headers
        for place, name in enumerate(header, 1)
        if name not in contract.names
    }
    return CheckedDelivery(
        manifest,
        contract,
        paths,
        tuple(tuple(_known(header, contract)) for header in headers),
        tuple(f"column {place}" for place in sorted(added)),
    )


def _check_listed(folder: Path, manifest: Manifest) -> None:
    listed = {file.name for file in manifest.files}
    others = sorted(
        path.name
        for path in folder.iterdir()
        if FILE_NAME.fullmatch(path.name) and path.name not in listed
    )
    if others:
        raise Refusal(
            manifest.delivery_id,
            f"holds {', '.join(others[:5])}, which its {MANIFEST} does not list",
            f"correct {MANIFEST}, or take the file away",
        )


def _check_file(
    folder: Path, number: int, manifest: Manifest, contract: Contract
) -> tuple[Path, list[str]]:
    file = manifest.files[number - 1]
    delivery_id, name = manifest.delivery_id, printable(file.name)
    if not FILE_NAME.fullmatch(file.name):
        raise Refusal(
            delivery_id,
            f"lists a file, number {number}, whose name we don't open",
            "use letters, digits, _, - and ., ending in .csv, .csv.gz, .csv.zst or "
            ".parquet",
        )
    path = folder / file.name
    if path.is_symlink() or not path.is_file():
        raise Refusal(
            delivery_id,
            f"lists {name}, which is not there",
            f"send the file, or correct {MANIFEST}",
        )
    if path.stat().st_size != file.bytes:
        raise Refusal(
            delivery_id,
            f"has {path.stat().st_size} bytes in {name} and promised {file.bytes}",
            "the file was cut or changed, send it again",
        )
    _check_content(path, file, manifest)
    if path.suffix == ".parquet":
        header = files.read_parquet_names(path, file)
    else:
        header = _read_header(path, manifest)
    _check_header(header, path.name, delivery_id, contract)
    return path, header


def _check_content(path: Path, file: DataFile, manifest: Manifest) -> None:
    """Read the whole file, at once as bytes and as text."""
    with ThreadPoolExecutor(1) as beside:
        text = None
        # What is not in UTF-8 is read, and checked, when it is written anew.
        if files.is_plain(path.name, manifest):
            text = beside.submit(files.check_text, path, manifest.encoding)
        if _digest(path) != file.sha256:
            raise Refusal(
                manifest.delivery_id,
                f"has a SHA-256 of {printable(file.name)} other than the promised one",
                "the file was changed, send it again",
            )
    if text:
        text.result()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_header(path: Path, manifest: Manifest) -> list[str]:
    codec = files.ENCODINGS[manifest.encoding.lower()]
    start = next(files.read_chunks(path), b"")[:HEADER_LIMIT_BYTES]
    line = start.partition(b"\n")[0]
    try:
        text = line.decode("utf-8-sig" if codec == "utf-8" else codec)
        return next(csv.reader(io.StringIO(text), delimiter=manifest.delimiter), [])
    except (csv.Error, UnicodeDecodeError):  # lone carriage returns
        return []


def _check_header(
    header: list[str], file_name: str, delivery_id: str, contract: Contract
) -> None:
    """Refuse a header that lacks a column of the contract or has it elsewhere."""
    if [name for name in header if name in contract.names] == contract.names:
        return
    missing = [name for name in contract.names if name not in header]
    # Where there is no header, its place is taken by a row, which no log may quote.
    unknown = [name for name in header if name not in contract.names]
    differences = [f"without {', '.join(missing)}"] if missing else []
    if unknown:
        differences.append(f"of which {len(unknown)} unknown")
    if not differences:
        differences = ["in another order or with a column twice"]
    raise Refusal(
        delivery_id,
        f"has columns {' and '.join(differences)} in {file_name}",
        f"{_guess_renames(missing, unknown, header)}the contract is "
        f"_{contract.source}__sources.yml",
    )


def _guess_renames(missing: list[str], unknown: list[str], header: list[str]) -> str:
    names = [name for name in unknown if COLUMN_NAME.fullmatch(name)]
    if len(unknown) * 2 > len(header):
        return ""
    guesses = [
        f"{name} may have become column {header.index(guess) + 1}"
        for name in missing
        for guess in get_close_matches(name, names, n=1, cutoff=0.5)
    ]
    return "".join(f"{guess}; " for guess in guesses)


def _known(header: list[str], contract: Contract) -> Iterable[str | None]:
    return (name if name in contract.names else None for name in header)


def printable(text: str) -> str:
    """Make a hostile name harmless in a log line."""
    return re.sub(r"[^\w .,()-]", "?", text, flags=re.ASCII)[:80]
