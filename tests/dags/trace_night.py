"""Say which steps `crm run` and the DAGs take, without taking them."""

import json
import os
import sys
from importlib import import_module
from inspect import signature
from pathlib import Path
from unittest.mock import MagicMock

STEPS = {
    "pipelines.information.ingest.run": "run",
    "pipelines.information.accept.run": "run",
    "pipelines.information.overdue": "watch",
    "pipelines.information.identity.run": "run",
    "pipelines.analysis.build": "run",
    "pipelines.analysis.validate": "run",
    "pipelines.discovery.mine": "needs_mining",
    "pipelines.discovery.use_cases.sample": "run",
    "pipelines.discovery.use_cases.explore": "run",
    "pipelines.discovery.use_cases.modify": "run",
    "pipelines.discovery.use_cases.model": "run",
    "pipelines.discovery.use_cases.assess": "run",
    "pipelines.decision.score": "run",
    "pipelines.decision.explain": "run",
    "pipelines.decision.monitor": "run",
    "pipelines.decision.publish.run": "run",
}


def main(folder):
    sys.path.insert(0, folder)
    from local_airflow import LocalSettings, describe_environment  # noqa: PLC0415

    os.environ.update(describe_environment(LocalSettings(), log_level="ERROR"))
    calls = record_steps()
    return {"dags": trace_dags(calls, folder), "night": trace_night(calls)}


def record_steps():
    """Replace each step by one that only notes what it was asked for."""
    calls = []
    for name, function in STEPS.items():
        module = import_module(name)
        noted = note_calls(calls, name, signature(getattr(module, function)))
        setattr(module, function, noted)
    import_module("pipelines.discovery.mine").find_latest = MagicMock()
    return calls


def note_calls(calls, name, takes):
    def noted(*arguments, **options):
        asked = takes.bind(*arguments, **options)
        asked.apply_defaults()
        asked.arguments.pop("settings")
        calls.append(json.dumps([name, asked.arguments]))
        return MagicMock()

    return noted


def trace_dags(calls, folder):
    """List the step of each task in the order of the DAGs, and what it waits for."""
    from airflow.dag_processing.dagbag import BundleDagBag  # noqa: PLC0415

    from run_night import DAGS_OF_A_NIGHT  # noqa: PLC0415

    bag = BundleDagBag(
        dag_folder=folder, bundle_path=Path(folder), bundle_name="dags-folder"
    )
    return {
        dag_id: {
            task.task_id: {
                "step": call(task, calls),
                "after": sorted(task.get_flat_relative_ids(upstream=True)),
            }
            for task in bag.dags[dag_id].tasks
        }
        for dag_id in DAGS_OF_A_NIGHT
    }


def call(task, calls):
    calls.clear()
    # As in the night, where nobody has been mined yet.
    options = {"params": {"only_missing": True}} if "is_needed" in task.task_id else {}
    task.python_callable(*task.op_args, **task.op_kwargs | options)
    return calls[0] if calls else None


def trace_night(calls):
    from pipelines import night  # noqa: PLC0415
    from pipelines.foundation.settings import Settings  # noqa: PLC0415

    calls.clear()
    assert night.run(Settings()) == []
    return list(calls)


if __name__ == "__main__":
    json.dump(main(sys.argv[1]), sys.stdout)
