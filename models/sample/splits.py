"""Which snapshots to learn from, to tune on and to test on."""

from collections.abc import Iterable
from datetime import date, timedelta


def split_snapshots(
    as_of_dates: Iterable[date], *, horizon_days: int
) -> dict[date, str]:
    """Split labelled snapshots in time, with the label's horizon as a gap.

    A label observed over ``horizon_days`` is only known that long after its snapshot.
    Splitting by row, or leaving no gap, trains on the future. The latest snapshot is
    for testing, the latest that was known by then for tuning, and all that were known
    by that one for training. What lies in the gaps is left out.

    Parameters
    ----------
    as_of_dates : iterable of date
        Snapshots whose labels are known, in any order, repeated or not.
    horizon_days : int
        Days after a snapshot until its label is known.

    Returns
    -------
    dict of date to str
        ``"train"``, ``"tune"`` or ``"test"``. Empty where the history is too short for
        all three.

    Examples
    --------
    >>> months = [date(2025, month, 1) for month in range(1, 11)]
    >>> for as_of_date, part in split_snapshots(months, horizon_days=90).items():
    ...     print(as_of_date.month, part)
    1 train
    2 train
    3 train
    4 train
    7 tune
    10 test
    """
    known = sorted(set(as_of_dates))
    gap = timedelta(days=horizon_days)
    test = known[-1:]
    tune = [day for day in known if test and day + gap <= test[0]][-1:]
    train = [day for day in known if tune and day + gap <= tune[0]]
    if not train:
        return {}
    return dict.fromkeys(train, "train") | {tune[0]: "tune", test[0]: "test"}
