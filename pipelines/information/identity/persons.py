"""From pairs to people, at each moment at which what is known of them changes."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

CUSTOMERS = "core_customers"


@dataclass(frozen=True)
class Registration:
    """One number under which a system knows somebody, and since when.

    ``number`` is the pseudonym of a customer number, or the number that a partner's
    system gave to a person reported.
    """

    source: str
    number: str
    registered_date: date
    known_at: datetime


@dataclass(frozen=True)
class Match:
    """Two registrations that were one person's from ``known_at`` on.

    ``superseded_at`` is when what they had in common was withdrawn or corrected, None
    while it stands.
    """

    one: Registration
    other: Registration
    rule: str
    score: float
    known_at: datetime
    superseded_at: datetime | None


@dataclass(frozen=True)
class Change:
    """From ``known_at`` on, a registration belongs to another customer than before."""

    source: str
    number: str
    customer_id: str | None
    action: str
    rule: str | None
    score: float | None
    known_at: datetime
    registered_date: date | None


def find_changes(matches: Iterable[Match]) -> list[Change]:
    """List every merge and split, oldest first.

    The customer whom the bank registered first gives its number to the person and keeps
    it. A person reported by a partner has none until one of the matches is a customer.

    Parameters
    ----------
    matches : iterable of Match
        Those good enough to be believed.
    """
    groups = _group(matches)
    changes = [change for group in groups for change in _follow(group)]
    return sorted(changes, key=lambda c: (c.known_at, c.source, c.number))


def _group(matches: Iterable[Match]) -> list[list[Match]]:
    """Put together what was ever connected, so that each group can be seen alone."""
    matches = list(matches)
    links = defaultdict(set)
    for match in matches:
        links[match.one].add(match.other)
        links[match.other].add(match.one)
    group_of = {}
    for number, start in enumerate(links):
        for registration in _reach(start, links) if start not in group_of else ():
            group_of[registration] = number
    groups = defaultdict(list)
    for match in matches:
        groups[group_of[match.one]].append(match)
    return list(groups.values())


def _reach(start: Registration, links: dict[Registration, set]) -> set[Registration]:
    reached, waiting = {start}, [start]
    while waiting:
        new = links[waiting.pop()] - reached
        reached |= new
        waiting.extend(new)
    return reached


def _follow(matches: list[Match]) -> list[Change]:
    moments = {match.known_at for match in matches}
    moments |= {match.superseded_at for match in matches if match.superseded_at}
    everybody = sorted(
        {r for match in matches for r in (match.one, match.other)},
        key=lambda r: (r.source, r.number),
    )
    # Until a match is known, a customer is who it was registered as.
    belongs = {r: r.number if r.source == CUSTOMERS else None for r in everybody}
    changes = []
    for moment in sorted(moments):
        standing = [
            match
            for match in matches
            if match.known_at <= moment
            and (match.superseded_at is None or match.superseded_at > moment)
        ]
        links = defaultdict(set)
        for match in standing:
            links[match.one].add(match.other)
            links[match.other].add(match.one)
        for registration in everybody:
            person = _reach(registration, links)
            first = _find_first(person)
            customer_id = first.number if first else None
            if customer_id != belongs[registration]:
                belongs[registration] = customer_id
                changes.append(_describe(registration, first, standing, moment))
    return changes


def _find_first(person: set[Registration]) -> Registration | None:
    customers = [r for r in person if r.source == CUSTOMERS]
    return min(
        customers,
        key=lambda r: (r.registered_date, r.known_at, r.number),
        default=None,
    )


def _describe(
    registration: Registration,
    first: Registration | None,
    standing: list[Match],
    moment: datetime,
) -> Change:
    reasons = [m for m in standing if registration in (m.one, m.other)]
    best = max(reasons, key=lambda match: match.score, default=None)
    is_own = first is None or first == registration
    return Change(
        source=registration.source,
        number=registration.number,
        customer_id=first.number if first else None,
        action="split" if is_own else "merge",
        rule=best.rule if best and not is_own else None,
        score=best.score if best and not is_own else None,
        known_at=moment,
        registered_date=first.registered_date if first else None,
    )
