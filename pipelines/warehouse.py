"""The door to the warehouse: who may open it, and which tables Python writes."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipelines.contracts import Contract, load_contracts
from pipelines.errors import LockedError, MissingSourceError, ResourceError
from pipelines.settings import Settings

# What ingestion adds to each row: where it came from and since when it was known.
RAW_COLUMNS = {
    "delivery_id": "varchar",
    "known_at": "timestamp",
    "row_hash": "ubigint",
}
TABLES = """
create schema if not exists raw;
create schema if not exists ops;
create schema if not exists ml;

create table if not exists ops.deliveries (
    delivery_id varchar, source varchar, business_date date, sequence integer,
    extracted_at timestamp, status varchar, note varchar,
    rows_delivered bigint, rows_loaded bigint, rows_duplicate bigint,
    rows_quarantined bigint, rows_hash varchar, content_sha256 varchar,
    loaded_at timestamp
);
create table if not exists ops.quarantine (
    delivery_id varchar, file_number integer, line_number bigint,
    column_name varchar, reason varchar, state varchar
);
create table if not exists ops.delivery_facts (
    delivery_id varchar, source varchar, business_date date, sequence integer,
    rhythm varchar, rows_delivered bigint, rows_loaded bigint, rows_duplicate bigint,
    rows_quarantined bigint, rows_unaccounted bigint, rows_missing bigint,
    quarantined_share double, missing_required_share double,
    impossible_time_share double, unknown_reference_share double,
    filled_share double, filled_share_change double, volume_ratio double,
    newest_row_age_days integer, knowledge_lag_hours double, delay_days integer,
    missing_sequence_count integer, missing_date_count integer,
    early_event_share double, unlike_register_share double, slipped_share double,
    seen_account_share double, unmoved_share double, typical_amount double,
    typical_amount_ratio double
);
create table if not exists ops.delivery_principles (
    delivery_id varchar, source varchar, business_date date, principle varchar,
    check_count integer, failed_count integer
);
-- What was refused or said twice was put through one check, and failed it.
create or replace view ops.delivery_checks as
select
    principles.delivery_id, principles.source, principles.business_date,
    principles.principle, principles.check_count, principles.failed_count
from ops.delivery_principles as principles
inner join ops.deliveries using (delivery_id)
where deliveries.status in ('accepted', 'held')
union all
select delivery_id, source, business_date, 'authenticity', 1, 1
from ops.deliveries
where status in ('refused', 'duplicate') and business_date is not null;
create table if not exists ops.decisions (
    decision varchar, target varchar, row_count bigint, reason varchar,
    decided_by varchar, decided_at timestamp
);
create table if not exists ops.gates (
    gate varchar, target varchar, checked_at timestamp, is_passed boolean,
    expectation_count integer, failed_count integer, details json
);
create or replace view ops.accepted_deliveries as
select
    delivery_id, source, business_date, sequence, extracted_at as known_at,
    lead(extracted_at) over (
        partition by source, business_date order by sequence
    ) as superseded_at
from ops.deliveries
where status = 'accepted';

create table if not exists ops.identity_changes (
    source varchar, number varchar, customer_id varchar, action varchar,
    rule varchar, score double, known_at timestamp, registered_date date
);
create or replace view ops.customer_identities as
with stated as (
    select number, customer_id, registered_date, known_at
    from ops.identity_changes
    where source = 'core_customers'
    union all
    select distinct number, number, cast(null as date), timestamp '0001-01-01'
    from ops.identity_changes
    where source = 'core_customers'
)
select
    number as customer_number, customer_id, registered_date, known_at,
    lead(known_at) over (partition by number order by known_at) as superseded_at
from stated;
create table if not exists ops.erasures (
    erasure_id varchar, erased_at timestamp, certificate json
);
create table if not exists ops.erased_contents (
    delivery_id varchar, content_sha256 varchar
);
create table if not exists ops.retraining (
    erasure_id varchar, use_case varchar, estimator_version integer,
    flagged_at timestamp
);
create table if not exists ops.promotions (
    use_case varchar, estimator_version integer, run_id varchar,
    promoted_at timestamp, reason varchar, digests json
);
alter table ops.promotions add column if not exists approved_by varchar;
-- Every challenger and what was decided of it, refusals too. Nothing here makes a
-- champion: whoever looks for one reads ops.promotions.
create table if not exists ops.challenges (
    use_case varchar, estimator_version integer, mining_run_id varchar,
    candidate varchar, run_id varchar, model_id varchar, digests json,
    learnt_until date, champion_version integer, decision varchar, reason varchar,
    decided_by varchar, decided_at timestamp, figures json
);
-- A later promotion makes the comparison stale, an erasure what was learnt.
create or replace view ops.waiting_challengers as
with latest as (
    from ops.challenges
    qualify row_number() over (
        partition by use_case, estimator_version order by decided_at desc
    ) = 1
)
from latest
where latest.decision = 'waiting'
    and not exists (
        from ops.promotions
        where promotions.use_case = latest.use_case
            and promotions.promoted_at > latest.decided_at
    )
    and not exists (
        from ops.retraining
        where retraining.use_case = latest.use_case
            and retraining.flagged_at > latest.decided_at
    );
create table if not exists ml.mining_runs (
    use_case varchar, mining_run_id varchar, started_at timestamp,
    seed integer, data_version varchar, status varchar, note varchar
);
create table if not exists ml.candidates (
    use_case varchar, mining_run_id varchar, candidate varchar, complexity integer,
    run_id varchar, model_id varchar, digests json
);
create table if not exists ml.assessments (
    use_case varchar, mining_run_id varchar, candidate varchar, part varchar,
    as_of_date date, metric varchar, value double
);
alter table ml.assessments add column if not exists low double;
alter table ml.assessments add column if not exists high double;
alter table ml.assessments add column if not exists segment varchar;
create table if not exists ml.churn_scores (
    customer_id varchar, as_of_date date, churn_probability double,
    estimator_version integer, run_id varchar, scored_at timestamp
);
create table if not exists ml.cross_sell_scores (
    customer_id varchar, as_of_date date, product_family varchar,
    open_probability double, estimator_version integer, run_id varchar,
    scored_at timestamp
);
create table if not exists ml.score_reasons (
    use_case varchar, customer_id varchar, as_of_date date, product_family varchar,
    reason_rank integer, concept varchar, level varchar, contribution double,
    run_id varchar
);
create table if not exists ml.estimator_health (
    use_case varchar, as_of_date date, estimator_version integer, run_id varchar,
    metric varchar, feature varchar, value double, threshold double, is_alert boolean
);
"""
# What warehouses of the first version lack.
LATER_FACTS = {
    "missing_sequence_count": "integer",
    "missing_date_count": "integer",
    "early_event_share": "double",
    "unlike_register_share": "double",
    "slipped_share": "double",
    "unmoved_share": "double",
    "seen_account_share": "double",
    "typical_amount": "double",
    "typical_amount_ratio": "double",
}
_held_here: set[Path] = set()


@contextmanager
def connect(
    settings: Settings, *, read_only: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse for as long as the block lasts.

    Parameters
    ----------
    settings : Settings
        Says where it is, and how much memory and how many threads to use.
    read_only : bool, default=False
        Whether to leave everything as it is.

    Raises
    ------
    MissingSourceError
        ``read_only``, and there is no warehouse yet.
    LockedError
        Another process still had it open after ``settings.lock_wait_seconds``.
    """
    if read_only and not settings.warehouse.exists():
        msg = (
            f"There is no warehouse at {settings.warehouse}, so there is nothing to "
            "read. Run `crm ingest` first, or point CRM_HOME elsewhere."
        )
        raise MissingSourceError(msg)
    connection = _open(settings, read_only=read_only)
    try:
        connection.execute("set TimeZone = 'UTC'")
        # DuckDB would draw one whoever reads; steps draw their own, on terminals.
        connection.execute("set enable_progress_bar = false")
        yield connection
    except duckdb.OutOfMemoryException as error:
        msg = (
            "DuckDB ran out of memory or disk, so this step wrote nothing. Free some, "
            f"or raise CRM_MEMORY_LIMIT (now {settings.memory_limit}), and run it "
            "again."
        )
        raise ResourceError(msg) from error
    except (duckdb.Error, OSError) as error:
        if "No space left on device" not in str(error):
            raise
        msg = (
            "The disk is full, so this step wrote nothing that counts. Free some space "
            f"where {settings.home} is, and run it again."
        )
        raise ResourceError(msg) from error
    finally:
        connection.close()


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the tables that Python writes, and add columns that contracts gained."""
    connection.execute(TABLES)
    for name, kind in LATER_FACTS.items():
        connection.execute(
            f"alter table ops.delivery_facts add column if not exists {name} {kind}"
        )
    for contract in load_contracts().values():
        create_raw_table(connection, contract)


def create_raw_table(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Create ``raw.<source>``, or add the columns its contract has gained."""
    columns = {c.name: c.raw_definition for c in contract.columns} | RAW_COLUMNS
    listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    table = f"raw.{contract.source}"
    connection.execute(f"create table if not exists {table} ({listed})")
    for name, kind in columns.items():
        connection.execute(
            f"alter table {table} add column if not exists {name} {kind}"
        )


@contextmanager
def run_lock(settings: Settings, run: str) -> Iterator[None]:
    """Keep every other run that writes out until the block ends.

    The lock belongs to the process, so a killed run leaves nothing behind. A step
    inside a run that holds it already goes ahead.

    Raises
    ------
    LockedError
        Another run holds it. Names that run and its process.
    """
    path = settings.home.resolve() / "run.lock"
    if path in _held_here:
        yield
        return
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o750)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LockedError(_describe_holder(path)) from error
        file.seek(0)
        file.truncate()
        started = datetime.now(UTC).isoformat(timespec="seconds")
        json.dump({"run": run, "process": os.getpid(), "started_at": started}, file)
        file.flush()
        _held_here.add(path)
        try:
            yield
        finally:
            _held_here.discard(path)


def _describe_holder(path: Path) -> str:
    holder = {}
    with suppress(ValueError):
        holder = json.loads(path.read_text(encoding="utf-8"))
    return (
        f"`crm {holder.get('run', '?')}` is at work as process "
        f"{holder.get('process', '?')} since {holder.get('started_at', '?')}, so this "
        "run did nothing. Wait for it to end, then run this again."
    )


def _open(settings: Settings, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o750)
    config = {
        "memory_limit": settings.memory_limit,
        "threads": settings.threads,
        "temp_directory": str(settings.home / "tmp"),
    }
    deadline = time.monotonic() + settings.lock_wait_seconds
    while True:
        try:
            return duckdb.connect(
                settings.warehouse, read_only=read_only, config=config
            )
        except duckdb.IOException as error:
            if "lock" not in str(error).lower():
                raise
            if time.monotonic() > deadline:
                msg = (
                    "Another process has the warehouse open, so this step did nothing. "
                    "Close it (BI reads published/current, never the warehouse) and "
                    "run this again."
                )
                raise LockedError(msg) from error
            time.sleep(0.2)
