"""An estimator's files: what they were when it was logged, and how to load them."""

import hashlib
import io
import re
from dataclasses import dataclass

import skops.io
from sklearn.base import BaseEstimator
from skops.io.exceptions import UntrustedTypesFoundException

from pipelines.errors import GateRefusedError
from pipelines.settings import Settings

ESTIMATOR_FILE = "model.skops"


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
    settings: Settings, use_case: str, artifact: Artifact, *, trusted: list[str]
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

    Raises
    ------
    GateRefusedError
        A file was changed, added or removed, or holds a type that is not trusted.
        Nothing has been deserialised by then.
    """
    files = read_files(settings, use_case, artifact.model_id)
    if ESTIMATOR_FILE not in files or digest_files(files) != artifact.digests:
        msg = (
            f"The files of the {use_case} estimator {artifact.model_id} are not those "
            "on record, so it was not loaded. Restore them from a backup, or move the "
            "alias champion to another version that was promoted."
        )
        raise GateRefusedError(msg)
    try:
        return skops.io.load(io.BytesIO(files[ESTIMATOR_FILE]), trusted=trusted)
    except UntrustedTypesFoundException as error:
        msg = (
            f"The {use_case} estimator {artifact.model_id} is made of types that "
            "pipelines/tracking.py does not trust, so it was not loaded. Read what "
            "they do before you list them there."
        )
        raise GateRefusedError(msg) from error
