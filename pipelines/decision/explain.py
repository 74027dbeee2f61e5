"""Explain: why the champion scores each customer as it does."""

import logging
from collections.abc import Iterator
from datetime import date

import duckdb
import pandas as pd

from models.explain.attributions import Explainer
from models.explain.origins import UnexplainableError
from models.explain.reasons import choose_reasons
from pipelines.discovery.champion import registry
from pipelines.discovery.champion.registry import Champion
from pipelines.discovery.use_cases.concepts import read_concepts
from pipelines.foundation.settings import Settings
from pipelines.foundation.use_case import find_use_case
from pipelines.foundation.warehouse import connect, run_lock

logger = logging.getLogger(__name__)

BATCH_ROWS = 50_000
# As many families as a customer is offered: the reasons of others nobody reads.
SCORES_EXPLAINED = 3
KEYS = ["customer_id", "as_of_date", "product_family"]


def run(settings: Settings, use_case: str) -> int:
    """Write ``ml.score_reasons`` of the newest snapshot that the champion scored.

    Parameters
    ----------
    settings : Settings
        Says where the warehouse and MLflow's store are.
    use_case : str
        Name of one of ``USE_CASES``.

    Returns
    -------
    int
        Reasons that the snapshot has now; 0 where there is no champion, or none that
        can be explained exactly.
    """
    with run_lock(settings, "explain"):
        champion = registry.load_champion(settings, use_case)
        if champion is None:
            logger.info("%s not explained: there is no champion.", use_case)
            return 0
        with connect(settings) as connection:
            (as_of_date,) = connection.execute(
                f"select max(as_of_date) from {find_use_case(use_case).score_table}"
            ).fetchone()
            try:
                _write_new_reasons(connection, use_case, champion, as_of_date)
            except UnexplainableError as error:
                # Scores without reasons are worth more than no scores.
                logger.warning(
                    "%s: scores of version %d have no reasons, for %s. See "
                    "models/explain/attributions.py.",
                    use_case,
                    champion.estimator_version,
                    error,
                )
                _create_new_reasons(connection)
            count = _replace_snapshot(connection, use_case, as_of_date)
    logger.info("%s explained: %d reasons of %s", use_case, count, as_of_date)
    return count


def _write_new_reasons(
    connection: duckdb.DuckDBPyConnection,
    use_case: str,
    champion: Champion,
    as_of_date: date,
) -> None:
    explainer = Explainer(champion.estimator)
    features = explainer.columns
    concepts = read_concepts(features)
    averages = _read_averages(connection, use_case, features, as_of_date)
    _create_new_reasons(connection)
    for batch in _read_batches(connection, use_case, champion, as_of_date):
        contributions = explainer.explain(batch)
        chosen = choose_reasons(contributions, batch[features], averages, concepts)
        keys = batch[KEYS].iloc[chosen["row"]].reset_index(drop=True)
        connection.register("chosen", pd.concat([keys, chosen], axis=1))
        # The last bits of a sum depend on which rows share a batch.
        connection.execute(
            """
            insert into new_reasons by name
            select * exclude (row) replace (round(attribution, 9) as attribution),
                ? as use_case, ? as run_id
            from chosen
            """,
            [use_case, champion.run_id],
        )
        connection.unregister("chosen")


def _create_new_reasons(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "create or replace temp table new_reasons as from ml.score_reasons limit 0"
    )


def _read_averages(
    connection: duckdb.DuckDBPyConnection,
    use_case: str,
    features: list[str],
    as_of_date: date,
) -> pd.DataFrame:
    """Read each number's median and mean over the customers who were scored."""
    definition = find_use_case(use_case)
    texts = definition.columns.categorical
    numeric = [name for name in features if name not in texts]
    averages = [
        connection.execute(
            f"""
            select {", ".join(f"{name}({column}) as {column}" for column in numeric)}
            from marts.customer_features
            where as_of_date = $as_of_date and customer_id in (
                select customer_id from {definition.score_table}
                where as_of_date = $as_of_date
            )
            """,
            {"as_of_date": as_of_date},
        )
        .df()
        .T[0]
        .rename(name)
        for name in ("median", "mean")
    ]
    return pd.concat(averages, axis=1)


def _read_batches(
    connection: duckdb.DuckDBPyConnection,
    use_case: str,
    champion: Champion,
    as_of_date: date,
) -> Iterator[pd.DataFrame]:
    """Read keys and features of what this version scored."""
    names = dict.fromkeys([*KEYS, *champion.estimator.feature_names_in_])
    # A cursor of its own, because the connection writes while this one reads.
    with connection.cursor() as reading:
        batches = reading.sql(
            f"""
            select {", ".join(names)}
            from (
                from ml.scores
                where use_case = $use_case and as_of_date = $as_of_date
                qualify row_number() over (
                    partition by customer_id order by probability desc, product_family
                ) <= {SCORES_EXPLAINED}
            )
            inner join marts.customer_features using (customer_id, as_of_date)
            where run_id = $run_id
            """,
            params={
                "use_case": use_case,
                "run_id": champion.run_id,
                "as_of_date": as_of_date,
            },
        ).to_arrow_reader(BATCH_ROWS)
        for batch in batches:
            yield batch.to_pandas()


def _replace_snapshot(
    connection: duckdb.DuckDBPyConnection, use_case: str, as_of_date: date
) -> int:
    """Replace a snapshot's reasons, all or nothing."""
    connection.begin()
    connection.execute(
        "delete from ml.score_reasons where use_case = ? and as_of_date = ?",
        [use_case, as_of_date],
    )
    (count,) = connection.execute(
        "insert into ml.score_reasons by name from new_reasons order by all"
    ).fetchone()
    connection.commit()
    return count
