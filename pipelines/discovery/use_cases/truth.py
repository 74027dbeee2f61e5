"""What a synthetic bank's truth says of the rows that estimators are judged on."""

import duckdb

from pipelines.foundation.settings import Settings
from pipelines.foundation.use_case import find_use_case
from pipelines.foundation.vault import Vault

TRUTHS = ("foreseeable", "hidden_truth")


def load(
    connection: duckdb.DuckDBPyConnection, settings: Settings, use_case: str
) -> tuple[str, ...]:
    """Load the truth by pseudonym into the temporary table ``planted_truth``.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The warehouse, open for writing.
    settings : Settings
        Says where the truth and the vault are.
    use_case : str
        Name of one of ``USE_CASES``.

    Returns
    -------
    tuple of str
        The columns that hold a truth. None where this is no synthetic bank, or one of a
        version before anything foreseeable was written.
    """
    path = settings.home / "truth" / f"{use_case}_propensities.parquet"
    if not path.exists():
        return ()
    columns = connection.execute("describe from read_parquet(?)", [str(path)]).df()
    if "foreseeable_probability" not in set(columns["column_name"]):
        return ()
    Vault(connection, settings)
    definition = find_use_case(use_case)
    lives, hidden = definition.of_both_lives, definition.probability
    connection.execute(
        f"""
        create or replace temp table planted_truth as
        with customers as (
            select identifier as customer_number,
                coalesce(identities.customer_id, known.pseudonym) as customer_id
            from vault.identifiers as known
            left join ops.customer_identities as identities
                on known.pseudonym = identities.customer_number
                and identities.superseded_at is null
            where known.kind = 'customer'
        )
        select
            {", ".join(definition.keys)},
            {lives.format("foreseeable_probability")} as foreseeable,
            {lives.format(hidden)} as hidden_truth
        from read_parquet(?) inner join customers using (customer_number)
        group by all
        """,
        [str(path)],
    )
    return TRUTHS
