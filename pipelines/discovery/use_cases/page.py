"""The page of a mining run: is it any good, how sure is that, and for whom?"""

from datetime import UTC, datetime
from html import escape
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from models.assess.resampling import DRAWS
from pipelines.discovery.report.document import embed, write_document, write_table
from pipelines.discovery.report.parts import (
    MEASURES,
    write_answers,
    write_figures,
    write_tenths,
)
from pipelines.discovery.runs import MiningRun
from pipelines.discovery.use_cases.truth import TRUTHS
from pipelines.foundation.modes import make_folder
from pipelines.foundation.settings import Settings
from pipelines.foundation.use_case import find_use_case

OFFERS = {
    "ndcg_at_3": "NDCG@3",
    "map_at_3": "MAP@3",
    "hit_rate_at_3": "Hit rate@3",
}
SEGMENT_HEADINGS = {
    "group": "Group",
    "row_count": "Rows",
    "observed_share": "Happened",
    "predicted_share": "Predicted",
    "auc": MEASURES["auc"],
}
MOST_SEGMENTS = 30
INTERVALS = (
    f"Below each figure what 95 % of {DRAWS} resamplings of people give. Capacity is "
    "{:.0%} of the rows; profit is for 1,000 rows, if a positive contacted "
    "brings {:g} CNY and a contact costs {:g} CNY, which is a judgement."
)


def write_page(
    settings: Settings,
    mining_run: MiningRun,
    winner: str,
    table: pd.DataFrame,
    answers: dict[str, tuple[bool, str]],
    plots: dict[str, Figure],
) -> Path:
    """Write ``reports/<use_case>/<date>-<run>.html``, and say where it is.

    Parameters
    ----------
    settings : Settings
        Says where reports are.
    mining_run : MiningRun
        Which is reported.
    winner : str
        The candidate that won on the tuning snapshot.
    table : DataFrame
        As :func:`figures.write` gives it.
    answers : dict of str to tuple of bool and str
        As :func:`models.assess.verdict.write_verdict` gives it.
    plots : dict of str to Figure
        Of the test snapshot.
    """
    use_case = mining_run.use_case
    definition = find_use_case(use_case)
    test = table[table["part"] == "test"]
    as_of_date = test["as_of_date"].iloc[0]
    capacity = test.set_index("metric")["value"].loc["contact_capacity"].iloc[0]
    worth = definition.module.WORTH_CNY
    parts = [
        f"<h1>{escape(definition.question)}</h1>",
        (
            f"<p class='quiet'>{definition.title} {definition.title_zh} ({use_case}), "
            f"judged on the snapshot of {as_of_date}, which no candidate has seen. "
            f"{escape(winner)} won on an earlier one. Seed {mining_run.seed}, data "
            f"version {mining_run.data_version}.</p>"
        ),
        *write_answers(answers),
        "<h2>Candidates</h2>",
        write_figures(test, MEASURES),
        (
            f"<p class='quiet'>The rule to beat is {definition.rule}. "
            f"{INTERVALS.format(capacity, *worth)}</p>"
        ),
        _describe_truth(test, winner),
        "<h2>How it holds</h2><div class='plots'>",
        *(embed(name, figure) for name, figure in plots.items()),
        "</div><h2>By tenth of the score</h2>",
        write_tenths(test[test["candidate"] == winner]),
        "<h2>Fitted anew at earlier cut-offs</h2>",
        _write_back_test(table, winner),
        *_write_offers(table),
        "<h2>For whom</h2>",
        _write_segments(table),
    ]
    path = (
        settings.reports
        / use_case
        / (f"{datetime.now(UTC):%Y-%m-%d}-{mining_run.mining_run_id}.html")
    )
    make_folder(path.parent)
    path.write_text(write_document(f"{use_case} assessed", parts), encoding="utf-8")
    return path


def _describe_truth(test: pd.DataFrame, winner: str) -> str:
    auc = test[test["metric"] == "auc"].set_index("candidate")["value"]
    if TRUTHS[0] not in auc:
        return ""
    foreseeable, hidden = (auc[name] for name in TRUTHS)
    return (
        "<p>This bank is made up, so that the truth is known: who knows how it works, "
        f"and sees contacts, salaries and closings, reaches {foreseeable:.3f}, and "
        f"{escape(winner)} is {foreseeable - auc[winner]:.3f} below. Who knew each "
        f"customer's hidden state, which no data shows, would reach {hidden:.3f}.</p>"
    )


def _write_back_test(table: pd.DataFrame, winner: str) -> str:
    rows = table[(table["part"] == "back_test") & (table["metric"] == "auc")]
    rows = rows[rows["candidate"].isin([winner, "rule"])]
    if rows.empty:
        return "<p class='warning'>No cut-off had enough known labels before it.</p>"
    named = rows.assign(
        candidate=rows["as_of_date"].astype(str) + ", " + rows["candidate"]
    )
    return write_figures(named, {"auc": MEASURES["auc"]})


def _write_offers(table: pd.DataFrame) -> list[str]:
    rows = table[table["part"] == "offers"]
    if rows.empty:
        return []
    return [
        "<h2>Offers, customer by customer</h2>",
        write_figures(rows, OFFERS),
        (
            "<p class='quiet'>Of customers who opened something: whether it was among "
            "the first three offers, and how early. Against what sells best, and what "
            "others hold who hold the same.</p>"
        ),
    ]


def _write_segments(table: pd.DataFrame) -> str:
    rows = table[table["part"] == "segments"]
    wide = rows.pivot_table(index="segment", columns="metric", values="value")
    wide = wide.nlargest(MOST_SEGMENTS, "row_count").sort_index().reset_index()
    wide["group"] = wide["segment"].str.replace("=", ": ", n=1)
    wide["row_count"] = wide["row_count"].astype(int)
    wide = wide.reindex(columns=list(SEGMENT_HEADINGS))
    wide["auc"] = wide["auc"].astype(float)
    hidden = rows["segment"].nunique() - len(wide)
    more = f" {hidden} smaller groups are in ml.assessments." if hidden > 0 else ""
    return (
        write_table(wide, SEGMENT_HEADINGS)
        + f"<p class='quiet'>{_name_gaps(rows)} No AUC where fewer than 50 of either "
        f"label are in a group.{more}</p>"
    )


def _name_gaps(rows: pd.DataFrame) -> str:
    """Name, for each kind of group, who is ranked best and who worst."""
    auc = rows[rows["metric"] == "auc"]
    sentences = []
    for kind, of in auc.groupby(auc["segment"].str.split("=").str[0]):
        if len(of) > 1:
            best, worst = of.loc[of["value"].idxmax()], of.loc[of["value"].idxmin()]
            sentences.append(
                f"By {kind}, AUC differs by {best['value'] - worst['value']:.3f}: "
                f"{worst['segment'].split('=')[1]} is ranked worst, "
                f"{best['segment'].split('=')[1]} best."
            )
    return escape(" ".join(sentences) or "No two groups are large enough to compare.")
