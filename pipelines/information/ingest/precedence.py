"""Which of several sayings of one key counts, and since when. The rule:

At any moment the date that spoke of a key first, and has not stopped since, holds it;
another date that says the same meanwhile waits, one that says otherwise is in conflict
for good, and when the holder stops, who has waited longest holds it from then on.

It is a fold over what was said, in the order in which it was written out: each step
looks at earlier ones only. So it always ends, and neither the order in which deliveries
come in nor what is written out later changes what counted at a moment.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

KEPT, REPEATED, CONFLICT = "kept", "repeated", "conflict"


@dataclass(frozen=True)
class Saying:
    """What one delivery says of a key.

    Attributes
    ----------
    business_date : date
        Which it is of: a date's deliveries restate one another.
    said_at, until : datetime, datetime or None
        When it was known, and when it was restated.
    row_hash : int
        The same for what says the same.
    is_fixed : bool
        Whether it stays as it is in ``raw``, for its file is no longer there.
    """

    business_date: date
    said_at: datetime
    until: datetime | None
    row_hash: int
    is_fixed: bool = False

    def stands_beside(self, other: "Saying", moment: datetime) -> bool:
        """Whether both stand at the same time, from a moment on."""
        return (
            self.business_date != other.business_date
            and (other.until is None or self.said_at < other.until)
            and (self.until is None or moment < self.until)
        )


def settle(sayings: list[Saying]) -> list[tuple[str, datetime]]:
    """Say of each saying of one key what becomes of it, and since when it counts.

    Parameters
    ----------
    sayings : list of Saying
        All of one key, in order of time.

    Returns
    -------
    list of tuple of str and datetime
        ``"kept"``, ``"repeated"`` or ``"conflict"``, and for what is kept since when.
    """
    outcomes = [(KEPT, saying.said_at) for saying in sayings]
    fixed = [saying for saying in sayings if saying.is_fixed]
    # By date, the holder first, then those who wait in the order of their waiting.
    speaking: dict[date, int] = {}
    for moment, ended, begun in _list_moments(sayings):
        for number in ended:
            day = sayings[number].business_date
            if speaking.get(day) == number:
                is_holder = next(iter(speaking)) == day
                del speaking[day]
                if is_holder:
                    _hand_over(sayings, fixed, speaking, outcomes, moment)
        in_line = [day for day in speaking if day in begun]
        for day in [*in_line, *(day for day in begun if day not in in_line)]:
            _begin(sayings, fixed, speaking, outcomes, begun[day])
    return outcomes


def _list_moments(
    sayings: list[Saying],
) -> Iterator[tuple[datetime, list[int], dict[date, int]]]:
    """List by moment who stops to speak and who begins; who restates does not stop."""
    begun, ended = defaultdict(dict), defaultdict(list)
    for number, saying in enumerate(sayings):
        if saying.until is None or saying.said_at < saying.until:
            begun[saying.said_at][saying.business_date] = number
            if saying.until is not None:
                ended[saying.until].append(number)
    for moment in sorted({*begun, *ended}):
        stopped = [
            number
            for number in ended[moment]
            if sayings[number].business_date not in begun[moment]
        ]
        yield moment, stopped, begun[moment]


def _begin(
    sayings: list[Saying],
    fixed: list[Saying],
    speaking: dict[date, int],
    outcomes: list[tuple[str, datetime]],
    number: int,
) -> None:
    """Let a saying hold the key, or compare it with who does."""
    saying = sayings[number]
    day, moment = saying.business_date, saying.said_at
    if saying.is_fixed:
        _put_first(speaking, day, number)
        return
    holder = next(iter(speaking), day)
    held = [sayings[speaking[holder]]] if holder != day else []
    held += [other for other in fixed if other.stands_beside(saying, moment)]
    if held and held[0].row_hash != saying.row_hash:
        speaking.pop(day, None)
        outcomes[number] = (CONFLICT, moment)
        return
    if held:
        outcomes[number] = (REPEATED, moment)
    speaking[day] = number


def _hand_over(
    sayings: list[Saying],
    fixed: list[Saying],
    speaking: dict[date, int],
    outcomes: list[tuple[str, datetime]],
    moment: datetime,
) -> None:
    """Let who has waited longest hold the key from a moment on."""
    for day, number in list(speaking.items()):
        saying = sayings[number]
        if not any(other.stands_beside(saying, moment) for other in fixed):
            if saying.until is None or moment < saying.until:
                outcomes[number] = (KEPT, moment)
            _put_first(speaking, day, number)
            return


def _put_first(speaking: dict[date, int], day: date, number: int) -> None:
    others = {other: n for other, n in speaking.items() if other != day}
    speaking.clear()
    speaking.update({day: number} | others)
