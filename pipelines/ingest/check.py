"""Is this delivery what its manifest promised? Asked before a single row is read."""

import codecs
import csv
import gzip
import hashlib
import io
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from pipelines.contracts import Contract, load_contract
from pipelines.deliveries import MANIFEST, PARTIAL, DataFile, Manifest
from pipelines.errors import DataQualityError

MANIFEST_LIMIT_BYTES = 1_000_000
HEADER_LIMIT_BYTES = 100_000
CHUNK_BYTES = 1 << 20
FOLDER_NAME = re.compile(r"\d{4}-\d{2}-\d{2}(\.[1-9]\d{0,5})?")
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,120}\.csv(\.gz)?")
ENCODINGS = ("utf-8", "utf-8-sig")


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
    """A delivery whose files are all there, unchanged, with the promised columns."""

    manifest: Manifest
    contract: Contract
    paths: tuple[Path, ...]


def read_manifest(folder: Path) -> Manifest | None:
    """Read what a folder promises to hold, or nothing where no manifest is there yet.

    Raises
    ------
    Refusal
        The folder's name, or the manifest, is not of the agreed form, or they disagree.
    """
    delivery_id = f"{_printable(folder.parent.name)}/{_printable(folder.name)}"
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
        manifest = Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        fields = ", ".join(
            ".".join(map(str, problem["loc"])) or problem["type"]
            for problem in error.errors()
        )
        raise Refusal(
            delivery_id,
            f"has a {MANIFEST} that can't be read ({_printable(fields)})",
            "compare it with DESIGN, section 4, and send it again",
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
    if unknown or manifest.encoding.lower() not in ENCODINGS or not manifest.files:
        raise Refusal(
            manifest.delivery_id,
            f"promises no file, an encoding other than {ENCODINGS[0]}, or a control "
            "total that its contract has not",
            f"correct {MANIFEST}",
        )
    paths = tuple(
        _check_file(folder, file, manifest, contract) for file in manifest.files
    )
    _check_listed(folder, manifest)
    return CheckedDelivery(manifest, contract, paths)


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
    folder: Path, file: DataFile, manifest: Manifest, contract: Contract
) -> Path:
    delivery_id, name = manifest.delivery_id, _printable(file.name)
    if not FILE_NAME.fullmatch(file.name):
        raise Refusal(
            delivery_id,
            f"lists a file {name!r}, whose name we don't open",
            "use letters, digits, _, - and ., ending in .csv or .csv.gz",
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
    if _digest(path) != file.sha256:
        raise Refusal(
            delivery_id,
            f"has a SHA-256 of {name} other than the promised one",
            "the file was changed, send it again",
        )
    _check_text(path, delivery_id)
    _check_header(path, delivery_id, manifest.delimiter, contract)
    return path


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_text(path: Path, delivery_id: str) -> None:
    """Refuse what is not UTF-8, or holds a NUL, with its place and not its content."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset = 0
    try:
        with _open_bytes(path) as file:
            while chunk := file.read(CHUNK_BYTES):
                if b"\0" in chunk:
                    raise Refusal(
                        delivery_id,
                        f"has a NUL at byte {offset + chunk.index(0)} of {path.name}",
                        "the file is damaged, send it again",
                    )
                decoder.decode(chunk)
                offset += len(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise Refusal(
            delivery_id,
            f"is not UTF-8 at about byte {offset + error.start} of {path.name}",
            "send it in UTF-8",
        ) from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise Refusal(
            delivery_id, f"has a {path.name} that can't be unpacked", "send it again"
        ) from None


def _check_header(
    path: Path, delivery_id: str, delimiter: str, contract: Contract
) -> None:
    with _open_bytes(path) as file:
        line = file.readline(HEADER_LIMIT_BYTES).decode("utf-8-sig")
    try:
        header = next(csv.reader(io.StringIO(line), delimiter=delimiter), [])
    except csv.Error:  # lone carriage returns
        header = []
    if header == contract.names:
        return
    missing = [name for name in contract.names if name not in header]
    # Where there is no header, its place is taken by a row, which no log may quote.
    unknown = sum(name not in contract.names for name in header)
    differences = [f"without {', '.join(missing)}"] if missing else []
    if unknown:
        differences.append(f"of which {unknown} unknown")
    if not differences:
        differences = ["in another order or with a column twice"]
    raise Refusal(
        delivery_id,
        f"has columns {' and '.join(differences)} in {path.name}",
        f"the contract is _{contract.source}__sources.yml",
    )


def _open_bytes(path: Path) -> io.BufferedIOBase:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")


def _printable(text: str) -> str:
    """Make a hostile name harmless in a log line."""
    return re.sub(r"[^\w .,()-]", "?", text, flags=re.ASCII)[:80]
