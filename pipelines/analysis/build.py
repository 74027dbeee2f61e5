"""Build and test the customer marts with dbt, in a process of its own."""

import hashlib
import json
import logging
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipelines.analysis import touched as changes
from pipelines.analysis import unknown_products
from pipelines.foundation.errors import (
    DataQualityError,
    PipelineError,
    ResourceError,
    UsageError,
)
from pipelines.foundation.logs import show_status
from pipelines.foundation.parameters import PROJECT
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect, prepare, run_lock

logger = logging.getLogger(__name__)

FULL = "No space left on device"
# What depends on scores: built apart, in full, after scoring.
SCORED = "source:ml+"


@dataclass(frozen=True)
class BuildSummary:
    """What dbt built.

    Attributes
    ----------
    models, tests_passed : int
        Counts of dbt models built and of tests that passed.
    warnings : tuple of str
        Name and row count of each test that found something worth a look, no more.
    seconds : float
        How long dbt took.
    """

    models: int
    tests_passed: int
    warnings: tuple[str, ...]
    seconds: float


def run(
    settings: Settings,
    *,
    select: str | None = None,
    exclude: str | None = None,
    unit_tests: bool = False,
    full_refresh: bool = False,
) -> BuildSummary:
    """Build what dbt selects, and test it.

    A whole build computes again only what came in, or was taken back, since the last
    one. If dbt's code or seeds are others, or a delivery of a register is gone or has
    other rows, or only a part is selected, everything selected is computed from
    ``raw``.

    Parameters
    ----------
    settings : Settings
        Where the warehouse is, and how much memory and how many threads to use.
    select, exclude : str, optional
        In dbt's own words, for example ``"source:ml+"``: what depends on scores.
    unit_tests : bool, default=False
        Whether to run dbt's unit tests, too. They test code and not data, so a night
        does without.
    full_refresh : bool, default=False
        Whether to compute everything again in any case.

    Returns
    -------
    BuildSummary
        Counts, and how long it took.

    Raises
    ------
    DataQualityError
        A test failed, or a dbt model could not be built. What depends on it was left as
        it was.
    ResourceError
        Memory or disk ran out.
    UsageError
        Nothing was selected.
    PipelineError
        dbt itself did not get that far.
    """
    is_whole = select is None and exclude in {None, SCORED}
    with run_lock(settings, "build"):
        how = _begin(
            settings,
            is_whole=is_whole,
            is_full=full_refresh or not (is_whole or select == SCORED),
        )
        arguments = _arguments(select, exclude, how, unit_tests=unit_tests)
        results = _run_dbt(settings, arguments)
        if not any(_is_of_project(node) for node in results["results"]):
            msg = (
                f"dbt found nothing to build for select {select!r}, exclude "
                f"{exclude!r}, so the marts are as they were. `dbt ls` lists what "
                "there is."
            )
            raise UsageError(msg)
        summary = _summarise(settings, results)
        warnings = list(summary.warnings)
        if is_whole:
            with connect(settings) as connection:
                changes.finish(connection)
                warnings += unknown_products.describe(connection)
    logger.info(
        "build: %d models built, %d tests passed, %.1f s",
        summary.models,
        summary.tests_passed,
        summary.seconds,
    )
    for warning in warnings:
        logger.warning("build: %s", warning)
    return summary


def read_ahead(settings: Settings) -> Callable[[], None]:
    """Let dbt read its project while something else goes on.

    It takes a first build a quarter of its time, and needs no warehouse.

    Returns
    -------
    callable
        To be called before anything is built: waits for dbt.
    """
    version = dbt_code_version()
    if _has_read(settings, version):
        return lambda: None
    process = subprocess.Popen(  # noqa: S603 - arguments are ours
        _command(settings, "parse", "--no-partial-parse"),
        env=_environment(settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def wait() -> None:
        # A build reads it all again, and says what is wrong.
        if process.wait() == 0:
            _note_read(settings, version)

    return wait


def dbt_code_version() -> str:
    """Name the dbt project by its content: twelve hex digits of a SHA-256."""
    digest = hashlib.sha256()
    for path in sorted(PROJECT.rglob("*")):
        if path.suffix in {".sql", ".yml", ".csv"}:
            digest.update(f"{path.relative_to(PROJECT)}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _begin(settings: Settings, *, is_whole: bool, is_full: bool) -> str:
    """Say how to build: "full", "night", or "scores", which depends on neither."""
    with connect(settings) as connection:
        prepare(connection)
        changes.prepare(connection)
        if is_full:
            # After a part, what was built is of no one moment.
            changes.forget(connection)
        if not is_whole:
            return "full" if is_full else "scores"
        is_of_use = changes.begin(connection, dbt_code_version())
    return "night" if is_of_use else "full"


def _arguments(
    select: str | None, exclude: str | None, how: str, *, unit_tests: bool
) -> list[str]:
    arguments = []
    excluded = (exclude or "").split()
    if select:
        arguments += ["--select", *select.split()]
    if how == "full":
        arguments.append("--full-refresh")
    if how == "night":
        # The same code made the same views and seeds.
        excluded += ["config.materialized:view", "resource_type:seed"]
    if excluded:
        arguments += ["--exclude", *excluded]
    if not unit_tests:
        arguments += ["--exclude-resource-type", "unit_test"]
    return arguments


def _run_dbt(settings: Settings, arguments: list[str]) -> dict:
    """Run ``dbt build`` and return what it noted of each node."""
    results_file = _results_file(settings)
    results_file.unlink(missing_ok=True)
    version = dbt_code_version()
    if not _has_read(settings, version):
        # dbt trips over files that went since it last read them.
        arguments = [*arguments, "--no-partial-parse"]
    # Only tests that can run on what is built or was built before.
    command = _command(settings, "build", "--indirect-selection=buildable", *arguments)
    # What dbt prints may quote a value: it stays in its log.
    with show_status("Building the marts"):
        completed = subprocess.run(  # noqa: S603 - arguments are ours
            command, env=_environment(settings), capture_output=True, check=False
        )
    results = _read_results(results_file)
    if results is None:
        _raise_if_full(completed.stdout + completed.stderr)
        msg = (
            f"dbt stopped with exit code {completed.returncode} before it built "
            f"anything, so the marts are as they were. {_where_to_look(settings)}"
        )
        raise PipelineError(msg)
    _note_read(settings, version)
    return results


def _command(settings: Settings, *arguments: str) -> list[str]:
    folder = settings.home.resolve() / "dbt"
    return [
        *(sys.executable, "-m", "dbt.cli.main", "--quiet", *arguments),
        *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
        *("--target-path", str(folder), "--log-path", str(folder / "logs")),
    ]


def _environment(settings: Settings) -> dict[str, str]:
    return os.environ | {
        "CRM_WAREHOUSE": str(settings.warehouse.resolve()),
        "CRM_MEMORY_LIMIT": settings.memory_limit,
        "CRM_THREADS": str(settings.threads),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "true",
    }


def _has_read(settings: Settings, version: str) -> bool:
    """Tell whether what dbt remembers of its project is of this very code."""
    file = _version_read(settings)
    return file.exists() and file.read_text(encoding="utf-8") == version


def _note_read(settings: Settings, version: str) -> None:
    _version_read(settings).write_text(version, encoding="utf-8")


def _version_read(settings: Settings) -> Path:
    return settings.home / "dbt" / "version_read"


def _read_results(path: Path) -> dict | None:
    """Read what dbt noted, unless it had no time or no space to."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _raise_if_full(output: bytes) -> None:
    if FULL.encode() in output:
        msg = (
            "The disk is full, so dbt built nothing more and what was published is as "
            "it was. Free some space where CRM_HOME is, and run it again."
        )
        raise ResourceError(msg)


def _summarise(settings: Settings, results: dict) -> BuildSummary:
    nodes = results["results"]
    failed = [node for node in nodes if node["status"] in {"error", "fail"}]
    _raise_if_refused(failed)
    _raise_if_full("".join(node["message"] or "" for node in failed).encode())
    if any("Out of Memory" in (node["message"] or "") for node in failed):
        msg = (
            f"{_describe(failed[0])}: memory or disk ran out, so what depends on it "
            "was not built. Free some, or raise CRM_MEMORY_LIMIT (now "
            f"{settings.memory_limit}), and run it again."
        )
        raise ResourceError(msg)
    if failed:
        listed = "\n  ".join(_describe(node) for node in failed)
        msg = (
            f"dbt: {len(failed)} of {len(nodes)} steps failed, so what depends on them "
            f"was not built.\n  {listed}\n{_where_to_look(settings)}"
        )
        raise DataQualityError(msg)
    counts = Counter(
        (node["unique_id"].split(".")[0], node["status"]) for node in nodes
    )
    return BuildSummary(
        models=counts["model", "success"],
        tests_passed=counts["test", "pass"] + counts["unit_test", "pass"],
        warnings=tuple(_describe(node) for node in nodes if node["status"] == "warn"),
        seconds=results["elapsed_time"],
    )


def _is_of_project(node: dict) -> bool:
    """Tell what was selected from what dbt runs before it."""
    return not node["unique_id"].startswith("operation.")


def _raise_if_refused(failed: list[dict]) -> None:
    """Say what dbt said before it built anything: words of ours, and no value."""
    for node in failed:
        if not _is_of_project(node):
            msg = node["message"].rpartition(": ")[2].splitlines()[0]
            raise UsageError(msg)


def _describe(node: dict) -> str:
    """Name a node and count its rows; dbt's own message may quote one."""
    kind, _, name, *_ = node["unique_id"].split(".")
    if node["failures"] is None:
        return f"{kind} {name}: {node['status']}"
    return f"{kind} {name}: {node['failures']} rows"


def _results_file(settings: Settings) -> Path:
    return settings.home / "dbt" / "run_results.json"


def _where_to_look(settings: Settings) -> str:
    return (
        f"What was run is in {settings.home / 'dbt' / 'logs' / 'dbt.log'}, what was "
        "expected in dbt_project/."
    )
