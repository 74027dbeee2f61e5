"""Take a person's rows out of every published version."""

import json
from pathlib import Path

import duckdb

from pipelines.decision.publish.manifest import describe_file
from pipelines.decision.publish.marts import DATABASE, STORAGE_VERSION
from pipelines.forget.databases import REBUILT, put_in_place, remove
from pipelines.forget.person import Person
from pipelines.foundation.deliveries import MANIFEST


def erase_from_published(published: Path, person: Person) -> int:
    """Rewrite the versions that hold a person's rows; each keeps its name.

    Returns
    -------
    int
        Versions rewritten.
    """
    versions = [path.parent for path in published.glob(f"*/{MANIFEST}")]
    return sum(
        _erase_version(version, person)
        for version in sorted(versions)
        if not version.is_symlink()
    )


def _erase_version(version: Path, person: Person) -> bool:
    database = version / DATABASE
    changed = database.exists() and _erase_database(database, person)
    for path in sorted(version.glob("parquet/*.parquet")):
        changed |= _erase_parquet(path, person)
    path = version / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8"))
    described = {
        name: describe_file(version / name) for name in sorted(manifest["files"])
    }
    if described != manifest["files"]:
        manifest["files"] = described
        for name, mart in manifest["marts"].items():
            rows = _count_rows(version / "parquet" / f"{name}.parquet")
            if rows != mart["rows"]:
                # The hash was that of the rows before.
                mart.update(rows=rows, content_hash=None)
        target = path.with_name(MANIFEST + REBUILT)
        target.write_text(f"{json.dumps(manifest, indent=2)}\n", encoding="utf-8")
        put_in_place(target, path)
        changed = True
    return changed


def _erase_database(path: Path, person: Person) -> bool:
    half, target = (path.with_name(path.name + end) for end in (".half", REBUILT))
    remove(half)
    remove(target)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{_escape(path)}' as old (read_only)")
        tests = _find_tests(connection, person)
        if not tests:
            return False
        connection.execute(f"attach '{_escape(half)}' as half")
        connection.execute("copy from database old to half")
        for table, test in tests.items():
            connection.execute(f'delete from half.main."{table}" where {test}')
        connection.execute(
            f"attach '{_escape(target)}' as new (storage_version '{STORAGE_VERSION}')"
        )
        connection.execute("copy from database half to new")
        connection.execute("checkpoint new; detach half; detach new; detach old")
    remove(half)
    put_in_place(target, path)
    return True


def _find_tests(
    connection: duckdb.DuckDBPyConnection, person: Person
) -> dict[str, str]:
    """Write, for each table that holds the person, which rows are to go."""
    columns = connection.execute("""
        select table_name, list(column_name)
        from duckdb_columns() where database_name = 'old' and data_type = 'VARCHAR'
        group by table_name
    """).fetchall()
    tests = {table: _test(names, person) for table, names in columns}
    return {
        table: test
        for table, test in tests.items()
        if connection.execute(
            f'select count(*) from old.main."{table}" where {test}'
        ).fetchall()[0][0]
    }


def _test(columns: list[str], person: Person) -> str:
    # Pseudonyms are hexadecimal digits, and so need no escaping; others do.
    listed = ", ".join("'" + p.replace("'", "''") + "'" for p in person.pseudonym_list)
    return " or ".join(f'"{column}" in ({listed})' for column in columns)


def _erase_parquet(path: Path, person: Person) -> bool:
    target = path.with_name(path.name + REBUILT)
    target.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        read = f"read_parquet('{_escape(path)}')"
        described = connection.execute(f"describe from {read}").fetchall()
        names = [name for name, kind, *_ in described if kind == "VARCHAR"]
        if not names:
            return False
        test = _test(names, person)
        ((rows,),) = connection.execute(
            f"select count(*) from {read} where {test}"
        ).fetchall()
        if not rows:
            return False
        connection.execute(
            f"copy (from {read} where not coalesce({test}, false)) "
            f"to '{_escape(target)}' (format parquet)"
        )
    put_in_place(target, path)
    return True


def _count_rows(path: Path) -> int:
    with duckdb.connect() as connection:
        ((rows,),) = connection.execute(
            f"select count(*) from read_parquet('{_escape(path)}')"
        ).fetchall()
    return rows


def _escape(path: Path) -> str:
    return str(path).replace("'", "''")
