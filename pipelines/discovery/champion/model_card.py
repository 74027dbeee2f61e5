"""The card of an estimator: what it is for, how good it is, and who let it in."""

from pipelines.discovery.champion.challenges import Challenge
from pipelines.discovery.report.markdown import tabulate
from pipelines.foundation.use_case import find_use_case

OUT_OF_TIME = """\
## Out of time

AUC, and by how much it is more than another's on the same rows, with the middle {:.0%}
of resamplings of people."""
FAIRNESS = """\
## Probabilities and fairness

On the last snapshot above. Calibration errors are shares of what happened."""
LIMITS = """\
## Limits

- It recommends whom to contact. It must not close, price, exclude or refuse anybody.
- It knows what the bank's own systems knew by the cut-off, and nothing of why.
- Snapshots a month apart show mostly the same people, and their labels overlap: the
  cut-offs below are less independent than their number says.
- Groups with fewer than 50 people of either label were not judged for fairness.
- What was true before a change of products, prices or rules need not be true after."""


def write_card(challenge: Challenge) -> str:
    """Write the card in Markdown, without a customer in it.

    Parameters
    ----------
    challenge : Challenge
        With all that was measured, and the latest decision.

    Returns
    -------
    str
    """
    figures = challenge.figures
    use_case = find_use_case(challenge.use_case)
    return "\n\n".join(
        [
            f"# {challenge.use_case}, version {challenge.estimator_version}",
            use_case.question,
            tabulate(
                ["", ""],
                [
                    ["use case", f"{use_case.title} {use_case.title_zh}"],
                    ["rule to beat", use_case.rule],
                    ["estimator", challenge.candidate],
                    ["MLflow run", challenge.artifact.run_id],
                    ["seed", figures["seed"]],
                    ["hash of the sample", figures["data_version"]],
                    ["decision", f"**{challenge.decision}**"],
                    ["by", challenge.decided_by],
                    ["at", f"{challenge.decided_at:%Y-%m-%d %H:%M} UTC"],
                    ["why", challenge.reason],
                ],
            ),
            "## Learnt from",
            tabulate(
                ["part", "first snapshot", "last snapshot", "rows", "positives"],
                [list(part.values()) for part in figures["sample"]],
            ),
            OUT_OF_TIME.format(1 - 2 * figures["tail"]),
            _tabulate_comparisons(figures["comparisons"]),
            FAIRNESS,
            tabulate(["figure", "value"], _list_figures(figures)),
            LIMITS,
        ]
    )


def _tabulate_comparisons(comparisons: list[dict]) -> str:
    rivals = list(comparisons[-1]["over"])
    return tabulate(
        ["as of", "rows", "positives", "AUC", *(f"over {name}" for name in rivals)],
        [
            [
                of["as_of_date"],
                f"{of['row_count']:,}",
                f"{of['positive_count']:,}",
                _show(of["auc"], ".3f"),
                *(_show(of["over"][name], "+.3f") for name in rivals),
            ]
            for of in comparisons
        ],
    )


def _list_figures(figures: dict) -> list[list[str]]:
    lowest, highest = figures["lowest"], figures["highest"]
    return [
        ["calibration error", f"{figures['calibration_error']:.1%}"],
        *(
            [f"calibration error, worst group by {name}", _show_gap(gap, ".1%")]
            for name, gap in figures["calibration_gaps"].items()
        ),
        *(
            [f"AUC of the best less the worst group by {name}", _show_gap(gap, ".3f")]
            for name, gap in figures["auc_gaps"].items()
        ),
        ["range of probabilities", f"{lowest:.4f} to {highest:.4f}"],
        ["drift of scores since calibration (PSI)", f"{figures['drift']:.3f}"],
    ]


def _show(interval: tuple[float, float, float], form: str) -> str:
    value, low, high = (format(figure, form) for figure in interval)
    return f"{value} ({low} to {high})"


def _show_gap(gap: float | None, form: str) -> str:
    return "groups too small to say" if gap is None else format(gap, form)
