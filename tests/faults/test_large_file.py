"""A file larger than the memory it may take (F35): 10 GB in 4 GB, scaled down."""

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime

import duckdb
import pytest

from pipelines.foundation.contracts import load_contract
from pipelines.foundation.deliveries import write_delivery

ROWS = 3_000_000
LIMIT = 200  # megabytes that DuckDB may take
PROCESS = 200  # megabytes of Python, its libraries and DuckDB's own code
INGEST = """
import json
from pathlib import Path
from pipelines.information.ingest import run as ingest
from pipelines.foundation.settings import Settings

summary = ingest.run(Settings())
# Not ru_maxrss, which begins with what the parent has taken.
lines = Path("/proc/self/status").read_text().splitlines()
(kilobytes,) = (int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
print(json.dumps({"loaded": summary.rows_loaded, "megabytes": kilobytes / 1024}))
"""


@pytest.mark.slow
def test_a_file_larger_than_the_memory_limit_is_loaded_within_it(tmp_path):
    with duckdb.connect() as connection:
        write_delivery(
            connection,
            f"""
                select
                    'O' || number as event_number,
                    'login' || number // 20 as login_name,
                    null as account_number,
                    timestamp '2025-01-31' + to_seconds(number // 40) as occurred_at,
                    'payment' as event_type, 'mobile' as device, -1.25 as amount,
                    'CNY' as currency_code
                from range({ROWS}) as numbers (number)
            """,
            tmp_path / "landing",
            load_contract("online"),
            business_date=date(2025, 1, 31),
            extracted_at=datetime(2025, 2, 1, 1, 10, tzinfo=UTC),
        )
    (path,) = tmp_path.glob("landing/online/*/*.csv")
    assert path.stat().st_size > LIMIT * 1e6

    done = subprocess.run(
        [sys.executable, "-c", INGEST],
        env=os.environ | {"CRM_HOME": str(tmp_path), "CRM_MEMORY_LIMIT": f"{LIMIT}MB"},
        capture_output=True,
        text=True,
        check=True,
    )

    figures = json.loads(done.stdout)
    assert figures["loaded"] == ROWS
    assert figures["megabytes"] < LIMIT + PROCESS
