"""Small clean deliveries of one source, loaded in one transaction.

A statement costs more than a thousand rows. What needs a closer look, for a row of its
own or for what others said, is not loaded here but alone, in its turn.
"""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb

from pipelines.foundation.contracts import Contract
from pipelines.foundation.deliveries import Manifest
from pipelines.foundation.ledger import Entry
from pipelines.foundation.vault import Vault
from pipelines.information.ingest import files, scan
from pipelines.information.ingest import judge_rows as judge
from pipelines.information.ingest.check import CheckedDelivery, Refusal, read_manifest
from pipelines.information.ingest.check_ahead import CheckAhead
from pipelines.information.ingest.identifier_forms import list_forms
from pipelines.information.ingest.load import count_clean
from pipelines.information.ingest.outcomes import record_clean
from pipelines.information.ingest.pseudonyms import store_pseudonyms

# DuckDB skips the history by the time.
IN_PART = """
    known_at between $since and $until and delivery_id in (select unnest($ids))
"""
# By folder, in their order; None for one that has to be loaded alone.
Part = dict[Path, CheckedDelivery | None]


class CloserLookError(Exception):
    """Deliveries can't be loaded with the others. Has their ids, and no more."""

    def __init__(self, delivery_ids: set[str]):
        super().__init__()
        self.delivery_ids = delivery_ids


def look_over(
    connection: duckdb.DuckDBPyConnection, checks: CheckAhead, folders: list[Path]
) -> Part:
    """Find which deliveries of a source may be loaded together, by their manifests."""
    found = {folder: _check(checks, folder) for folder in folders}
    fit = [delivery for delivery in found.values() if delivery]
    dates = Counter(folder.name.partition(".")[0] for folder in folders)
    contents = Counter(d.manifest.content for d in fit if d.manifest.rows)
    for business_date, content in _list_noted(connection, fit):
        dates[f"{business_date}"] += 1
        contents[content] += 1
    return {
        folder: delivery
        if delivery
        and dates[f"{delivery.manifest.business_date}"] == 1
        and contents[delivery.manifest.content] <= bool(delivery.manifest.rows)
        else None
        for folder, delivery in found.items()
    }


def divide(part: Part) -> Iterator[Part]:
    """Divide deliveries into those that follow each other and have the same form."""
    alike: Part = {}
    form = None
    for folder, delivery in part.items():
        before, form = form, delivery and _form(delivery)
        if alike and (form is None or form != before):
            yield alike
            alike = {}
        alike[folder] = delivery
    if alike:
        yield alike


def load_together(
    connection: duckdb.DuckDBPyConnection,
    vault: Vault,
    deliveries: list[CheckedDelivery],
) -> list[Entry]:
    """Load deliveries of the same form, if every row of them all is clean and new.

    Returns
    -------
    list of Entry
        One for each, as the ledger keeps them.

    Raises
    ------
    CloserLookError
        Some are not; none was loaded.
    """
    every = {delivery.manifest.delivery_id for delivery in deliveries}
    paths = [delivery.paths[0] for delivery in deliveries]
    source = scan.Source(deliveries[0], 1, paths[0], others=tuple(paths[1:]))
    connection.execute(judge.TABLES)
    try:
        if store_pseudonyms(connection, vault, [source]):
            raise CloserLookError(every)
        connection.begin()
        try:
            entries = _load(connection, source, deliveries)
        except BaseException:
            connection.rollback()
            connection.execute("reset disabled_optimizers")
            raise
        connection.commit()
    except (scan.UnreadableError, duckdb.DataError):
        # Of which it is, and what is told of it, shows when each is loaded alone.
        raise CloserLookError(every) from None
    return entries


def _check(checks: CheckAhead, folder: Path) -> CheckedDelivery | None:
    """Check one; whatever is wrong with it is told when it is loaded alone."""
    try:
        manifest = read_manifest(folder)
        if manifest is None or checks.knows(manifest):
            return None
        delivery = checks.check(folder, manifest)
    except (Refusal, OSError):
        return None
    is_plain = [
        path.suffix == ".csv" and files.is_plain(path.name, manifest)
        for path in delivery.paths
    ]
    return delivery if is_plain == [True] and not delivery.added else None


def _list_noted(
    connection: duckdb.DuckDBPyConnection, deliveries: list[CheckedDelivery]
) -> list[tuple]:
    """List date and content of what is noted of their names, dates or contents."""
    if not deliveries:
        return []
    manifests = [delivery.manifest for delivery in deliveries]
    return connection.execute(
        """
        select business_date, if(rows_delivered > 0, content_sha256, null)
        from ops.deliveries
        where source = ? and (
            list_contains(?::date[], business_date)
            or rows_delivered > 0 and list_contains(?::varchar[], content_sha256)
        )
        """,
        [
            manifests[0].source,
            [manifest.business_date for manifest in manifests],
            [manifest.content for manifest in manifests],
        ],
    ).fetchall()


def _form(delivery: CheckedDelivery) -> tuple:
    manifest = delivery.manifest
    # What stands for nothing hangs on the day, and one query asks for all.
    forms = list_forms("", manifest.extracted_at.date())
    return delivery.headers, manifest.delimiter, manifest.decimal, forms


def _load(
    connection: duckdb.DuckDBPyConnection,
    source: scan.Source,
    deliveries: list[CheckedDelivery],
) -> list[Entry]:
    contract = source.delivery.contract
    manifests = [delivery.manifest for delivery in deliveries]
    inserted, found = scan.insert_rows(connection, source, deliveries)
    if inserted.row_count != found:
        raise CloserLookError({manifest.delivery_id for manifest in manifests})
    facts = _measure(connection, contract, manifests)
    unclean = {
        manifest.delivery_id
        for manifest in manifests
        if not _is_clean(manifest, facts[manifest.delivery_id])
    }
    unclean = unclean or _find_repeating(connection, contract, manifests, facts)
    if unclean:
        raise CloserLookError(unclean)
    entries = [
        count_clean(manifest, facts[manifest.delivery_id]) for manifest in manifests
    ]
    record_clean(connection, list(zip(manifests, entries, strict=True)))
    return entries


def _measure(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    manifests: list[Manifest],
) -> dict[str, judge.Facts]:
    rows = connection.execute(
        f"""
        select delivery_id, {judge.write_facts(contract)}
        from raw.{contract.source} where {IN_PART} group by delivery_id
        """,
        _values(manifests),
    ).fetchall()
    none = (0, "0", 0, 0, 0, 0, None, None, *(0 for _ in contract.control_totals))
    measured = {delivery_id: facts for delivery_id, *facts in rows}
    return {
        manifest.delivery_id: judge.read_facts(
            contract, measured.get(manifest.delivery_id, none)
        )
        for manifest in manifests
    }


def _is_clean(manifest: Manifest, facts: judge.Facts) -> bool:
    """Whether every row is there, breaks no rule, and all add up to what was said."""
    return (
        facts.rows == manifest.rows
        and not (facts.broken or facts.unreadable or facts.erased or facts.damaged)
        and all(
            facts.totals[name] == Decimal(promised)
            for name, promised in manifest.control_totals.items()
        )
    )


def _find_repeating(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    manifests: list[Manifest],
    facts: dict[str, judge.Facts],
) -> set[str]:
    """Find the deliveries with a key that another row has, of theirs or of others."""
    keys, table = ", ".join(contract.keys), f"raw.{contract.source}"
    shared = f"""
        select hash({keys}) from {table} where {IN_PART}
        group by all having count(*) > 1
        union all
        select key_hash from ops.contested_rows
    """
    values = _values(manifests)
    happened = [
        moment for of in facts.values() for moment in (of.first, of.last) if moment
    ]
    if not happened:
        return set()
    period = {"first": min(happened), "last": max(happened)}
    said_by_others = f"""
        select hash({keys}) as key_hash from {table}
        where {contract.happened.name} between $first and $last
            and delivery_id not in (select unnest($ids))
    """
    # Mostly none is, and to hold these keys takes less than to hold all others'.
    (is_any,) = connection.execute(
        f"""
        select exists(
            from ({said_by_others})
            where key_hash in (select hash({keys}) from {table} where {IN_PART})
        )
        """,
        values | period,
    ).fetchone()
    if is_any:
        shared += f" union all {said_by_others}"
        values |= period
    found = connection.execute(
        f"""
        select distinct delivery_id from {table}
        where {IN_PART} and hash({keys}) in ({shared})
        """,
        values,
    ).fetchall()
    return {delivery_id for (delivery_id,) in found}


def _values(manifests: list[Manifest]) -> dict[str, object]:
    """Parameters of ``IN_PART``."""
    moments = [manifest.known_at for manifest in manifests]
    return {
        "ids": [manifest.delivery_id for manifest in manifests],
        "since": min(moments),
        "until": max(moments),
    }
