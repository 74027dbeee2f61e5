"""The bank's registers: its customers and accounts with everything that names them."""

import duckdb
import numpy as np
import pyarrow as pa

from pipelines.demo.synthetic_bank import identifiers
from pipelines.demo.synthetic_bank.bank import Bank
from pipelines.demo.synthetic_bank.people import UNKNOWN
from pipelines.demo.synthetic_bank.products import (
    CC01,
    CUR01,
    CUR02,
    FOREIGN_CURRENCIES,
    PRODUCTS,
)
from pipelines.demo.synthetic_bank.prospects import report_people
from pipelines.demo.synthetic_bank.purchases import list_purchases
from pipelines.demo.synthetic_bank.seasons import NEVER, stream

_REPLACED_CARDS_PER_YEAR = 0.03
_UPDATES_INCOME = 0.6
_WITHOUT_EMAIL = 0.15
_MISSPELT_AGAIN, _LIVES_STILL_THERE = 0.5, 0.7  # of the second registrations

# A row whenever something about a customer changed: an address, a login, an income.
_CORE_CUSTOMERS = """
create or replace table core_customers as
with
updates as (
    select who, make_date(years.update_year, 3, 1) + update_day as changed_date
    from customers, (
        select unnest(range(year($start), year($end) + 1)) as update_year
    ) as years
    where updates_income
),
changes as (
    select who, first_date as changed_date from customers
    union
    select who, moved_date from customers where moved_date > first_date
    union
    select who, login_date from customers where login_date > first_date
    union
    select who, changed_date from updates inner join customers using (who)
    where changed_date > first_date
),
dated as (
    select
        *,
        changed_date < make_date(year(changed_date), 3, 1) + update_day as is_early,
        year(if(updates_income, changed_date, first_date)) - 1
        - if(updates_income and is_early, 1, 0) as income_year,
        income_year - year($start) + 1 as income_age
    from changes
    inner join customers using (who)
    where changed_date < closed_date and changed_date < $end
)
select
    * exclude (login_name, postal_address),
    if(changed_date >= moved_date, next_address, postal_address) as postal_address,
    if(changed_date >= login_date, login_name, null) as login_name,
    round(income * {growth[0]}, -2) as annual_income,
    round(income * {growth[1]}, -2) as annual_income_one_year_before,
    round(income * {growth[2]}, -2) as annual_income_two_years_before
from dated
"""
# Incomes grow by 4 % a year, up to 8 % above or below that.
_GROWTH = """
    (1.04 ** (income_age - {ago})
    * (0.92 + 0.16 * ((who * 7919 + (income_year - {ago}) * 104729) % 1000) / 1000))
"""
# A row as an account is opened, its card is replaced, or it is closed.
_CORE_ACCOUNTS = """
create or replace table core_accounts as
with
holders as (
    select accounts.*, 'owner' as role, customer_number, opened_date as since_date
    from accounts
    inner join customers using (who)
    union all
    select
        accounts.* replace (null as card_number, null as next_card),
        'joint' as role,
        customer_number,
        greatest(opened_date, registered_date) as since_date
    from accounts
    inner join customers on accounts.joint_who = customers.who
),
changes as (
    select *, since_date as changed_date from holders
    union all
    select *, replaced_date as changed_date from holders
    where
        replaced_date > since_date
        and replaced_date < closed_date
        and card_number is not null
    union all
    select *, closed_date as changed_date from holders
)
select
    * replace (
        if(changed_date >= replaced_date, next_card, card_number) as card_number,
        if(changed_date = closed_date, closed_date, null) as closed_date
    ),
    if(changed_date = changes.closed_date, 'closed', 'open') as status
from changes
where changed_date < $end
"""
# What was bought is named as the account that holds it is.
_CORE_SUBSCRIPTIONS = """
create or replace table core_subscriptions as
select
    purchases.*,
    format('S{:08d}{:02d}', purchases.number, purchases.term) as subscription_number,
    account_number,
    product_code,
    currency_code
from purchases
inner join accounts on purchases.account = accounts.number
"""


def load_registers(connection: duckdb.DuckDBPyConnection, bank: Bank) -> None:
    """Create the tables of the registers for the whole run.

    They are ``core_customers``, ``core_accounts``, ``core_subscriptions`` and
    ``partner``, and those they come from, ``customers`` and ``accounts``, by which
    events find the cards, logins and numbers to be written.
    """
    customers, accounts = _register_customers(bank), _register_accounts(bank)
    connection.register("registered_customers", customers)
    connection.register("registered_accounts", accounts)
    connection.execute("create table customers as from registered_customers")
    connection.execute("create table accounts as from registered_accounts")
    start, end = bank.calendar.start, _to_dates(bank, bank.calendar.days).item()
    growth = [_GROWTH.format(ago=ago) for ago in range(3)]
    connection.execute(
        _CORE_CUSTOMERS.format(growth=growth), {"start": start, "end": end}
    )
    connection.execute(_CORE_ACCOUNTS, {"end": end})
    connection.register("reported_people", report_people(bank))
    connection.execute("create table partner as from reported_people")
    connection.register("purchases", list_purchases(bank))
    connection.execute(_CORE_SUBSCRIPTIONS)


def _register_customers(bank: Bank) -> pa.Table:
    people, seed, size = bank.people, bank.seed, len(bank.people)
    rng = stream(seed, "registers")
    # What is in the register at the start was last changed some day of the year before.
    last_changed = np.maximum(people.registered, -rng.integers(1, 366, size))
    first = np.where(people.registered < 0, last_changed, people.registered)
    genders = np.array(["female", "male", "unknown"])[people.gender]
    return pa.table(
        {
            "who": np.arange(size),
            "customer_number": identifiers.number_customers(size),
            "registered_date": _to_dates(bank, people.registered),
            "first_date": _to_dates(bank, first),
            "closed_date": _to_dates(bank, bank.lives.closed),
            "moved_date": _to_dates(bank, bank.lives.moved),
            "login_date": _to_dates(bank, people.login_from),
            "updates_income": rng.random(size) < _UPDATES_INCOME,
            "update_day": rng.integers(0, 100, size, dtype=np.int32),
            **_identify(bank, rng),
            "birth_date": people.birth,
            "gender": pa.array(genders, mask=people.gender == UNKNOWN),
            "income": people.income,
            "has_income_proof": people.has_income_proof,
            "household_number": pa.array(
                identifiers.build_households(bank.relations.household, seed),
                mask=~bank.relations.is_household_declared,
            ),
            "branch_code": _code("B", people.branch + 1),
            "manager_code": pa.array(
                _code("M", people.branch * 5 + np.arange(size) % 5 + 1),
                mask=~people.has_manager,
            ),
            "has_marketing_consent": people.has_consent,
        }
    )


def _identify(bank: Bank, rng: np.random.Generator) -> dict[str, object]:
    """Write down what names a customer; a second registration repeats some of it."""
    people, seed, size = bank.people, bank.seed, len(bank.people)
    relations = bank.relations
    person, is_again = relations.first, relations.is_again
    names, logins = identifiers.build_names(seed, size)
    is_misspelt = is_again & (rng.random(size) < _MISSPELT_AGAIN)
    documents = identifiers.build_documents(people.birth, people.gender)
    phones = identifiers.build_phones(np.arange(size), seed)
    lives_there = is_again & (rng.random(size) < _LIVES_STILL_THERE)
    home = relations.household[np.where(lives_there, person, np.arange(size))]
    shows_document = relations.shows_document
    return {
        "full_name": identifiers.misspell(
            [names[who] for who in person], is_misspelt, seed
        ),
        "login_name": logins,
        "email_address": pa.array(
            identifiers.build_emails(logins),
            mask=is_again | (rng.random(size) < _WITHOUT_EMAIL),
        ),
        "document_number": pa.array(documents[person], mask=is_again & ~shows_document),
        "phone_number": np.where(shows_document, phones, phones[person]),
        "postal_address": np.array(identifiers.build_addresses(seed, size, "first"))[
            home
        ],
        "next_address": identifiers.build_addresses(seed, size, "next"),
    }


def _register_accounts(bank: Bank) -> pa.Table:
    accounts, size = bank.accounts, len(bank.accounts)
    rng = stream(bank.seed, "registers", "accounts")
    product, who = accounts.product, accounts.who
    currency = np.full(size, "CNY")
    is_foreign = product == CUR02
    currency[is_foreign] = np.array(FOREIGN_CURRENCIES)[who[is_foreign] % 2]
    has_card = (product == CC01) | ((product == CUR01) & bank.people.has_card[who])
    is_replaced = (
        rng.random(size) < _REPLACED_CARDS_PER_YEAR * bank.calendar.months / 12
    )
    replaced = np.where(is_replaced, rng.integers(1, bank.calendar.days, size), NEVER)
    # Everybody's current account comes first, in order of the customers.
    joint = np.full(size, -1)
    joint[: len(bank.people)] = bank.relations.joint
    return pa.table(
        {
            "number": np.arange(size),
            "who": who,
            "joint_who": pa.array(joint, mask=joint < 0),
            "account_number": identifiers.build_account_numbers(
                np.arange(size), bank.seed
            ),
            "product_code": np.array(PRODUCTS)[product],
            "currency_code": currency,
            "opened_date": _to_dates(bank, accounts.opened),
            "closed_date": _to_dates(bank, accounts.closed),
            "replaced_date": _to_dates(bank, replaced),
            "card_number": pa.array(
                identifiers.build_cards(np.arange(size), bank.seed), mask=~has_card
            ),
            "next_card": pa.array(
                identifiers.build_cards(size + np.arange(size), bank.seed),
                mask=~has_card,
            ),
        }
    )


def _to_dates(bank: Bank, days: np.ndarray) -> np.ndarray:
    return bank.calendar.epoch + days


def _code(letter: str, numbers: np.ndarray) -> list[str]:
    return [f"{letter}{number:04d}" for number in numbers]
