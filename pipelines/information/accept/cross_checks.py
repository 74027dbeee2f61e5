"""Compare a delivery's rows with other sources and with the account's own history.

What is found is reported and never quarantined: whether a row disagrees depends on what
else has come in, and the register that clears it up may be late.
"""

from pipelines.foundation.contracts import Contract

ACCOUNTS, BALANCES = "core_accounts", "core_balances"
KNOWN = "select delivery_id from ops.deliveries where status in ('accepted', 'loaded')"
LOADED = "select delivery_id from ops.deliveries where status = 'loaded'"
# Yuan read as fen, or the other way round. Two balances may differ by as much; hardly
# ever to the thousandth.
SLIP = "between 99.9 and 100.1"
# A balance is compared with the one before it, as far as two months back.
RECENT = """
    select min(business_date) - 70 as since from ops.deliveries
    where status = 'loaded' and source = 'core_balances'
"""
EVERYTHING = "select date '0001-01-01' as since"
# Each balance with the one before, and whether money was taken out at an ATM since.
BALANCE_PATHS = """(
    with recent as ({recent}),
    paths as (
        select
            *,
            lag(balance) over path as previous_balance,
            lag(balance_date) over path as previous_date
        from raw.core_balances
        where delivery_id in ({known}) and balance_date >= (select since from recent)
        window path as (partition by account_number order by balance_date, known_at)
    ),
    withdrawn as (
        select distinct
            cards.account_number, cast(events.occurred_at as date) as withdrawn_date
        from raw.atm as events
        inner join (
            select distinct card_number, account_number from raw.core_accounts
            where card_number is not null and delivery_id in ({known})
        ) as cards using (card_number)
        where events.event_type = 'withdrawal' and events.delivery_id in ({known})
            and events.occurred_at >= (select since from recent)
    )
    select paths.*, withdrawn.withdrawn_date > paths.previous_date as has_withdrawn
    from paths
    asof left join withdrawn
        on paths.account_number = withdrawn.account_number
        and paths.balance_date >= withdrawn.withdrawn_date
)"""


def select_rows(contract: Contract, *, is_history_whole: bool) -> str:
    """Write the rows of a source's new deliveries, with what their accounts say.

    Balances older than ten weeks are only among them if the history is to be whole.
    """
    by = find_account_column(contract)
    source = f"raw.{contract.source}"
    if contract.source == BALANCES:
        source = BALANCE_PATHS.format(
            known=KNOWN, recent=EVERYTHING if is_history_whole else RECENT
        )
    if by is None:
        return f"(select * from {source} where delivery_id in ({LOADED}))"
    return f"""(
        select
            delivered.*, registered.opened_date as registered_opened_date,
            registered.currency_code as registered_currency_code
        from {source} as delivered
        left join (
            select
                {by} as account, min(opened_date) as opened_date,
                max(currency_code) as currency_code
            from raw.{ACCOUNTS} where delivery_id in ({KNOWN})
            group by {by}
        ) as registered on delivered.{by} = registered.account
        where delivery_id in ({LOADED})
    )"""


def list_facts(contract: Contract) -> dict[str, str]:
    """Write the facts about those rows, null where a source has no such thing."""
    facts = dict.fromkeys(
        (
            "early_event_share",
            "unlike_register_share",
            "slipped_share",
            "seen_account_share",
            "unmoved_share",
            "typical_amount",
        ),
        "cast(null as double)",
    )
    if find_account_column(contract):
        happened = f"cast({contract.happened.name} as date)"
        facts["early_event_share"] = (
            f"avg(cast({happened} < registered_opened_date as integer))"
        )
    if len(contract.control_totals) == 1:
        (amount,) = contract.control_totals
        facts["typical_amount"] = f"median(abs(cast({amount} as double)))"
    if contract.source == BALANCES:
        ratio = "abs(balance / nullif(previous_balance, 0))"
        facts["unlike_register_share"] = (
            "avg(cast(currency_code != registered_currency_code as integer))"
        )
        facts["slipped_share"] = (
            f"avg(cast({ratio} {SLIP} or 1 / nullif({ratio}, 0) {SLIP} as integer))"
        )
        facts["unmoved_share"] = (
            "avg(cast(balance = previous_balance as integer)) filter (has_withdrawn)"
        )
        facts["seen_account_share"] = f"""
            count(distinct account_number) filter (
                registered_opened_date is not null
            ) / nullif(max_by((
                select count(*) from (
                    select
                        account_number, min(opened_date) as opened_date,
                        max(closed_date) as closed_date
                    from raw.{ACCOUNTS} where delivery_id in ({KNOWN})
                    group by account_number
                )
                where opened_date <= balance_date
                    and coalesce(closed_date > balance_date, true)
            ), balance_date), 0)
        """
    return facts


def find_account_column(contract: Contract) -> str | None:
    """Find the column that leads from an event to an account, None where none does."""
    if contract.source == ACCOUNTS:
        return None
    by_kind = {column.identifier: column.name for column in contract.identifiers}
    for kind in ("card", "account"):
        if by_kind.get(kind) == f"{kind}_number":
            return by_kind[kind]
    return None
