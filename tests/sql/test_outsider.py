"""An outsider counts again: from the deliveries as they came, in plain Python.

Written from DESIGN, section 6, and not from the SQL. Shares with it nothing but the
seeds, which are the bank's own numbers.
"""

import random
import sys
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.foundation.vault import load_key, pseudonym
from pipelines.foundation.warehouse import connect

sys.path.insert(0, str(Path(__file__).parent))

from delivered import Delivered, round_to_fen

AS_OF_DATES = (date(2025, 9, 1), date(2026, 5, 1))
CUSTOMERS = 500
CHANNELS = ("atm", "branch", "card", "online", "phone")
OWED = ("credit_card", "loan")
INVESTED = ("wealth", "fund", "insurance")


class Outsider(Delivered):
    """What the bank's rules make of a customer."""

    def sum_balances(self, customer, families):
        return sum(
            (
                self.balances.get(account["account_number"], Decimal(0))
                for account in self.owned[customer]
                if self.families[account["product_code"]] in families
            ),
            Decimal(0),
        )

    def net_assets(self, customer):
        owed = max(-self.sum_balances(customer, OWED), Decimal(0))
        return self.relationship(customer) - owed

    def relationship(self, customer):
        return self.sum_balances(customer, set(self.families.values()) - set(OWED))

    def incomes(self, customer):
        row = self.customers[customer]
        oldest = self.as_of_date.year - self.tier["income_statement_age_years"]
        names = ("", "_one_year_before", "_two_years_before")
        stated = [row[f"annual_income{name}"] for name in names]
        is_proved = row["has_income_proof"] == "true" and row["income_year"]
        if not is_proved or int(row["income_year"]) < oldest:
            return [None] * 3
        return [Decimal(income) if income else None for income in stated]

    def tier_of(self, customer):
        members = self.households[customer]
        own = self.incomes(customer)
        theirs = zip(*(self.incomes(member) for member in members), strict=True)
        of_household = [sum((i for i in year if i), Decimal(0)) for year in theirs]
        assets = self.net_assets(customer)
        of_all = sum(self.net_assets(member) for member in members)
        if assets >= self.tier["private_net_assets_cny"]:
            return "private"
        if (
            self.largest[customer] >= self.tier["high_wealth_subscription_cny"]
            or max(assets, of_all) > self.tier["high_net_assets_cny"]
            or all(i and i > self.tier["high_personal_income_cny"] for i in own)
            or all(i > self.tier["high_household_income_cny"] for i in of_household)
        ):
            return "high_net_worth"
        return "general"

    def unused_days(self, customer):
        ages = [e[4] for e in self.events[customer] if e[2]]
        opened = [a["opened_date"] for a in self.owned[customer]]
        opened = [date.fromisoformat(d) for d in opened]
        return min([self.oldest, *ages, *((self.as_of_date - d).days for d in opened)])

    def level_of(self, customer):
        rate = Decimal(self.rates["HKD"])
        lines = self.numbers("pyramid_levels", "pyramid_level", "threshold_hkd")
        is_unused = self.unused_days(customer) >= self.loyalty["inactive_days"]
        if is_unused or not any(self.is_open(a) for a in self.owned[customer]):
            return "inactive"
        for level in ("top", "high", "mid"):
            if self.relationship(customer) > lines[level] * rate:
                return level
        return "low"

    def held_families(self, customer):
        return {
            self.families[account["product_code"]]
            for account in self.owned[customer]
            if self.is_open(account)
        }

    def has_repeated(self, customer, count):
        opened = {date.fromisoformat(a["opened_date"]) for a in self.owned[customer]}
        if max(count, len(opened)) >= self.loyalty["repeat_event_count"]:
            return True
        if not opened:
            return False
        registered = date.fromisoformat(self.customers[customer]["registered_date"])
        since = (self.as_of_date - min(registered, *opened)).days
        held = (self.as_of_date - min(opened)).days
        return since > self.oldest or (
            self.relationship(customer) > 0 and held >= self.loyalty["established_days"]
        )

    def stage_of(self, customer):
        count = sum(event[2] for event in self.events[customer])
        owned = self.owned[customer]
        is_closed = owned and not any(self.is_open(a) for a in owned)
        has_repeated = self.has_repeated(customer, count)
        if (not count and not owned) or (is_closed and not has_repeated):
            consents = self.customers[customer]["has_marketing_consent"] == "true"
            return "qualified_prospect" if consents else "possible"
        if not has_repeated:
            return "first_time"
        if is_closed or self.unused_days(customer) >= self.loyalty["dormant_days"]:
            return "dormant"
        needs = len(self.held_families(customer))
        if (
            needs >= self.loyalty["advocate_family_count"]
            and self.referrals[customer] >= self.loyalty["advocate_referral_count"]
        ):
            return "advocate"
        return "repeat"

    def contribution_of(self, customer):
        margins = self.numbers("product_margins", "product_code", "margin_rate")
        losses = self.numbers("product_margins", "product_code", "expected_loss_rate")
        costs = self.numbers("channel_costs", "channel", "cost_per_event_cny")
        held = [
            (account["product_code"], abs(self.balances[account["account_number"]]))
            for account in self.owned[customer]
            if account["account_number"] in self.balances
        ]
        year = [event for event in self.events[customer] if event[4] <= 365]
        fees = -sum((e[3] for e in year if e[1] == "fee"), Decimal(0))
        cost = sum((costs[e[0]] for e in year if e[2]), Decimal(0))
        margin = sum(
            (balance * margins[product] for product, balance in held), Decimal(0)
        )
        loss = sum((balance * losses[product] for product, balance in held), Decimal(0))
        return sum(
            (round_to_fen(margin), fees, -round_to_fen(cost), -round_to_fen(loss)),
            Decimal(0),
        )

    def group_of(self, customer):
        is_high_margin = self.seed("product_margins", "product_code", "is_high_margin")
        moved = [
            abs(e[3])
            for e in self.events[customer]
            if e[2] and e[3] is not None and e[4] <= 365
        ]
        registered = date.fromisoformat(self.customers[customer]["registered_date"])
        reached = {
            "high_margin_product_count": len(
                {
                    account["product_code"]
                    for account in self.owned[customer]
                    if is_high_margin[account["product_code"]] == "true"
                    and self.balances.get(account["account_number"], 0) > 0
                }
            ),
            "relationship_days": (self.as_of_date - registered).days,
            "referral_count": self.referrals[customer],
        }
        if moved:
            reached["amount_per_transaction_cny"] = Decimal(sum(moved)) / len(moved)
        high = self.numbers("profitability_parameters", "parameter", "high_from")
        low = self.numbers("profitability_parameters", "parameter", "negative_below")
        groups = self.seed("pyramid_levels", "pyramid_level", "profitability_group")
        group = groups[self.level_of(customer)]
        if group == "high" and all(reached.get(p, -1) >= high[p] for p in high):
            return "high"
        if group == "negative" and all(reached.get(p, low[p]) < low[p] for p in low):
            return "negative"
        return "ordinary"

    def features_of(self, customer):
        events = self.events[customer]
        own = [event for event in events if event[2]]
        registered = date.fromisoformat(self.customers[customer]["registered_date"])
        moved = [event for event in events if event[3] is not None]
        silent = min((e[4] for e in own), default=None)
        observed = max(min((self.as_of_date - registered).days, self.oldest), 1)
        features = {
            f"{channel}_event_count_{days}d": sum(
                e[0] == channel and e[4] <= days for e in own
            )
            for channel in CHANNELS
            for days in (30, 90, 180, 365)
        }
        return features | {
            "tenure_days": (self.as_of_date - registered).days,
            "days_since_customer_event": silent,
            "customer_event_count_ever": len(own),
            "observed_days": observed,
            "missed_event_count_ever": silent
            and silent * ((len(own) + 0.5) / (observed + 15)),
            "customer_amount_sum_90d_cny": sum(
                abs(e[3]) for e in moved if e[2] and e[4] <= 90
            ),
            "debit_amount_sum_90d_cny": -sum(
                e[3] for e in moved if e[3] < 0 and e[4] <= 90
            ),
            "credit_amount_sum_365d_cny": sum(
                e[3] for e in moved if e[3] > 0 and e[4] <= 365
            ),
            "salary_count_90d": sum(
                e[1] in ("salary", "pension") and e[4] <= 90 for e in events
            ),
            "standing_order_count_365d": sum(
                e[1] == "standing_order" and e[4] <= 365 for e in events
            ),
            "complaint_count_180d": sum(
                e[1] == "complaint" and e[4] <= 180 for e in events
            ),
            "held_family_count": len(self.held_families(customer)),
            "total_balance_cny": self.relationship(customer),
            "invested_balance_cny": self.sum_balances(customer, INVESTED),
            "household_member_count": len(self.households[customer]),
            "referral_count": self.referrals[customer],
        }


@pytest.fixture(scope="module", params=AS_OF_DATES, ids=str)
def outsider(bank, request):
    return Outsider(bank.landing, request.param)


@pytest.fixture(scope="module")
def some_customers(outsider):
    numbers = sorted(outsider.customers)
    return random.Random(4).sample(numbers, CUSTOMERS)  # noqa: S311 - a sample


def test_an_outsider_comes_to_the_same_classes_and_contributions(
    bank, outsider, some_customers
):
    judged = {
        number: (
            outsider.tier_of(number),
            outsider.level_of(number),
            outsider.stage_of(number),
            outsider.contribution_of(number),
            outsider.group_of(number),
        )
        for number in some_customers
    }
    columns = (
        *("tier", "pyramid_level", "loyalty_stage"),
        *("contribution_cny", "profitability_group"),
    )
    theirs = read_mart(bank, outsider, "customer_months", columns)
    differing = [n for n in some_customers if judged[n] != theirs[n]]
    assert len(differing) == 0
    # Otherwise little would have been compared.
    assert [len({row[i] for row in judged.values()}) > 1 for i in range(5)] == [
        True
    ] * 5


def test_an_outsider_comes_to_the_same_features(bank, outsider, some_customers):
    counted = {number: outsider.features_of(number) for number in some_customers}
    columns = list(counted[some_customers[0]])
    theirs = read_mart(bank, outsider, "customer_features", columns)
    differing = Counter(
        column
        for number in some_customers
        for column, value in zip(columns, theirs[number], strict=True)
        if value != as_double(counted[number][column])
    )
    assert differing == {}


def as_double(value):
    return None if value is None else float(value)


def read_mart(bank, outsider, mart, columns):
    key = load_key(bank)
    numbers = {pseudonym(key, "customer", n): n for n in outsider.customers}
    with connect(bank, read_only=True) as connection:
        rows = connection.execute(
            f"select customer_id, {', '.join(columns)} from marts.{mart}"
            " where as_of_date = ?",
            [outsider.as_of_date],
        ).fetchall()
    return {numbers[customer]: tuple(values) for customer, *values in rows}
