"""What a run keeps: its winner, and what other rows are held against."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from models.explore.drift import keep_bins
from models.model.table_estimator import TableClassifier
from models.modify.columns import DROP, NUMBER, disguise_codes
from pipelines.discovery.any_table.model import Winner
from pipelines.discovery.any_table.read import Form
from pipelines.discovery.any_table.sample import Sample
from pipelines.discovery.tracking import mlflow_runs as tracking
from pipelines.discovery.tracking.artifacts import Artifact, load_estimator
from pipelines.foundation.errors import UsageError
from pipelines.foundation.settings import Settings

KEPT_FILE = "kept.json"
# As `TRUSTED_TYPES` of the bank's own estimators. Ours have nothing but arrays, texts
# and fitted estimators, or no state; a tree is plain data, and folds are two numbers.
TABLE_TYPES = [
    # How a boosting checks its numbers. A partial calls what has to be trusted itself.
    "functools.partial",
    "sklearn.utils.validation.check_array",
    "models.explore.interactions.JointLevels",
    "models.model.table_candidates.to_log_odds",
    "models.model.table_estimator.TableClassifier",
    "models.modify.bins.MonotoneBins",
    "models.modify.bins.QuantileBins",
    "numpy.dtype",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.tree._tree.Tree",
]


@dataclass(frozen=True)
class Kept:
    """The winner of a run, and what is known of the columns it takes.

    Attributes
    ----------
    artifact : Artifact
        What to load it by, and what its files must be.
    candidate : str
    form : Form
        How the table was read.
    kinds : dict of str to str
        Of the columns that it takes, in that order.
    key : str
        What texts of columns with many levels are replaced by.
    bins : dict of str to dict
        As :func:`models.explore.drift.keep_bins` gives them, by column.
    usual : dict of str to float or str
        Median or most frequent level, by column.
    averages : dict of str to float
        Mean, by column of numbers.
    """

    artifact: Artifact
    candidate: str
    form: Form
    kinds: dict[str, str]
    key: str
    bins: dict[str, dict]
    usual: dict[str, float | str]
    averages: dict[str, float]

    @property
    def numbers(self) -> list[str]:
        """Columns of numbers."""
        return [name for name, kind in self.kinds.items() if kind == NUMBER]

    def load(self, settings: Settings, name: str) -> TableClassifier:
        """Load the estimator, once its files are found to be what they were.

        Raises
        ------
        GateRefusedError
            They are not.
        """
        return load_estimator(
            settings,
            name,
            self.artifact,
            trusted=TABLE_TYPES,
            remedy="mine the table again",
        )


def keep(
    settings: Settings,
    name: str,
    sample: Sample,
    kinds: dict[str, str],
    winner: Winner,
) -> Kept:
    """Log the winner to the open run, and find out what to hold other rows against.

    Parameters
    ----------
    settings : Settings
        Says where artifacts are kept.
    name : str
        Of the table, in MLflow.
    sample : Sample
    kinds : dict of str to str
        By column.
    winner : Winner
        As :func:`model.fit` gives it.

    Returns
    -------
    Kept
    """
    kinds = {column: kind for column, kind in kinds.items() if kind != DROP}
    key = sample.derive_key()
    X = sample.X[list(kinds)].iloc[winner.rows]
    X = disguise_codes(X, kinds, key).reset_index(drop=True)
    weight = sample.weight[winner.rows]
    numbers = [column for column, kind in kinds.items() if kind == NUMBER]
    artifact = tracking.log_estimator(
        settings,
        name,
        winner.estimator,
        categorical=[column for column in kinds if column not in numbers],
        numeric=numbers,
        trusted=TABLE_TYPES,
    )
    return Kept(
        artifact=artifact,
        candidate=winner.candidate,
        form=sample.form,
        kinds=kinds,
        key=key,
        bins={column: keep_bins(X[column], weight) for column in X},
        usual={column: _find_usual(X[column]) for column in X},
        averages={column: float(np.nanmean(X[column])) for column in numbers},
    )


def write(folder: Path, kept: Kept) -> None:
    """Leave what was kept to those who predict."""
    (folder / KEPT_FILE).write_text(
        json.dumps(asdict(kept), indent=1), encoding="utf-8"
    )


def read(folder: Path) -> Kept:
    """Read what a run has kept.

    Raises
    ------
    UsageError
        It has not kept anything.
    """
    if not (folder / KEPT_FILE).is_file():
        msg = (
            f"{folder} has no estimator yet, so nothing was predicted. Run "
            f"`crm model {folder}` and `crm assess {folder}` first."
        )
        raise UsageError(msg)
    known = json.loads((folder / KEPT_FILE).read_text(encoding="utf-8"))
    return Kept(
        **known
        | {"artifact": Artifact(**known["artifact"]), "form": Form(**known["form"])}
    )


def _find_usual(values: pd.Series) -> float | str:
    if pd.api.types.is_float_dtype(values):
        return float(values.median())
    return str(values.mode().iloc[0])
