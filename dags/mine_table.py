"""### Mine a table

The five stages of SEMMA for a table or file that a modeller brings; one line of its log
says where the report is.

- **Runs** when somebody triggers it, with the source and the target as parameters.
- **Rerunning** is safe: a stage that is cleared works on the same sample, and refuses
  if the table has changed since. Triggering it again begins another run.
- **If it fails**, the message says which column or row count is in the way. Nothing of
  the bank's own use cases depends on it.
"""

from airflow.sdk import Param, dag, task

from dag_contract import DEFAULT_ARGS
from pipelines.discovery.any_table.request import Request
from pipelines.foundation.settings import Settings


@dag(
    schedule=None,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params={
        "source": Param("marts.customer_months", type="string"),
        "target": Param("loyalty_stage", type="string"),
        "positive": Param("dormant", type=["null", "string"]),
        "id_column": Param(None, type=["null", "string"]),
        "time_column": Param(None, type=["null", "string"]),
        # A customer has a row each month: nobody is to be learnt from and judged on.
        "group_column": Param("customer_id", type=["null", "string"]),
        "drop": Param([], type="array"),
        "budget": Param(Request.budget, type="number", minimum=1),
    },
    tags=["estimators"],
    doc_md=__doc__,
)
def mine_table():
    @task
    def sample(params: dict | None = None) -> str:
        from pipelines.discovery.any_table.run import begin_named

        return str(begin_named(Settings(), params).path)

    @task
    def explore(folder: str) -> str:
        from pipelines.discovery.any_table.run import run_stage

        return str(run_stage(Settings(), "explore", folder))

    @task
    def modify(folder: str) -> str:
        from pipelines.discovery.any_table.run import run_stage

        return str(run_stage(Settings(), "modify", folder))

    @task
    def model(folder: str) -> str:
        from pipelines.discovery.any_table.run import run_stage

        return str(run_stage(Settings(), "model", folder))

    @task
    def assess(folder: str) -> str:
        from pipelines.discovery.any_table.run import run_stage

        return str(run_stage(Settings(), "assess", folder))

    assess(model(modify(explore(sample()))))


mine_table()
