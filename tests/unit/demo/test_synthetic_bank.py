"""Does the synthetic bank behave like one, and is its truth true?"""

from dataclasses import replace
from datetime import date

import duckdb
import numpy as np
import pytest
from scipy.stats import gamma

from pipelines.demo import simulate
from pipelines.demo.synthetic_bank.appetite import WEALTH
from pipelines.demo.synthetic_bank.bank import build_bank
from pipelines.demo.synthetic_bank.dormancy import DORMANT, STEADY
from pipelines.demo.synthetic_bank.foresight import PACES, watch, watch_balances
from pipelines.demo.synthetic_bank.fortunes import GATHERING, TURNING, USUAL, Fortunes
from pipelines.demo.synthetic_bank.people import weigh_pace
from pipelines.demo.synthetic_bank.postings import post_by_itself, receive_transfers
from pipelines.demo.synthetic_bank.seasons import NEVER
from pipelines.foundation.contracts import load_contracts
from pipelines.foundation.settings import Settings

VIEWS = """
create view cards as
select distinct card_number, customer_number, account_number from core_accounts
where card_number is not null;
create view logins as
select distinct login_name, customer_number from core_customers
where login_name is not null;
create view card_uses as select card_number, occurred_at from card;
create view accounts as
select account_number, min(opened_date) as opened_date, max(closed_date) as closed_date
from core_accounts group by account_number;
create view events as
select customer_number, 'atm' as channel, occurred_at
from atm inner join cards using (card_number)
union all
select customer_number, 'card', occurred_at
from card inner join cards using (card_number) where event_type != 'refund'
union all
select customer_number, 'online', occurred_at
from online inner join logins using (login_name)
where event_type != 'incoming_transfer'
union all
select customer_number, 'branch', occurred_at from branch
union all
select customer_number, 'phone', occurred_at from phone
where direction = 'inbound' and customer_number is not null;
create view persons as
select number as customer_number, person from identities
where source = 'core_customers';
-- Half a year of history before, and a whole label window after.
create view labels as
select
    customer_number,
    count(*) filter (occurred_at < date '2025-09-01') as before_count,
    count(*) filter (
        occurred_at >= date '2025-09-15' and occurred_at < date '2025-12-14'
    ) as after_count
from events where occurred_at >= date '2025-06-01'
group by customer_number having before_count > 0;
-- 20,000 and 1,000,000 HKD at 0.92. Half a year after the first of a month, the newest
-- balance is the one at the end of the fifth month.
create view levels as
select
    customer_number, balance_date + 1 as as_of_date,
    sum(balance * if(currency_code = 'USD', 7.2, if(currency_code = 'HKD', 0.92, 1)))
        filter (balance >= 0) as total,
    if(total > 920000, 3, if(total > 18400, 2, 1)) as level
from core_balances
inner join (
    select distinct account_number, customer_number
    from core_accounts where role = 'owner'
) using (account_number)
group by all;
create view growth as
select
    customer_number, as_of_date, growth_probability, foreseeable_probability,
    later.level > before.level as has_grown
from growth_propensities
inner join levels as before using (customer_number, as_of_date)
inner join levels as later using (customer_number)
inner join (
    select customer_number, min(registered_date) as registered_date
    from core_customers group by customer_number
) using (customer_number)
where
    later.as_of_date = as_of_date + interval 5 month
    and as_of_date between '2025-04-01' and '2025-08-01'
    and registered_date < as_of_date - 180
"""


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """A year of a bank, read straight from its deliveries."""
    home = tmp_path_factory.mktemp("year")
    simulate.run(Settings(home=home), customers=800, months=12)
    with duckdb.connect() as connection:
        for source, contract in load_contracts().items():
            columns = {column.name: column.data_type for column in contract.columns}
            files = str(home / "landing" / source / "*" / "*.csv")
            connection.execute(
                f"create table {source} as from read_csv(?, columns = {columns})",
                [files],
            )
        for path in (home / "truth").glob("*.parquet"):
            connection.execute(f"create table {path.stem} as from '{path}'")
        connection.execute(VIEWS)
        yield connection


def ask(books, query):
    """Ask for one row, or for one number."""
    (row,) = books.execute(query).fetchall()
    return row if len(row) > 1 else row[0]


def test_branches_are_quiet_at_the_weekend_and_cards_are_not(books):
    branch, card = ask(
        books,
        """
        select
            avg(if(dayofweek(occurred_at) in (0, 6), 1, 0)) filter (channel = 'branch'),
            avg(if(dayofweek(occurred_at) in (0, 6), 1, 0)) filter (channel = 'card')
        from events
        """,
    )

    assert branch < 0.2
    assert card > 2 / 7


def test_branches_open_in_the_daytime_of_utc_plus_8(books):
    local = "hour(occurred_at + interval 8 hour)"

    assert ask(books, f"select min({local}), max({local}) from branch") == (9, 16)


def test_the_spring_festival_empties_the_branches(books):
    in_days = "count(*) filter (cast(occurred_at as date) between '{}' and '{}')"
    festival = in_days.format("2025-01-29", "2025-02-04")
    usual = in_days.format("2025-03-05", "2025-03-11")
    festival_count, usual_count = ask(books, f"select {festival}, {usual} from branch")

    assert festival_count < usual_count / 2


def test_activity_differs_between_customers_and_has_a_long_tail(books):
    mean, median, low, high = ask(
        books,
        """
        with monthly as (
            select count(*) / 12 as event_count from events group by customer_number
        )
        select
            avg(event_count), median(event_count),
            avg(if(event_count < 1, 1, 0)), quantile_cont(event_count, 0.95)
        from monthly
        """,
    )

    assert 8 < mean < 15
    assert median < mean < high / 2
    assert 0.02 < low < 0.2


def test_activity_ebbs_before_customers_fade_away(books):
    early, late = ask(
        books,
        """
        select
            count(*) filter (occurred_at < dormant_date - interval 120 day),
            count(*) filter (occurred_at >= dormant_date - interval 60 day)
        from dormancy
        inner join events using (customer_number)
        where
            cause in ('drift', 'salary', 'service', 'move')
            and onset_date > date '2025-04-01'
            and onset_date < dormant_date - interval 50 day
            and occurred_at >= dormant_date - interval 180 day
            and occurred_at < dormant_date
        """,
    )

    assert early > 100
    assert late < 0.6 * early


def test_who_loses_the_salary_has_none_before_falling_dormant(books):
    spells, salaries = ask(
        books,
        """
        with
        spells as (
            select * from dormancy
            where cause = 'salary' and onset_date is not null
        ),
        salaries as (
            select customer_number, occurred_at
            from core_postings
            inner join core_accounts using (account_number)
            where event_type = 'salary' and role = 'owner'
        )
        select
            count(distinct spells.customer_number),
            count(salaries.occurred_at)
        from spells
        left join salaries
            on spells.customer_number = salaries.customer_number
            and salaries.occurred_at >= spells.onset_date
            and salaries.occurred_at < spells.dormant_date
        """,
    )

    assert spells >= 5
    assert salaries == 0


def test_the_dormant_do_nothing_until_they_return(books):
    acts = ask(
        books,
        """
        select count(*)
        from dormancy
        inner join events using (customer_number)
        where
            occurred_at >= dormant_date
            and occurred_at < coalesce(returned_date, closed_date, date '2026-01-01')
        """,
    )

    assert acts == 0


def test_long_waits_happen_and_are_the_exception(books):
    share = ask(
        books,
        """
        select avg(if(called_at > ticket_taken_at + interval 30 minute, 1, 0))
        from branch
        """,
    )

    assert 0.005 < share < 0.1


def test_nobody_acts_before_registering(books):
    early = ask(
        books,
        """
        with registered as (
            select customer_number, min(registered_date) as registered_date
            from core_customers group by customer_number
        )
        select count(*) from events
        left join registered using (customer_number)
        where registered_date is null or occurred_at < registered_date
        """,
    )

    assert early == 0


@pytest.mark.parametrize(
    "events",
    [
        "atm inner join cards using (card_number)",
        "card_uses inner join cards using (card_number)",
        "online",
        "branch",
        "core_postings",
    ],
    ids=["atm", "card", "online", "branch", "core_postings"],
)
def test_no_account_moves_before_it_opens_or_after_it_closes(books, events):
    known, outside = ask(
        books,
        f"""
        select
            count(opened_date),
            count(*) filter (
                cast(occurred_at as date) not between opened_date
                and coalesce(closed_date, date '2100-01-01')
            )
        from {events}
        inner join accounts using (account_number)
        """,
    )

    assert known > 100
    assert outside == 0


def test_every_open_account_has_a_balance_at_each_month_end(books):
    wrong = ask(
        books,
        """
        with expected as (
            select account_number, last_day(month_start) as balance_date
            from accounts
            cross join generate_series(
                date '2025-01-01', date '2025-12-01', interval 1 month
            ) as months (month_start)
            where
                opened_date <= last_day(month_start)
                and coalesce(closed_date, date '2100-01-01') > last_day(month_start)
        )
        select count(*) from expected
        full join core_balances using (account_number, balance_date)
        where balance is null or expected.account_number is null
        """,
    )

    assert wrong == 0


def test_what_is_owed_is_negative_and_what_is_saved_is_not(books):
    wrong = ask(
        books,
        """
        select count(*) from core_balances
        inner join core_accounts using (account_number)
        where
            balance != 0
            and (product_code in ('CC01', 'LN01', 'MT01')) != (balance < 0)
        """,
    )

    assert wrong == 0


def test_accounts_are_opened_where_a_customer_went_for_it(books):
    opened, seen = ask(
        books,
        """
        with
        opened as (
            select distinct customer_number, opened_date from core_accounts
            where opened_date >= date '2025-01-01'
        ),
        seen as (
            select customer_number, occurred_at from branch
            where event_type = 'account_opening'
            union all
            select customer_number, occurred_at
            from online inner join logins using (login_name)
            where event_type = 'purchase'
        )
        select count(*), count(occurred_at) from opened
        left join seen
            on opened.customer_number = seen.customer_number
            and opened.opened_date = cast(seen.occurred_at as date)
        """,
    )

    assert opened > 100
    assert seen == opened


@pytest.mark.parametrize(
    ("source", "column"),
    [
        ("core_customers", "document_number"),
        ("core_customers", "full_name"),
        ("core_customers", "phone_number"),
        ("core_customers", "email_address"),
        ("core_customers", "login_name"),
        ("core_accounts", "card_number"),
    ],
)
def test_an_identifier_belongs_to_one_person(books, source, column):
    values, pairs = ask(
        books,
        f"""
        select count(distinct {column}), count(distinct ({column}, person))
        from {source} inner join persons using (customer_number)
        where {column} is not null
        """,
    )

    assert values > 500
    assert values == pairs


def test_check_digits_hold(books):
    cards = books.execute("select card_number from cards").fetchall()
    documents = books.execute("""
        select document_number from core_customers where document_number is not null
        union all
        select document_number from partner where document_number is not null
    """).fetchall()

    assert {luhn_sum(card) % 10 for (card,) in cards} == {0}
    assert {document_sum(number) % 11 for (number,) in documents} == {1}


def test_documents_agree_with_birth_and_gender(books):
    wrong = ask(
        books,
        """
        select count(*) from core_customers
        where
            document_number[7:14] != strftime(birth_date, '%Y%m%d')
            or cast(document_number[17] as integer) % 2 != if(gender = 'male', 1, 0)
        """,
    )

    assert wrong == 0


def test_true_churn_propensities_expect_what_happens(books):
    rows = books.execute("""
        select churn_probability, after_count = 0
        from labels
        inner join churn_propensities using (customer_number)
        where as_of_date = date '2025-09-01'
    """).fetchnumpy()
    probability, is_churned = rows.values()

    assert 0.02 < is_churned.mean() < 0.10
    assert probability.mean() == pytest.approx(is_churned.mean(), abs=0.02)
    assert rank_auc(probability, is_churned) > 0.85


def test_true_cross_sell_propensities_expect_what_happens(books):
    rows = books.execute("""
        with opened as (
            select distinct customer_number, product_family
            from core_accounts
            inner join (
                values ('TD12', 'time_deposit'), ('CC01', 'credit_card'),
                ('LN01', 'loan'), ('MT01', 'loan'), ('WM01', 'wealth'),
                ('FD01', 'fund'), ('IN01', 'insurance')
            ) as products (product_code, product_family) using (product_code)
            where opened_date >= date '2025-09-01' and opened_date < date '2025-11-30'
        )
        select open_probability, opened.customer_number is not null
        from cross_sell_propensities
        left join opened using (customer_number, product_family)
        where as_of_date = date '2025-09-01'
    """).fetchnumpy()
    probability, is_opened = rows.values()

    assert probability.mean() == pytest.approx(is_opened.mean(), abs=0.005)
    assert rank_auc(probability, is_opened) > 0.72


def test_true_growth_propensities_expect_what_happens(books):
    rows = books.execute(
        "select growth_probability, foreseeable_probability, has_grown from growth"
    ).fetchnumpy()
    hidden, foreseeable, has_grown = rows.values()

    assert 0.04 < has_grown.mean() < 0.12
    assert hidden.mean() == pytest.approx(has_grown.mean(), abs=0.015)
    assert foreseeable.mean() == pytest.approx(has_grown.mean(), abs=0.015)
    assert rank_auc(hidden, has_grown) > rank_auc(foreseeable, has_grown) > 0.88


def test_growth_is_asked_of_the_levels_below_high(books):
    asked, others, missing = ask(
        books,
        """
        select
            count(*) filter (growth_probability is not null and level < 3),
            count(*) filter (growth_probability is not null and level = 3),
            count(*) filter (growth_probability is null and level < 3)
        from levels left join growth_propensities using (customer_number, as_of_date)
        where as_of_date >= '2025-02-01'
        """,
    )

    assert asked > 5000
    assert others == missing == 0


@pytest.fixture(scope="module")
def grown_bank():
    """Large enough for some to gather money here at any time."""
    return build_bank(0, 1000, date(2025, 1, 1), 12)


def test_who_turns_to_the_bank_pays_in_before_the_balance_rises(grown_bank):
    accounts, months = grown_bank.accounts, range(1, 12)
    stages = accounts.fortunes.stages[1:12]
    is_steady = grown_bank.lives.states[:, 1:12].T == STEADY
    counts = [
        np.bincount(receive_transfers(grown_bank, month)["who"], minlength=len(stage))
        for month, stage in zip(months, stages, strict=True)
    ]
    risen = np.diff(np.log(accounts.cash), axis=1).T - accounts.moved[:, 1:].T

    def average(values):
        rows = np.asarray(values)
        return [
            rows[is_steady & (stages == stage)].mean()
            for stage in (USUAL, TURNING, GATHERING)
        ]

    usual, turning, gathering = average(counts)
    assert usual == pytest.approx(0.5, abs=0.05)
    assert usual + 0.8 < turning < gathering - 0.4
    usual, turning, gathering = average(risen)
    assert turning < usual + 0.05
    assert gathering > usual + 0.1


def test_a_first_investment_makes_more_turn_to_the_bank():
    bank = build_bank(0, 50, date(2025, 1, 1), 1)
    fortunes = Fortunes(0, bank.people, bank.calendar)
    opened = np.full((len(bank.people), 6), NEVER)

    fortunes.go_on(0, opened, 0)
    before = fortunes.turns[0].copy()
    opened[:, WEALTH] = -92
    fortunes.go_on(0, opened, 0)
    lately = fortunes.turns[0].copy()
    opened[:, WEALTH] = -93
    fortunes.go_on(0, opened, 0)

    assert lately == pytest.approx(6 * before)
    assert np.array_equal(fortunes.turns[0], before)


def test_a_salary_rises_in_the_month_of_its_raise(grown_bank):
    fortunes = grown_bank.accounts.fortunes
    paid = np.full((12, len(grown_bank.people)), np.nan)
    for month in range(12):
        postings = post_by_itself(grown_bank, month).to_pydict()
        is_salary = np.array(postings["event_type"]) == "salary"
        who = np.array(postings["who"])[is_salary]
        paid[month, who] = np.array(postings["amount"])[is_salary]
    # January pays a thirteenth salary.
    who = np.flatnonzero((fortunes.raised > 1) & (fortunes.raised < 12))
    raised = fortunes.raised[who]
    rises = paid[raised, who] / paid[raised - 1, who]
    is_paid = ~np.isnan(rises)

    assert is_paid.sum() > 20
    assert rises[is_paid] == pytest.approx(fortunes.factor[who][is_paid], rel=0.25)
    assert np.nanmean(rises) == pytest.approx(fortunes.factor[who].mean(), rel=0.05)


def test_a_forecaster_of_balances_reads_nothing_of_the_future(grown_bank):
    cash = grown_bank.accounts.cash.copy()
    cash[:, 4:] *= 3
    accounts = replace(grown_bank.accounts, cash=cash)
    other = replace(grown_bank, accounts=accounts)
    lives = [belief.sum(axis=1) for belief in watch(grown_bank)]

    before, after = (list(watch_balances(one, lives)) for one in (grown_bank, other))

    assert np.array_equal(before[4], after[4])
    assert not np.allclose(before[5], after[5])


def test_a_forecaster_of_balances_finds_who_gathers(grown_bank):
    lives = [belief.sum(axis=1) for belief in watch(grown_bank)]
    *_, last = (belief.sum(axis=1) for belief in watch_balances(grown_bank, lives))
    stages = grown_bank.accounts.fortunes.stages[12]
    is_steady = grown_bank.lives.states[:, 12] == STEADY

    believed = last[:, GATHERING]
    assert believed[is_steady & (stages == GATHERING)].mean() > 0.5
    assert believed[is_steady & (stages == USUAL)].mean() < 0.05


def test_what_is_foreseeable_averages_the_hidden_truth_and_says_less(books):
    off, hidden, foreseeable = ask(
        books,
        """
        with tenths as (
            select *, ntile(10) over (order by foreseeable_probability) as tenth
            from churn_propensities where churn_probability < 1
        ),
        means as (
            select avg(foreseeable_probability - churn_probability) as off
            from tenths group by tenth
        )
        select
            (select max(abs(off)) from means),
            stddev(churn_probability), stddev(foreseeable_probability)
        from tenths
        """,
    )

    assert off < 0.03
    assert foreseeable < 0.98 * hidden


def test_a_forecaster_reads_nothing_of_the_future():
    bank = build_bank(0, 200, date(2025, 1, 1), 6)
    states = bank.lives.states.copy()
    states[:, 4:] = DORMANT
    other = replace(bank, lives=replace(bank.lives, states=states))

    before, after = (list(watch(one)) for one in (bank, other))

    assert np.array_equal(before[3], after[3])
    assert not np.allclose(before[5], after[5])


def test_a_forecaster_learns_the_pace_of_those_who_come_often():
    bank = build_bank(0, 300, date(2025, 1, 1), 12)
    pace = bank.people.rates.sum(axis=1)
    true = np.flatnonzero(PACES == 1)[0]

    at_first, *_, after_a_year = (belief.sum(axis=2)[:, true] for belief in watch(bank))
    is_known = bank.people.registered < 0
    often, seldom = is_known & (pace > 20), is_known & (pace < 1)

    assert at_first[is_known].max() < 0.5
    assert np.median(after_a_year[often]) > 0.95
    assert np.median(after_a_year[seldom]) < 0.5


def test_paces_are_weighed_as_they_are_drawn():
    people = build_bank(0, 50, date(2025, 1, 1), 1).people
    plain = replace(people, attachment=np.zeros(len(people)))

    weights = weigh_pace(plain, PACES)

    densities = (
        gamma.pdf(plain.rates.sum(axis=1)[:, None] * PACES, a=0.95, scale=15.0) * PACES
    )
    expected = densities / densities.sum(axis=1, keepdims=True)
    assert weights == pytest.approx(expected)


def test_nobody_foresees_a_decision_that_only_the_customer_knows(books):
    decided, foreseen, usual = ask(
        books,
        """
        select
            count(*) filter (open_probability = 1),
            max(foreseeable_probability) filter (open_probability = 1),
            max(foreseeable_probability)
        from cross_sell_propensities
        """,
    )

    assert decided > 20
    assert foreseen <= usual < 0.8


def test_some_are_registered_twice_and_share_what_names_a_person(books):
    again, by_document, by_contacts = ask(
        books,
        """
        with registrations as (
            select distinct on (customer_number)
                customer_number, person, document_number, phone_number, birth_date
            from core_customers inner join persons using (customer_number)
            order by customer_number, changed_date desc
        )
        select
            count(*),
            count(*) filter (second.document_number = first.document_number),
            count(*) filter (
                second.document_number is null
                and second.phone_number = first.phone_number
                and second.birth_date = first.birth_date
            )
        from registrations as second
        inner join registrations as first on first.customer_number = second.person
        where second.customer_number != second.person
        """,
    )

    assert 10 < again < 40
    assert by_document > 0
    assert by_contacts > 0
    assert by_document + by_contacts == again


def test_reported_people_are_strangers_customers_and_customers_to_be(books):
    strangers, customers, later, elsewhere = ask(
        books,
        """
        with registered as (
            select distinct on (customer_number)
                customer_number, registered_date, phone_number, birth_date
            from core_customers order by customer_number, changed_date
        )
        select
            count(*) filter (customer_number is null),
            count(*) filter (registered_date < reported_date),
            count(*) filter (registered_date > reported_date),
            count(*) filter (
                customer_number is not null and (
                    partner.phone_number != registered.phone_number
                    or partner.birth_date != registered.birth_date
                )
            )
        from partner
        inner join identities
            on source = 'partner' and number = person_number
        left join registered on customer_number = person
        """,
    )

    assert min(strangers, customers, later) > 5
    assert elsewhere == 0


def test_referrals_name_a_customer_and_others_a_partner(books):
    wrong = ask(
        books,
        """
        select count(*) from partner
        where (partner_kind = 'referral') = (referrer_number is null)
            or (partner_kind = 'referral') = (partner_code is not null)
        """,
    )

    assert wrong == 0


def test_an_account_of_an_investment_opens_with_its_first_purchase(books):
    accounts, matched = ask(
        books,
        """
        select count(*), count(amount)
        from (
            select distinct account_number, opened_date from core_accounts
            where product_code in ('WM01', 'FD01', 'IN01')
        ) as opened
        left join core_subscriptions
            on core_subscriptions.account_number = opened.account_number
            and subscribed_date = opened_date
        """,
    )

    assert accounts > 100
    assert matched == accounts


def test_some_buy_for_a_million_at_once(books):
    large, share = ask(
        books,
        """
        select count(*) filter (amount >= 1000000), avg(if(amount >= 1000000, 1, 0))
        from core_subscriptions where product_code = 'WM01'
        """,
    )

    assert large >= 2
    assert share < 0.1


def test_offers_go_to_who_agreed_and_does_not_hold_the_product(books):
    offers, unwanted, held = ask(
        books,
        """
        with offers as (
            select distinct offer_number, customer_number, product_code, offered_date
            from campaign
        )
        select
            count(*),
            count(*) filter (customer_number in (
                select customer_number from core_customers
                where not has_marketing_consent
            )),
            count(*) filter (exists (
                select 1 from core_accounts
                where core_accounts.customer_number = offers.customer_number
                    and core_accounts.product_code = offers.product_code
                    and status = 'open' and changed_date < date_trunc(
                        'month', offered_date
                    )
                    and account_number not in (
                        select account_number from core_accounts
                        where status = 'closed' and changed_date <= offered_date
                    )
            ))
        from offers
        """,
    )

    assert offers > 200
    assert (unwanted, held) == (0, 0)


def test_every_offer_has_one_outcome_and_the_control_group_none(books):
    rows = books.execute("""
        select
            is_control, count(distinct offer_number), count(*),
            count(*) filter (status in ('made', 'withheld')),
            count(*) filter (changed_date > offered_date)
        from campaign group by is_control order by is_control
    """).fetchall()
    (_, offers, both, made, answered), (_, controls, *of_controls) = rows

    assert (both, made, answered) == (2 * offers, offers, offers)
    assert of_controls == [controls, controls, 0]
    assert 0.1 < controls / (offers + controls) < 0.3


def test_who_accepts_opens_an_account(books):
    accepted, opened = ask(
        books,
        """
        select count(distinct offer_number), count(distinct offer_number) filter (
            opened_date between campaign.changed_date and campaign.changed_date + 10
        )
        from campaign
        left join core_accounts using (customer_number)
        where
            campaign.status = 'accepted'
            and campaign.changed_date < date '2025-12-01'
        """,
    )

    assert accepted > 2
    assert opened == accepted


def test_a_bad_day_at_the_bank_shows_in_the_survey(books):
    after_wait, others = ask(
        books,
        """
        with waits as (
            select customer_number, occurred_at from branch
            where called_at > ticket_taken_at + interval 30 minute
                or event_type = 'complaint'
        ),
        answers as (
            select
                experience_score - expectation_score as gap,
                exists (
                    select 1 from waits
                    where waits.customer_number = survey.customer_number
                        and occurred_at between answered_at - interval 20 day
                        and answered_at
                ) as has_waited
            from survey where question_code = 'overall'
        )
        select
            avg(gap) filter (has_waited), avg(gap) filter (not has_waited) from answers
        """,
    )

    assert after_wait < others - 1


def test_households_share_an_address_and_joint_accounts_a_household(books):
    declared, homes, strangers = ask(
        books,
        """
        with firsts as (
            select distinct on (customer_number)
                customer_number, household_number, postal_address
            from core_customers inner join persons using (customer_number)
            where customer_number = person
            order by customer_number, changed_date
        ),
        joint as (
            select distinct first.customer_number as one, second.customer_number as two
            from core_accounts as first
            inner join core_accounts as second using (account_number)
            where first.role = 'owner' and second.role = 'joint'
        )
        select
            count(distinct household_number),
            count(distinct (household_number, postal_address)),
            (
                select count(*) from joint
                inner join firsts as a on a.customer_number = one
                inner join firsts as b on b.customer_number = two
                where a.household_number is distinct from b.household_number
            )
        from firsts where household_number is not null
        """,
    )

    assert declared > 20
    assert homes < 1.3 * declared
    assert strangers == 0


def luhn_sum(number):
    digits = [int(digit) for digit in reversed(number)]
    return sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])


def document_sum(number):
    values = [10 if digit == "X" else int(digit) for digit in number]
    return sum(value * 2 ** (17 - place) for place, value in enumerate(values))


def rank_auc(probability, is_so):
    """Share of pairs in which whoever it happened to had the higher probability."""
    higher = probability[is_so][:, None] > probability[~is_so]
    equal = probability[is_so][:, None] == probability[~is_so]
    return np.mean(higher + equal / 2)
