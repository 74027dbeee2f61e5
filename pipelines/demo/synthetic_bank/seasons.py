"""Days, seasons and hours: when a bank's customers do something."""

import zlib
from dataclasses import dataclass
from datetime import date

import numpy as np

CHANNELS = ("atm", "branch", "card", "online", "phone")
ATM, BRANCH, CARD, ONLINE, PHONE = range(len(CHANNELS))
DAYS_PER_MONTH = 365.25 / 12
NEVER = 1_000_000  # a day that no run reaches

# Monday to Sunday, relative to the channel's average day.
_WEEK = np.array(
    [
        [0.95, 0.95, 0.95, 1.00, 1.15, 1.10, 0.90],
        [1.35, 1.20, 1.15, 1.15, 1.20, 0.60, 0.35],
        [0.90, 0.90, 0.92, 0.95, 1.08, 1.20, 1.05],
        [1.08, 1.05, 1.02, 1.00, 1.02, 0.95, 0.88],
        [1.30, 1.15, 1.10, 1.05, 1.10, 0.75, 0.55],
    ]
)
# First day of the lunar year. Outside these years there is no spring festival.
_LUNAR_NEW_YEARS = """
2015-02-19 2016-02-08 2017-01-28 2018-02-16 2019-02-05 2020-01-25 2021-02-12
2022-02-01 2023-01-22 2024-02-10 2025-01-29 2026-02-17 2027-02-06 2028-01-26
2029-02-13 2030-02-03 2031-01-23 2032-02-11 2033-01-31 2034-02-19 2035-02-08
"""
# First and last day relative to the new year, and the factor of each channel.
_SPRING_FESTIVAL = (
    (-14, -1, (1.50, 1.15, 1.35, 1.15, 1.20)),
    (0, 6, (0.80, 0.15, 1.15, 0.80, 0.40)),
)
# (month, first day, last day), and the factor of each channel.
_FIXED_SEASONS = (
    ((5, 1, 3), (1.0, 0.3, 1.2, 0.9, 0.6)),
    ((10, 1, 7), (1.0, 0.3, 1.2, 0.9, 0.6)),
    ((11, 8, 12), (0.9, 1.0, 1.5, 1.4, 1.1)),
    ((12, 18, 31), (1.15, 1.25, 1.2, 1.15, 1.2)),
)
# Share of the day's events in each hour of UTC+8, from midnight on.
_HOURS = np.array(
    [
        [0, 0, 0, 0, 0, 0, 1, 3, 5, 6, 7, 7, 8, 7, 6, 6, 7, 9, 9, 7, 5, 4, 2, 1],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 14, 11, 6, 8, 11, 9, 5, 0, 0, 0, 0, 0, 0, 0],
        [1, 0, 0, 0, 0, 0, 1, 4, 5, 4, 4, 7, 9, 6, 5, 5, 6, 9, 11, 10, 7, 4, 2, 1],
        [2, 1, 0, 0, 0, 1, 2, 5, 6, 7, 6, 6, 8, 6, 5, 5, 5, 6, 6, 7, 8, 8, 6, 4],
        [0, 0, 0, 0, 0, 0, 1, 3, 8, 11, 11, 9, 7, 8, 9, 9, 8, 6, 4, 3, 2, 1, 0, 0],
    ],
    dtype=float,
)
_UTC_OFFSET_HOURS = 8


@dataclass(frozen=True)
class Calendar:
    """The days of a run and how busy each is.

    Attributes
    ----------
    start : date
        Day 0.
    months : int
        How many months are delivered.
    month_starts : ndarray of shape (n_months + 6,)
        First day of each month, in days since ``start``. Some months past the end are
        there, because labels look ahead.
    cumulated : ndarray of shape (n_days + 1, n_channels)
        Intensity from day 0 up to the beginning of each day, in average days.
    """

    start: date
    months: int
    month_starts: np.ndarray
    cumulated: np.ndarray

    @property
    def days(self) -> int:
        """Days delivered."""
        return int(self.month_starts[self.months])

    @property
    def epoch(self) -> np.datetime64:
        """Day 0."""
        return np.datetime64(self.start, "D")

    def expose(
        self, rates: np.ndarray, first: np.ndarray, end: np.ndarray
    ) -> np.ndarray:
        """Add up the events to be expected from the first day up to the end day.

        Parameters
        ----------
        rates : ndarray of shape (n_customers, n_channels)
            Events per month.
        first, end : ndarray of shape (n_customers,)
            Days since ``start``; an ``end`` before ``first`` counts as none.
        """
        first = np.maximum(first, 0)
        difference = self.cumulated[np.maximum(end, first)] - self.cumulated[first]
        return (rates * difference).sum(axis=1) / DAYS_PER_MONTH

    def draw_days(
        self, rng: np.random.Generator, channel: int, first: np.ndarray, end: np.ndarray
    ) -> np.ndarray:
        """Draw one day from each ``[first, end)``, busier days more often."""
        cumulated = self.cumulated[:, channel]
        low, high = cumulated[first], cumulated[end]
        drawn = low + rng.random(np.shape(low)) * (high - low)
        return np.clip(np.searchsorted(cumulated, drawn, "right") - 1, first, end - 1)

    def draw_days_of_month(
        self, rng: np.random.Generator, channel: int, month: int, size: int
    ) -> np.ndarray:
        """Draw days of one month, busier days more often."""
        first, end = self.month_starts[month : month + 2]
        return self.draw_days(rng, channel, np.full(size, first), np.full(size, end))

    def stamp(self, days: np.ndarray, seconds: np.ndarray) -> np.ndarray:
        """Turn days and seconds of the day into points in time, UTC."""
        midnight = self.epoch.astype("datetime64[s]") + days * np.timedelta64(
            86_400, "s"
        )
        return (midnight + seconds.astype("timedelta64[s]")).astype("datetime64[us]")


def build_calendar(start: date, months: int) -> Calendar:
    """Lay out the days of a run that begins on the first of a month."""
    first = np.datetime64(start, "M")
    firsts = (first + np.arange(months + 6)).astype("datetime64[D]")
    month_starts = (firsts - firsts[0]).astype(int)
    days = firsts[0] + np.arange(month_starts[-1])
    weights = _weigh(days)
    cumulated = np.vstack([np.zeros(len(CHANNELS)), np.cumsum(weights, axis=0)])
    return Calendar(start, months, month_starts, cumulated)


def stream(seed: int, *path: str | int) -> np.random.Generator:
    """Open the random numbers of one step, independent of every other step's."""
    name = "/".join(map(str, path)).encode()
    return np.random.default_rng([seed, zlib.crc32(name)])


def draw_seconds(rng: np.random.Generator, channel: int, size: int) -> np.ndarray:
    """Draw seconds of a day in UTC by the channel's hours of the day."""
    hours = np.roll(_HOURS[channel], -_UTC_OFFSET_HOURS)
    shares = np.concatenate([[0], np.cumsum(hours) / hours.sum()])
    drawn = np.interp(rng.random(size), shares, np.arange(25) * 3600.0)
    return np.minimum(drawn.astype(np.int64), 86_399)


def _weigh(days: np.ndarray) -> np.ndarray:
    weekday = (days.astype(int) + 3) % 7  # 1970-01-01 was a Thursday
    weights = _WEEK[:, weekday].T.copy()
    for new_year in np.array(_LUNAR_NEW_YEARS.split(), dtype="datetime64[D]"):
        since = (days - new_year).astype(int)
        for first, last, factors in _SPRING_FESTIVAL:
            weights[(since >= first) & (since <= last)] *= factors
    month = days.astype("datetime64[M]").astype(int) % 12 + 1
    day = (days - days.astype("datetime64[M]")).astype(int) + 1
    for (season, first, last), factors in _FIXED_SEASONS:
        weights[(month == season) & (day >= first) & (day <= last)] *= factors
    return weights
