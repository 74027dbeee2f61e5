"""### Score customers

Scores everyone in `marts.customer_features` with the champion of each use case, says
why, measures how the champions do, builds the marts that depend on all of that, checks
them, and publishes a new version for BI.

- **Runs** when `build_marts` has checked new features.
- **Rerunning** is safe: the snapshot's scores are replaced, and content that is already
  published is not published again.
- **If it fails**, BI still reads the version before. In `score_…`, the champion could
  not be trusted or read; a use case without a champion is skipped and does not fail. So
  in `explain_…` and `monitor_…`; what can't be explained has no reasons, and an alert
  is no failure. In `validate_scores`, `crm validate scores` says what was expected. In
  `publish`, the message names the gate in the way.
"""

from datetime import UTC, datetime

from airflow.sdk import chain, dag, task

from dag_contract import DEFAULT_ARGS, FEATURES, MINED, PUBLISHED
from pipelines.foundation.settings import Settings


@dag(
    schedule=[FEATURES],
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["scores"],
    doc_md=__doc__,
)
def score_customers():
    @task
    def score(use_case: str) -> None:
        from pipelines.decision.score import run

        run(Settings(), use_case)

    @task
    def explain(use_case: str) -> None:
        from pipelines.decision.explain import run

        run(Settings(), use_case)

    @task
    def monitor(use_case: str) -> None:
        from pipelines.decision.monitor import run

        run(Settings(), use_case)

    @task
    def build_scores() -> None:
        from pipelines.analysis.build import run

        run(Settings(), select="source:ml+")

    @task
    def validate_scores() -> None:
        from pipelines.analysis.validate import run

        run(Settings(), "scores")

    @task(outlets=[PUBLISHED])
    def publish() -> None:
        from pipelines.decision.publish.run import run

        run(Settings())

    steps = [
        [
            step.override(task_id=f"{step.function.__name__}_{use_case}")(use_case)
            for use_case in MINED
        ]
        for step in (score, explain, monitor)
    ]
    chain(*steps, build_scores(), validate_scores(), publish())


score_customers()
