"""The night is written twice, for `crm run` and in the DAGs: is it the same one?"""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from pipelines.foundation.settings import PROJECT_ROOT


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    """The steps of both, see ``trace_night.py``."""
    home = tmp_path_factory.mktemp("traced")
    tracing = subprocess.run(
        [
            sys.executable,
            Path(__file__).with_name("trace_night.py"),
            PROJECT_ROOT / "dags",
        ],
        env=os.environ | {"CRM_HOME": str(home)},
        capture_output=True,
        check=False,
        text=True,
    )
    assert tracing.returncode == 0, tracing.stderr[-2000:]
    return json.loads(tracing.stdout)


def test_the_night_takes_the_steps_of_the_dags_with_the_same_arguments(traced):
    of_dags = [task["step"] for dag in traced["dags"].values() for task in dag.values()]

    assert Counter(traced["night"]) == Counter(filter(None, of_dags))


def test_no_step_of_the_night_comes_before_one_that_its_task_waits_for(traced):
    place = {step: number for number, step in enumerate(traced["night"])}
    too_early, done = [], []
    for dag in traced["dags"].values():
        for task_id, task in dag.items():
            # The DAGs before have ended when this one begins.
            waits_for = [dag[other]["step"] for other in task["after"]] + done
            too_early += [
                f"{task_id} before {other}"
                for other in filter(None, waits_for)
                if task["step"] and place[other] > place[task["step"]]
            ]
        done += [task["step"] for task in dag.values()]

    assert too_early == []
