"""The night in one page: what came in, what passed, how good the scores are."""

import sys
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rich.console import Console

from pipelines.decision import work_list
from pipelines.decision.publish.run import DATABASE, find_current
from pipelines.foundation.parameters import read_contact_capacity
from pipelines.foundation.screen import print_table
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect, list_rows
from pipelines.information.overdue import list_gaps

WORK_LIST_ROWS = 5
# The run that made each champion: its candidates' figures on the test snapshot.
FIGURES = """
with champions as (
    select use_case, run_id from ops.promotions
    qualify row_number() over (partition by use_case order by promoted_at desc) = 1
),
mined as (
    select candidates.mining_run_id, candidates.candidate
    from champions inner join ml.candidates using (use_case, run_id)
)
pivot (
    select
        assessments.use_case, assessments.candidate, assessments.as_of_date,
        assessments.candidate = mined.candidate as is_champion,
        assessments.metric, assessments.value
    from ml.assessments
    inner join mined on assessments.mining_run_id = mined.mining_run_id
    where assessments.part = 'test'
)
on metric in ('auc', 'lift_at_capacity', 'contact_capacity', 'calibration_error')
using any_value(value)
order by use_case, auc desc
"""
SKIPPED_USE_CASES = """
select use_case, max_by(note, started_at) as note
from ml.mining_runs
where use_case not in (select use_case from ops.promotions)
group by use_case
having max_by(status, started_at) != 'waiting'
order by use_case
"""
WAITING_CHALLENGERS = """
select use_case, candidate, estimator_version, reason
from ops.waiting_challengers
order by use_case, estimator_version
"""
# Scores that the latest night could not renew: nobody acts on them unknowingly.
STALE_SCORES = """
select
    use_case, max(as_of_date) as as_of_date,
    max_by(estimator_version, as_of_date) as estimator_version,
    max(scored_at) as scored_at,
    (select max(as_of_date) from marts.customer_features) as newest_date
from ml.scores
group by use_case
having max(as_of_date) < newest_date
order by use_case
"""
HAS_FEATURES = """
select 1 from duckdb_tables()
where schema_name = 'marts' and table_name = 'customer_features'
"""
COUNTS = """
select
    count(*) as deliveries,
    coalesce(sum(rows_delivered), 0) as delivered,
    coalesce(sum(rows_loaded), 0) as loaded,
    coalesce(sum(rows_duplicate), 0) as duplicate,
    coalesce(sum(rows_quarantined), 0) as quarantined
from ops.deliveries
where status != 'refused' and loaded_at >= coalesce(?, loaded_at)
"""
HELD = """
select concat_ws(': ', delivery_id, status, note) as line
from ops.deliveries
where status not in ('accepted', 'duplicate')
order by delivery_id
"""
COUNT_OF_GATES = """
select count(*) filter (is_passed), count(*) from (
    select max_by(is_passed, checked_at) as is_passed
    from ops.gates group by gate, target
)
"""
ASK = (
    """{python} -c "import duckdb; print(duckdb.connect('{database}', read_only=True)"""
    """.sql('from next_best_offers limit 5'))\""""
)


@dataclass
class Summary:
    """What there is to say about a night.

    Attributes
    ----------
    rows : dict of str to int
        Deliveries, and rows delivered, loaded, duplicate and quarantined, since the
        night began.
    held : list of str
        Deliveries that no mart reads, with the reason.
    gaps : list of str
        Sources that the marts lack days of, by the clock of the night, a line each.
    gates : tuple of two int
        Passed, and asked, of the newest verdicts.
    figures : list of dict
        Use case, candidate, whether it is champion, and its metrics out of time.
    skipped : list of dict
        Use cases without a champion, and why.
    waiting : list of dict
        Challengers that a person has to approve or decline.
    stale : list of dict
        Use cases whose scores are of an earlier snapshot than the features.
    work_list : list of dict
        Whom to contact first; pseudonyms.
    published : Path or None
        Folder of the current version.
    """

    rows: dict[str, int] = field(default_factory=dict)
    held: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    gates: tuple[int, int] = (0, 0)
    figures: list[dict] = field(default_factory=list)
    skipped: list[dict] = field(default_factory=list)
    waiting: list[dict] = field(default_factory=list)
    stale: list[dict] = field(default_factory=list)
    work_list: list[dict] = field(default_factory=list)
    published: Path | None = None


def collect(settings: Settings, since: datetime | None = None) -> Summary:
    """Read from the warehouse and the published marts what there is to say.

    Parameters
    ----------
    settings : Settings
        Says where they are.
    since : datetime, optional
        When the night began, in UTC without a zone. Otherwise rows are counted over
        all nights.
    """
    summary = Summary(published=find_current(settings))
    with connect(settings, read_only=True) as connection:
        (summary.rows,) = list_rows(connection, COUNTS, [since])
        summary.held = [row["line"] for row in list_rows(connection, HELD)]
        summary.gaps = list_gaps(connection)
        summary.gates = connection.execute(COUNT_OF_GATES).fetchone()
        summary.figures = list_rows(connection, FIGURES)
        summary.skipped = list_rows(connection, SKIPPED_USE_CASES)
        summary.waiting = list_rows(connection, WAITING_CHALLENGERS)
        if list_rows(connection, HAS_FEATURES):
            summary.stale = list_rows(connection, STALE_SCORES)
    if summary.published:
        summary.work_list = work_list.read_top(summary.published, WORK_LIST_ROWS)
    return summary


def print_summary(settings: Settings, since: datetime | None = None) -> None:
    """Print a night's summary for a person, see ``collect``."""
    summary = collect(settings, since)
    console = Console(highlight=False, soft_wrap=True)
    rows = {name: f"{count:,}" for name, count in summary.rows.items()}
    console.print("[bold]The night" if since else "[bold]All nights")
    console.print(
        "Rows        {delivered} delivered = {loaded} loaded + {duplicate} duplicate + "
        "{quarantined} quarantined, in {deliveries} new deliveries".format(**rows)
    )
    passed, asked = summary.gates
    console.print(f"Gates       {passed} of {asked} passed")
    for line in summary.held:
        console.print(f"            {line}", markup=False)
    for line in summary.gaps:
        console.print(f"Lacks       {line}", markup=False)
    _print_figures(console, summary)
    _print_work_list(console, summary)
    _print_paths(console, summary, settings)


def _print_figures(console: Console, summary: Summary) -> None:
    for row in summary.skipped:
        console.print(f"No scores   {row['use_case']}: {row['note']}", markup=False)
    for row in summary.waiting:
        console.print(
            "Waits       {use_case} {candidate} passed the gate: crm approve "
            "{use_case} {estimator_version} --reason WHY".format(**row),
            markup=False,
        )
    for row in summary.stale:
        console.print(
            "Stale       {use_case} scores are of {as_of_date}, by version "
            "{estimator_version} on {scored_at:%Y-%m-%d}; features are of "
            "{newest_date}".format(**row),
            markup=False,
        )
    if not summary.figures:
        return
    lift = f"lift at {100 * read_contact_capacity():g} %"
    console.print(
        "\n[bold]Out-of-time test[/bold]: newest snapshot with known outcomes"
    )
    print_table(
        [
            {
                "use case": row["use_case"],
                "candidate": row["candidate"],
                "": "champion" if row["is_champion"] else "",
                "AUC": f"{row['auc']:.3f}",
                lift: _show_lift(row),
                "off by": None
                if row["calibration_error"] is None
                else f"{row['calibration_error']:.2%}",
                "as of": row["as_of_date"],
            }
            for row in summary.figures
        ]
    )


def _show_lift(row: dict) -> str:
    """Show a lift, and at what capacity where that has changed since."""
    capacity = row["contact_capacity"]
    is_changed = capacity != read_contact_capacity()
    return f"{row['lift_at_capacity']:.1f}" + (
        f" at {100 * capacity:g} %" if is_changed else ""
    )


def _print_work_list(console: Console, summary: Summary) -> None:
    if not summary.work_list:
        return
    console.print("\n[bold]Top of the work list[/bold] (pseudonyms)")
    print_table(
        [
            {
                "customer": row["customer_id"],
                "call to": row["contact_action"].replace("_", " "),
                "at stake": _format_known(row["value_at_stake_cny"], "{:.0f} CNY"),
                "churn": _format_known(row["churn_probability"], "{:.1%}"),
                "offer": row["product_family"] or "",
                "why to call": row["churn_reason"] or "",
            }
            for row in summary.work_list
        ]
    )


def _format_known(value: object, form: str) -> str:
    return "" if value is None else form.format(value)


def _print_paths(console: Console, summary: Summary, settings: Settings) -> None:
    if summary.published is None:
        console.print("\nNothing has been published yet.")
        return
    database = settings.published / "current" / DATABASE
    console.print(f"\n[bold]Published[/bold]   {summary.published}")
    console.print(f"Marts       {database}")
    console.print(f"Reports     {settings.reports}")
    console.print("Look        make up   (opens Airflow and MLflow on this machine)")
    console.print(
        "Ask         " + ASK.format(python=sys.executable, database=database),
        markup=False,
    )
