"""### Train estimators

Mines each use case in the five stages of SEMMA. An estimator that is clearly better
than the champion on most of the latest snapshots waits for a person: `crm challengers`
lists it, `crm approve` makes it champion. With `CRM_AUTO_APPROVE=true` nobody is asked.

- **Runs** on the first of every month at 08:00 UTC, when the month-end snapshot is
  there. With the parameter `only_missing`, a use case with a champion, or with a
  challenger that waits, is left alone.
- **Rerunning** is safe: it is a new run in MLflow, and the champion changes only for a
  better one. Clear a use case from `sample` on.
- **If it fails**, the champion stays, and scoring goes on with it. `assess` fails where
  the gate refuses the better candidate, and says why. A use case with too few positives
  to learn from is skipped after `sample`, which is not a failure.
"""

from datetime import UTC, datetime

from airflow.sdk import Param, chain, dag, task, task_group

from dag_contract import DEFAULT_ARGS, MINED
from pipelines.foundation.settings import Settings


@dag(
    schedule="0 8 1 * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params={"only_missing": Param(default=False, type="boolean")},
    tags=["estimators"],
    doc_md=__doc__,
)
def train_estimators():  # noqa: C901 - seven small tasks, no branches
    @task.short_circuit
    def is_needed(use_case: str, params: dict | None = None) -> bool:
        from pipelines.discovery.mine import needs_mining

        return not params["only_missing"] or needs_mining(Settings(), use_case)

    @task.short_circuit
    def sample(use_case: str):
        from pipelines.discovery.use_cases.sample import run

        return run(Settings(), use_case)

    @task
    def explore(use_case: str) -> None:
        from pipelines.discovery.use_cases.explore import run

        run(Settings(), use_case)

    @task
    def modify(use_case: str) -> None:
        from pipelines.discovery.use_cases.modify import run

        run(Settings(), use_case)

    @task
    def model(use_case: str) -> None:
        from pipelines.discovery.use_cases.model import run

        run(Settings(), use_case)

    @task
    def assess(use_case: str) -> None:
        from pipelines.discovery.use_cases.assess import run

        run(Settings(), use_case)

    @task_group
    def mine(use_case: str) -> None:
        stages = (is_needed, sample, explore, modify, model, assess)
        chain(*(stage(use_case) for stage in stages))

    for use_case in MINED:
        mine.override(group_id=use_case)(use_case)


train_estimators()
