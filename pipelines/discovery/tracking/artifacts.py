"""An estimator's files: what they were when it was logged, and how to load them."""

import hashlib
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace

import sklearn
import skops.io
from sklearn.base import BaseEstimator
from skops.io.exceptions import UntrustedTypesFoundException

from models.explain.attributions import uncover
from models.model.by_group import list_groups
from pipelines.foundation.errors import GateRefusedError
from pipelines.foundation.settings import Settings

ESTIMATOR_FILE = "model.skops"
REQUIREMENTS_FILE = "requirements.txt"
MOST_KEPT = 8


@dataclass(frozen=True)
class Artifact:
    """An estimator as it was logged.

    Attributes
    ----------
    run_id : str
        The MLflow run that logged it.
    model_id : str
        MLflow's id of the logged estimator.
    digests : dict of str to str
        SHA-256 of each of its files, by path.
    """

    run_id: str
    model_id: str
    digests: dict[str, str]


@contextmanager
def compact_schema() -> Iterator[None]:
    """Let skops save without indents, which takes less than half of the time.

    To indent, Python leaves its fast JSON encoder for a slow one, and the schema of a
    boosting has hundreds of thousands of entries.
    """
    quick = SimpleNamespace(dumps=lambda state, indent: json.dumps(state))  # noqa: ARG005
    skops.io._persist.json = quick  # noqa: SLF001 - skops has no argument for it
    try:
        yield
    finally:
        skops.io._persist.json = json  # noqa: SLF001


def read_files(settings: Settings, use_case: str, model_id: str) -> dict[str, bytes]:
    """Read an estimator's files by path, from where we had them put.

    MLflow's store names a path too, but it must not decide what is read.
    """
    if not re.fullmatch("m-[0-9a-f]{32}", model_id):
        return {}
    folder = settings.artifacts / use_case / "models" / model_id / "artifacts"
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def digest_files(files: dict[str, bytes]) -> dict[str, str]:
    """SHA-256 of each file, by path."""
    return {name: hashlib.sha256(files[name]).hexdigest() for name in files}


def load_estimator(
    settings: Settings,
    use_case: str,
    artifact: Artifact,
    *,
    trusted: list[str],
    remedy: str = "go back to an earlier champion with `crm approve`",
) -> BaseEstimator:
    """Load an estimator if each of its files is what it was when it was logged.

    MLflow's own loaders are not used: they take the types to trust, and a module to
    run, from the files themselves.

    Parameters
    ----------
    settings : Settings
        Says where artifacts are kept.
    use_case : str
        What it is for.
    artifact : Artifact
        Which one, and what its files must be.
    trusted : list of str
        Types it may be made of, besides those that skops trusts.
    remedy : str
        What to do where there is no backup of it.

    Raises
    ------
    GateRefusedError
        A file was changed, added or removed, or holds a type that is not trusted, or
        another version of scikit-learn made it. Nothing has been deserialised by then.
    """
    files = read_files(settings, use_case, artifact.model_id)
    if (
        not {ESTIMATOR_FILE, REQUIREMENTS_FILE} <= files.keys()
        or digest_files(files) != artifact.digests
    ):
        msg = (
            f"The files of the {use_case} estimator {artifact.model_id} are not those "
            "on record, so it was not loaded. Restore them from a backup, or "
            f"{remedy}."
        )
        raise GateRefusedError(msg)
    _require_same_version(use_case, files[REQUIREMENTS_FILE].decode())
    try:
        return _read_estimator(files[ESTIMATOR_FILE], tuple(trusted))
    except UntrustedTypesFoundException as error:
        msg = (
            f"The {use_case} estimator {artifact.model_id} is made of types that "
            "pipelines/discovery/tracking/mlflow_runs.py does not trust, so it was not "
            "loaded. Read what they do before you list them there."
        )
        raise GateRefusedError(msg) from error


@lru_cache(maxsize=MOST_KEPT)
def _read_estimator(content: bytes, trusted: tuple[str, ...]) -> BaseEstimator:
    """Deserialise an estimator, the same bytes once: a run asks for each five times."""
    return skops.io.load(io.BytesIO(content), trusted=list(trusted))


def require_columns(
    use_case: str, estimator: BaseEstimator, available: list[str]
) -> list[str]:
    """Name the columns that an estimator takes, all of which must be available.

    Raises
    ------
    GateRefusedError
        The marts lack one that it was fitted on.
    """
    columns = list(estimator.feature_names_in_)
    if missing := sorted(set(columns) - set(available)):
        msg = (
            f"The {use_case} estimator was fitted on {', '.join(missing)}, which the "
            "marts do not have, so nothing was scored. Bring the columns back, or run "
            f"`crm mine {use_case}` and approve what comes of it."
        )
        raise GateRefusedError(msg)
    return columns


def list_unknown_families(estimator: BaseEstimator, families: list[str]) -> list[str]:
    """List the product families that an estimator was not fitted for.

    Parameters
    ----------
    estimator : BaseEstimator
        Fitted, calibrated or not.
    families : list of str
        Those that its use case asks about.
    """
    known = list_groups(uncover(estimator)) if families else []
    return [family for family in families if family not in known]


def require_families(
    use_case: str, estimator: BaseEstimator, families: list[str]
) -> None:
    """Make sure that an estimator was fitted for all product families.

    Raises
    ------
    GateRefusedError
        It does not know one.
    """
    if unknown := list_unknown_families(estimator, families):
        msg = (
            f"The {use_case} estimator has not learnt {', '.join(unknown)}, so it "
            f"can't score it. Run `crm mine {use_case}` and approve what comes of it."
        )
        raise GateRefusedError(msg)


def _require_same_version(use_case: str, requirements: str) -> None:
    """Refuse what another scikit-learn has saved: it may read as something else."""
    if f"scikit-learn=={sklearn.__version__}" not in requirements.splitlines():
        msg = (
            f"The {use_case} estimator was saved by another scikit-learn than "
            f"{sklearn.__version__}, so it was not loaded. Install the version that "
            f"its requirements.txt names, or run `crm mine {use_case}` and approve "
            "what comes of it."
        )
        raise GateRefusedError(msg)
