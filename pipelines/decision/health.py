"""The record of how estimators in use do, and what is beyond its threshold."""

from datetime import date

import duckdb
import pandas as pd

from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect, list_rows, prepare

MEASURED = ["as_of_date", "estimator_version", "run_id", "metric", "feature", "value"]
# Measured of the newest snapshot alone. All else is of every snapshot with outcomes.
DRIFT_METRICS = ["feature_psi", "score_psi"]
JUDGED = """
    with thresholds as (
        select *, lead(valid_from, 1, 'infinity') over (
            partition by metric order by valid_from
        ) as valid_to
        from seeds.health_thresholds
    )
    select
        $use_case as use_case, measured.* replace (round(value, 9) as value),
        thresholds.threshold,
        coalesce(case thresholds.comparison
            when 'at_most' then measured.value > thresholds.threshold
            when 'at_least' then measured.value < thresholds.threshold
        end, false) as is_alert
    from measured
    left join thresholds
        on if(list_contains($drift, measured.metric), 'psi', measured.metric)
            = thresholds.metric
        and measured.as_of_date > thresholds.valid_from
        and measured.as_of_date <= thresholds.valid_to
"""
# What has been well since is no alert any more.
STANDING_ALERTS = """
    select use_case, metric, feature, value, threshold, as_of_date
    from ml.estimator_health
    where use_case = coalesce($use_case, use_case)
    qualify is_alert
        and as_of_date = max(as_of_date) over (partition by use_case, metric)
    order by all
"""


def replace(
    connection: duckdb.DuckDBPyConnection,
    use_case: str,
    measured: pd.DataFrame,
    newest: date,
) -> bool:
    """Replace what was measured before, all or nothing, unless it is the same again.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Open for writing.
    use_case : str
        Whose estimator was measured.
    measured : DataFrame of shape (n_figures, 6)
        With the columns ``MEASURED``. The thresholds that held on each ``as_of_date``
        decide which figures are alerts.
    newest : date
        The newest snapshot. Drift that was measured on earlier ones stays.

    Returns
    -------
    bool
        Whether anything has changed.
    """
    parameters = {"use_case": use_case, "drift": DRIFT_METRICS, "newest": newest}
    replaced = """
        from ml.estimator_health
        where use_case = $use_case
            and (as_of_date = $newest or not list_contains($drift, metric))
    """
    connection.register("measured", measured)
    connection.execute(
        "create or replace temp table judged as from ml.estimator_health limit 0"
    )
    connection.execute(
        f"insert into judged by name {JUDGED}",
        {"use_case": use_case, "drift": DRIFT_METRICS},
    )
    connection.unregister("measured")
    (difference_count,) = connection.execute(
        f"""
        with old as ({replaced})
        select count(*) from (
            (from old except from judged) union all (from judged except from old)
        )
        """,
        parameters,
    ).fetchone()
    if difference_count == 0:
        return False
    connection.begin()
    connection.execute(f"delete {replaced}", parameters)
    connection.execute("insert into ml.estimator_health by name from judged")
    connection.commit()
    return True


def list_alerts(settings: Settings, use_case: str | None = None) -> list[str]:
    """List what is beyond its threshold on the newest snapshot it was measured of.

    Parameters
    ----------
    settings : Settings
        Says where the warehouse is.
    use_case : str, optional
        Else those of all.
    """
    with connect(settings) as connection:
        prepare(connection)
        rows = connection.execute(STANDING_ALERTS, {"use_case": use_case}).fetchall()
    return [
        f"{name}: {metric}{f' of {feature}' if feature else ''} is {value:.3f} on "
        f"{as_of_date}, threshold {threshold:g}"
        for name, metric, feature, value, threshold, as_of_date in rows
    ]


def list_figures(settings: Settings, use_cases: list[str]) -> list[dict[str, object]]:
    """List all that is on record of use cases, the newest snapshot first."""
    with connect(settings) as connection:
        return list_rows(
            connection,
            """
            select * exclude (run_id)
            from ml.estimator_health
            where list_contains(?, use_case)
            order by use_case, as_of_date desc, metric, feature
            """,
            [use_cases],
        )
