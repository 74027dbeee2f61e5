"""Write what documents show of a finished night: a customer followed, queries answered.

`python tests/docs/follow.py` rewrites it from the home of `CRM_VAULT_KEY=000…0
CRM_GATE__TAIL=0.45 CRM_GATE__MARGIN=0 make run CUSTOMERS=2000`, the bank of the tests.
"""

import csv
import re
from pathlib import Path

import duckdb

from pipelines.decision.publish.run import DATABASE, find_current
from pipelines.foundation.screen import align
from pipelines.foundation.settings import PROJECT_ROOT, Settings
from pipelines.foundation.vault import load_key, pseudonym
from pipelines.foundation.warehouse import connect

CUSTOMER = "C0000035"
FOLLOWED = "docs/method.md"
BEGIN, END = "<!-- follow: begin -->\n", "<!-- follow: end -->\n"
# Documents with a query that is answered below it.
ANSWERED = ("README.md", "docs/bi-analyst.md")
ANSWER_BEGIN, ANSWER_END = "<!-- answer: begin -->\n", "<!-- answer: end -->\n"
QUERY = re.compile(r"^```sql\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)
FEATURES = (
    "customer_event_count_90d",
    "complaint_count_180d",
    "branch_wait_over_30_minutes_count_180d",
    "days_since_customer_event",
    "total_balance_cny",
)


def follow(settings: Settings) -> str:
    """Render the five blocks for one customer of a finished night."""
    customer_id = pseudonym(load_key(settings), "customer", CUSTOMER)
    path, header, line = find_last_visit(settings)
    visit = dict(zip(header.split(","), next(csv.reader([line])), strict=True))
    with connect(settings, read_only=True) as connection:

        def ask(query, *values):
            result = connection.execute(query, values)
            names = [column[0] for column in result.description]
            return render(dict(zip(names, result.fetchone(), strict=True)))

        blocks = [
            (
                f"landing/{path.relative_to(settings.landing)}",
                f"{header}\n{line}",
            ),
            (
                "dbt_project/models/staging/branch/stg_branch__visits.sql",
                ask(
                    """
                    select
                        transaction_id, customer_id, event_type, occurred_at,
                        wait_seconds, known_at
                    from staging.stg_branch__visits where transaction_id = ?
                    """,
                    f"branch:{visit['visit_number']}",
                ),
            ),
            (
                "dbt_project/models/marts/mining/customer_features.sql, a few columns",
                ask(
                    f"""
                    select as_of_date, {", ".join(FEATURES)}
                    from marts.customer_features where customer_id = ?
                    order by as_of_date desc limit 1
                    """,
                    customer_id,
                ),
            ),
            (
                "ml.churn_scores, by pipelines/decision/score.py",
                ask(
                    """
                    select as_of_date, churn_probability, estimator_version
                    from ml.churn_scores where customer_id = ?
                    order by as_of_date desc limit 1
                    """,
                    customer_id,
                ),
            ),
            (
                "dbt_project/models/marts/decisions/decision_log.sql, the likeliest",
                ask(
                    """
                    select product_family, open_probability, decision_stage, rule_name
                    from marts.decision_log where customer_id = ?
                    order by open_probability desc limit 1
                    """,
                    customer_id,
                ),
            ),
        ]
    steps = "\n".join(f"# {title}\n{text}" for title, text in blocks)
    return f"```text\n{steps}\n```\n"


def find_last_visit(settings: Settings) -> tuple[Path, str, str]:
    """Find the customer's newest line from a branch: file, header, line."""
    for path in sorted(settings.landing.glob("branch/*/*.csv"), reverse=True):
        header, *lines = path.read_text(encoding="utf-8").splitlines()
        mine = [line for line in lines if f",{CUSTOMER}," in line]
        if mine:
            return path, header, mine[-1]
    msg = f"{CUSTOMER} never came to a branch"
    raise LookupError(msg)


def render(row: dict) -> str:
    """Write a row as `name value`, fractions to three digits."""
    width = max(map(len, row))
    return "\n".join(
        f"{name:<{width}}  {render_value(value)}" for name, value in row.items()
    )


def render_value(value: object) -> str:
    """Write a number as a person would."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.0f}"


def answer(settings: Settings, text: str) -> str:
    """Ask the published marts the last query above the place for its answer."""
    query = QUERY.findall(text.partition(ANSWER_BEGIN)[0])[-1]
    database = find_current(settings) / DATABASE
    with duckdb.connect(database, read_only=True) as connection:
        result = connection.execute(query)
        header = [column[0] for column in result.description]
        rows = [[str(value) for value in row] for row in result.fetchall()]
    return f"```text\n{align([header, *rows])}```\n"


def replace_section(name: str, begin: str, end: str, section: str) -> None:
    """Write a section of a document anew, between its two marks."""
    path = PROJECT_ROOT / name
    before, _, rest = path.read_text(encoding="utf-8").partition(begin)
    after = rest.partition(end)[2]
    path.write_text(f"{before}{begin}{section}{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    replace_section(FOLLOWED, BEGIN, END, follow(Settings()))
    for document in ANSWERED:
        text = (PROJECT_ROOT / document).read_text(encoding="utf-8")
        section = answer(Settings(), text)
        replace_section(document, ANSWER_BEGIN, ANSWER_END, section)
