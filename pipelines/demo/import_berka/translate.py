"""Arrange the Czech bank's files as the contracts have them."""

import duckdb

from pipelines.foundation.errors import DataQualityError, UsageError

# What the bank calls an operation and its purpose, and what our contracts call them.
# Cash for household bills (SIPO) is drawn on irregular days, so by a person. The bank
# has no ORDER: it stands for a transfer without a purpose that follows an instruction.
TRANSACTION_KINDS = """
    ('VKLAD', '', 'branch', 'deposit'),
    ('VYBER', '', 'branch', 'withdrawal'),
    ('VYBER', 'SIPO', 'branch', 'withdrawal'),
    ('VYBER', 'SLUZBY', 'core_postings', 'fee'),
    ('VYBER', 'SANKC. UROK', 'core_postings', 'penalty_interest'),
    ('VYBER KARTOU', '', 'card', 'cash_withdrawal'),
    ('PREVOD NA UCET', '', 'online', 'transfer'),
    ('PREVOD NA UCET', 'ORDER', 'core_postings', 'standing_order'),
    ('PREVOD NA UCET', 'SIPO', 'core_postings', 'standing_order'),
    ('PREVOD NA UCET', 'POJISTNE', 'core_postings', 'insurance_premium'),
    ('PREVOD NA UCET', 'UVER', 'core_postings', 'loan_instalment'),
    ('PREVOD Z UCTU', '', 'online', 'incoming_transfer'),
    ('PREVOD Z UCTU', 'DUCHOD', 'core_postings', 'pension'),
    ('', 'UROK', 'core_postings', 'interest')
"""
TRANSACTIONS = f"""
create schema delivered;

create table transactions as
with

kinds as (
    select * from (values {TRANSACTION_KINDS})
    as kinds(operation, purpose, source, event_type)
),

instructions as (
    select distinct
        account_id,
        bank_to as bank,
        account_to as account,
        amount,
        true as is_found
    from files.order
),

renamed as (
    select
        trans.trans_id,
        trans.account_id as account_number,
        cast(trans.date as timestamp) as occurred_at,
        trans.type,
        coalesce(trans.operation, '') as operation,
        case
            when trim(trans.k_symbol) != '' then trim(trans.k_symbol)
            when instructions.is_found then 'ORDER'
            else ''
        end as purpose,
        case trans.type
            when 'PRIJEM' then trans.amount
            when 'VYDAJ' then -trans.amount
            when 'VYBER' then -trans.amount
        end as amount,
        trans.balance,
        'CZK' as currency_code
    from files.trans as trans
    left join instructions using (account_id, bank, account, amount)
)

select
    renamed.*,
    kinds.source,
    kinds.event_type
from renamed
left join kinds using (operation, purpose);

create view delivered.branch as
select trans_id as visit_number, * from transactions where source = 'branch';

create view delivered.card as
select trans_id as posting_number, * from transactions where source = 'card';

create view delivered.online as
select trans_id as event_number, * from transactions where source = 'online';

create view delivered.core_postings as
select trans_id as posting_number, * from transactions where source = 'core_postings';
"""
# A day's last balance is the one that all amounts so far add up to, or comes nearest:
# the bank rounds. A month without a transaction leaves the balance as it was.
CORE_BALANCES = """
create table delivered.core_balances as
with

summed as (
    select
        *,
        last_day(occurred_at) as month_end,
        sum(amount) over (partition by account_number order by occurred_at) as total
    from transactions
),

closings as (
    select distinct on (account_number, month_end) account_number, month_end, balance
    from summed
    order by
        account_number, month_end, occurred_at desc, abs(balance - total), trans_id
),

accounts as (
    select distinct account_number from closings
),

month_ends as (
    select last_day(unnest(generate_series(
        cast(min(occurred_at) as date), max(month_end), interval 1 month
    ))) as month_end
    from summed
),

account_months as (
    select * from accounts cross join month_ends
)

select
    account_months.account_number,
    account_months.month_end as balance_date,
    closings.balance,
    'CZK' as currency_code
from account_months
asof inner join closings
    on account_months.account_number = closings.account_number
    and account_months.month_end >= closings.month_end;
"""
# The birth number is YYMMDD, with 50 added to the month for women.
CORE_CUSTOMERS = """
create table delivered.core_customers as
with

registered as (
    select
        disp.client_id,
        min(account.date) as registered_date,
        min_by(account.district_id, account.date) as branch_code
    from files.disp as disp
    inner join files.account as account using (account_id)
    group by all
),

decoded as (
    select
        client_id,
        cast(birth_number[1:2] as integer) + 1900 as birth_year,
        cast(birth_number[3:4] as integer) as birth_month,
        cast(birth_number[5:] as integer) as birth_day
    from files.client
)

select
    decoded.client_id as customer_number,
    registered.registered_date as changed_date,
    registered.registered_date,
    make_date(decoded.birth_year, decoded.birth_month % 50, decoded.birth_day)
        as birth_date,
    if(decoded.birth_month > 50, 'female', 'male') as gender,
    registered.branch_code
from decoded
inner join registered using (client_id);
"""
CORE_ACCOUNTS = """
create table delivered.core_accounts as
with

holders as (
    select
        disp.disp_id,
        disp.account_id,
        disp.client_id,
        if(disp.type = 'OWNER', 'owner', 'joint') as role,
        account.date as opened_date
    from files.disp as disp
    inner join files.account as account using (account_id)
),

accounts as (
    select
        account_id as account_number,
        client_id as customer_number,
        opened_date as changed_date,
        role,
        'CUR01' as product_code,
        opened_date,
        null as card_number
    from holders
),

cards as (
    select
        holders.account_id,
        holders.client_id,
        cast(card.issued as date),
        holders.role,
        'CUR01',
        holders.opened_date,
        'card-' || card.card_id
    from files.card as card
    inner join holders using (disp_id)
),

loans as (
    select
        'loan-' || loan.loan_id,
        holders.client_id,
        loan.date,
        'owner',
        'LN01',
        loan.date,
        null
    from files.loan as loan
    inner join holders
        on loan.account_id = holders.account_id and holders.role = 'owner'
)

select *, 'CZK' as currency_code, 'open' as status
from (from accounts union all from cards union all from loans);
"""


def arrange(connection: duckdb.DuckDBPyConnection) -> None:
    """Build a table ``delivered.<source>`` for each source out of ``files``.

    Raises
    ------
    UsageError
        A birth number is none.
    DataQualityError
        A row would belong to no delivery.
    """
    connection.execute(TRANSACTIONS + CORE_BALANCES + CORE_ACCOUNTS)
    try:
        connection.execute(CORE_CUSTOMERS)
    except (duckdb.ConversionException, duckdb.InvalidInputException):
        msg = (
            "client.asc holds a birth number that is no date, so nothing was imported. "
            "Is it the bank's own file?"
        )
        # DuckDB's own words quote the number.
        raise UsageError(msg) from None
    _check_kinds(connection)
    _check_conserved(connection)


def _check_kinds(connection: duckdb.DuckDBPyConnection) -> None:
    unknown = connection.execute("""
        select type, operation, purpose, count(*) from transactions
        where source is null or amount is null
        group by all
        order by all
    """).fetchall()
    if unknown:
        listed = ", ".join(
            f"{kind}/{operation}/{purpose}: {count} rows"
            for kind, operation, purpose, count in unknown
        )
        msg = (
            f"The transactions hold operations that no source takes ({listed}), so "
            "nothing was imported. Give each a line in TRANSACTION_KINDS of "
            "pipelines/demo/import_berka/translate.py."
        )
        raise DataQualityError(msg)


def _check_conserved(connection: duckdb.DuckDBPyConnection) -> None:
    for counted, table, files in (
        ("occurred_at", "transactions", ["trans"]),
        ("changed_date", "delivered.core_customers", ["client"]),
        ("changed_date", "delivered.core_accounts", ["disp", "card", "loan"]),
    ):
        found = _count(connection, counted, table)
        expected = sum(_count(connection, "*", f"files.{name}") for name in files)
        if found != expected:
            msg = (
                f"{', '.join(files)}: {found} of {expected} rows have a date and the "
                "account or client they name, so nothing was imported. Are all files "
                "of the same bank?"
            )
            raise DataQualityError(msg)


def _count(connection: duckdb.DuckDBPyConnection, counted: str, table: str) -> int:
    statement = f"select count({counted}) from {table}"
    return connection.execute(statement).fetchone()[0]
