"""The card of a mined table's estimator: what it is for, and how good it is."""

import pandas as pd

from models.modify.columns import DROP
from pipelines.discovery.any_table.assess import BEST, Assessment
from pipelines.discovery.any_table.kept import Kept
from pipelines.discovery.any_table.request import Request
from pipelines.discovery.any_table.sample import Sample
from pipelines.discovery.report.markdown import tabulate
from pipelines.discovery.report.parts import MEASURES

HOW_GOOD = """\
## How good it is

On rows that it had not seen{}, each with the ends of its 95 % interval."""
TABLE_LIMITS = """\
## Limits

- It predicts rows of the same kind; `crm predict` says which columns have moved.
- It recommends. It must not close, price, exclude or refuse a person by itself.
- It keeps the levels of columns with few levels as they are written; texts of columns
  with many levels are keyed hashes."""
LEARNT_FROM = {
    "folds": "all rows; those that judge it were each held out of a fifth",
    "time": "all rows but the latest fifth, which judges it",
    "random": "four fifths of the rows, drawn at random; the rest judges it",
    "file": "all rows of the table",
}


def write_card(
    request: Request,
    sample: Sample,
    columns: pd.DataFrame,
    kept: Kept,
    assessment: Assessment,
) -> str:
    """Write the card in Markdown: counts, shares and names of columns, no value."""
    counts = sample.counts
    best = assessment.figures.set_index(["candidate", "metric"]).loc[BEST]
    figures = [
        [heading, f"{best.loc[name, 'value']:.3f}", _show_ends(best.loc[name])]
        for name, heading in MEASURES.items()
        if name in best.index
    ]
    where = ", out of fold" if assessment.out_of_fold else ""
    taken = columns[columns["treatment"] != DROP]
    return "\n\n".join(
        [
            f"# {request.name}: {request.target}",
            tabulate(
                ["", ""],
                [
                    [
                        "predicted",
                        f"probability of {request.target} = {sample.positive}",
                    ],
                    ["estimator", kept.candidate],
                    ["MLflow run", kept.artifact.run_id],
                    ["learnt from", LEARNT_FROM[sample.held_out]],
                    ["rows with a known target", f"{counts['labelled']:,}"],
                    ["positives", f"{counts['positives']:,}"],
                    ["chosen by", request.metric],
                    ["seed", request.seed],
                    ["hash of the sample", sample.hash()],
                ],
            ),
            HOW_GOOD.format(where),
            tabulate(["figure", "value", "interval"], figures),
            "## Verdict",
            tabulate(
                ["", "", "why"],
                [
                    [name, "yes" if holds else "no", why]
                    for name, (holds, why) in assessment.answers.items()
                ],
            ),
            "## Columns",
            tabulate(
                ["column", "taken for", "why", "AUC alone"],
                [
                    [of["column_name"], of["treatment"], of["reason"], alone]
                    for of in taken.to_dict("records")
                    for alone in [f"{of['auc_alone']:.3f}"]
                ],
            ),
            TABLE_LIMITS,
        ]
    )


def _show_ends(figure: pd.Series) -> str:
    return f"{figure['low']:.3f} to {figure['high']:.3f}"
