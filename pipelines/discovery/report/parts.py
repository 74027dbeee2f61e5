"""Parts of the pages of mining runs: verdict, and figures with their intervals."""

from html import escape

import pandas as pd

from pipelines.discovery.report.document import write_table

MEASURES = {
    "auc": "AUC",
    "average_precision": "Average precision",
    "ks": "KS",
    "lift_at_capacity": "Lift at capacity",
    "precision_at_capacity": "Precision at capacity",
    "profit_cny_per_1000": "Profit (CNY)",
    "brier": "Brier",
    "calibration_error": "Calibration error",
}
FIGURE_DIGITS = ((50, 0), (1, 2))  # from so large a figure on; smaller ones have three


def write_answers(answers: dict[str, tuple[bool, str]]) -> list[str]:
    """Write a verdict, as :mod:`models.assess.verdict` gives it."""
    return ["<h2>Verdict</h2>"] + [
        f"<p><b class='{'yes' if holds else 'no'}'>"
        f"{(adjective if holds else f'not {adjective}').capitalize()}.</b> "
        f"{escape(why)}</p>"
        for adjective, (holds, why) in answers.items()
    ]


def write_figures(rows: pd.DataFrame, measures: dict[str, str]) -> str:
    """Write one line per candidate, each figure above its interval.

    Parameters
    ----------
    rows : DataFrame
        One row per figure: ``candidate``, ``metric``, ``value``, ``low``, ``high``.
    measures : dict of str to str
        Heading by metric; those that ``rows`` does not have are left out.
    """
    written = rows[rows["metric"].isin(list(measures))]
    written = written.assign(
        text=[_write_interval(row) for row in written.itertuples()]
    )
    wide = written.pivot_table(
        index="candidate", columns="metric", values="text", aggfunc="first", sort=False
    )
    present = {name: heading for name, heading in measures.items() if name in wide}
    return write_table(wide.fillna("–").reset_index(), {"candidate": ""} | present)


def write_tenths(rows: pd.DataFrame) -> str:
    """Write lift and gain by tenth of the score; as :func:`write_figures`, of one."""
    figures = rows.set_index("metric")
    gains = figures.rename(index=lambda name: name.removeprefix("gain_in_top_"))
    tenths = pd.DataFrame(
        [
            {
                "tenth": f"{place}",
                "lift": _write_interval(figures.loc[f"lift_in_decile_{place}"]),
                "gain": _write_interval(gains.loc[f"{10 * place}_percent"]),
            }
            for place in range(1, 11)
        ]
    )
    return write_table(
        tenths,
        {
            "tenth": "Tenth, the likeliest first",
            "lift": "Lift in it",
            "gain": "Share of positives reached up to it",
        },
    )


def _write_interval(row: tuple) -> str:
    digits = next((few for least, few in FIGURE_DIGITS if abs(row.value) >= least), 3)
    value, low, high = (f"{v:,.{digits}f}" for v in (row.value, row.low, row.high))
    # A line may break behind a dash, were it not for the word joiner.
    return f"{value}\n{low}\u202f–\u2060\u202f{high}"
