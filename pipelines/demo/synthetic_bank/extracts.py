"""A month of the bank as its systems deliver it."""

import duckdb
import pyarrow as pa

from pipelines.demo.synthetic_bank.bank import Bank
from pipelines.demo.synthetic_bank.calls import make_calls
from pipelines.demo.synthetic_bank.channels import (
    go_online,
    use_cards,
    visit_atms,
    visit_branches,
)
from pipelines.demo.synthetic_bank.offers import run_campaigns
from pipelines.demo.synthetic_bank.postings import measure_balances, post_by_itself
from pipelines.demo.synthetic_bank.products import PRODUCTS
from pipelines.demo.synthetic_bank.surveys import survey_customers

# Rows of a month by source. `events` is what was simulated, with positions of customers
# and accounts; `month` is a number such as 202501 that keeps keys apart.
_EXTRACTS = {
    "atm": (
        visit_atms,
        """
        select
            events.*,
            format('A{}{:07d}', $month, events.number) as event_number,
            if(occurred_at >= replaced_date, next_card, card_number) as card_number,
            format('T{:04d}', terminal) as terminal_code,
            if(amount is null, null, 'CNY') as currency_code
        from events
        inner join accounts on events.account = accounts.number
        """,
    ),
    "branch": (
        visit_branches,
        """
        select
            events.* exclude (account),
            format('V{}{:07d}', $month, events.number) as visit_number,
            customer_number,
            account_number,
            branch_code,
            format('{}-{}', branch_code, teller) as teller_code,
            occurred_at as ticket_taken_at,
            occurred_at + to_seconds(wait) as called_at,
            occurred_at + to_seconds(wait + service) as served_at,
            if(amount is null, null, 'CNY') as currency_code
        from events
        inner join customers on events.who = customers.who
        left join accounts on events.account = accounts.number
        """,
    ),
    "card": (
        use_cards,
        """
        select
            events.*,
            format('P{}{:07d}', $month, events.number) as posting_number,
            if(occurred_at >= replaced_date, next_card, card_number) as card_number,
            null as account_number,
            format('S{:05d}', merchant) as merchant_code,
            category as category_code,
            'CNY' as currency_code
        from events
        inner join accounts on events.account = accounts.number
        """,
    ),
    "core_balances": (
        measure_balances,
        """
        select
            account_number,
            last_day(make_date($month // 100, $month % 100, 1)) as balance_date,
            balance,
            currency_code
        from events
        inner join accounts on events.account = accounts.number
        """,
    ),
    "core_postings": (
        post_by_itself,
        """
        select
            events.*,
            format('L{}{:07d}', $month, events.number) as posting_number,
            account_number,
            currency_code
        from events
        inner join accounts on events.account = accounts.number
        """,
    ),
    "online": (
        go_online,
        """
        select
            events.*,
            format('E{}{:07d}', $month, events.number) as event_number,
            login_name,
            account_number,
            if(is_mobile, 'mobile', 'web') as device,
            if(amount is null, null, currency_code) as currency_code
        from events
        inner join customers on events.who = customers.who
        left join accounts on events.account = accounts.number
        """,
    ),
    "phone": (
        make_calls,
        """
        select
            events.*,
            format('C{}{:07d}', $month, events.number) as contact_number,
            if(is_verified, customer_number, null) as customer_number,
            phone_number,
            if(is_inbound, 'inbound', 'outbound') as direction,
            if(agent > 0, format('G{:03d}', agent), null) as agent_code,
            duration as duration_seconds
        from events
        inner join customers on events.who = customers.who
        """,
    ),
    "survey": (
        survey_customers,
        """
        select
            events.*,
            format('Y{}{:07d}', $month, events.number) as answer_number,
            format('S{}', $month) as survey_code,
            customer_number,
            occurred_at as answered_at,
            if(is_scored, experience, null) as experience_score,
            if(is_scored, expectation, null) as expectation_score,
            if(is_scored, null, code) as answer_code
        from events
        inner join customers on events.who = customers.who
        """,
    ),
    "campaign": (
        run_campaigns,
        """
        select
            events.*,
            format('O{}{:07d}', $month, events.number) as offer_number,
            products.product_code,
            format('{}-{}', products.product_code, $month) as campaign_code,
            customer_number
        from events
        inner join customers on events.who = customers.who
        inner join products on events.product = products.number
        """,
    ),
}

REGISTERS = ("core_customers", "core_accounts", "core_subscriptions", "partner")
SOURCES = (*REGISTERS, *_EXTRACTS)


def load_month(connection: duckdb.DuckDBPyConnection, bank: Bank, month: int) -> None:
    """Create or replace a table for each source that is not a register.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Holds what ``load_registers`` made.
    bank : Bank
    month : int
        Months since the start.
    """
    first = bank.calendar.start.year * 12 + bank.calendar.start.month - 1 + month
    code = first // 12 * 100 + first % 12 + 1
    # A connection of its own: nothing can be registered where a result is half read.
    products = pa.table({"number": range(len(PRODUCTS)), "product_code": PRODUCTS})
    with connection.cursor() as cursor:
        cursor.register("products", products)
        for source, (simulate, query) in _EXTRACTS.items():
            cursor.register("events", simulate(bank, month))
            statement = f"create or replace table {source} as {query}"
            cursor.execute(statement, {"month": code}).fetchall()
