"""Are a simulated bank's deliveries what the contracts promise, every time?"""

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from pipelines.demo import simulate
from pipelines.foundation.contracts import load_contracts
from pipelines.foundation.deliveries import Manifest, describe_file, find_deliveries
from pipelines.foundation.errors import UsageError
from pipelines.foundation.settings import Settings

SMALL = {"customers": 40, "months": 2}
SOURCES = load_contracts()
# First delivered with all they hold.
REGISTERS = ("core_accounts", "core_customers", "core_subscriptions")
JANUARY, FEBRUARY = date(2025, 1, 31), date(2025, 2, 28)


def simulate_in(home: Path, **arguments) -> Settings:
    settings = Settings(home=home)
    simulate.run(settings, **SMALL | arguments)
    return settings


def manifests(settings: Settings) -> list[Manifest]:
    return [
        Manifest.model_validate_json((folder / "manifest.json").read_text())
        for folder in find_deliveries(settings.landing)
    ]


def digests(settings: Settings) -> dict[str, str]:
    return {each.delivery_id: each.files[0].sha256 for each in manifests(settings)}


def digests_of_rows(settings: Settings) -> set[str]:
    """Leave out the files that hold a header only, which are all the same."""
    return {each.files[0].sha256 for each in manifests(settings) if each.rows}


def delivered(settings: Settings, source: str) -> duckdb.DuckDBPyRelation:
    pattern = settings.landing / source / "*" / "*.csv"
    return duckdb.read_csv(str(pattern), all_varchar=True, header=True, filename=True)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory) -> Settings:
    return simulate_in(tmp_path_factory.mktemp("bank"))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(
    simulated, tmp_path
):
    again = simulate_in(tmp_path / "again")
    other = simulate_in(tmp_path / "other", seed=1)

    assert digests(again) == digests(simulated)
    assert not digests_of_rows(other) & digests_of_rows(simulated)


def test_every_source_delivers_every_month(simulated):
    assert sorted(digests(simulated)) == sorted(
        f"{source}/{end}.1" for source in SOURCES for end in (JANUARY, FEBRUARY)
    )


def test_manifests_say_what_the_files_hold(simulated):
    for manifest in manifests(simulated):
        source = SOURCES[manifest.source]
        folder = simulated.landing / manifest.source / str(manifest.business_date)
        (file,) = manifest.files
        header, *lines = (folder / file.name).read_text().splitlines()

        assert header.split(",") == source.names
        assert describe_file(folder / file.name, rows=len(lines)) == file
        assert set(manifest.control_totals) == set(source.control_totals)


def test_days_hold_the_rows_of_their_month(tmp_path):
    daily = simulate_in(tmp_path / "daily", every="day", months=1)
    monthly = simulate_in(tmp_path / "monthly", every="month", months=1)

    for source, contract in SOURCES.items():
        columns = ", ".join(contract.names)
        monthly_rows = delivered(monthly, source).project(columns).order(columns)
        daily_rows = delivered(daily, source).project(columns).order(columns)
        assert daily_rows.fetchall() == monthly_rows.fetchall()
    assert len(digests(daily)) == len(SOURCES) * 31


@pytest.mark.parametrize("source", SOURCES)
def test_rows_obey_their_contract(simulated, source):
    contract, rows = SOURCES[source], delivered(simulated, source)
    keys = ", ".join(contract.keys)
    rules = [f"count(*) = count(distinct ({keys}))"]
    for column in contract.columns:
        value = f"cast({column.name} as {column.data_type})"
        rules.append(f"count({column.name}) = count({value})")
        if column.is_required:
            rules.append(f"count({column.name}) = count(*)")
        if column.accepted_values:
            rules.append(
                f"count(*) = count(*) filter ("
                f"{column.name} is null or {column.name} in {column.accepted_values})"
            )
        if column.limits:
            low, high = (
                f"cast('{limit}' as {column.data_type})" for limit in column.limits
            )
            rules.append(
                f"count(*) = count(*) filter ("
                f"{value} is null or {value} between {low} and {high})"
            )
    (kept,) = rows.aggregate(", ".join(rules)).fetchall()

    assert [
        rule for rule, is_kept in zip(rules, kept, strict=True) if not is_kept
    ] == []


@pytest.mark.parametrize("source", SOURCES)
def test_a_delivery_holds_what_happened_in_its_month(simulated, source):
    happened = f"cast({SOURCES[source].happened.name} as date)"
    rows = delivered(simulated, source)
    for end in (JANUARY, FEBRUARY):
        month = rows.filter(f"filename like '%_{end:%Y%m%d}.csv'")
        is_first = source in REGISTERS and end == JANUARY
        since = date.min if is_first else end.replace(day=1)
        outside = month.filter(f"not {happened} between '{since}' and '{end}'")

        assert len(outside) == 0


def test_deliveries_are_written_out_the_morning_after(simulated):
    assert {
        (manifest.business_date, manifest.extracted_at)
        for manifest in manifests(simulated)
    } == {
        (JANUARY, datetime(2025, 2, 1, 1, 10, tzinfo=UTC)),
        (FEBRUARY, datetime(2025, 3, 1, 1, 10, tzinfo=UTC)),
    }


def test_the_truth_stays_out_of_landing(simulated):
    truth = {path.name for path in (simulated.home / "truth").iterdir()}
    landed = {path.name for path in simulated.landing.rglob("*") if path.is_file()}

    assert truth == {
        "simulation.json",
        "dormancy.parquet",
        "churn_propensities.parquet",
        "cross_sell_propensities.parquet",
        "growth_propensities.parquet",
        "identities.parquet",
    }
    assert {path.name for path in simulated.landing.iterdir()} == set(SOURCES)
    assert landed == {
        "manifest.json",
        *(f"{source}_20250131.csv" for source in SOURCES),
        *(f"{source}_20250228.csv" for source in SOURCES),
    }


def test_a_bank_that_is_there_is_left_as_it_is(tmp_path):
    settings = simulate_in(tmp_path)
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.csv")}

    again = simulate.run(settings, **SMALL)

    assert not again.is_new
    assert again.rows == sum(manifest.rows for manifest in manifests(settings))
    assert {
        path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.csv")
    } == written


def test_a_simulation_cut_short_is_finished_by_the_next(tmp_path, simulated):
    settings = simulate_in(tmp_path)
    (settings.landing / "card" / "2025-02-28" / "manifest.json").unlink()

    assert simulate.run(settings, **SMALL).is_new
    assert digests(settings) == digests(simulated)


def test_another_bank_is_refused_where_one_has_landed(tmp_path):
    settings = simulate_in(tmp_path)
    before = digests(settings)

    with pytest.raises(UsageError, match="empty folder"):
        simulate.run(settings, **SMALL | {"seed": 1})

    assert digests(settings) == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"customers": 0}, "customers must be"),
        ({"months": 0}, "months must be"),
        ({"seed": -1}, "seed must not be"),
        ({"start": date(2025, 1, 2)}, "first of a month"),
        ({"every": "week"}, "month or day"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_said(tmp_path, arguments, says):
    with pytest.raises(UsageError, match=says):
        simulate_in(tmp_path, **arguments)


def test_a_bank_too_small_to_damage_is_said_to_be(tmp_path):
    with pytest.raises(UsageError, match="every kind of defect takes 10 dates"):
        simulate_in(tmp_path, has_defects=True)

    assert not (tmp_path / "truth" / "defects.parquet").exists()
