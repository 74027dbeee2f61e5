"""### Build marts

Builds everything that does not depend on scores, up to `marts.customer_features` and
`marts.customer_labels`, and checks it.

- **Runs** when `ingest_deliveries` has decided on the night's deliveries.
- **Rerunning** is safe: the same deliveries give the same marts.
- **If it fails**, BI still reads the version before. In `build`, dbt's log under
  `CRM_HOME/dbt` names the dbt model or test. In `validate_features`, the features are
  there but nobody is scored on them: `crm validate features` says what was expected.
"""

from datetime import UTC, datetime

from airflow.sdk import dag, task

from dag_contract import DEFAULT_ARGS, DELIVERIES, FEATURES
from pipelines.foundation.settings import Settings


@dag(
    schedule=[DELIVERIES],
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["marts"],
    doc_md=__doc__,
)
def build_marts():
    @task
    def build() -> None:
        from pipelines.analysis.build import run

        run(Settings(), exclude="source:ml+")

    @task(outlets=[FEATURES])
    def validate_features() -> None:
        from pipelines.analysis.validate import run

        run(Settings(), "features")

    build() >> validate_features()


build_marts()
