"""Write the deliveries of a synthetic bank into landing, and the truth apart."""

import json
import logging
import os
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb

from pipelines.demo.synthetic_bank.bank import Bank, build_bank
from pipelines.demo.synthetic_bank.defects.plant import plant, write_list
from pipelines.demo.synthetic_bank.extracts import SOURCES, load_month
from pipelines.demo.synthetic_bank.registers import load_registers
from pipelines.demo.synthetic_bank.truth import write_truth
from pipelines.foundation.business_date import write_calendar
from pipelines.foundation.contracts import load_contract
from pipelines.foundation.deliveries import MANIFEST, write_delivery
from pipelines.foundation.errors import UsageError
from pipelines.foundation.logs import show_progress
from pipelines.foundation.modes import make_folder
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import run_lock

logger = logging.getLogger(__name__)
_EXTRACTED_AT = time(1, 10, tzinfo=UTC)


@dataclass(frozen=True)
class Simulation:
    """What was written, or found to be there."""

    customers: int
    deliveries: int
    rows: int
    is_new: bool = True


def run(  # noqa: PLR0913 - one for each option of the command
    settings: Settings,
    *,
    customers: int = 5000,
    months: int = 18,
    seed: int = 0,
    start: date = date(2025, 1, 1),
    every: str = "month",
    has_defects: bool = False,
) -> Simulation:
    """Simulate a bank and deliver it, unless it has been delivered already.

    Parameters
    ----------
    settings : Settings
        Says where landing is. The truth goes to ``truth`` beside it.
    customers : int, default=5000
        Registered at the start; others follow.
    months, seed : int
        How long it runs, and which bank it is: same seed, same files.
    start : date, default=2025-01-01
        The first of a month.
    every : {"month", "day"}, default="month"
        How much one delivery holds. The rows are the same.
    has_defects : bool, default=False
        Whether to damage some of what is delivered, one of each kind of defect, and to
        list them in ``truth/defects.parquet``.

    Raises
    ------
    UsageError
        An argument makes no sense, or landing holds something else.
    """
    wanted = {
        "customers": customers,
        "months": months,
        "seed": seed,
        "start": start.isoformat(),
        "every": every,
    }
    if has_defects:
        wanted["has_defects"] = True
    _check(wanted, start)
    record = settings.home / "truth" / "simulation.json"
    with run_lock(settings, "simulate"):
        simulation = _find_simulation(settings, record, wanted)
        *_, (_, _, end) = _list_periods(start, months, every)
        write_calendar(settings, _business_date(end))
        if simulation is None:
            # Written first, so that a run cut short can be repeated over what it left.
            _write_record(record, {"parameters": wanted})
            bank = build_bank(seed, customers, start, months)
            write_truth(bank, record.parent)
            simulation = _deliver(settings, bank, every)
            if has_defects:
                write_list(plant(settings.landing, seed), record.parent)
            _write_record(record, {"parameters": wanted, "written": asdict(simulation)})
    logger.info(
        "%s a bank of %s customers: %s deliveries, %s rows",
        "Simulated" if simulation.is_new else "Found in landing, so left as it is,",
        simulation.customers,
        simulation.deliveries,
        simulation.rows,
    )
    return simulation


def _check(wanted: dict[str, object], start: date) -> None:
    rules = {
        "customers must be at least 1": wanted["customers"] >= 1,
        "months must be at least 1": wanted["months"] >= 1,
        "seed must not be negative": wanted["seed"] >= 0,
        "start must be the first of a month": start.day == 1,
        "every must be month or day": wanted["every"] in {"month", "day"},
    }
    broken = [rule for rule, is_kept in rules.items() if not is_kept]
    if broken:
        msg = f"Nothing was simulated: {'; '.join(broken)}."
        raise UsageError(msg)


def _find_simulation(
    settings: Settings, record: Path, wanted: dict[str, object]
) -> Simulation | None:
    if not any(settings.landing.glob("*/*")):
        return None
    known = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    if known.get("parameters") != wanted:
        msg = (
            f"{settings.landing} holds deliveries of another bank, so nothing was "
            "written. Repeat the simulation that made them, or point CRM_HOME at an "
            "empty folder."
        )
        raise UsageError(msg)
    start = date.fromisoformat(wanted["start"])
    expected = [
        settings.landing / source / _business_date(end).isoformat() / MANIFEST
        for _, _, end in _list_periods(start, wanted["months"], wanted["every"])
        for source in SOURCES
    ]
    # Of a damaged bank, what was lost on purpose is not there.
    is_there = "has_defects" in wanted or all(path.exists() for path in expected)
    if "written" in known and is_there:
        return Simulation(**known["written"] | {"is_new": False})
    return None


def _write_record(record: Path, content: dict[str, object]) -> None:
    make_folder(record.parent)
    partial = record.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=2), encoding="utf-8")
    os.replace(partial, record)


def _deliver(settings: Settings, bank: Bank, every: str) -> Simulation:
    calendar, rows, deliveries = bank.calendar, 0, 0
    periods = _list_periods(calendar.start, calendar.months, every)
    config = {
        "memory_limit": settings.memory_limit,
        "threads": settings.threads,
        "temp_directory": str(settings.home / "tmp"),
    }
    with closing(duckdb.connect(config=config)) as connection:
        connection.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
        load_registers(connection, bank)
        for month in show_progress(range(calendar.months), "Simulating"):
            load_month(connection, bank, month)
            for _, first, end in (period for period in periods if period[0] == month):
                # The first delivery brings what the registers held before the start.
                since = date.min if first == calendar.start else first
                for source in SOURCES:
                    rows += _deliver_source(connection, settings, source, since, end)
                    deliveries += 1
    return Simulation(customers=len(bank.people), deliveries=deliveries, rows=rows)


def _deliver_source(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    source: str,
    first: date,
    end: date,
) -> int:
    contract = load_contract(source)
    happened = contract.happened.name
    order = ", ".join([happened, *contract.keys])
    query = f"""
        select * from {source}
        where {happened} >= date '{first}' and {happened} < date '{end}'
        order by {order}
    """
    manifest = write_delivery(
        connection,
        query,
        settings.landing,
        contract,
        business_date=_business_date(end),
        extracted_at=datetime.combine(end, _EXTRACTED_AT),
    )
    return manifest.rows


def _list_periods(start: date, months: int, every: str) -> list[tuple[int, date, date]]:
    """List what each delivery covers: number of the month, first day, end day."""
    count = start.year * 12 + start.month - 1
    firsts = [
        date((count + month) // 12, (count + month) % 12 + 1, 1)
        for month in range(months + 1)
    ]
    spans = enumerate(pairwise(firsts))
    if every == "month":
        return [(month, first, end) for month, (first, end) in spans]
    return [
        (month, first + timedelta(days), first + timedelta(days + 1))
        for month, (first, end) in spans
        for days in range((end - first).days)
    ]


def _business_date(end: date) -> date:
    return end - timedelta(1)
