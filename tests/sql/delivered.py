"""What had been delivered by one day, read in plain Python. For test_outsider.py."""

import csv
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from pipelines.foundation.parameters import PROJECT

FEN = Decimal("0.01")


class Delivered:
    """Customers, accounts and events on one day, from what had come in by then."""

    def __init__(self, landing: Path, as_of_date: date):
        self.landing, self.as_of_date = landing, as_of_date
        self.rates_of = {}
        self.rates = self.seed("exchange_rates", "currency_code", "rate_to_cny")
        self.families = self.seed("product_families", "product_code", "product_family")
        self.tier = self.numbers("tier_thresholds", "rule", "threshold")
        self.loyalty = self.numbers("loyalty_rules", "rule", "threshold")
        self.initiatives = {
            (row["source"], row["event_type"]): row["initiative"]
            for row in self.seed_rows("event_initiatives")
        }
        self.customers = self.newest("core_customers", "customer_number")
        self.accounts = {
            row["account_number"]: row
            for row in self.newest("core_accounts", "account_number", "role").values()
            if row["role"] == "owner"
        }
        self.owned = defaultdict(list)
        for account in self.accounts.values():
            self.owned[account["customer_number"]].append(account)
        self.balances = self.read_balances()
        self.households = self.find_households()
        self.events = self.read_events()
        self.oldest = max(e[4] for events in self.events.values() for e in events)
        self.referrals = Counter(
            row["referrer_number"]
            for row in self.rows("partner", "reported_date")
            if row["partner_kind"] == "referral"
        )
        self.largest = self.find_largest_subscriptions()

    def rows(self, source, happened):
        for folder in sorted((self.landing / source).iterdir()):
            if date.fromisoformat(folder.name[:10]) >= self.as_of_date:
                continue
            for path in folder.glob("*.csv"):
                with path.open(encoding="utf-8", newline="") as file:
                    for row in csv.DictReader(file):
                        if row[happened][:10] < self.as_of_date.isoformat():
                            yield row

    def newest(self, source, *keys):
        found = {}
        for row in self.rows(source, "changed_date"):
            key = tuple(row[k] for k in keys)
            if key not in found or row["changed_date"] >= found[key]["changed_date"]:
                found[key] = row
        return {key[0] if len(key) == 1 else key: row for key, row in found.items()}

    def seed_rows(self, name):
        with (PROJECT / "seeds" / f"{name}.csv").open(encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def seed(self, name, key, value, day=None):
        day = (day or self.as_of_date - timedelta(days=1)).isoformat()
        rows = sorted(self.seed_rows(name), key=lambda row: row["valid_from"])
        return {row[key]: row[value] for row in rows if row["valid_from"] <= day}

    def numbers(self, name, key, value):
        return {k: Decimal(v) for k, v in self.seed(name, key, value).items() if v}

    def to_cny(self, amount, currency, day):
        if not amount:
            return Decimal(0)
        if day not in self.rates_of:
            rates = self.seed("exchange_rates", "currency_code", "rate_to_cny", day)
            self.rates_of[day] = rates
        return round_to_fen(Decimal(amount) * Decimal(self.rates_of[day][currency]))

    def is_open(self, account):
        closed = account["closed_date"]
        if account["status"] == "closed" and not closed:
            closed = account["changed_date"]
        is_opened = account["opened_date"] < self.as_of_date.isoformat()
        return is_opened and (not closed or closed >= self.as_of_date.isoformat())

    def read_balances(self):
        rows = list(self.rows("core_balances", "balance_date"))
        newest = max(row["balance_date"] for row in rows)
        rate_day = date.fromisoformat(newest)
        return {
            row["account_number"]: self.to_cny(
                row["balance"], row["currency_code"], rate_day
            )
            for row in rows
            if row["balance_date"] == newest
            and row["account_number"] in self.accounts
            and self.is_open(self.accounts[row["account_number"]])
        }

    def read_events(self):
        customer_of = self.link_identifiers()
        events = defaultdict(list)
        identifiers = {
            "atm": ("card_number",),
            "branch": ("customer_number", "account_number"),
            "card": ("card_number", "account_number"),
            "online": ("login_name", "account_number"),
            "phone": ("customer_number",),
            "core_postings": ("account_number",),
        }
        for source, names in identifiers.items():
            for row in self.rows(source, "occurred_at"):
                who = next((row[name] for name in names if row[name]), None)
                if who not in customer_of:
                    continue
                day = datetime.fromisoformat(row["occurred_at"]).date()
                amount = None
                if row.get("amount"):
                    amount = self.to_cny(row["amount"], row["currency_code"], day)
                initiative = self.initiatives[source, row["event_type"]]
                age = (self.as_of_date - day).days
                events[customer_of[who]].append(
                    (source, row["event_type"], initiative == "customer", amount, age)
                )
        return events

    def link_identifiers(self):
        links = {number: number for number in self.customers}
        for row in self.rows("core_customers", "changed_date"):
            links[row["login_name"]] = row["customer_number"]
        for row in self.rows("core_accounts", "changed_date"):
            links[row["card_number"]] = row["customer_number"]
            if row["role"] == "owner":
                links[row["account_number"]] = row["customer_number"]
        links.pop("", None)
        return links

    def find_largest_subscriptions(self):
        largest = defaultdict(Decimal)
        for row in self.rows("core_subscriptions", "subscribed_date"):
            account = self.accounts.get(row["account_number"])
            if account and self.families[row["product_code"]] == "wealth":
                day = date.fromisoformat(row["subscribed_date"])
                amount = self.to_cny(row["amount"], row["currency_code"], day)
                owner = account["customer_number"]
                largest[owner] = max(largest[owner], amount)
        return largest

    def find_households(self):
        groups = defaultdict(set)
        for number, row in self.customers.items():
            groups["declared", row["household_number"]].add(number)
            groups["address", row["postal_address"]].add(number)
        joint = self.newest(
            "core_accounts", "account_number", "customer_number", "role"
        )
        for (account, customer, role), row in joint.items():
            owned = self.accounts.get(account)
            if role == "joint" and row["status"] == "open" and self.is_open(owned):
                groups["account", account] |= {customer, owned["customer_number"]}
        limit = self.tier["household_address_members"]
        household = {number: {number} for number in self.customers}
        for (kind, name), members in groups.items():
            if not name or (kind == "address" and len(members) > limit):
                continue
            together = set().union(*(household[m] for m in members))
            for member in together:
                household[member] = together
        return household


def round_to_fen(amount):
    return amount.quantize(FEN, ROUND_HALF_UP)
