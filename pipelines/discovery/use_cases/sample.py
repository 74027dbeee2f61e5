"""Sample: which customers to learn from, at which dates."""

import logging
from datetime import date
from uuid import uuid4

import duckdb
import pandas as pd

from models.sample.splits import split_snapshots
from pipelines.discovery.runs import SKIPPED, MiningRun, add
from pipelines.discovery.tracking import mlflow_runs as tracking
from pipelines.foundation.settings import Settings
from pipelines.foundation.source_days import LACKING_SNAPSHOTS
from pipelines.foundation.use_case import find_use_case
from pipelines.foundation.warehouse import connect, run_lock

logger = logging.getLogger(__name__)

# Of parts that are not learnt from. They are thinned by customer, so figures need no
# weights; a training row that stays speaks for others of its label.
OTHER_ROWS = 200_000
# With fewer positives than these, a figure is an accident.
LEAST_POSITIVES = {"train": 50, "tune": 20, "test": 20}


def run(settings: Settings, use_case: str, *, seed: int = 0) -> bool:
    """Begin a mining run: write ``ml.<use_case>_sample``, split in time.

    Parameters
    ----------
    settings : Settings
        Says where the warehouse and MLflow's store are.
    use_case : str
        Name of one of ``USE_CASES``.
    seed : int, default=0
        Chooses the rows of a sample that would be too large, and seeds whatever is
        random in the stages that follow.

    Returns
    -------
    bool
        Whether there is enough to learn from. If not, the run is recorded as skipped
        and the other stages have nothing to do.
    """
    with run_lock(settings, "sample"):
        with connect(settings) as connection:
            counts = write_sample(connection, use_case, seed)
            data_version = hash_sample(connection, use_case)
            shortage = _find_shortage(counts)
        run_id = uuid4().hex if shortage else _track(settings, use_case, seed, counts)
        mining_run = MiningRun(
            use_case=use_case,
            mining_run_id=run_id,
            seed=seed,
            data_version=data_version,
            status=SKIPPED if shortage else "sample",
            note=shortage,
        )
        with connect(settings) as connection:
            add(connection, mining_run)
    if shortage:
        logger.info("%s skipped, nothing was learnt: %s.", use_case, shortage)
    else:
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        logger.info("%s sampled: %s", use_case, listed)
    return not shortage


def write_sample(
    connection: duckdb.DuckDBPyConnection, use_case: str, seed: int
) -> dict[str, int]:
    """Write ``ml.<use_case>_sample``: keys, label, part and weight.

    Features stay in the marts.

    Returns
    -------
    dict of str to int
        Rows left after each filter, and rows and positives of each part.
    """
    lacking = _list_lacking(connection)
    if lacking:
        logger.warning(
            "%s: %d snapshots from %s to %s are left out, since they lack days of a "
            "source. The mart source_days has them.",
            use_case,
            len(lacking),
            lacking[0],
            lacking[-1],
        )
    parts = split_snapshots(
        list_snapshots(connection, use_case),
        horizon_days=find_use_case(use_case).label_days,
    )
    draw(connection, use_case, f"ml.{use_case}_sample", parts, seed)
    return _count(connection, use_case)


def list_snapshots(connection: duckdb.DuckDBPyConnection, use_case: str) -> list[date]:
    """List the snapshots whose labels are known, the earliest first."""
    rows = connection.execute(
        f"""
        select distinct as_of_date from ({find_use_case(use_case).population})
        order by all
        """
    ).fetchall()
    return [as_of_date for (as_of_date,) in rows]


def _list_lacking(connection: duckdb.DuckDBPyConnection) -> list[date]:
    """List the snapshots that have no labels, because features of theirs lack days."""
    rows = connection.execute(f"""
        select distinct as_of_date from marts.customer_features
        where as_of_date in ({LACKING_SNAPSHOTS})
        order by all
    """).fetchall()
    return [as_of_date for (as_of_date,) in rows]


def draw(
    connection: duckdb.DuckDBPyConnection,
    use_case: str,
    table: str,
    parts: dict[date, str],
    seed: int,
) -> None:
    """Write a sample of the snapshots that belong to a part: keys, label and weight."""
    definition = find_use_case(use_case)
    connection.execute(
        f"""
        create or replace table {table} as
        with parts as (
            select
                unnest($days::date[]) as as_of_date, unnest($parts::varchar[]) as part
        ),
        shares as (
            select
                population.* replace (cast(label as integer) as label), parts.part,
                least(1, case
                    when part != 'train' then $rows
                    when label then $positives
                    else $negatives
                end / count(*) over (partition by part, part = 'train' and label)
                ) as share
            from ({definition.population}) as population
            inner join parts using (as_of_date)
        )
        select * exclude (share), if(part = 'train', 1 / share, 1) as weight
        from shares
        -- Tuned and tested on are whole customers, for their offers are ranked.
        where share * 1000000 > if(
            part = 'train', hash(shares, $seed), hash(customer_id, $seed)
        ) % 1000000
        """,
        {
            "positives": definition.positives,
            "negatives": definition.negatives,
            "days": list(parts),
            "parts": list(parts.values()),
            "rows": OTHER_ROWS,
            "seed": seed,
        },
    )


def hash_sample(connection: duckdb.DuckDBPyConnection, use_case: str) -> str:
    """Hash the sampled rows and their features, whatever their order."""
    (digest,) = connection.execute(
        f"""
        select bit_xor(hash(sample, features))
        from ml.{use_case}_sample as sample
        inner join marts.customer_features as features
            using (customer_id, as_of_date)
        """
    ).fetchone()
    return f"{digest or 0:016x}"


def read_part(
    connection: duckdb.DuckDBPyConnection,
    use_case: str,
    part: str,
    *,
    table: str | None = None,
    has_person: bool = False,
) -> pd.DataFrame:
    """Read the features and labels of a part, always in the same order, without ids.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Open on the warehouse.
    use_case : str
        Whose sample.
    part : str
        ``"train"``, ``"tune"`` or ``"test"``.
    table : str, optional
        Another sample, as :func:`draw` writes it.
    has_person : bool, default=False
        Whether to give a number to each customer, which leads back to none.

    Returns
    -------
    DataFrame of shape (n_rows, n_features + 2 or + 3)
        What the use case learns from, then ``label``, 0 or 1, ``weight``: for how many
        rows it speaks, and where asked for ``person``, a whole number.
    """
    person = ", dense_rank() over (order by customer_id) as person" * has_person
    columns = ", ".join(find_use_case(use_case).columns.features)
    return connection.execute(
        f"""
        select {columns}, label, weight{person}
        from {table or f"ml.{use_case}_sample"}
        inner join marts.customer_features using (customer_id, as_of_date)
        where part = ?
        order by all
        """,
        [part],
    ).df()


def read_dates(connection: duckdb.DuckDBPyConnection, use_case: str) -> dict[str, date]:
    """Read the latest snapshot of each part."""
    return dict(
        connection.execute(
            f"select part, max(as_of_date) from ml.{use_case}_sample group by all"
        ).fetchall()
    )


def _count(connection: duckdb.DuckDBPyConnection, use_case: str) -> dict[str, int]:
    definition = find_use_case(use_case)
    counts = connection.execute(definition.counts).df().iloc[0].to_dict()
    (counts["labelled"],) = connection.execute(
        f"select count(*) from ({definition.population})"
    ).fetchone()
    parts = connection.execute(
        f"select part, count(*), sum(label) from ml.{use_case}_sample group by all"
    ).fetchall()
    for part, rows, positives in sorted(parts):
        counts |= {f"{part}_rows": rows, f"{part}_positives": positives}
    return {name: int(count) for name, count in counts.items()}


def _find_shortage(counts: dict[str, int]) -> str:
    """Say why there is too little to learn from; nothing where there is enough."""
    if "train_rows" not in counts:
        return "no three labelled snapshots lie a horizon apart"
    for part, least in LEAST_POSITIVES.items():
        positives = counts[f"{part}_positives"]
        if positives < least:
            return f"{positives} positives in the {part} part, fewer than {least}"
    return ""


def _track(settings: Settings, use_case: str, seed: int, counts: dict[str, int]) -> str:
    with connect(settings) as connection:
        (as_of_date,) = connection.execute(
            "select max(as_of_date) from marts.customer_features"
        ).fetchone()
    run_id = tracking.start_run(settings, use_case, f"{use_case} {as_of_date}")
    with tracking.open_run(settings, use_case, "sample", parent_id=run_id):
        tracking.log(
            parameters={"seed": seed, "population": find_use_case(use_case).population},
            metrics=counts,
        )
    return run_id
