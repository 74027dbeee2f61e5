"""Which business concept each feature tells of."""

import duckdb
import pandas as pd

from models.explain.origins import UnexplainableError


def read_concepts(
    connection: duckdb.DuckDBPyConnection, features: list[str]
) -> pd.DataFrame:
    """Read which business concept each feature tells of.

    Returns
    -------
    DataFrame of shape (n_features, 3)
        In the order of ``features``, see :func:`models.explain.reasons.choose_reasons`.

    Raises
    ------
    UnexplainableError
        The seed does not know one of them.
    """
    rows = connection.execute(
        "select feature, concept, orientation, when_missing from seeds.reason_features"
    ).df()
    if missing := sorted(set(features) - set(rows["feature"])):
        msg = f"the seed reason_features lacks {', '.join(missing)}"
        raise UnexplainableError(msg)
    return rows.set_index("feature").loc[features]
