"""F23: nothing of the future is in a snapshot, on five random days or of a canary."""

import random
from datetime import date

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from pipelines.analysis import build
from pipelines.foundation.contracts import load_contracts
from pipelines.foundation.feature_contract import load_feature_contract
from pipelines.foundation.warehouse import connect

pytestmark = pytest.mark.usefixtures("models_only")

MONTHS = [date(2025 + month // 12, month % 12 + 1, 1) for month in range(2, 16)]
rng = random.Random(4)  # noqa: S311 - a sample
FIVE_DATES = sorted(rng.sample(MONTHS, 5), reverse=True)
NUMBERS = load_feature_contract().list_columns("churn").numeric
MARTS = ("customer_features", "customer_months")
CANARY_DATE, NEXT_DATE = "2026-01-01", "2026-02-01"


def test_five_random_snapshots_are_the_same_without_what_came_later(bank, copy_home):
    settings = copy_home(bank)
    with connect(settings) as connection:
        for mart in MARTS:
            connection.execute(f"create table {mart}_before as from marts.{mart}")
    # From the newest on, so that each takes away a bit more.
    for as_of_date in FIVE_DATES:
        with connect(settings) as connection:
            _forget(connection, f"{as_of_date} 06:00:00", as_of_date)
        build.run(settings, select="+customer_months")
        with connect(settings, read_only=True) as connection:
            for mart in MARTS:
                assert _count_differing(connection, mart, as_of_date) == (True, 0)


@pytest.fixture(scope="module")
def canary_bank(bank, copy_home):
    """The bank, where half the customers act wildly from the canary date on."""
    settings = copy_home(bank)
    with connect(settings) as connection:
        connection.execute(f"""
            insert into ops.deliveries by name
            select 'atm/canary' as delivery_id, 'atm' as source, 1 as sequence,
                date '{CANARY_DATE}' as business_date, 'accepted' as status,
                timestamp '{CANARY_DATE} 06:00:00.000001' as extracted_at;
            insert into raw.atm by name
            select
                'canary' || row_number() over () as event_number, card_number,
                'T1' as terminal_code, 'withdrawal' as event_type,
                'CNY' as currency_code, -99999.99 as amount,
                'atm/canary' as delivery_id,
                timestamp '{CANARY_DATE} 06:00:00.000001' as known_at,
                -- Half at the first moment that is too late, half known too late.
                timestamp '{CANARY_DATE}' - to_hours(12 * cast(number as integer))
                    as occurred_at
            from (
                select distinct card_number from raw.core_accounts
                where card_number is not null and hash(customer_number) % 2 = 0
            ) cross join generate_series(0, 1) as copies (number)
        """)
    build.run(settings, select="+customer_features")
    return settings


def test_a_canary_is_seen_as_soon_as_it_may_be_known(canary_bank):
    assert _best_auc(canary_bank, NEXT_DATE) > 0.95


def test_no_feature_knows_of_a_canary_before(canary_bank):
    # By chance, a hundred features of hundreds of customers come as far as this.
    assert _best_auc(canary_bank, CANARY_DATE) < 0.62


def _forget(connection, cut_off, as_of_date):
    for source, contract in load_contracts().items():
        connection.execute(f"""
            delete from raw.{source}
            where {contract.happened.name} >= '{as_of_date}' or known_at > '{cut_off}'
        """)
    connection.execute(
        f"update ops.deliveries set status = 'held' where extracted_at > '{cut_off}'"
    )


def _count_differing(connection, mart, as_of_date):
    return connection.execute(f"""
        select count(*) > 0, count(*) filter (where not is_same) from (
            select after = before as is_same
            from (from marts.{mart} where as_of_date = '{as_of_date}') as after
            full join (from {mart}_before where as_of_date = '{as_of_date}') as before
                on after.customer_id = before.customer_id
        )
    """).fetchone()


def _best_auc(settings, as_of_date):
    """How well the best single feature tells who has a canary, in either direction."""
    with connect(settings, read_only=True) as connection:
        columns = connection.execute(f"""
            select hash(customer_id) % 2 = 0 as has_canary, {", ".join(NUMBERS)}
            from marts.customer_features
            where as_of_date = '{as_of_date}' and holds_current_deposit = 1
        """).fetchnumpy()
    has_canary = np.asarray(columns.pop("has_canary"))
    aucs = [
        roc_auc_score(has_canary, np.ma.filled(values.astype(float), -1.0))
        for values in columns.values()
    ]
    return max(max(auc, 1 - auc) for auc in aucs)
