"""### Announce alerts

Announces the asset `estimator_alerts` when an estimator in use is beyond a threshold of
the seed `health_thresholds`: its features or scores have drifted, or it was less right
than when it was assessed. Let whatever calls a person run on that asset.

- **Runs** when `score_customers` has published, which measured all of it before.
- **Rerunning** is safe: it only reads, and announces again.
- **If it fails**, nobody was told. `crm monitor` prints what there is to tell. Where
  `announce` was skipped, there is no alert.
"""

from datetime import UTC, datetime

from airflow.sdk import dag, task

from dag_contract import ALERTS, DEFAULT_ARGS, PUBLISHED
from pipelines.foundation.settings import Settings


@dag(
    schedule=[PUBLISHED],
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["estimators"],
    doc_md=__doc__,
)
def announce_alerts():
    @task.short_circuit
    def find_alerts() -> list[str]:
        from pipelines.decision.health import list_alerts

        return list_alerts(Settings())

    @task(outlets=[ALERTS])
    def announce() -> None:
        """Say that there are alerts."""

    find_alerts() >> announce()


announce_alerts()
