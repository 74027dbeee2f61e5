"""Load the DAGs as Airflow does, in a process of its own, and say what came of it."""

import json
import os
import sys
from pathlib import Path


def main(folder):
    sys.path.insert(0, folder)
    from local_airflow import LocalSettings, describe_environment  # noqa: PLC0415

    os.environ.update(describe_environment(LocalSettings(), log_level="ERROR"))
    # Airflow reads the environment while it is imported.
    from airflow.dag_processing.dagbag import BundleDagBag  # noqa: PLC0415

    bag = BundleDagBag(
        dag_folder=folder, bundle_path=Path(folder), bundle_name="dags-folder"
    )
    return {
        "import_errors": bag.import_errors,
        "modules": sorted(sys.modules),
        "dags": {dag.dag_id: describe(dag) for dag in bag.dags.values()},
    }


def describe(dag):
    return {
        "doc_md": dag.doc_md,
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "params": dag.params.dump(),
        "tasks": {
            task.task_id: {
                "pool": task.pool,
                "after": sorted(task.upstream_task_ids),
                "announces": [asset.name for asset in task.outlets],
            }
            for task in dag.tasks
        },
    }


if __name__ == "__main__":
    json.dump(main(sys.argv[1]), sys.stdout)
