"""Is the page on deliveries true?"""

import hashlib
import json
import re

import pytest

from pipelines.foundation.deliveries import MANIFEST, DataFile, Manifest
from pipelines.foundation.settings import PROJECT_ROOT
from pipelines.information.ingest import check, files
from pipelines.information.ingest import run as ingest

PAGE = (PROJECT_ROOT / check.MANUAL).read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(\w+)` \| (.+) \| (.*)\|$", PAGE, flags=re.MULTILINE)
EXAMPLE = json.loads(re.search(r"```json\n(.*?)```", PAGE, flags=re.DOTALL)[1])


def test_every_field_of_a_manifest_is_described():
    fields = [*Manifest.model_fields, *DataFile.model_fields]

    assert sorted(name for name, _, _ in ROWS) == sorted(fields)


def test_the_encodings_are_those_that_are_read():
    (told,) = [what for name, what, _ in ROWS if name == "encoding"]

    assert re.findall(r"`([^`]+)`", told) == list(files.ENCODINGS)


@pytest.mark.parametrize("name", ["sequence", "encoding", "delimiter", "decimal"])
def test_the_default_is_what_is_left_out(name):
    (told,) = [default for field, _, default in ROWS if field == name]

    assert told.strip(" `") == str(Manifest.model_fields[name].default)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "marked"])
@pytest.mark.parametrize("write", [str.lower, str.upper])
def test_the_example_is_loaded_as_people_write_it(settings, mark, write):
    content = b"account_number,balance_date,balance,currency_code\n" + b"".join(
        b"A%d,2025-01-31,3.00,CNY\n" % number for number in range(3)
    )
    folder = settings.landing / EXAMPLE["source"] / EXAMPLE["business_date"]
    folder.mkdir(parents=True)
    (described,) = EXAMPLE["files"]
    (folder / described["name"]).write_bytes(content)
    digest = write(hashlib.sha256(content).hexdigest())
    promised = described | {"bytes": len(content), "sha256": digest}
    manifest = json.dumps(EXAMPLE | {"files": [promised]}).encode()
    (folder / MANIFEST).write_bytes(mark + manifest)

    summary = ingest.run(settings)

    assert summary.refused == []
    assert summary.rows_loaded == described["rows"]
