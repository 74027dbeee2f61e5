"""Score: what the champion says of everybody in the newest whole snapshot."""

import logging
from datetime import UTC, date, datetime

import duckdb
import numpy as np
import pandas as pd

from pipelines.discovery.champion import registry
from pipelines.discovery.champion.registry import Champion
from pipelines.discovery.tracking.artifacts import (
    list_unknown_families,
    require_columns,
)
from pipelines.foundation.settings import Settings
from pipelines.foundation.source_days import LACKING_SNAPSHOTS
from pipelines.foundation.use_case import UseCase, find_use_case
from pipelines.foundation.warehouse import connect, run_lock

logger = logging.getLogger(__name__)

BATCH_ROWS = 50_000
# Trees are walked one after the other, and so many rows stay in the processor's cache
# meanwhile: that is twice as fast as a batch at a time.
CACHED_ROWS = 2_000


def run(settings: Settings, use_case: str) -> int:
    """Write ``ml.<use_case>_scores`` of the newest whole snapshot in the marts.

    A snapshot that lacks days of a source is not scored, since to an estimator what is
    not known looks like what did not happen. Where every snapshot lacks some, it is the
    newest, and the grade of its scores tells.

    Parameters
    ----------
    settings : Settings
        Says where the warehouse and MLflow's store are.
    use_case : str
        Name of one of ``USE_CASES``.

    Returns
    -------
    int
        Rows that the snapshot has now; 0 where there is no champion.

    Raises
    ------
    GateRefusedError
        The champion's files are not those that were promoted, or it is lost, or the
        marts lack a column of its. The scores of before stay.
    """
    with run_lock(settings, "score"):
        champion = registry.load_champion(settings, use_case)
        if champion is None:
            logger.info("%s not scored: there is no champion.", use_case)
            return 0
        with connect(settings) as connection:
            definition = find_use_case(use_case)
            as_of_date = _find_snapshot(connection)
            rows = _write_new_scores(connection, definition, champion, as_of_date)
            is_replaced = _replace_snapshot(connection, definition, as_of_date)
    logger.info(
        "%s scored: %d rows of %s by version %d%s",
        use_case,
        rows,
        as_of_date,
        champion.estimator_version,
        "" if is_replaced else ", as before",
    )
    return rows


def _find_snapshot(connection: duckdb.DuckDBPyConnection) -> date:
    """Find the newest snapshot that lacks nothing, else the newest."""
    newest, whole = connection.execute(f"""
        select max(as_of_date), max(as_of_date) filter (
            as_of_date not in ({LACKING_SNAPSHOTS})
        )
        from (select distinct as_of_date from marts.customer_features)
    """).fetchone()
    if whole != newest:
        logger.warning(
            "The snapshot of %s lacks days of a source, so %s is scored. `crm status` "
            "names them.",
            newest,
            whole or "it is all the same, as all do,",
        )
    return whole or newest


def _write_new_scores(
    connection: duckdb.DuckDBPyConnection,
    use_case: UseCase,
    champion: Champion,
    as_of_date: date,
) -> int:
    """Score in batches, into a temporary table of the scores' shape."""
    described = connection.execute(f"describe {use_case.asked}").fetchall()
    columns = require_columns(
        use_case.name, champion.estimator, [name for name, *_ in described]
    )
    scored_at = datetime.now(UTC).replace(tzinfo=None)
    selected = ", ".join(dict.fromkeys(use_case.keys + columns))
    connection.execute(
        "create or replace temp table new_scores as "
        f"from {use_case.score_table} limit 0"
    )
    # A cursor of its own, because the connection writes while this one reads.
    with connection.cursor() as reading:
        batches = reading.sql(
            f"select {selected} from ({use_case.asked}) where as_of_date = ? "
            f"{_leave_out_unknown(use_case, champion)}",
            params=[as_of_date],
        ).to_arrow_reader(BATCH_ROWS)
        rows = 0
        for batch in batches:
            frame = batch.to_pandas()
            scores = frame[use_case.keys].assign(
                **{
                    use_case.probability: _predict(champion, frame[columns]),
                    "estimator_version": champion.estimator_version,
                    "run_id": champion.run_id,
                    "scored_at": scored_at,
                }
            )
            _append(connection, scores)
            rows += len(scores)
    return rows


def _leave_out_unknown(use_case: UseCase, champion: Champion) -> str:
    """Write the condition that leaves out what the champion has not learnt."""
    unknown = list_unknown_families(champion.estimator, use_case.families)
    if not unknown:
        return ""
    logger.warning(
        "%s: version %d has not learnt %s, so it is not scored. Run `crm mine %s` and "
        "approve what comes of it.",
        use_case.name,
        champion.estimator_version,
        ", ".join(unknown),
        use_case.name,
    )
    listed = ", ".join(f"'{family}'" for family in unknown)
    return f"and product_family not in ({listed})"


def _predict(champion: Champion, features: pd.DataFrame) -> np.ndarray:
    return np.concatenate(
        [
            champion.estimator.predict_proba(features.iloc[begin : begin + CACHED_ROWS])
            for begin in range(0, len(features), CACHED_ROWS)
        ]
    )[:, 1]


def _append(connection: duckdb.DuckDBPyConnection, scores: pd.DataFrame) -> None:
    connection.register("scores", scores)
    connection.execute("insert into new_scores by name from scores")
    connection.unregister("scores")


def _replace_snapshot(
    connection: duckdb.DuckDBPyConnection, use_case: UseCase, as_of_date: date
) -> bool:
    """Replace a snapshot's scores, all or nothing, unless they are the same again."""
    table, probability = use_case.score_table, use_case.probability
    _forget_later(connection, use_case, as_of_date)
    keys = ", ".join(use_case.keys)
    # The last bits of a sum depend on which rows share a batch.
    (difference_count,) = connection.execute(
        f"""
        select count(*)
        from new_scores as new
        full join (from {table} where as_of_date = ?) as old using ({keys})
        where new.{probability} is null
            or old.{probability} is null
            or abs(new.{probability} - old.{probability}) > 1e-9
            or new.run_id != old.run_id
        """,
        [as_of_date],
    ).fetchone()
    if difference_count == 0:
        return False
    connection.begin()
    connection.execute(f"delete from {table} where as_of_date = ?", [as_of_date])
    connection.execute(f"insert into {table} by name from new_scores order by all")
    connection.commit()
    return True


def _forget_later(
    connection: duckdb.DuckDBPyConnection, use_case: UseCase, as_of_date: date
) -> None:
    """Delete what was said of later snapshots, of which less is known now."""
    connection.begin()
    connection.execute(
        f"delete from {use_case.score_table} where as_of_date > ?", [as_of_date]
    )
    for table in ("ml.score_reasons", "ml.estimator_health"):
        connection.execute(
            f"delete from {table} where use_case = ? and as_of_date > ?",
            [use_case.name, as_of_date],
        )
    connection.commit()
