import json
import os
import stat

import duckdb
import pytest

from pipelines.decision.publish import run as publish
from pipelines.decision.publish import versions
from pipelines.decision.publish.manifest import describe_file
from pipelines.foundation.errors import DataQualityError, MissingSourceError
from pipelines.foundation.warehouse import connect, prepare

BUILT_AT, CHECKED_AT = "2026-07-01T06:10:00Z", "2026-07-01 06:12:00"


@pytest.fixture
def warehouse(settings):
    """One mart, built and then checked."""
    with connect(settings) as connection:
        prepare(connection)
        connection.execute(f"""
            create schema marts;
            create table marts.customer_features (
                customer_id varchar, as_of_date date, login_count_30d double,
                scored_at timestamp
            );
            comment on table marts.customer_features is 'What we''d know.';
            comment on column marts.customer_features.login_count_30d is '0 if none.';
            insert into marts.customer_features values
                ('C1', '2026-06-01', 3, '2026-07-01 06:00:00'),
                ('C1', '2026-07-01', 4, '2026-07-01 06:00:00'),
                ('C2', '2026-07-01', null, '2026-07-01 06:00:00');
            insert into ops.gates values
                ('deliveries', 'atm', '{CHECKED_AT}', false, 9, 1, null),
                ('scores', 'customer_scores', '2026-06-30 06:12:00', false, 5, 1, null),
                ('scores', 'customer_scores', '{CHECKED_AT}', true, 5, 0, null);
        """)
    record = settings.home / "dbt" / "target" / "run_results.json"
    record.parent.mkdir(parents=True)
    record.write_text(
        json.dumps(
            {
                "metadata": {"generated_at": BUILT_AT},
                "results": [{"unique_id": "model.bank_crm.customer_features"}],
            }
        )
    )
    return settings


def change(settings, statement):
    with connect(settings) as connection:
        connection.execute(statement)


def read(path, query):
    with duckdb.connect(path, read_only=True) as connection:
        return connection.execute(query).fetchall()


def read_current(settings):
    return read(
        settings.published / "current" / "marts.duckdb",
        "select customer_id, login_count_30d from customer_features "
        "where as_of_date = '2026-07-01' order by customer_id",
    )


ASK_FEATURES = "insert into ops.gates values ('features', 'customer_features',"
ADD_LOGIN = "update marts.customer_features set login_count_30d = login_count_30d + 1"


def test_what_is_published_is_what_the_warehouse_holds(warehouse):
    publication = publish.run(warehouse)

    assert publication.is_new
    assert publication.rows == {"customer_features": 3}
    assert publish.find_current(warehouse) == publication.folder
    assert read_current(warehouse) == [("C1", 4), ("C2", None)]
    parquet = publication.folder / "parquet" / "customer_features.parquet"
    with duckdb.connect() as connection:
        assert connection.execute(
            "select count(*) from read_parquet(?)", [str(parquet)]
        ).fetchone() == (3,)


@pytest.mark.parametrize(
    "query", ["from marts.customer_features", "from customer_features"]
)
def test_a_mart_has_the_name_that_it_has_in_the_warehouse(warehouse, query):
    folder = publish.run(warehouse).folder

    assert len(read(folder / "marts.duckdb", query)) == 3


def test_descriptions_travel_with_the_marts(warehouse):
    database = publish.run(warehouse).folder / "marts.duckdb"

    tables = read(database, "select comment from duckdb_tables()")
    columns = read(
        database,
        "select comment from duckdb_columns() where column_name = 'login_count_30d'",
    )
    assert tables == [("What we'd know.",)]
    assert columns == [("0 if none.",)]


def test_readers_older_than_two_years_can_open_it(warehouse):
    database = publish.run(warehouse).folder / "marts.duckdb"

    ((tags,),) = read(
        database, "select tags from duckdb_databases() where database_name = 'marts'"
    )
    assert tags["storage_version"].startswith("v1.2.0")


def test_a_version_is_read_only_and_nothing_else_is_left(warehouse):
    folder = publish.run(warehouse).folder

    modes = {
        str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode)
        for path in folder.rglob("*")
    }
    assert modes == {
        "manifest.json": 0o440,
        "marts.duckdb": 0o440,
        "parquet": 0o750,
        "parquet/customer_features.parquet": 0o440,
    }
    assert sorted(path.name for path in warehouse.published.iterdir()) == [
        folder.name,
        "current",
    ]


def test_the_manifest_describes_every_file(warehouse):
    folder = publish.run(warehouse).folder

    manifest = json.loads((folder / "manifest.json").read_text())
    assert set(manifest["files"]) == {
        "marts.duckdb",
        "parquet/customer_features.parquet",
    }
    for name, file in manifest["files"].items():
        assert file == describe_file(folder / name)
    assert folder.name == f"2026-07-01-{manifest['data_version'][:12]}"
    assert folder.name == manifest["version"]
    assert manifest["as_of_date"] == "2026-07-01"


def test_the_same_marts_are_not_published_again(warehouse):
    first = publish.run(warehouse)
    before = (first.folder / "manifest.json").stat().st_mtime_ns
    change(
        warehouse,
        """
        create table sorted as from marts.customer_features order by customer_id desc;
        delete from marts.customer_features;
        insert into marts.customer_features
        select * replace (scored_at + interval 1 hour as scored_at) from sorted;
        """,
    )

    second = publish.run(warehouse)

    assert not second.is_new
    assert second.folder == first.folder
    assert (second.folder / "manifest.json").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "statement",
    [
        ADD_LOGIN,
        "insert into marts.customer_features from marts.customer_features",
        "alter table marts.customer_features rename login_count_30d to logins",
        "comment on table marts.customer_features is 'Something else.'",
        "create table marts.customers as select 'C1' as customer_id",
    ],
    ids=["value", "rows twice", "column name", "description", "one mart more"],
)
def test_whatever_changes_makes_a_new_version(warehouse, statement):
    first = publish.run(warehouse)
    change(warehouse, statement)

    second = publish.run(warehouse)

    assert second.is_new
    assert second.folder != first.folder


def test_a_reader_of_the_version_before_reads_on(warehouse):
    publish.run(warehouse)
    path = warehouse.published / "current" / "marts.duckdb"
    with duckdb.connect(path.resolve(), read_only=True) as reader:
        change(warehouse, ADD_LOGIN)
        publish.run(warehouse)

        read_before = reader.execute(
            "select max(login_count_30d) from customer_features"
        )
        assert read_before.fetchone() == (4,)
    assert read_current(warehouse) == [("C1", 5), ("C2", None)]


@pytest.mark.parametrize("survived", [0, 1], ids=["the version", "the pointer"])
def test_a_run_killed_before_it_moves_something_leaves_the_old_version(
    warehouse, monkeypatch, survived
):
    publish.run(warehouse)
    change(warehouse, ADD_LOGIN)
    moves = []

    def move_or_die(source, target, move=os.replace):
        if len(moves) == survived:
            raise KeyboardInterrupt
        moves.append(target)
        move(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(versions.os, "replace", move_or_die)
        with pytest.raises(KeyboardInterrupt):
            publish.run(warehouse)

    assert read_current(warehouse) == [("C1", 4), ("C2", None)]
    assert publish.run(warehouse).is_new
    assert read_current(warehouse) == [("C1", 5), ("C2", None)]
    assert not list(warehouse.published.glob(".partial-*"))


def test_old_versions_go_and_the_current_one_stays(warehouse):
    keep_two = warehouse.model_copy(update={"kept_versions": 2})
    first = publish.run(keep_two).folder
    change(warehouse, ADD_LOGIN)
    second = publish.run(keep_two).folder
    change(warehouse, ADD_LOGIN)
    third = publish.run(keep_two).folder
    assert [path.exists() for path in (first, second, third)] == [False, True, True]

    change(warehouse, ADD_LOGIN.replace("+", "-"))
    publish.run(warehouse.model_copy(update={"kept_versions": 1}))

    assert publish.find_current(warehouse) == second
    assert [path.exists() for path in (second, third)] == [True, True]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (f"{ASK_FEATURES} '{CHECKED_AT}', false, 5, 1, null)", "Gates failed on cust"),
        (
            f"{ASK_FEATURES} '2026-06-30 06:12', true, 5, 0, null)",
            "dbt has built marts",
        ),
        (
            "update ops.gates set checked_at = '2026-06-30 06:13' where is_passed",
            "dbt has built marts",
        ),
        ("delete from ops.gates", "dbt has built marts"),
    ],
    ids=["failed", "built again since", "none asked since", "none ever asked"],
)
def test_nothing_unvalidated_is_published(warehouse, statement, message):
    change(warehouse, statement)

    with pytest.raises(DataQualityError, match=message):
        publish.run(warehouse)

    assert not warehouse.published.exists()


def test_without_marts_there_is_nothing_to_publish(warehouse):
    change(warehouse, "drop schema marts cascade")

    with pytest.raises(MissingSourceError, match="There are no marts yet"):
        publish.run(warehouse)
