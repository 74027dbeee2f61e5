"""Campaigns: who is offered what, who is left out to compare, and what came of it."""

import numpy as np
import pyarrow as pa

from pipelines.demo.synthetic_bank.appetite import FAMILIES, LOAN
from pipelines.demo.synthetic_bank.arrivals import choose_kinds
from pipelines.demo.synthetic_bank.bank import Bank
from pipelines.demo.synthetic_bank.dormancy import find_activity
from pipelines.demo.synthetic_bank.products import MT01, PRODUCT_OF_FAMILY
from pipelines.demo.synthetic_bank.seasons import NEVER, stream

OFFER_CHANNELS = ("branch", "online", "phone", "mail")
BY_ONLINE, BY_PHONE = 1, 2
_CHANNEL_SHARES = (0.10, 0.45, 0.25, 0.20)
_CAMPAIGNS_PER_MONTH = 2
_TARGETED, _CONTROL_SHARE = 0.05, 0.2
_LEAST, _MOST = 0.3, 5  # how much the likely are preferred
_OFFER_DAYS = 8  # at the beginning of a month
_DECLINES, _RETURNS = 0.35, 0.06
_REFUSALS = {
    "no_need": 0.45,
    "too_expensive": 0.2,
    "other_bank": 0.15,
    "bad_timing": 0.2,
}


def draw_offers(bank: Bank, month: int) -> dict[str, np.ndarray]:
    """Draw a month's offers.

    Only who agreed to marketing and does not hold the family is chosen. An offer
    changes nothing: whoever accepts would have bought anyway, so its true effect is
    none.

    Returns
    -------
    dict of str to ndarray
        ``who``, ``family``, ``day``, ``channel`` (a position in ``OFFER_CHANNELS``) and
        ``is_control``.
    """
    rng = stream(bank.seed, "campaign", month)
    begins = bank.calendar.month_starts[month]
    people = bank.people
    is_open = (people.registered < begins) & (bank.lives.closed >= begins)
    parts = []
    for number in range(_CAMPAIGNS_PER_MONTH):
        family = (month * _CAMPAIGNS_PER_MONTH + number) % len(FAMILIES)
        propensity = bank.accounts.propensities[month][:, family]
        # NaN: it is held; 1: it has been decided on.
        is_eligible = is_open & people.has_consent & (propensity < 1)
        usual = np.mean(propensity, where=is_eligible) if is_eligible.any() else 1.0
        preferred = np.clip(propensity / usual, _LEAST, _MOST)
        is_chosen = is_eligible & (rng.random(len(people)) < _TARGETED * preferred)
        chosen = np.flatnonzero(is_chosen)
        parts.append((chosen, np.full(len(chosen), family)))
    who, family = (np.concatenate(part) for part in zip(*parts, strict=True))
    day = begins + rng.integers(0, _OFFER_DAYS, len(who))
    channel = rng.choice(len(OFFER_CHANNELS), len(who), p=_CHANNEL_SHARES)
    has_login = people.login_from[who] <= day
    return {
        "who": who,
        "family": family,
        "day": day,
        "channel": np.where((channel == BY_ONLINE) & ~has_login, BY_PHONE, channel),
        "is_control": rng.random(len(who)) < _CONTROL_SHARE,
    }


def run_campaigns(bank: Bank, month: int) -> pa.Table:
    """Make the rows of a month's campaigns: offers, and then their outcomes."""
    offers = draw_offers(bank, month)
    rng = stream(bank.seed, "campaign", "outcomes", month)
    size = len(offers["who"])
    accepted = _find_decided(bank, offers, month)
    is_accepted = accepted < NEVER
    activity = find_activity(
        bank.lives, bank.people, bank.calendar, offers["who"], offers["day"]
    )
    draw = rng.random(size)
    is_returned = ~is_accepted & (draw < _RETURNS)
    is_declined = ~is_accepted & ~is_returned & (draw < _RETURNS + _DECLINES * activity)
    last = bank.calendar.month_starts[month + 1] - 1
    answered = rng.integers(offers["day"] + 1, last)
    answered = np.where(is_accepted, accepted, answered)
    is_answered = is_accepted | is_returned | is_declined
    answered = np.where(is_answered, answered, last)
    unreached = np.where(offers["channel"] == BY_PHONE, "not_reached", "wrong_address")
    refused = choose_kinds(rng, _REFUSALS, size)
    reason = np.select([is_returned, is_declined], [unreached, refused], "")
    status = np.select(
        [is_accepted, is_returned, is_declined],
        ["accepted", "returned", "declined"],
        "expired",
    )
    is_made = ~offers["is_control"]
    offered = np.where(is_made, "made", "withheld")
    nothing = np.full(size, "")
    return pa.concat_tables(
        [
            _write(bank, offers, np.arange(size), offers["day"], offered, nothing),
            _write(bank, offers, np.flatnonzero(is_made), answered, status, reason),
        ]
    )


def _find_decided(bank: Bank, offers: dict[str, np.ndarray], month: int) -> np.ndarray:
    """Find the day on which each chose to open what was offered, else ``NEVER``."""
    accounts = bank.accounts
    end = bank.calendar.month_starts[month + 1]
    first = bank.calendar.month_starts[month]
    made = np.flatnonzero((accounts.decided >= first) & (accounts.decided < end))
    product = accounts.product[made]
    product = np.where(product == MT01, PRODUCT_OF_FAMILY[LOAN], product)
    decided = np.full((len(bank.people), len(FAMILIES)), NEVER)
    for family, of_family in enumerate(PRODUCT_OF_FAMILY):
        chosen = made[product == of_family]
        decided[accounts.who[chosen], family] = accounts.decided[chosen]
    day = decided[offers["who"], offers["family"]]
    return np.where(day > offers["day"], day, NEVER)


def _write(
    bank: Bank,
    offers: dict[str, np.ndarray],
    rows: np.ndarray,
    day: np.ndarray,
    status: np.ndarray,
    reason: np.ndarray,
) -> pa.Table:
    channel = np.array(OFFER_CHANNELS)[offers["channel"][rows]]
    return pa.table(
        {
            "number": rows + 1,
            "who": offers["who"][rows],
            "product": PRODUCT_OF_FAMILY[offers["family"][rows]],
            "offered_date": bank.calendar.epoch + offers["day"][rows],
            "changed_date": bank.calendar.epoch + day[rows],
            "channel": pa.array(channel, mask=offers["is_control"][rows]),
            "is_control": offers["is_control"][rows],
            "status": status[rows],
            "reason": pa.array(reason[rows], mask=reason[rows] == ""),
        }
    )
