"""What a synthetic bank's truth says of the rows that estimators are judged on."""

import duckdb

from pipelines.foundation.settings import Settings
from pipelines.foundation.vault import Vault

TRUTHS = ("foreseeable", "hidden_truth")
FILES = {
    "churn": "churn_propensities.parquet",
    "cross_sell": "cross_sell_propensities.parquet",
}
# What nobody can know; beside it, each file has what a forecaster could foresee.
HIDDEN = {"churn": "churn_probability", "cross_sell": "open_probability"}
# Who is registered twice lives two lives: dormant are those in whom both are, and an
# account is opened where either opens it.
BOTH_LIVES = {"churn": "product({0})", "cross_sell": "1 - product(1 - {0})"}


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
        ``"churn"`` or ``"cross_sell"``.

    Returns
    -------
    tuple of str
        The columns that hold a truth. None where this is no synthetic bank, or one of a
        version before anything foreseeable was written.
    """
    path = settings.home / "truth" / FILES[use_case]
    if not path.exists():
        return ()
    columns = connection.execute("describe from read_parquet(?)", [str(path)]).df()
    if "foreseeable_probability" not in set(columns["column_name"]):
        return ()
    Vault(connection, settings)
    lives = BOTH_LIVES[use_case]
    family = ", product_family" if use_case == "cross_sell" else ""
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
            customer_id, as_of_date{family},
            {lives.format("foreseeable_probability")} as foreseeable,
            {lives.format(HIDDEN[use_case])} as hidden_truth
        from read_parquet(?) inner join customers using (customer_number)
        group by all
        """,
        [str(path)],
    )
    return TRUTHS
