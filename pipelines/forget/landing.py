"""Take a person's rows out of the files that were delivered."""

import csv
import gzip
import io
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TextIO

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from pipelines.forget.person import REFERENCES, Person
from pipelines.forget.search import holds_any
from pipelines.foundation.deliveries import (
    MANIFEST,
    Manifest,
    describe_file,
    find_deliveries,
    parse_manifest,
)
from pipelines.information.ingest import files

NOTE = "erasures.json"
NEW = ".erasing"
# A record of more lines than this has a quote that was never closed.
LONGEST_RECORD_LINES = 50


@dataclass
class Removed:
    """What was taken out of a file: rows, cells blanked, and sums by column."""

    rows: int = 0
    blanked: int = 0
    totals: Counter = field(default_factory=Counter)


def erase_from_landing(landing: Path, person: Person) -> int:
    """Rewrite each file that holds a person's rows, and its manifest.

    A folder gets all of its new files before the first one is moved into place, its
    manifest last. So what a killed run has begun is finished, or begun again.

    Returns
    -------
    int
        Rows taken out, and rows in which a reference to the person was blanked.
    """
    return sum(_erase_from(folder, person) for folder in find_deliveries(landing))


def finish(landing: Path) -> None:
    """Move into place what a killed run has written, and remove what it has not."""
    for folder in find_deliveries(landing):
        if (folder / f"{MANIFEST}{NEW}").exists():
            _move_new_files(folder)
        for path in folder.glob(f"*{NEW}"):
            path.unlink()


def _erase_from(folder: Path, person: Person) -> int:
    manifest = _read_manifest(folder)
    removed = {}
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or not path.is_file() or path.name in {MANIFEST, NOTE}:
            continue
        if holds_any(path, person.values):
            removed[path.name] = _rewrite(path, manifest, folder.parent.name, person)
    if removed:
        _write_manifest(folder, manifest, removed)
        _move_new_files(folder)
    return sum(part.rows + part.blanked for part in removed.values())


def _read_manifest(folder: Path) -> Manifest | None:
    try:
        return parse_manifest((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError):
        return None


def _rewrite(
    path: Path, manifest: Manifest | None, source: str, person: Person
) -> Removed:
    removed = Removed()
    target = path.with_name(path.name + NEW)
    references = REFERENCES.get(source, ())
    if path.suffix == ".parquet":
        _rewrite_parquet(path, target, references, person, removed)
        return removed
    name = manifest.encoding.lower() if manifest else "utf-8"
    codec = files.ENCODINGS.get(name, "utf-8")
    delimiter = manifest.delimiter if manifest else ","
    with _open_text(path, codec) as lines, _create_text(target, codec) as out:
        header: list[str] = []
        for cells, text in _read_records(lines, delimiter):
            if not header:
                header = [cell.lstrip("\ufeff").strip('"') for cell in cells]
            if not person.pattern.search(text):
                out.write(text)
            elif _only_refers(cells, header, references, person):
                removed.blanked += 1
                out.write(_blank(cells, header, references, person, delimiter))
            else:
                removed.rows += 1
                _add_up(removed.totals, cells, header)
    return removed


def _only_refers(
    cells: list[str], header: list[str], references: Iterable[str], person: Person
) -> bool:
    named = [n for n, c in zip(header, cells, strict=False) if person.pattern.search(c)]
    return bool(named) and len(cells) == len(header) and set(named) <= set(references)


def _blank(
    cells: list[str],
    header: list[str],
    references: Iterable[str],
    person: Person,
    delimiter: str,
) -> str:
    line = io.StringIO()
    kept = [
        "" if name in references and person.pattern.search(cell) else cell
        for name, cell in zip(header, cells, strict=True)
    ]
    csv.writer(line, delimiter=delimiter, lineterminator="\n").writerow(kept)
    return line.getvalue()


def _add_up(totals: Counter, cells: list[str], header: list[str]) -> None:
    for name, cell in zip(header, cells, strict=False):
        try:
            amount = Decimal(cell.strip().replace(",", "."))
        except InvalidOperation:
            continue
        if amount.is_finite():
            totals[name] += amount


def _rewrite_parquet(
    path: Path,
    target: Path,
    references: Iterable[str],
    person: Person,
    removed: Removed,
) -> None:
    table, values = pq.read_table(path), set(person.values)
    kept, blanked = [], {name: table[name].to_pylist() for name in references}
    for number, row in enumerate(table.to_pylist()):
        named = {n for n, cell in row.items() if str(cell).strip() in values}
        if named - set(references):
            removed.rows += 1
            _add_up(removed.totals, [str(cell) for cell in row.values()], [*row])
            continue
        kept.append(number)
        removed.blanked += bool(named)
        for name in named:
            blanked[name][number] = None
    for name, column in blanked.items():
        place = table.schema.get_field_index(name)
        values_of = pa.array(column, table.schema.field(name).type)
        table = table.set_column(place, table.schema.field(name), values_of)
    pq.write_table(table.take(kept), target)


def _read_records(
    lines: Iterable[str], delimiter: str
) -> Iterator[tuple[list[str], str]]:
    """Read records with the very text that they were written in."""
    taken: list[str] = []

    def noted() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line

    csv.field_size_limit(1 << 30)
    for cells in csv.reader(noted(), delimiter=delimiter):
        if len(taken) > LONGEST_RECORD_LINES:
            yield from ((line.split(delimiter), line) for line in taken)
        else:
            yield cells, "".join(taken)
        taken.clear()


@contextmanager
def _open_text(path: Path, codec: str) -> Iterator[TextIO]:
    with files.open_bytes(path) as file:
        yield io.TextIOWrapper(file, codec, errors="surrogateescape", newline="")


@contextmanager
def _create_text(target: Path, codec: str) -> Iterator[TextIO]:
    packers: dict[str, Callable] = {
        ".gz": lambda: gzip.GzipFile(target, "wb", mtime=0),
        ".zst": lambda: pa.CompressedOutputStream(str(target), "zstd"),
    }
    suffix = Path(target.name.removesuffix(NEW)).suffix
    with (
        packers.get(suffix, lambda: target.open("wb"))() as file,
        io.TextIOWrapper(
            io.BufferedWriter(file) if suffix != ".zst" else file,
            codec,
            errors="surrogateescape",
            newline="",
        ) as text,
    ):
        yield text


def _write_manifest(
    folder: Path, manifest: Manifest | None, removed: dict[str, Removed]
) -> None:
    """Promise what is there now, of those files that were what had been promised."""
    if manifest is None:
        return
    described, totals = [], {k: Decimal(v) for k, v in manifest.control_totals.items()}
    for file in manifest.files:
        part = removed.get(file.name)
        if part is None:
            described.append(file)
            continue
        new = describe_file(folder / f"{file.name}{NEW}", rows=file.rows - part.rows)
        is_as_promised = describe_file(folder / file.name, rows=0).sha256 == file.sha256
        update = {"name": file.name} if is_as_promised else vars(file)
        described.append(new.model_copy(update=update))
        for name in totals:
            totals[name] -= part.totals[name]
    updated = manifest.model_copy(
        update={
            "files": tuple(described),
            "control_totals": {name: f"{total:f}" for name, total in totals.items()},
        }
    )
    note = folder / NOTE
    counts = json.loads(note.read_text(encoding="utf-8")) if note.exists() else []
    counts.append({name: part.rows for name, part in removed.items()})
    _write_synced(folder / f"{NOTE}{NEW}", json.dumps(counts))
    _write_synced(folder / f"{MANIFEST}{NEW}", updated.model_dump_json(indent=2))


def _write_synced(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(file.fileno())


def _move_new_files(folder: Path) -> None:
    new = sorted(
        folder.glob(f"*{NEW}"), key=lambda path: path.name.startswith(MANIFEST)
    )
    for path in new:
        os.replace(path, path.with_name(path.name.removesuffix(NEW)))
