"""Is it settled by what is there, and by nothing else, which saying of a key counts?"""

import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from pipelines.information.ingest.precedence import (
    CONFLICT,
    KEPT,
    REPEATED,
    Saying,
    settle,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
EVER = START + timedelta(365)


def at(hour):
    return START + timedelta(hours=hour)


def say(day, said_at, until=None, row_hash=0, **options):
    until = None if until is None else at(until)
    return Saying(date(2026, 1, day), at(said_at), until, row_hash, **options)


def ask_oracle(sayings):
    """Stop at each moment, look who speaks, and who stood in line before."""
    found, line = [(KEPT, said.said_at) for said in sayings], []
    for now in sorted({t for s in sayings for t in (s.said_at, s.until) if t}):
        speaks = {s.business_date: n for n, s in enumerate(sayings)
                  if s.said_at <= now < (s.until or EVER)}  # fmt: skip
        held, line = line[:1], [day for day in line if day in speaks]
        if line and line[:1] != held:
            found[speaks[line[0]]] = (KEPT, now)
        for day, n in speaks.items():
            first = sayings[speaks[line[0]] if line else n]
            is_same = first.business_date == day
            is_same |= first.row_hash == sayings[n].row_hash
            if sayings[n].said_at == now:
                line = [d for d in line if is_same or d != day]
                line += [day] * (is_same and day not in line)
                found[n] = (CONFLICT if not is_same else KEPT if line[0] == day
                            else REPEATED, now)  # fmt: skip
    return found


def draw_sayings(random_):
    """Draw what up to five dates say of one key, each with its restatements."""
    sayings = []
    for day in range(1, random_.randint(2, 6)):
        moments = sorted(random_.sample(range(12), random_.randint(1, 4)))
        for begun, ended in zip(moments, [*moments[1:], None], strict=True):
            if random_.random() < 0.7:  # else this restatement does not speak of it
                sayings.append(say(day, begun, ended, random_.randint(0, 1)))
    return sorted(sayings, key=lambda said: (said.said_at, said.business_date))


def test_the_rule_is_what_ten_lines_that_stop_at_each_moment_say():
    for seed in range(5_000):
        sayings = draw_sayings(random.Random(seed))  # noqa: S311

        assert settle(sayings) == ask_oracle(sayings), seed


def test_at_no_moment_do_two_rows_of_a_key_count():
    for seed in range(2_000):
        sayings = draw_sayings(random.Random(seed))  # noqa: S311
        counting = sorted(
            (since, said.until or EVER)
            for said, (outcome, since) in zip(sayings, settle(sayings), strict=True)
            if outcome == KEPT
        )

        for (_, ended), (begun, _) in pairwise(counting):
            assert ended <= begun, seed


def test_what_is_written_out_later_never_changes_what_counted_before():
    for seed in range(2_000):
        random_ = random.Random(seed)  # noqa: S311
        sayings = draw_sayings(random_)
        now = at(random_.randint(1, 11))
        earlier = [said for said in sayings if said.said_at < now]
        known = [
            Saying(
                said.business_date,
                said.said_at,
                said.until if said.until and said.until < now else None,
                said.row_hash,
            )
            for said in earlier
        ]

        def count(said, outcomes, now=now):
            return [
                (one.business_date, since)
                for one, (outcome, since) in zip(said, outcomes, strict=False)
                if outcome == KEPT and since < now
            ]

        assert count(known, settle(known)) == count(earlier, settle(sayings)), seed


def test_what_waits_counts_from_when_the_holder_stops():
    assert settle([say(1, 0, 5), say(2, 1), say(3, 2)]) == [
        (KEPT, at(0)),
        (KEPT, at(5)),
        (REPEATED, at(2)),
    ]


def test_what_was_contradicted_stays_so_when_the_holder_stops():
    assert settle([say(1, 0, 5), say(2, 1, row_hash=7), say(3, 6, row_hash=7)]) == [
        (KEPT, at(0)),
        (CONFLICT, at(1)),
        (KEPT, at(6)),
    ]


def test_a_restatement_holds_on_to_what_it_corrects():
    assert settle([say(1, 0, 5), say(2, 1), say(1, 5, row_hash=7)]) == [
        (KEPT, at(0)),
        (REPEATED, at(1)),
        (KEPT, at(5)),
    ]


def test_a_row_whose_file_is_gone_stays_whoever_said_it_before():
    assert settle([say(1, 0), say(2, 1, row_hash=7, is_fixed=True)]) == [
        (CONFLICT, at(0)),
        (KEPT, at(1)),
    ]
    assert settle([say(1, 0), say(2, 1, 5, is_fixed=True)])[1] == (KEPT, at(1))
