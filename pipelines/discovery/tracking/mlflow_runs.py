"""The door to MLflow's runs: what is tracked, and estimators as they were logged."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

import models  # noqa: F401 - sets OpenMP's threads before scikit-learn is imported

os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

with warnings.catch_warnings():
    # MLflow warns of its own type hints while it is imported.
    warnings.simplefilter("ignore")
    import mlflow.pyfunc
    import mlflow.sklearn
from matplotlib.figure import Figure
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema
from sklearn.base import BaseEstimator

from pipelines.discovery.tracking.artifacts import (
    Artifact,
    compact_schema,
    digest_files,
    load_estimator,
    read_files,
)
from pipelines.discovery.tracking.kept_rows import refuse_kept_rows
from pipelines.foundation.settings import Settings

for _name in ("alembic", "mlflow"):
    logging.getLogger(_name).setLevel(logging.WARNING)

# What an estimator may be made of besides what skops trusts by itself. All else is
# refused before it is built. Read what a type does while it is built before you list
# it, and never switch to pickle instead.
TRUSTED_TYPES = [
    # Ours, and without state, or with nothing but arrays and fitted estimators.
    "models.model.by_group.repeat_by_group",
    "models.model.by_group.ClassifierByGroup",
    # Cuts off outliers; a function without state.
    "numpy.clip",
    # Plain data: the type of an array, the nodes of a tree.
    "numpy.dtype",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    # Calibration: a fitted estimator, a sigmoid and its two numbers.
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
]
# Given, because MLflow would spend seconds on finding out.
REQUIREMENTS = [
    f"{name}=={version(name)}" for name in ("numpy", "pandas", "scikit-learn", "skops")
]


def start_run(settings: Settings, use_case: str, name: str) -> str:
    """Open the parent of a mining run, which stays open until :func:`end_run`."""
    experiment_id = _find_experiment(settings, use_case)
    return open_client(settings).create_run(experiment_id, run_name=name).info.run_id


def end_run(
    settings: Settings, run_id: str, status: str = "FINISHED", **tags: str
) -> None:
    """Close a parent run, and say in its tags what came of it."""
    for key, value in tags.items():
        open_client(settings).set_tag(run_id, key, value)
    open_client(settings).set_terminated(run_id, status)


@contextmanager
def open_run(
    settings: Settings, use_case: str, name: str, *, parent_id: str | None = None
) -> Iterator[str]:
    """Track what happens in the block as a child of another run.

    Parameters
    ----------
    settings : Settings
        Says where the store is.
    use_case : str
        MLflow's experiment.
    name : str
        Of the run, for example ``"explore"``.
    parent_id : str, optional
        Id of the run it belongs to, else that is the open one.

    Yields
    ------
    str
        The run's id.
    """
    mlflow.set_tracking_uri(settings.tracking_uri)
    with mlflow.start_run(
        experiment_id=_find_experiment(settings, use_case),
        run_name=name,
        nested=True,
        parent_run_id=parent_id,
    ) as run:
        yield run.info.run_id


def log(
    *,
    parameters: dict[str, object] | None = None,
    metrics: dict[str, float] | None = None,
    figures: dict[str, Figure] | None = None,
    texts: dict[str, str] | None = None,
) -> None:
    """Add to the open run. Counts and shares only, never a customer."""
    mlflow.log_params(parameters or {})
    mlflow.log_metrics(metrics or {})
    for name, figure in (figures or {}).items():
        mlflow.log_figure(figure, f"{name}.png")
    for name, text in (texts or {}).items():
        mlflow.log_text(text, name)


def log_later(settings: Settings, run_id: str, metrics: dict[str, float]) -> None:
    """Add figures to a run that has ended, so that they can be compared by run."""
    client = open_client(settings)
    for name, value in metrics.items():
        client.log_metric(run_id, name, value)


def log_estimator(
    settings: Settings,
    use_case: str,
    estimator: BaseEstimator,
    *,
    categorical: list[str],
    numeric: list[str],
    trusted: list[str] = TRUSTED_TYPES,
) -> Artifact:
    """Log a fitted estimator to the open run, without a single example row.

    Parameters
    ----------
    settings : Settings
        Says where artifacts are kept.
    use_case : str
        What it is for.
    estimator : BaseEstimator
        Fitted, made of trusted types, and without a row it has learnt from.
    categorical, numeric : list of str
        The columns it takes, for its signature.
    trusted : list of str, default=TRUSTED_TYPES
        What it may be made of, besides what skops trusts by itself.

    Returns
    -------
    Artifact
        What to load it by.
    """
    refuse_kept_rows(use_case, estimator)
    columns = [ColSpec("string", name) for name in categorical]
    columns += [ColSpec("double", name) for name in numeric]
    with compact_schema():
        logged = mlflow.sklearn.log_model(
            estimator,
            name="estimator",
            serialization_format="skops",
            skops_trusted_types=trusted,
            pip_requirements=REQUIREMENTS,
            signature=ModelSignature(Schema(columns), Schema([ColSpec("double")])),
            pyfunc_predict_fn="predict_proba",
        )
    files = read_files(settings, use_case, logged.model_id)
    return Artifact(logged.run_id, logged.model_id, digest_files(files))


def load_candidate(
    settings: Settings, use_case: str, artifact: Artifact
) -> BaseEstimator:
    """Load a logged estimator, or refuse to; see :func:`artifacts.load_estimator`."""
    return load_estimator(settings, use_case, artifact, trusted=TRUSTED_TYPES)


def open_client(settings: Settings) -> mlflow.MlflowClient:
    """Open MLflow's store and its registry."""
    return mlflow.MlflowClient(settings.tracking_uri, settings.tracking_uri)


def _find_experiment(settings: Settings, use_case: str) -> str:
    client = open_client(settings)
    location = str(settings.artifacts.resolve() / use_case)
    experiment = client.get_experiment_by_name(use_case)
    if experiment and experiment.artifact_location == location:
        return experiment.experiment_id
    if experiment:
        # The home was moved or copied, and MLflow would go on writing where it was.
        number = experiment.experiment_id
        client.rename_experiment(number, f"{use_case} before the move ({number})")
    return client.create_experiment(use_case, artifact_location=location)
