"""Which business concept each feature tells of."""

import pandas as pd

from models.explain.origins import UnexplainableError
from pipelines.foundation.feature_contract import CONTRACT, load_feature_contract


def read_concepts(features: list[str]) -> pd.DataFrame:
    """Read which business concept each feature tells of.

    Returns
    -------
    DataFrame of shape (n_features, 3)
        In the order of ``features``, see :func:`models.explain.reasons.choose_reasons`.

    Raises
    ------
    UnexplainableError
        The contract of features no longer knows one of them.
    """
    contract = load_feature_contract()
    known = {each.name: each for each in (*contract.added, *contract.features)}
    if missing := [name for name in features if name not in known]:
        msg = f"{CONTRACT.name} no longer has {', '.join(missing)}"
        raise UnexplainableError(msg)
    told = [known[name] for name in features]
    return pd.DataFrame(
        {
            "concept": [feature.concept for feature in told],
            "orientation": [feature.orientation for feature in told],
            "when_missing": [feature.when_missing for feature in told],
        },
        index=features,
    )
