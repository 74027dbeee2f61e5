"""Defects of whole deliveries: there is no one line to point at."""

import shutil
from datetime import timedelta
from decimal import Decimal

import numpy as np

from pipelines.demo.synthetic_bank.defects.written_delivery import WrittenDelivery
from pipelines.demo.synthetic_bank.identifiers import append_luhn_digit
from pipelines.foundation.deliveries import MANIFEST

WHOLE = [None]
_CUT_BYTES = 20
_LATE_DAYS = 9
_KEPT, _UNKNOWN, _SLIPPED, _LEFT_OUT = 4, 33, 50, 10  # one row in so many
_NO_BANKS_CARD = 699_000 * 10**9
_SPARE_COLUMNS = {
    "branch": "teller_code",
    "card": "merchant_code",
    "phone": "agent_code",
}


def change_file(delivery: WrittenDelivery, rng: np.random.Generator) -> list[None]:
    """Change a byte on the way, and not the size."""
    content = bytearray(delivery.path.read_bytes())
    place = rng.integers(len(content) // 2, len(content) - 1)
    content[place] ^= 1
    delivery.path.write_bytes(content)
    return WHOLE


def cut_file(delivery: WrittenDelivery, _: np.random.Generator) -> list[None]:
    """Lose the end of the file."""
    delivery.path.write_bytes(delivery.path.read_bytes()[:-_CUT_BYTES])
    return WHOLE


def promise_other_count(
    delivery: WrittenDelivery, rng: np.random.Generator
) -> list[None]:
    """Promise some rows more than there are."""
    more = int(rng.integers(1, 10))
    delivery.promise_file(rows=delivery.manifest.rows + more)
    return WHOLE


def promise_other_total(
    delivery: WrittenDelivery, rng: np.random.Generator
) -> list[None]:
    """Promise a sum that is a few cents off."""
    cents = Decimal(int(rng.integers(1, 100))) / 100
    totals = {
        name: str(Decimal(total) + cents)
        for name, total in delivery.manifest.control_totals.items()
    }
    delivery.promise(control_totals=totals)
    return WHOLE


def replay_earlier(delivery: WrittenDelivery, rng: np.random.Generator) -> list[None]:
    """Send the file of an earlier date again, under today's name."""
    earlier = _open_before(delivery, rng)
    shutil.copy(earlier.path, delivery.path)
    (file,) = earlier.manifest.files
    delivery.promise(
        files=[file.model_dump() | {"name": delivery.path.name}],
        control_totals=earlier.manifest.control_totals,
    )
    return WHOLE


def lose_file(delivery: WrittenDelivery, _: np.random.Generator) -> list[None]:
    """Leave the manifest without its file."""
    delivery.path.unlink()
    return WHOLE


def lose_manifest(delivery: WrittenDelivery, _: np.random.Generator) -> list[None]:
    """Stop writing before the manifest."""
    (delivery.folder / MANIFEST).unlink()
    return WHOLE


def lose_delivery(delivery: WrittenDelivery, _: np.random.Generator) -> list[None]:
    """Send nothing at all for a date between two others."""
    shutil.rmtree(delivery.folder)
    return WHOLE


def skip_sequence(delivery: WrittenDelivery, _: np.random.Generator) -> list[None]:
    """Send the third word on a date after the first."""
    folder = delivery.folder.with_name(f"{delivery.folder.name}.3")
    shutil.copytree(delivery.folder, folder)
    restated = WrittenDelivery(folder)
    restated.rows.pop()
    restated.rewrite()
    later = delivery.manifest.extracted_at + timedelta(days=1)
    restated.promise(sequence=3, extracted_at=f"{later:%Y-%m-%dT%H:%M:%SZ}")
    delivery.manifest = WrittenDelivery(folder).manifest
    return WHOLE


def extract_late(delivery: WrittenDelivery, rng: np.random.Generator) -> list[None]:
    """Write the extract out more than a week after it was due."""
    late = timedelta(days=_LATE_DAYS + int(rng.integers(5)))
    moment = delivery.manifest.extracted_at + late
    delivery.promise(extracted_at=f"{moment:%Y-%m-%dT%H:%M:%SZ}")
    return WHOLE


def deliver_old_rows(delivery: WrittenDelivery, rng: np.random.Generator) -> list[None]:
    """Extract with last quarter's dates: other numbers, but nothing of this date."""
    earlier = _open_before(delivery, rng)
    key = delivery.contract.keys[0]
    delivery.rows = [row | {key: f"{row[key]}R"} for row in earlier.rows]
    delivery.rewrite()
    return WHOLE


def lose_rows(delivery: WrittenDelivery, rng: np.random.Generator) -> list[None]:
    """Extract a part of the rows only, and honestly promise those."""
    first = int(rng.integers(_KEPT))
    delivery.rows = delivery.rows[first::_KEPT]
    delivery.rewrite()
    return WHOLE


def empty_column(delivery: WrittenDelivery, _: np.random.Generator) -> list[None]:
    """Leave out what one column holds."""
    for row in delivery.rows:
        row[_SPARE_COLUMNS[delivery.manifest.source]] = ""
    delivery.rewrite()
    return WHOLE


def use_unknown_cards(
    delivery: WrittenDelivery, rng: np.random.Generator
) -> list[None]:
    """Let some rows be of cards, well formed, that no account has."""
    chosen = delivery.rows[::_UNKNOWN]
    numbers = _NO_BANKS_CARD + rng.integers(10**9, size=len(chosen))
    for row, card in zip(chosen, append_luhn_digit(numbers), strict=True):
        row["card_number"] = str(card)
    delivery.rewrite()
    return WHOLE


def write_fen(delivery: WrittenDelivery, _: np.random.Generator) -> list[None]:
    """Write all amounts in fen, where yuan were agreed."""
    (name,) = delivery.contract.control_totals
    for row in delivery.rows:
        row[name] = _times_hundred(row[name])
    delivery.rewrite()
    return WHOLE


def slip_balances(delivery: WrittenDelivery, rng: np.random.Generator) -> list[None]:
    """Leave some accounts as they were a month before, but in fen."""
    folders = sorted(delivery.folder.parent.iterdir())
    before = WrittenDelivery(folders[folders.index(delivery.folder) - 1])
    balances = {row["account_number"]: row["balance"] for row in before.rows}
    first = int(rng.integers(_SLIPPED))
    for row in delivery.rows[first::_SLIPPED]:
        balance = balances.get(row["account_number"], row["balance"])
        row["balance"] = _times_hundred(balance)
    delivery.rewrite()
    return WHOLE


def leave_accounts_out(
    delivery: WrittenDelivery, rng: np.random.Generator
) -> list[None]:
    """Forget every tenth account."""
    del delivery.rows[int(rng.integers(_LEFT_OUT)) :: _LEFT_OUT]
    delivery.rewrite()
    return WHOLE


def _times_hundred(amount: str) -> str:
    return str(Decimal(amount) * 100) if amount else ""


def _open_before(
    delivery: WrittenDelivery, rng: np.random.Generator
) -> WrittenDelivery:
    """Open a delivery of the same source's first third, where none is damaged."""
    folders = sorted(path for path in delivery.folder.parent.iterdir())
    early = folders[: len(folders) // 3]
    return WrittenDelivery(early[rng.integers(len(early))])
