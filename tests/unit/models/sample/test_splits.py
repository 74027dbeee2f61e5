from datetime import date, timedelta

import pytest

from models.sample.splits import split_snapshots

MONTHS = [date(2025 + n // 12, n % 12 + 1, 1) for n in range(15)]


@pytest.mark.parametrize("horizon_days", [30, 90, 104])
def test_parts_lie_a_horizon_apart(horizon_days):
    parts = split_snapshots(MONTHS, horizon_days=horizon_days)

    first, last = (
        {part: pick(d for d in parts if parts[d] == part) for part in parts.values()}
        for pick in (min, max)
    )
    gap = timedelta(days=horizon_days)
    assert last["train"] + gap <= first["tune"]
    assert last["tune"] + gap <= first["test"]


def test_the_latest_snapshot_is_for_testing():
    parts = split_snapshots(MONTHS, horizon_days=90)

    assert [day for day in parts if parts[day] == "test"] == [date(2026, 3, 1)]


def test_all_that_was_known_by_the_tuning_snapshot_is_for_training():
    parts = split_snapshots(MONTHS, horizon_days=90)

    # Tuning on December 1, which is 91 days after September 1.
    assert [day for day in parts if parts[day] == "train"] == MONTHS[:9]


@pytest.mark.parametrize("months", [0, 1, 6])
def test_a_history_shorter_than_two_horizons_gives_no_parts(months):
    assert split_snapshots(MONTHS[:months], horizon_days=90) == {}
