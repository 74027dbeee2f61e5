"""The kinds of defect that can be planted: how each is made, and what tells it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipelines.demo.synthetic_bank.defects import bad_deliveries, bad_rows
from pipelines.demo.synthetic_bank.defects.written_delivery import WrittenDelivery

# One bad row in so many is a row's defect and not yet the delivery's.
FEWEST_ROWS = 200


@dataclass(frozen=True)
class Kind:
    """A kind of defect: how it is made, where it may be, and what tells it.

    ``damage`` takes the delivery and random numbers and gives the lines it touched,
    ``[None]`` where it is about the delivery as a whole. ``fewest_rows`` lets the
    delivery's shares tell, or not tell. ``is_last`` keeps it to the last date, so that
    no later delivery is compared with it, and ``is_between`` off it.
    """

    name: str
    principle: str
    outcome: str
    told_by: str
    damage: Callable[[WrittenDelivery, np.random.Generator], list[int | None]]
    sources: tuple[str, ...]
    fewest_rows: int = FEWEST_ROWS
    is_last: bool = False
    is_between: bool = False


EVENT_SOURCES = ("atm", "branch", "card", "online", "phone", "core_postings")
SEEN_OFTEN = ("atm", "card", "online", "core_postings", "core_balances")
REPLAYED = "replayed_file"
AUTHENTIC, ACCURATE = "authenticity", "accuracy"
TIMELY, COMPLETE = "timeliness", "completeness"
DEFECT_KINDS = (
    Kind(
        "changed_file",
        AUTHENTIC,
        "refused",
        "SHA-256",
        bad_deliveries.change_file,
        EVENT_SOURCES,
    ),
    Kind(
        "cut_file",
        AUTHENTIC,
        "refused",
        "bytes in",
        bad_deliveries.cut_file,
        EVENT_SOURCES,
    ),
    Kind(
        "wrong_row_count",
        AUTHENTIC,
        "refused",
        "rows in",
        bad_deliveries.promise_other_count,
        EVENT_SOURCES,
    ),
    Kind(
        "wrong_control_total",
        AUTHENTIC,
        "refused",
        "control total",
        bad_deliveries.promise_other_total,
        ("atm", "card", "online", "core_postings"),
    ),
    Kind(
        REPLAYED,
        AUTHENTIC,
        "duplicate",
        "Same content as",
        bad_deliveries.replay_earlier,
        EVENT_SOURCES,
    ),
    Kind(
        "missing_file",
        COMPLETE,
        "refused",
        "is not there",
        bad_deliveries.lose_file,
        EVENT_SOURCES,
    ),
    Kind(
        "half_written",
        TIMELY,
        "waiting",
        "no manifest",
        bad_deliveries.lose_manifest,
        EVENT_SOURCES,
    ),
    Kind(
        "late_delivery",
        TIMELY,
        "reported",
        "delay_days",
        bad_deliveries.extract_late,
        EVENT_SOURCES,
    ),
    Kind(
        "old_rows",
        TIMELY,
        "held",
        "newest_row_age_days",
        bad_deliveries.deliver_old_rows,
        ("atm", "branch", "phone"),
        is_last=True,
    ),
    Kind(
        "low_volume",
        COMPLETE,
        "reported",
        "volume_ratio",
        bad_deliveries.lose_rows,
        ("atm", "card", "online"),
        is_last=True,
    ),
    Kind(
        "empty_column",
        COMPLETE,
        "reported",
        "filled_share_change",
        bad_deliveries.empty_column,
        ("card", "branch", "phone"),
        is_last=True,
    ),
    Kind(
        "unknown_cards",
        AUTHENTIC,
        "reported",
        "unknown_reference_share",
        bad_deliveries.use_unknown_cards,
        ("atm", "card"),
    ),
    Kind(
        "missing_delivery",
        COMPLETE,
        "missing",
        "missing_date_count",
        bad_deliveries.lose_delivery,
        ("survey",),
        fewest_rows=20,
        is_between=True,
    ),
    Kind(
        "silent_source",
        TIMELY,
        "silent",
        "overdue",
        bad_deliveries.lose_delivery,
        ("partner",),
        fewest_rows=1,
        is_last=True,
    ),
    Kind(
        "sequence_gap",
        AUTHENTIC,
        "reported",
        "missing_sequence_count",
        bad_deliveries.skip_sequence,
        ("campaign",),
        fewest_rows=20,
    ),
    Kind(
        "amounts_in_fen",
        ACCURATE,
        "reported",
        "typical_amount_ratio",
        bad_deliveries.write_fen,
        ("online", "core_postings"),
        is_last=True,
    ),
    Kind(
        "balances_in_fen",
        ACCURATE,
        "reported",
        "slipped_share",
        bad_deliveries.slip_balances,
        ("core_balances",),
        is_last=True,
    ),
    Kind(
        "accounts_left_out",
        COMPLETE,
        "reported",
        "seen_account_share",
        bad_deliveries.leave_accounts_out,
        ("core_balances",),
    ),
    Kind(
        "other_currency",
        AUTHENTIC,
        "reported",
        "unlike_register_share",
        bad_rows.change_currency,
        ("core_balances",),
    ),
    Kind(
        "event_before_opening",
        ACCURATE,
        "reported",
        "early_event_share",
        bad_rows.move_before_opening,
        ("atm", "card", "core_postings"),
    ),
    Kind(
        "unreadable_value",
        ACCURATE,
        "quarantined",
        "unreadable",
        bad_rows.garble,
        SEEN_OFTEN,
    ),
    Kind(
        "value_out_of_range",
        ACCURATE,
        "quarantined",
        "out_of_range",
        bad_rows.exceed_range,
        ("phone",),
    ),
    Kind(
        "value_not_accepted",
        ACCURATE,
        "quarantined",
        "not_accepted",
        bad_rows.say_something_else,
        SEEN_OFTEN,
    ),
    Kind(
        "future_event",
        ACCURATE,
        "quarantined",
        "happened_after_extraction",
        bad_rows.move_to_the_future,
        ("atm", "card", "online", "core_postings"),
    ),
    Kind(
        "bad_card_number",
        AUTHENTIC,
        "quarantined",
        "check_digit",
        bad_rows.mistype_card,
        ("atm", "card"),
    ),
    Kind(
        "bad_document_number",
        AUTHENTIC,
        "quarantined",
        "check_digit",
        bad_rows.mistype_document,
        ("core_customers",),
    ),
    Kind(
        "required_field_empty",
        COMPLETE,
        "quarantined",
        "missing",
        bad_rows.empty_required,
        SEEN_OFTEN,
    ),
    Kind(
        "conflicting_rows",
        AUTHENTIC,
        "quarantined",
        "key_conflict",
        bad_rows.contradict,
        SEEN_OFTEN,
        fewest_rows=2 * FEWEST_ROWS,
    ),
    Kind(
        "repeated_row",
        AUTHENTIC,
        "duplicate",
        "rows_duplicate",
        bad_rows.repeat,
        SEEN_OFTEN,
    ),
)
