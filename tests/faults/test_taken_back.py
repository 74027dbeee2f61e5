"""What is withdrawn, restated or accepted after all changes what others repeat."""

import json
from datetime import UTC, date, datetime

import pytest

from pipelines.foundation.contracts import load_contract
from pipelines.foundation.deliveries import MANIFEST, describe_file
from pipelines.foundation.warehouse import connect
from pipelines.information import rulings as decisions
from pipelines.information import verify
from pipelines.information.ingest import run as ingest

COLUMNS = load_contract("core_balances").names
FIRST, SECOND = date(2025, 1, 30), date(2025, 1, 31)
BALANCES = """
    select
        'A' || number as account_number, date '2025-01-29' as balance_date,
        {times} * number as balance, 'CNY' as currency_code
    from range({first}, {end}) as numbers (number)
"""
STAGED = """
    select balance, deliveries.business_date, delivered.known_at
    from raw.core_balances as delivered
    inner join ops.accepted_deliveries as accepted using (delivery_id)
    inner join ops.deliveries as deliveries using (delivery_id)
    where accepted.superseded_at is null
    order by balance
"""


@pytest.fixture
def send(settings, deliver):
    """Deliver balances of accounts, extracted on a day of February; ingest, accept."""

    def send(day, accounts, extracted, *, sequence=1, times=1):
        first, end = accounts
        query = BALANCES.format(first=first, end=end, times=times)
        earlier = settings.landing / "core_balances" / day.isoformat()
        kept = earlier.rename(earlier.with_name("kept")) if earlier.exists() else None
        folder = deliver("core_balances", query, day)
        manifest = json.loads((folder / MANIFEST).read_text())
        manifest |= {
            "sequence": sequence,
            "extracted_at": f"2025-02-0{extracted}T01:00:00Z",
        }
        (folder / MANIFEST).write_text(json.dumps(manifest))
        if kept:
            folder.rename(folder.with_name(f"{day}.{sequence}"))
            kept.rename(earlier)
        ingest.run(settings).raise_for_problems()
        accept_all(settings)

    return send


def accept_all(settings):
    with connect(settings) as connection:
        connection.execute(
            "update ops.deliveries set status = 'accepted' where status = 'loaded'"
        )


def staged(settings):
    with connect(settings, read_only=True) as connection:
        return connection.execute(STAGED).fetchall()


def known(day):
    return datetime(2025, 2, day, 1, tzinfo=UTC).replace(tzinfo=None)


def test_a_row_that_two_deliveries_say_survives_the_withdrawal_of_either(
    settings, send
):
    send(FIRST, (1, 3), 1)
    send(SECOND, (2, 4), 2)
    before = staged(settings)
    assert before == [
        (1, FIRST, known(1)),
        (2, FIRST, known(1)),
        (3, SECOND, known(2)),
    ]

    decisions.withdraw(settings, f"core_balances/{FIRST}.1", "wrong month")
    ingest.run(settings)
    accept_all(settings)
    assert staged(settings) == [(2, SECOND, known(2)), (3, SECOND, known(2))]

    decisions.accept(settings, f"core_balances/{FIRST}.1", "right after all")
    ingest.run(settings)
    accept_all(settings)
    assert staged(settings) == before
    assert verify.run(settings) == 2


def test_a_row_that_a_restatement_drops_stays_where_another_delivery_says_it(
    settings, send
):
    send(FIRST, (1, 4), 1)
    send(SECOND, (2, 5), 2)

    send(FIRST, (1, 3), 3, sequence=2)

    # What both said counts for the other from when the first took it back.
    assert staged(settings) == [
        (1, FIRST, known(3)),
        (2, FIRST, known(3)),
        (3, SECOND, known(3)),
        (4, SECOND, known(2)),
    ]


def test_a_restatement_that_corrects_a_row_is_not_contradicted_by_its_repetition(
    settings, send
):
    send(FIRST, (1, 3), 1)
    send(SECOND, (2, 4), 2)

    send(FIRST, (1, 3), 3, sequence=2, times=10)

    assert staged(settings) == [
        (3, SECOND, known(2)),
        (10, FIRST, known(3)),
        (20, FIRST, known(3)),
    ]


def test_what_people_accepted_stays_accepted_when_it_is_judged_again(settings, send):
    send(FIRST, (1, 4), 1)
    send(SECOND, (2, 5), 2)
    with connect(settings) as connection:
        connection.execute("update ops.deliveries set status = 'held'")
    decisions.accept(settings, f"core_balances/{FIRST}.1", "known to be odd")
    decisions.accept(settings, f"core_balances/{SECOND}.1", "this one, too")
    ingest.run(settings)

    with connect(settings, read_only=True) as connection:
        assert connection.execute("""
            select status, note from ops.deliveries order by delivery_id
        """).fetchall() == [
            ("accepted", "Accepted by hand: known to be odd"),
            ("accepted", "Accepted by hand: this one, too"),
        ]


def test_where_its_files_are_gone_what_is_stored_stays(settings, send):
    send(SECOND, (1, 3), 2, times=10)
    folder = settings.landing / "core_balances" / SECOND.isoformat()
    folder.rename(settings.home / "archived")

    send(FIRST, (1, 3), 1)

    assert staged(settings) == [(10, SECOND, known(2)), (20, SECOND, known(2))]
    with connect(settings, read_only=True) as connection:
        assert connection.execute("""
            select delivery_id, count(*) from ops.quarantine group by all
        """).fetchall() == [(f"core_balances/{FIRST}.1", 2)]


def test_a_bad_row_is_found_in_its_file_though_one_before_it_counts_from_later_on(
    settings, send
):
    send(FIRST, (1, 4), 1)
    send(FIRST, (1, 3), 3, sequence=2)
    # Its first file says what the first date has taken back since.
    rows = {"said.csv": "A3,2025-01-29,3,CNY", "bad.csv": "A5,2025-01-29,5,ABC"}
    folder = settings.landing / "core_balances" / SECOND.isoformat()
    folder.mkdir()
    for name, row in rows.items():
        (folder / name).write_text(f"{','.join(COLUMNS)}\n{row}\n")
    manifest = {
        "source": "core_balances",
        "business_date": f"{SECOND}",
        "extracted_at": "2025-02-02T01:00:00Z",
        "files": [describe_file(folder / name, rows=1).model_dump() for name in rows],
    }
    (folder / MANIFEST).write_text(json.dumps(manifest))

    ingest.run(settings).raise_for_problems()

    with connect(settings, read_only=True) as connection:
        assert connection.execute("""
            select file_number, line_number, reason from ops.quarantine
        """).fetchall() == [(2, 2, "not_accepted")]
    accept_all(settings)
    assert (3, SECOND, known(3)) in staged(settings)
