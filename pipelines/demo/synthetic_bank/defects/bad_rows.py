"""Defects of single rows: each gives the lines it touched."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import numpy as np

from pipelines.demo.synthetic_bank.defects.written_delivery import WrittenDelivery


def garble(delivery: WrittenDelivery, rng: np.random.Generator) -> list[int]:
    """Write a word where an amount belongs."""
    (name,) = delivery.contract.control_totals
    return _change(delivery, rng, name, lambda _: "n/a")


def exceed_range(delivery: WrittenDelivery, rng: np.random.Generator) -> list[int]:
    """Let a call last for a day."""
    return _change(delivery, rng, "duration_seconds", lambda _: "86400")


def say_something_else(
    delivery: WrittenDelivery, rng: np.random.Generator
) -> list[int]:
    """Write a currency that the bank does not deal in."""
    return _change(delivery, rng, "currency_code", lambda _: "XXX")


def move_to_the_future(
    delivery: WrittenDelivery, rng: np.random.Generator
) -> list[int]:
    """Let something happen a day after the delivery says it was written out."""
    later = delivery.manifest.extracted_at + timedelta(days=1)
    written = f"{later:%Y-%m-%dT%H:%M:%SZ}"
    return _change(delivery, rng, delivery.contract.happened.name, lambda _: written)


def move_before_opening(
    delivery: WrittenDelivery, rng: np.random.Generator
) -> list[None]:
    """Let something happen on an account before there was any."""
    name = delivery.contract.happened.name
    _change(delivery, rng, name, lambda _: "2000-01-03T09:00:00Z")
    return [None]


def change_currency(delivery: WrittenDelivery, rng: np.random.Generator) -> list[None]:
    """Keep an account in another currency than the register does."""
    _change(delivery, rng, "currency_code", lambda _: "EUR")
    return [None]


def mistype_card(delivery: WrittenDelivery, rng: np.random.Generator) -> list[int]:
    """Write a card number with a check digit that does not follow from the others."""
    return _change(delivery, rng, "card_number", _miscount)


def mistype_document(delivery: WrittenDelivery, rng: np.random.Generator) -> list[int]:
    """Write a document number with a wrong check character, of somebody known."""
    return _change(delivery, rng, "document_number", _miscount)


def empty_required(delivery: WrittenDelivery, rng: np.random.Generator) -> list[int]:
    """Leave the key of a row empty."""
    return _change(delivery, rng, delivery.contract.keys[0], lambda _: "")


def contradict(delivery: WrittenDelivery, rng: np.random.Generator) -> list[int]:
    """Say a row again with another amount."""
    (name,) = delivery.contract.control_totals
    row = _choose(delivery, rng, name)
    amount = Decimal(delivery.rows[row][name]) + Decimal("0.01")
    delivery.rows.append(delivery.rows[row] | {name: str(amount)})
    delivery.rewrite()
    return [row + 2, len(delivery.rows) + 1]


def repeat(delivery: WrittenDelivery, rng: np.random.Generator) -> list[int]:
    """Say a row again to the letter."""
    row = _choose(delivery, rng, delivery.contract.keys[0])
    delivery.rows.append(dict(delivery.rows[row]))
    delivery.rewrite()
    return [len(delivery.rows) + 1]


def _change(
    delivery: WrittenDelivery,
    rng: np.random.Generator,
    name: str,
    change: Callable[[str], str],
) -> list[int]:
    row = _choose(delivery, rng, name)
    delivery.rows[row][name] = change(delivery.rows[row][name])
    delivery.rewrite()
    return [row + 2]


def _choose(delivery: WrittenDelivery, rng: np.random.Generator, name: str) -> int:
    """Choose a row where a column is filled, and no register's first of its kind."""
    filled = [
        number
        for number, row in enumerate(delivery.rows)
        if row[name] and row.get("registered_date") != row.get("changed_date", "")
    ]
    return filled[rng.integers(len(filled))]


def _miscount(number: str) -> str:
    wrong = "0" if number[-1] == "X" else str((int(number[-1]) + 1) % 10)
    return number[:-1] + wrong
