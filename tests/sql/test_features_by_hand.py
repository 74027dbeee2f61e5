"""What the bench compares with makes the very features that dbt makes."""

import sys
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))

from building import build_by_hand


def test_the_query_of_the_bench_makes_the_same_features(bank, copy_home):
    home = copy_home(bank).home
    build_by_hand(home)
    with duckdb.connect(home / "hand.duckdb") as connection:
        connection.execute(f"attach '{home / 'warehouse.duckdb'}' as bank (read_only)")
        columns = connection.table("features").columns
        made = connection.table("bank.marts.customer_features").columns
        # A new feature is not counted twice at once. An oracle of few would be none.
        assert set(columns) <= set(made)
        assert len(columns) > 0.95 * len(made)
        listed = ", ".join(columns)
        ((count, differing),) = connection.execute(f"""
            select
                (select count(*) from features),
                (select count(*) from (
                    select {listed} from features
                    except all select {listed} from bank.marts.customer_features
                ))
        """).fetchall()
    assert count > 30_000
    assert differing == 0
