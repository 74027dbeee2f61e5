"""What a night says of products that the seed lacks: codes, counts and money."""

import duckdb
import pytest

from pipelines.analysis import unknown_products


@pytest.fixture
def describe():
    """The line about accounts of these products."""
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        connection.execute("""
            create table marts.products (
                product_code varchar, product_family varchar,
                open_account_count integer, balance_cny decimal(18, 2)
            )
        """)

        def describe(*rows):
            for row in rows:
                connection.execute(
                    "insert into marts.products values (?, ?, ?, ?)", list(row)
                )
            (line,) = unknown_products.describe(connection) or [""]
            return line

        yield describe


def test_a_night_without_unknown_products_says_nothing(describe):
    assert describe(("WM01", "wealth", 3, 10)) == ""


def test_a_night_names_the_codes_that_the_seed_lacks_with_their_money(describe):
    line = describe(("WM01", "wealth", 3, 10), ("ZZZ99", "unknown", 1, 1_000_000))

    assert "ZZZ99 (1 open accounts, CNY 1,000,000.00)" in line
    assert "lacks 1 product_code" in line
    assert "WM01" not in line
    assert "\n" not in line


@pytest.mark.parametrize(
    "code", ["Zhang San", "ZHANGSAN", "110101199003070011", "E12345678", "", "a\nb"]
)
def test_what_may_be_a_person_is_counted_and_not_shown(describe, code):
    line = describe((code, "unknown", 2, -5))

    assert "one of another form (2 open accounts, CNY -5.00)" in line
    assert not code or code not in line


def test_many_unknown_products_are_still_one_short_line(describe):
    line = describe(*((f"N{n}", "unknown", n, n) for n in range(30)))

    assert "lacks 30 product_code" in line
    assert "N29 (29 open accounts" in line
    assert "25 more" in line
    assert "N24 " not in line
