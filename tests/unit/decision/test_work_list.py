import csv
import stat
from datetime import date

import duckdb
import pytest

from pipelines.decision import work_list
from pipelines.decision.publish.run import find_current
from pipelines.foundation.errors import MissingSourceError, UsageError
from pipelines.foundation.vault import Vault
from pipelines.foundation.warehouse import connect, prepare


@pytest.fixture
def published(settings):
    """A published list of three customers of two branches; one has no manager."""
    settings = settings.model_copy(update={"business_date": date(2026, 9, 1)})
    with connect(settings) as connection:
        prepare(connection)
        Vault(connection, settings).store_pseudonyms(
            "select 'customer' as kind, unnest(['C1', 'C2', 'C3']) as identifier"
        )
        known = connection.execute("""
            select pseudonym from vault.identifiers order by identifier
        """).fetchall()
    folder = settings.published / "2026-07-01-abc"
    folder.mkdir(parents=True)
    (settings.published / "current").symlink_to(folder.name)
    first, second, third = (pseudonym for (pseudonym,) in known)
    with duckdb.connect(folder / "marts.duckdb") as connection:
        connection.execute(f"""
            create table work_list as
            select
                * replace (cast(churn_probability as double) as churn_probability),
                date '2026-07-01' as as_of_date,
                cast(12.5 as decimal(18, 2)) as value_at_stake_cny,
                'loan' as product_family, 0.1 as open_probability,
                '=HYPERLINK()' as offer_reason, '原因' as offer_reason_zh,
                null as churn_reason, null as churn_reason_zh
            from (values
                (3, '{first}', 'B1', 'M1', 0.2),
                (1, '{second}', 'B1', null, 0.9123),
                (2, '{third}', 'B2', 'M2', 0.5)
            ) as listed(
                contact_rank, customer_id, branch_id, manager_id, churn_probability
            );
        """)
    return settings


@pytest.fixture
def path(tmp_path):
    return tmp_path / "list.csv"


def read(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_branch_gets_its_customers_by_their_real_numbers_in_the_order_of_the_list(
    published, path
):
    assert work_list.export(published, path, branch="B1", reason="calls") == 2

    rows = read(path)
    assert [row["customer_number"] for row in rows] == ["C2", "C1"]
    assert rows[0]["churn_probability"] == "0.912"
    assert rows[0]["value_at_stake_cny"] == "12.50"
    assert rows[0]["offer_reason_zh"] == "原因"


def test_a_manager_gets_nobody_who_has_none(published, path):
    work_list.export(published, path, manager="M2", reason="calls")

    assert [row["customer_number"] for row in read(path)] == ["C3"]


def test_the_summary_shows_the_list_in_its_order(published):
    top = work_list.read_top(find_current(published), 2)

    assert [row["contact_rank"] for row in top] == [1, 2]


def test_no_pseudonym_and_no_formula_is_in_it(published, path):
    work_list.export(published, path, reason="calls", rows=1)

    (row,) = read(path)
    assert "customer_id" not in row
    assert row["offer_reason"] == "'=HYPERLINK()"


def test_only_its_owner_may_read_it_and_nothing_is_written_over(published, path):
    work_list.export(published, path, reason="calls")
    with pytest.raises(UsageError, match="is there already"):
        work_list.export(published, path, reason="calls")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_who_was_given_which_list_is_on_record(published, path):
    work_list.export(published, path, branch="B1", manager="M1", reason="July calls")

    with connect(published) as connection:
        rows = connection.execute("""
            select decision, target, row_count, reason from ops.decisions
        """).fetchall()
    assert rows == [("export", "work list of branch B1 manager M1", 1, "July calls")]


def test_who_was_erased_since_is_left_out(published, path):
    with connect(published) as connection:
        Vault(connection, published)
        connection.execute("delete from vault.identifiers where identifier = 'C2'")

    work_list.export(published, path, reason="calls")

    assert [row["customer_number"] for row in read(path)] == ["C3", "C1"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"branch": "B9", "reason": "calls"}, "Nobody on the work list belongs to br"),
        ({"reason": " "}, "A decision needs a reason"),
    ],
)
def test_what_cannot_be_listed_writes_nothing(published, path, asked, said):
    with pytest.raises(UsageError, match=said):
        work_list.export(published, path, **asked)

    assert not path.exists()


def test_before_anything_is_published_there_is_no_list(settings, path):
    assert find_current(settings) is None
    with pytest.raises(MissingSourceError, match="Nothing has been published"):
        work_list.export(settings, path, reason="calls")


def test_a_list_is_not_handed_out_after_its_day(published, path):
    later = published.model_copy(update={"business_date": date(2026, 9, 2)})

    with pytest.raises(MissingSourceError, match="of 2026-07-01, 63 days before"):
        work_list.export(later, path, branch="B1", reason="calls")

    assert not path.exists()
    # On the day before it was.
    assert work_list.export(published, path, branch="B1", reason="calls") == 2
