"""### Ingest deliveries

Loads what has arrived in `CRM_HOME/landing`, then accepts or holds each delivery,
looks which source lacks days, and finds who was registered twice.

- **Runs** every day at 04:00 UTC, when the night's deliveries have come in.
- **Rerunning** is safe: a delivery that was loaded before is left alone.
- **If it fails**, the message of the red task names each delivery that was refused,
  held or not complete, or each source that lacks days. Nothing waits for you: the
  others were accepted, and the marts are built from what is accepted. `crm
  deliveries` lists the rest, and why. Ask its source for a restatement, which arrives
  with the next sequence.
"""

from datetime import UTC, datetime

from airflow.sdk import TriggerRule, chain, dag, task

from dag_contract import DEFAULT_ARGS, DELIVERIES
from pipelines.foundation.settings import Settings


@dag(
    schedule="0 4 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["deliveries"],
    doc_md=__doc__,
)
def ingest_deliveries():
    @task
    def ingest() -> None:
        from pipelines.information.ingest.run import run

        run(Settings()).raise_for_problems()

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def validate_deliveries() -> None:
        from pipelines.information.accept.run import run

        run(Settings())

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def watch_sources() -> None:
        from pipelines.information.overdue import watch

        watch(Settings())

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def resolve() -> None:
        from pipelines.information.identity.run import run

        run(Settings())

    @task(trigger_rule=TriggerRule.ALL_DONE, outlets=[DELIVERIES])
    def announce() -> None:
        """Let the marts be built, whatever became of single deliveries."""

    @task
    def require_all_received() -> None:
        """Be red where a task before is red: a run ends as its last tasks do."""

    steps = [ingest(), validate_deliveries(), watch_sources(), resolve()]
    chain(*steps, announce())
    steps >> require_all_received()


ingest_deliveries()
