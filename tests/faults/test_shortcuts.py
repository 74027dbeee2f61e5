"""What ingestion leaves out to be fast may not change what it finds."""

import csv
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipelines.foundation.deliveries import MANIFEST, describe_file
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect
from pipelines.information.ingest import load, together
from pipelines.information.ingest import run as ingest

# What may stand for an amount or look like one, and accounts with blanks about them.
AMOUNTS = st.text("0123456789...-+eE_ ", max_size=9)
ACCOUNTS = st.sampled_from(["A1", " A1", "A1\t", "　A1", "王 一", " ", ""])


def deliver(landing, rows, decimal):
    folder = landing / "core_balances" / "2025-01-31"
    folder.mkdir(parents=True)
    path = folder / "balances.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["account_number", "balance_date", "balance", "currency_code"])
        for place, (account, amount) in enumerate(rows):
            day = f"2025-01-{place % 28 + 1:02}"
            writer.writerow([account, day, amount.replace(".", decimal), "CNY"])
    manifest = {
        "source": "core_balances",
        "business_date": "2025-01-31",
        "extracted_at": "2025-02-01T01:00:00Z",
        "delimiter": ";",
        "decimal": decimal,
        "files": [describe_file(path, rows=len(rows)).model_dump()],
    }
    (folder / MANIFEST).write_text(json.dumps(manifest))


def ingest_and_look(rows, decimal):
    """Give what was stored, and what was quarantined for which reasons."""
    with tempfile.TemporaryDirectory() as folder:
        home = Settings(home=Path(folder) / "var", vault_key="ab" * 32)
        deliver(home.landing, rows, decimal)
        assert ingest.run(home).refused == []
        with connect(home, read_only=True) as connection:
            return [
                connection.execute(f"from {table} order by all").fetchall()
                for table in ("raw.core_balances", "ops.quarantine")
            ]


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(
    rows=st.lists(st.tuples(ACCOUNTS, AMOUNTS), min_size=1, max_size=28),
    decimal=st.sampled_from([".", ","]),
)
@example(rows=[("A1", "1.005"), ("A1", "5e-3"), ("A1", "1.e5")], decimal=".")
@example(rows=[("A1", "1.00"), ("A1", "-.05"), ("A1", "100.5e-1")], decimal=",")
def test_an_amount_that_looks_exact_gets_the_verdict_of_the_exact_test(rows, decimal):
    quick = ingest_and_look(rows, decimal)
    with pytest.MonkeyPatch.context() as patch:
        store = load.store_pseudonyms
        for module in (together, load):
            patch.setattr(
                module, "store_pseudonyms", lambda *args: bool([store(*args)])
            )
        careful = ingest_and_look(rows, decimal)

    assert quick == careful
