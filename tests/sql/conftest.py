"""A bank written by hand, row by row, and built with dbt."""

import json
from datetime import date, timedelta

import pytest

from pipelines.analysis import build
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect, prepare


class HandmadeBank:
    """Deliveries written straight into ``raw``, known at 01:10 of the next day."""

    def __init__(self, home):
        self.settings = Settings(home=home)
        with connect(self.settings) as connection:
            prepare(connection)

    def deliver(self, source, business_date, rows, *, known_at=None, sequence=1):
        """Write one accepted delivery; rows are dicts of the columns that matter."""
        next_day = date.fromisoformat(business_date) + timedelta(days=1)
        known_at = known_at or f"{next_day} 01:10:00"
        delivery = {
            "delivery_id": f"{source}/{business_date}.{sequence}",
            "source": source,
            "business_date": business_date,
            "sequence": sequence,
            "extracted_at": known_at,
            "status": "accepted",
        }
        origin = {"delivery_id": delivery["delivery_id"], "known_at": known_at}
        with connect(self.settings) as connection:
            _insert(connection, "ops.deliveries", delivery)
            for row in rows:
                _insert(connection, f"raw.{source}", row | origin)

    def deliver_registers(self, business_date, *customers, since="2020-01-01"):
        """Deliver customers with a current account and a card each.

        Customer ``zhang`` owns ``zhang-account`` and holds ``zhang-card``.
        """
        self.deliver(
            "core_customers",
            business_date,
            [self.customer(c, since) for c in customers],
        )
        self.deliver(
            "core_accounts", business_date, [self.account(c, since) for c in customers]
        )

    @staticmethod
    def customer(name, since="2020-01-01", **columns):
        """Write a row of the customer register."""
        return {
            "customer_number": name,
            "changed_date": since,
            "registered_date": since,
            "branch_code": "B1",
            "has_marketing_consent": True,
        } | columns

    @staticmethod
    def account(customer, since="2020-01-01", name="account", **columns):
        """Write a row of the account register: an open current account in CNY."""
        return {
            "account_number": f"{customer}-{name}",
            "customer_number": customer,
            "changed_date": since,
            "role": "owner",
            "product_code": "CUR01",
            "currency_code": "CNY",
            "opened_date": since,
            "status": "open",
            "card_number": f"{customer}-card" if name == "account" else None,
        } | columns

    @staticmethod
    def atm(customer, occurred_at, amount=None, **columns):
        """Write a withdrawal, or an enquiry where no money moves."""
        return {
            "event_number": f"{customer} {occurred_at} {amount}",
            "card_number": f"{customer}-card",
            "terminal_code": "T1",
            "occurred_at": occurred_at,
            "event_type": "withdrawal" if amount else "enquiry",
            "amount": -amount if amount else None,
            "currency_code": "CNY" if amount else None,
        } | columns

    def build(self):
        build.run(self.settings, exclude="source:ml+")

    def query(self, query):
        with connect(self.settings, read_only=True) as connection:
            return connection.execute(query).fetchall()

    def read(self, mart, column, customer, as_of_date):
        """Read one value of a mart at snapshot grain."""
        ((value,),) = self.query(f"""
            select {column} from marts.{mart}
            where customer_id = '{customer}' and as_of_date = '{as_of_date}'
        """)
        return value


def _insert(connection, table, row):
    marks = ", ".join("?" for _ in row)
    connection.execute(
        f"insert into {table} ({', '.join(row)}) values ({marks})", list(row.values())
    )


@pytest.fixture(scope="module")
def handmade_bank(tmp_path_factory):
    """An empty bank to write deliveries for."""
    return HandmadeBank(tmp_path_factory.mktemp("handmade"))


@pytest.fixture(scope="session")
def empty_build(tmp_path_factory):
    """A bank without a single delivery, built all the same, with dbt's unit tests."""
    settings = Settings(home=tmp_path_factory.mktemp("empty"))
    return settings, build.run(settings, unit_tests=True)


@pytest.fixture(scope="session")
def empty_bank(empty_build):
    """The same bank. Its marts are there, and nothing is in them."""
    settings, _ = empty_build
    return settings


@pytest.fixture(scope="session")
def manifest(warm_dbt):
    """What dbt knows of its project."""
    warm_dbt.start()
    return json.loads((warm_dbt.folder / "manifest.json").read_text("utf-8"))
