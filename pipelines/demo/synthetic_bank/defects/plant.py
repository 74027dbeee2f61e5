"""Known defects in an otherwise clean bank, one of each kind, and the list of them."""

from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.demo.synthetic_bank.defects.kinds import (
    COMPLETE,
    DEFECT_KINDS,
    REPLAYED,
    Kind,
)
from pipelines.demo.synthetic_bank.defects.written_delivery import WrittenDelivery
from pipelines.demo.synthetic_bank.seasons import stream
from pipelines.foundation.errors import UsageError

# What a delivery is compared with takes time to gather, and some of it will be damaged.
FEWEST_DATES, FEWEST_DAYS, DAMAGED_DATES = 10, 150, 4
DAMAGED_REGISTERS = ("core_customers",)


@dataclass(frozen=True)
class Defect:
    """What was planted where, and what has to come of it.

    Attributes
    ----------
    kind, principle : str
        What is wrong, and which principle of customer information it breaks.
    delivery_id : str
    line_number : int or None
        Of the row, where one row is wrong; the header is line 1.
    outcome : str
        ``"refused"``, ``"duplicate"``, ``"quarantined"``, ``"held"``, ``"reported"``,
        or what nothing is loaded of: ``"waiting"``, ``"missing"`` or ``"silent"``.
    told_by : str
        The reason in quarantine, the fact that is out of bounds, or words of the note
        on the delivery.
    """

    kind: str
    principle: str
    delivery_id: str
    line_number: int | None
    outcome: str
    told_by: str


def plant(landing: Path, seed: int) -> list[Defect]:
    """Damage some deliveries, each in one way, and list how.

    Parameters
    ----------
    landing : Path
        Holds a clean bank.
    seed : int
        Same seed, same defects.

    Raises
    ------
    UsageError
        The bank is too small, or too short, for every defect to be told from chance.
    """
    rng = stream(seed, "defects")
    dates = sorted({path.name for path in landing.glob("*/*")})
    if len(dates) < FEWEST_DATES or _span(dates) < FEWEST_DAYS:
        _refuse(f"{FEWEST_DATES} dates over {FEWEST_DAYS} days", "there are fewer")
    free = {
        path: WrittenDelivery(path).manifest.rows
        for path in sorted(landing.glob("*/*"))
        if path.name in dates[-DAMAGED_DATES:]
        or (path.parent.name in DAMAGED_REGISTERS and path.name != dates[0])
    }
    defects = []
    # Those that have the fewest places to choose from go first.
    for kind in sorted(
        DEFECT_KINDS, key=lambda kind: (not kind.is_last, len(kind.sources))
    ):
        places = [
            path
            for path, rows in free.items()
            if path.parent.name in kind.sources
            and rows >= kind.fewest_rows
            and (path.name == dates[-1] or not kind.is_last)
            and (path.name != dates[-1] or not kind.is_between)
        ]
        if not places:
            wanted = f"{', '.join(kind.sources)} of {kind.fewest_rows} rows"
            _refuse(wanted, f"none is left for {kind.name}")
        place = places[rng.integers(len(places))]
        del free[place]
        defects += _damage(kind, WrittenDelivery(place), rng)
    return defects + _find_gaps(defects, dates)


def write_list(defects: list[Defect], folder: Path) -> None:
    """Write what was planted to ``defects.parquet``, in the folder of the truth."""
    table = pa.Table.from_pylist([asdict(defect) for defect in defects])
    pq.write_table(table, folder / "defects.parquet")


def _damage(
    kind: Kind, delivery: WrittenDelivery, rng: np.random.Generator
) -> list[Defect]:
    lines = kind.damage(delivery, rng)
    # Damage may have made another delivery of it.
    delivery_id = delivery.manifest.delivery_id
    return [
        Defect(kind.name, kind.principle, delivery_id, line, kind.outcome, kind.told_by)
        for line in lines
    ]


def _find_gaps(defects: list[Defect], dates: list[str]) -> list[Defect]:
    """List what the next delivery tells: that the one before it is not there."""
    lost = {"refused", "waiting", "missing"}
    # One that is held, or says again what was said before, is not looked at further.
    outcomes = {
        defect.delivery_id: "replayed" if defect.kind == REPLAYED else defect.outcome
        for defect in defects
    }
    gaps = []
    for source in sorted({defect.delivery_id.split("/")[0] for defect in defects}):
        states = [outcomes.get(f"{source}/{name}.1", "") for name in dates]
        gaps += [
            Defect(
                "missing_date",
                COMPLETE,
                f"{source}/{name}.1",
                None,
                "reported",
                "missing_date_count",
            )
            for name, state, before in zip(
                dates[1:], states[1:], states[:-1], strict=True
            )
            if before in lost and state not in {*lost, "replayed", "held"}
        ]
    return gaps


def _span(dates: list[str]) -> int:
    first, *_, last = map(date.fromisoformat, dates)
    return (last - first).days


def _refuse(wanted: str, found: str) -> None:
    msg = (
        f"Planting every kind of defect takes {wanted}, and {found}, so landing holds "
        "a bank that is not damaged as it should be. Empty it, and simulate more "
        "customers or more months."
    )
    raise UsageError(msg)
