"""How many checks each delivery passed, by the four principles."""

from collections import Counter
from datetime import date

from pipelines.foundation.gates.verdicts import Failure, Verdict
from pipelines.foundation.warehouse import connect
from pipelines.information.accept.principles import record_principles
from pipelines.information.ingest import run as ingest

JANUARY = date(2025, 1, 31)
BALANCES = """
    select
        'A' || number as account_number, date '2025-01-31' as balance_date,
        number as balance, 'CNY' as currency_code
    from range(1, 41) as numbers (number)
"""


def test_checks_are_counted_by_principle(settings, deliver):
    deliver("core_balances", BALANCES)
    ingest.run(settings)
    delivery = ("core_balances/2025-01-31.1", "core_balances", JANUARY)
    other = ("core_balances/2024-12-31.1",)
    failures = (
        Failure("a share", "accuracy", "warning", deliveries=(*delivery[:1], *other)),
        Failure("a volume", "completeness", "warning", deliveries=other),
    )
    checks = Counter(accuracy=5, authenticity=2, completeness=4, timeliness=3)

    with connect(settings) as connection:
        for _ in range(2):  # judged twice, counted once
            record_principles(
                connection,
                [Verdict("core_balances", 1, 14, failures)],
                {"core_balances": checks},
                [delivery],
            )
        connection.execute("update ops.deliveries set status = 'accepted'")
        assert connection.execute("""
            select principle, check_count, failed_count from ops.delivery_checks
            order by principle
        """).fetchall() == [
            ("accuracy", 5, 1),
            ("authenticity", 2, 0),
            ("completeness", 4, 0),
            ("timeliness", 3, 0),
        ]


def test_what_was_refused_failed_a_check_of_authenticity(settings, deliver):
    folder = deliver("core_balances", BALANCES)
    (path,) = folder.glob("*.csv")
    path.write_text(path.read_text().replace("A1,", "A9,", 1))
    ingest.run(settings)

    with connect(settings, read_only=True) as connection:
        assert connection.execute("""
            select source, principle, check_count, failed_count from ops.delivery_checks
        """).fetchall() == [("core_balances", "authenticity", 1, 1)]
