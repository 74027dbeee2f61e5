"""Where things are and how much of the machine we may use."""

import logging
import os
import re
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipelines.foundation.errors import UsageError

logger = logging.getLogger(__name__)

PROJECT_ROOT = Path(__file__).resolve().parents[2]
# Read by `make up` and by tests, not by a step.
ELSEWHERE = {
    "CRM_AIRFLOW_PORT",
    "CRM_MLFLOW_PORT",
    "CRM_PUBLIC_DATA",
    "CRM_RANDOM_KILLS",
    "CRM_RANDOM_SEED",
    "CRM_EVERY_TASK",
}
SIZE = re.compile(r"\d+(\.\d+)? ?([KMGT]i?)?B", re.IGNORECASE)


class Gate(BaseModel):
    """What an estimator has to keep to before a person may approve it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    least_auc: Annotated[float, Field(description="Least AUC.", gt=0.5, lt=1)] = 0.55
    margin: Annotated[
        float, Field(description="AUC over rule and champion, at the lower end.", ge=0)
    ] = 0.002
    # One cut-off alone errs one time in ten; it takes most of them, and the latest.
    tail: Annotated[
        float, Field(description="Share of resamplings below that end.", gt=0, lt=0.5)
    ] = 0.1
    cut_off_share: Annotated[
        float, Field(description="On which share of the cut-offs.", gt=0, le=1)
    ] = 0.6
    most_calibration_error: Annotated[
        float, Field(description="As a share of the base rate.", gt=0)
    ] = 0.5
    most_calibration_gap: Annotated[
        float, Field(description="The same, within any group of people.", gt=0)
    ] = 0.5
    most_auc_gap: Annotated[
        float, Field(description="Between any two groups of people.", gt=0)
    ] = 0.15


class Settings(BaseSettings):
    """Everything that may differ between two installations.

    Each field is read from the environment variable ``CRM_<NAME>`` and has a default
    that works on a laptop. Built once, in ``cli.py`` or in an Airflow task, and passed
    down.
    """

    model_config = SettingsConfigDict(
        env_prefix="CRM_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    home: Annotated[Path, Field(description="Folder of all state.")] = Path("var")
    vault_key: Annotated[
        SecretStr | None,
        Field(description="Key of the pseudonyms, 64 hex digits; else a 0600 file."),
    ] = None
    memory_limit: Annotated[str, Field(description="What DuckDB may take.")] = "4GB"
    threads: Annotated[int, Field(description="Cores to use.", ge=1)] = 2
    lock_wait_seconds: Annotated[
        float, Field(description="How long to wait for another process.", ge=0)
    ] = 10.0
    business_date: Annotated[
        date | None, Field(description="Last day that a night should have heard of.")
    ] = None
    # A week of nights, for a report that somebody left open.
    kept_versions: Annotated[
        int, Field(description="Published versions to keep.", ge=1)
    ] = 7
    auto_approve: Annotated[
        bool, Field(description="Let the gate alone make champions, without a person.")
    ] = False
    gate: Annotated[
        Gate,
        Field(description="Bounds of the champion gate: CRM_GATE__MARGIN and so on."),
    ] = Gate()

    @field_validator("home", mode="before")
    @classmethod
    def _is_folder(cls, value: object) -> Path:
        # An empty variable would mean the folder where the command was typed.
        if not str(value).strip():
            msg = "it is empty; name a folder, or unset it"
            raise ValueError(msg)
        path = Path(str(value)).expanduser()
        if path.exists() and not path.is_dir():
            msg = "it is no folder"
            raise ValueError(msg)
        return path

    @field_validator("memory_limit")
    @classmethod
    def _is_size(cls, value: str) -> str:
        if not SIZE.fullmatch(value):
            msg = "it needs a size such as 4GB"
            raise ValueError(msg)
        return value

    @property
    def landing(self) -> Path:
        """Where deliveries arrive, one folder each."""
        return self.home / "landing"

    @property
    def warehouse(self) -> Path:
        """The database that holds pseudonyms only."""
        return self.home / "warehouse.duckdb"

    @property
    def vault(self) -> Path:
        """The database that holds identifiers and the raw text of quarantined rows."""
        return self.home / "vault.duckdb"

    @property
    def vault_key_file(self) -> Path:
        """The key of the pseudonyms where ``CRM_VAULT_KEY`` is not set."""
        return self.home / "vault.key"

    @property
    def ledger(self) -> Path:
        """The hash-chained record of every delivery loaded."""
        return self.home / "ledger.jsonl"

    @property
    def published(self) -> Path:
        """Published versions and the pointer ``current``."""
        return self.home / "published"

    @property
    def reports(self) -> Path:
        """Validation and mining reports."""
        return self.home / "reports"

    @property
    def logs(self) -> Path:
        """One log file for all steps."""
        return self.home / "logs"

    @property
    def tracking_uri(self) -> str:
        """MLflow's store."""
        return f"sqlite:///{self.home.resolve() / 'mlflow.db'}"

    @property
    def artifacts(self) -> Path:
        """MLflow's artifacts."""
        return self.home / "mlartifacts"


AnySettings = TypeVar("AnySettings", bound=Settings)


def check_environment(kind: type[AnySettings] = Settings) -> AnySettings:
    """Read the settings, and name those that can't be meant.

    Parameters
    ----------
    kind : type, default=Settings
        Which; Airflow on this machine has some of its own.

    Raises
    ------
    UsageError
        A variable has a value that its setting can't have, or sets nothing within a
        group of settings.
    """
    _warn_of_unknown(kind)
    try:
        return kind()
    except ValidationError as error:
        # What was given is left out, since it may be a key.
        wrong = "; ".join(
            f"CRM_{'__'.join(map(str, problem['loc'])).upper()}: "
            + problem["msg"].removeprefix("Value error, ")
            for problem in error.errors(include_input=False, include_url=False)
        )
        msg = (
            f"{wrong}. So nothing was done. `docs/configuration.md` lists the settings."
        )
        raise UsageError(msg) from None


def _warn_of_unknown(kind: type[Settings]) -> None:
    """Name variables that look like settings and are none, in one line."""
    fields = [f"CRM_{name}".upper() for name in kind.model_fields]
    groups = tuple(f"{name}__" for name in fields)
    known = {*fields, *ELSEWHERE}
    unknown = [
        name
        for name in sorted(map(str.upper, os.environ))
        if name.startswith("CRM_") and name not in known
        # A name within a group is refused, not ignored.
        if not name.startswith(groups)
    ]
    if not unknown:
        return
    near = {name: get_close_matches(name, known, n=1) for name in unknown}
    named = ", ".join(
        f"{name} (is it {near[name][0]}?)" if near[name] else name for name in unknown
    )
    logger.warning(
        "Unknown settings, which change nothing: %s. `docs/configuration.md` lists "
        "those that there are.",
        named,
    )
