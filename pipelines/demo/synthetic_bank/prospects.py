"""People whom merchants, partners and customers bring to the bank's notice."""

import numpy as np
import pyarrow as pa

from pipelines.demo.synthetic_bank import identifiers
from pipelines.demo.synthetic_bank.arrivals import choose_kinds
from pipelines.demo.synthetic_bank.bank import Bank
from pipelines.demo.synthetic_bank.people import UNKNOWN
from pipelines.demo.synthetic_bank.seasons import stream

STRANGER = -1
_REPORTED_PER_YEAR = 0.05  # strangers, and customers already, by customer
_IS_CUSTOMER, _CAME_BY_REPORT = 0.25, 0.4
_LEAD_DAYS = (5, 61)  # from the report to becoming a customer
_IS_REFERRAL, _OTHERS = 0.45, {"partner": 0.64, "merchant": 0.36}
_IS_SUSPECT = 0.4  # of strangers that no customer referred
_PARTNERS = 60
_WITH_DOCUMENT, _WITH_EMAIL, _KNOWN_GENDER = 0.25, 0.6, 0.9
_IS_MISSPELT, _CONSENTS = 0.4, 0.8


def report_people(bank: Bank) -> pa.Table:
    """List everybody reported while the bank runs, earliest first.

    Returns
    -------
    Table
        As the contract of ``partner`` has it, and ``who``: the position of the customer
        that the person is or becomes, -1 for a stranger.
    """
    rng = stream(bank.seed, "partner")
    who, day = _choose(bank, rng)
    size = len(who)
    is_stranger = who == STRANGER
    referrer = _choose_referrers(bank, rng, who, day)
    is_referral = referrer >= 0
    is_suspect = is_stranger & ~is_referral & (rng.random(size) < _IS_SUSPECT)
    others = choose_kinds(rng, _OTHERS, size)
    kind = np.where(is_referral, "referral", others)
    partner = rng.integers(1, _PARTNERS + 1, size)
    customers = np.array(identifiers.number_customers(len(bank.people)))
    return pa.table(
        {
            "who": who,
            "person_number": [f"R{number:07d}" for number in range(1, size + 1)],
            "reported_date": bank.calendar.epoch + day,
            "person_kind": np.where(is_suspect, "suspect", "prospect"),
            "partner_kind": kind,
            "partner_code": pa.array(
                [f"Q{number:03d}" for number in partner], mask=is_referral
            ),
            "referrer_number": pa.array(customers[referrer], mask=~is_referral),
            **_identify(bank, rng, who),
            "has_contact_consent": ~is_suspect & (rng.random(size) < _CONSENTS),
        }
    )


def _choose(bank: Bank, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Choose who is reported on which day: customers, newcomers and strangers."""
    people, days = bank.people, bank.calendar.days
    expected = len(people) * _REPORTED_PER_YEAR * days / 365.25
    day = rng.integers(0, days, rng.poisson(expected))
    drawn = rng.integers(0, len(people), len(day))
    # Each customer once, or the second report would be of the same person.
    is_first = np.zeros(len(day), dtype=bool)
    is_first[np.unique(drawn, return_index=True)[1]] = True
    is_customer = (rng.random(len(day)) < _IS_CUSTOMER) & is_first
    is_customer &= (people.registered[drawn] < day) & ~bank.relations.is_again[drawn]
    newcomer = np.flatnonzero(people.registered >= _LEAD_DAYS[1])
    newcomer = newcomer[~bank.relations.is_again[newcomer]]
    newcomer = newcomer[rng.random(len(newcomer)) < _CAME_BY_REPORT]
    newcomer = np.setdiff1d(newcomer, drawn[is_customer])
    before = people.registered[newcomer] - rng.integers(*_LEAD_DAYS, len(newcomer))
    who = np.concatenate([np.where(is_customer, drawn, STRANGER), newcomer])
    day = np.concatenate([day, before])
    order = np.argsort(day, kind="stable")
    return who[order], day[order]


def _choose_referrers(
    bank: Bank, rng: np.random.Generator, who: np.ndarray, day: np.ndarray
) -> np.ndarray:
    """Choose who referred whom: the attached do so more often. -1 for nobody."""
    people = bank.people
    weights = np.exp(people.attachment)
    referrer = rng.choice(len(people), len(who), p=weights / weights.sum())
    is_referral = rng.random(len(who)) < _IS_REFERRAL
    is_referral &= (people.registered[referrer] < day) & (referrer != who)
    is_referral &= bank.lives.closed[referrer] > day
    return np.where(is_referral, referrer, -1)


def _identify(bank: Bank, rng: np.random.Generator, who: np.ndarray) -> dict:
    """Write down what names a person: a customer's own data, or made-up ones."""
    people, count = bank.people, len(bank.people)
    strangers = np.flatnonzero(who == STRANGER)
    # Strangers are numbered behind the customers, whose names stay what they are.
    person = who.copy()
    person[strangers] = count + np.arange(len(strangers))
    ages = (18 + 60 * rng.beta(1.7, 2.6, len(strangers))) * 365.25
    births = np.concatenate([people.birth, bank.calendar.epoch - ages.astype(int)])
    genders = np.concatenate(
        [people.gender, rng.choice(2, len(strangers)).astype(people.gender.dtype)]
    )
    names, logins = identifiers.build_names(bank.seed, count + len(strangers))
    documents = identifiers.build_documents(births, genders)
    emails = np.array(identifiers.build_emails(logins))
    phones = identifiers.build_phones(np.arange(len(births)), bank.seed)
    named = [names[number] for number in person]
    is_misspelt = (who != STRANGER) & (rng.random(len(who)) < _IS_MISSPELT)
    words = np.array(["female", "male", "unknown"])[genders[person]]
    is_unknown = rng.random(len(who)) >= _KNOWN_GENDER
    return {
        "full_name": identifiers.misspell(named, is_misspelt, bank.seed),
        "document_number": pa.array(
            documents[person], mask=rng.random(len(who)) >= _WITH_DOCUMENT
        ),
        "phone_number": phones[person],
        "email_address": pa.array(
            emails[person], mask=rng.random(len(who)) >= _WITH_EMAIL
        ),
        "birth_date": births[person],
        "gender": pa.array(words, mask=is_unknown | (genders[person] == UNKNOWN)),
    }
