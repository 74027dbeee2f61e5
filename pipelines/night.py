"""One night, end to end, without Airflow: the DAGs' steps in the DAGs' order.

``tests/dags/test_night_order.py`` compares the two.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from pipelines.analysis import build, validate
from pipelines.decision import explain, monitor, score
from pipelines.decision.publish import run as publish
from pipelines.discovery import mine
from pipelines.foundation.errors import (
    DataQualityError,
    GateRefusedError,
    MissingSourceError,
    PipelineError,
)
from pipelines.foundation.settings import Settings
from pipelines.foundation.use_case import list_names
from pipelines.foundation.warehouse import run_lock
from pipelines.information import overdue
from pipelines.information.accept import run as accept
from pipelines.information.identity import run as identity
from pipelines.information.ingest import run as ingest

logger = logging.getLogger(__name__)


def run(settings: Settings) -> list[PipelineError]:
    """Run the night from ingest to publish.

    Returns
    -------
    list of PipelineError
        What went wrong without stopping the night: a delivery refused, waiting or held,
        a source that is silent, a challenger that was not good enough.

    Raises
    ------
    PipelineError
        A step failed that the rest depends on. What was published before stays.
    """
    problems: list[PipelineError] = []
    with run_lock(settings, "run"):
        ingested = ingest.run(settings)
        with _noted(problems):
            ingested.raise_for_problems()
        with _noted(problems):
            accept.run(settings)
        with _noted(problems):
            overdue.watch(settings)
        identity.run(settings)
        build.run(settings, exclude="source:ml+")
        validate.run(settings, "features")
        for use_case in list_names():
            with _noted(problems):
                if mine.needs_mining(settings, use_case):
                    mine.run(settings, use_case)
        for step in (score, explain, monitor):
            for use_case in list_names():
                step.run(settings, use_case)
        build.run(settings, select="source:ml+")
        validate.run(settings, "scores")
        publish.run(settings)
    return problems


@contextmanager
def _noted(problems: list[PipelineError]) -> Iterator[None]:
    """Go on after what concerns one delivery or one estimator, and remember it."""
    try:
        yield
    except (DataQualityError, MissingSourceError, GateRefusedError) as error:
        logger.warning("%s", error)
        problems.append(error)
