"""What the DAGs agree on: the assets they meet through, and how every task runs."""

from datetime import timedelta

from airflow.sdk import Asset, ExceptionRetryPolicy, RetryAction, RetryRule

from pipelines.foundation import modes
from pipelines.foundation.use_case import list_names

DELIVERIES = Asset("accepted_deliveries")
FEATURES = Asset("customer_features")
PUBLISHED = Asset("published_marts")
ALERTS = Asset("estimator_alerts")

MINED = tuple(list_names())

# DuckDB lets one process write, and while it does nobody else may even read. With one
# slot, waiting is something the UI shows, and not a storm of retries.
POOL = "warehouse"

# A run on the command line may hold the lock, and memory may be short for a while. The
# other errors of ours say what to do, and trying again is not it.
RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception="pipelines.foundation.errors.LockedError",
            action=RetryAction.RETRY,
        ),
        RetryRule(
            exception="pipelines.foundation.errors.ResourceError",
            action=RetryAction.RETRY,
        ),
        RetryRule(
            exception="pipelines.foundation.errors.PipelineError",
            action=RetryAction.FAIL,
        ),
    ]
)


def keep_private(_context: object) -> None:
    """Let a task's process create files for their owner alone, as `crm` does."""
    modes.keep_private()


DEFAULT_ARGS = {
    "owner": "crm",
    "pre_execute": keep_private,
    "pool": POOL,
    "retries": 2,
    "retry_delay": timedelta(minutes=5),
    "retry_policy": RETRY_POLICY,
}
