"""What was not delivered is unknown, and a late file repairs everything.

One delivery of each event source is held back in turn, in a bank that has champions.
"""

import pytest

from pipelines.analysis import build, validate
from pipelines.decision import explain, monitor, score
from pipelines.decision.publish import run as publish
from pipelines.foundation.errors import MissingSourceError
from pipelines.foundation.use_case import list_names
from pipelines.foundation.warehouse import connect
from pipelines.information import overdue
from pipelines.status import collect

pytestmark = pytest.mark.usefixtures("models_only")

HELD_BACK = "2026-04-30"
# The first snapshot that lacks it, and the newest that lacks nothing.
LACKING, WHOLE = "2026-05-01", "2026-04-01"
EVENTS = ("atm", "branch", "card", "core_postings", "online", "phone")
# All go the same way, so that one is enough but for `make soak`.
HELD_BACK_IN_TURN = [
    "card",
    *(pytest.param(name, marks=pytest.mark.soak) for name in EVENTS if name != "card"),
]
LABELS = """
    select customer_id, as_of_date, label, is_true
    from (unpivot marts.customer_labels on
        has_churned_90d, has_grown_180d, columns('has_opened_.*')
        into name label value is_true)
"""
MARTS = "select table_name from duckdb_tables() where schema_name = 'marts'"
NEWEST = "where as_of_date = '2026-07-01'"
# When it was scored differs, of the same data. That another snapshot was scored
# meanwhile stays on record.
KEPT = dict.fromkeys(("customer_scores", "score_reasons", "estimator_health"), NEWEST)
CONTENT = """
    select count(*), sum(hash(content))
    from (select columns(lambda name: name != 'scored_at') from marts.{} {}) as content
"""


def go_on(settings):
    """Take the steps of a night that come after the deliveries, but for mining."""
    build.run(settings, exclude="source:ml+")
    validate.run(settings, "features")
    for step in (score, explain, monitor):
        for use_case in list_names():
            step.run(settings, use_case)
    build.run(settings, select="source:ml+")
    validate.run(settings, "scores")
    return publish.run(settings)


@pytest.fixture(scope="module", params=HELD_BACK_IN_TURN)
def gap(request, finished_night, copy_home):
    """A night without one delivery, and what undoes it."""
    settings, source = copy_home(finished_night), request.param
    delivery = f"{source}/{HELD_BACK}.1"
    with connect(settings) as connection:
        connection.execute(f"""
            create table ops.held_back as
            from ops.deliveries where delivery_id = '{delivery}';
            delete from ops.deliveries where delivery_id = '{delivery}'
        """)
    with pytest.raises(MissingSourceError) as problem:
        overdue.watch(settings)
    go_on(settings)
    return settings, source, str(problem.value)


def read(settings, query):
    with connect(settings, read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_a_month_that_never_came_is_named_and_no_score_is_built_on_it(
    gap, finished_night
):
    settings, source, problem = gap

    assert f"\n  {source} lacks {HELD_BACK} (missing)\n" in problem
    assert collect(settings).gaps == [f"{source} lacks {HELD_BACK} (missing)"]
    assert read(
        settings,
        "select source, business_date::varchar, state from marts.source_days "
        "where is_missing",
    ) == [(source, HELD_BACK, "missing")]
    assert read(
        settings,
        "select distinct as_of_date::varchar, source_day_share "
        "from marts.customer_scores",
    ) == [(WHOLE, 1)]
    # The snapshot that is scored knows nothing of it, so nor does any score.
    features = (
        f"from marts.customer_features where as_of_date <= '{WHOLE}' order by all"
    )
    assert read(settings, features) == read(finished_night, features)


def test_no_label_of_a_bank_with_a_hole_is_contradicted_once_it_is_filled(
    gap, finished_night
):
    settings, source, _ = gap

    whole, found = (set(read(home, LABELS)) for home in (finished_night, settings))

    assert found <= whole
    # What happens by itself is in no outcome.
    lost = {as_of_date for _, as_of_date, *_ in whole - found}
    assert bool(lost) == (source != "core_postings")


def test_a_late_file_makes_everything_equal_to_an_undisturbed_bank(gap, finished_night):
    settings, *_ = gap
    with connect(settings) as connection:
        connection.execute("""
            insert into ops.deliveries from ops.held_back;
            drop table ops.held_back
        """)

    overdue.watch(settings)
    go_on(settings)

    names = [name for (name,) in read(settings, MARTS)]
    marts = [CONTENT.format(name, KEPT.get(name, "")) for name in names]
    assert [read(settings, mart) for mart in marts] == [
        read(finished_night, mart) for mart in marts
    ]
