"""A delivery that has been written, opened again to be damaged."""

import csv
import io
import json
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from pipelines.foundation.contracts import Contract, load_contract
from pipelines.foundation.deliveries import MANIFEST, Manifest, describe_file


class WrittenDelivery:
    """A delivery's manifest, and its only file as rows of text."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.manifest = Manifest.model_validate_json((folder / MANIFEST).read_text())
        (file,) = self.manifest.files
        self.path = folder / file.name

    @cached_property
    def rows(self) -> list[dict[str, str]]:
        """Rows as they stand in the file; line 2 is the first."""
        text = self.path.read_text(encoding="utf-8")
        return list(csv.DictReader(io.StringIO(text, newline="")))

    @property
    def contract(self) -> Contract:
        """What the source promised."""
        return load_contract(self.manifest.source)

    def promise(self, **changed: object) -> None:
        """Let the manifest say something else, whatever the file holds."""
        path = self.folder / MANIFEST
        said = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps(said | changed, indent=2), encoding="utf-8")

    def promise_file(self, **changed: object) -> None:
        """Let the manifest say something else of its file."""
        (file,) = json.loads((self.folder / MANIFEST).read_text())["files"]
        self.promise(files=[file | changed])

    def rewrite(self) -> None:
        """Write the rows back, with a manifest that agrees with them."""
        with self.path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, self.contract.names, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows)
        described = describe_file(self.path, rows=len(self.rows))
        totals = {name: self._add_up(name) for name in self.contract.control_totals}
        self.promise(files=[described.model_dump()], control_totals=totals)

    def _add_up(self, name: str) -> str:
        """Add up what can be read, as the source's own program would have."""
        amounts = [row[name] for row in self.rows]
        return str(sum((_read(text) for text in amounts), Decimal("0.00")))


def _read(text: str) -> Decimal:
    is_amount = text.lstrip("-").replace(".", "", 1).isdigit()
    return Decimal(text) if is_amount else Decimal(0)
