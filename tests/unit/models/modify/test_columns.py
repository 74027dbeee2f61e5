"""Are numbers read as banks write them, where they can be read in one way only?"""

import numpy as np
import pandas as pd
import pytest

from models.modify.columns import (
    arrange,
    decide_kind,
    read_numbers,
    tell_unread_numbers,
)

AMOUNTS = np.random.default_rng(0).lognormal(7, 2, 300).round(2) * np.where(
    np.arange(300) % 3, 1, -1
)


def swap(text):
    return text.translate(str.maketrans(",.", ".,"))


FORMS = {
    "plain": lambda v: f"{v:.2f}",
    "thousands": lambda v: f"{v:,.2f}",
    "decimal comma": lambda v: f"{v:.2f}".replace(".", ","),
    "points and a comma": lambda v: swap(f"{v:,.2f}"),
    "blanks": lambda v: f"{v:,.2f}".replace(",", " "),
    "narrow blanks": lambda v: f"{v:,.2f}".replace(",", "\u202f").replace(".", ","),
    "apostrophes": lambda v: f"{v:,.2f}".replace(",", "'"),
    "dollars": lambda v: f"-${-v:,.2f}" if v < 0 else f"${v:,.2f}",
    "yuan": lambda v: f"¥{v:,.2f}",
    "a code behind": lambda v: f"{v:,.2f} CNY",
    "brackets": lambda v: f"({-v:,.2f})" if v < 0 else f"{v:,.2f}",
    "a minus behind": lambda v: f"{-v:.2f}-" if v < 0 else f"{v:.2f}",
    "debit and credit": lambda v: f"{abs(v):,.2f} {'DR' if v < 0 else 'CR'}",
    "full width": lambda v: "".join(
        chr(ord(c) + 0xFEE0) if c in "0123456789-." else c for c in f"{v:.2f}"
    ),
    "a true minus": lambda v: f"{v:.2f}".replace("-", "\u2212"),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_an_amount_is_the_same_however_a_bank_writes_it(form):
    text = pd.Series([form(value) for value in AMOUNTS])

    assert read_numbers(text).to_numpy() == pytest.approx(AMOUNTS)
    assert arrange(text.to_frame("amount"))["amount"].dtype == float
    assert tell_unread_numbers(text) == ""


def test_a_percentage_is_a_share():
    assert read_numbers(pd.Series(["45 %", "3%"])).tolist() == [0.45, 0.03]


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (["1,500", "2,000"], "a comma may mark thousands or decimals"),
        (["1.5", "2,5"], "comma and point each mark decimals"),
        (["1.234,56", "1,234.56"], "comma and point each mark decimals"),
    ],
)
def test_what_may_be_read_in_two_ways_stays_text_and_that_is_said(texts, why):
    column = pd.Series(texts * 9)

    assert read_numbers(column).isna().all()
    assert arrange(column.to_frame("amount"))["amount"].dtype == object
    assert why in tell_unread_numbers(column)


@pytest.mark.parametrize("texts", [["12:30", "13:45"], ["A1", "B2"], ["1-2", "3-4"]])
def test_what_is_no_number_is_none(texts):
    assert read_numbers(pd.Series(texts)).isna().all()
    assert tell_unread_numbers(pd.Series(texts)) == ""


def test_whole_numbers_that_never_repeat_are_a_measure_unless_given_in_turn():
    random = np.random.default_rng(0)
    income = pd.Series(random.choice(200_000, 320, replace=False).astype(float))
    in_turn = pd.Series(random.choice(400, 320, replace=False).astype(float))

    assert decide_kind(income, 0.76)[0] == "number"
    assert decide_kind(income, 0.51)[0] == "drop"
    assert decide_kind(in_turn, 0.76)[0] == "drop"
    assert decide_kind(in_turn * 10 + 7)[0] == "drop"
    assert decide_kind(income * 1e12)[0] == "drop"


def test_codes_and_what_may_be_thousands_stay_text():
    frame = pd.DataFrame(
        {"code": ["007", "011", "120"], "sum": ["1,500", "20", "2,000"]}
    )

    assert arrange(frame).to_numpy().tolist() == frame.to_numpy().tolist()
