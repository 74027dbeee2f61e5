"""One page for people: what was learnt, how good it is, and what to doubt."""

import logging
from collections import Counter
from collections.abc import Iterator
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from models.assess.resampling import DRAWS
from models.modify.columns import DROP
from pipelines.discovery.any_table import explore
from pipelines.discovery.any_table.assess import BEST, Assessment
from pipelines.discovery.any_table.choice import BEST_COLUMN
from pipelines.discovery.any_table.model import Predictions
from pipelines.discovery.any_table.modify import find_most_telling
from pipelines.discovery.any_table.request import Request
from pipelines.discovery.any_table.sample import Sample
from pipelines.discovery.report.document import embed, write_document, write_table
from pipelines.discovery.report.parts import (
    MEASURES,
    write_answers,
    write_figures,
    write_tenths,
)

logger = logging.getLogger(__name__)

HOW_HELD_OUT = {
    "folds": "Each row is predicted by estimators fitted on the other four fifths.",
    "time": "The latest fifth of the rows is predicted from those before.",
    "random": "A fifth of the rows, drawn at random, is predicted from the others.",
    "file": "The rows of the test file are predicted from the table.",
}
MOST_LISTED = 40
TELLING = 0.6  # the AUC alone from which a column is missed
WHAT_TO_DO = "If it is a measure and known in time, bring it in bands."
EXPLANATION = (
    "<i>best</i> is whatever had the best {} inside each training part ({}), and what "
    "predictions.parquet holds; <i>best_column</i> is what {} says alone. Below each "
    "figure what 95 % of {} resamplings of {} give. Capacity is {:.0%} of the rows."
)
COLUMN_HEADINGS = {
    "column_name": "Column",
    "treatment": "Taken for",
    "reason": "Why",
    "missing_share": "Missing",
    "information_value": "Information value",
    "auc_alone": "AUC alone",
    "drift_psi": "Drift (PSI)",
}


HOW_TO_WRITE = (
    "Write numbers with a decimal point and dates as year-month-day to have it read."
)


def write_html(
    request: Request,
    sample: Sample,
    columns: pd.DataFrame,
    predictions: Predictions,
    assessment: Assessment,
) -> str:
    """Write the report as one HTML page that needs no other file.

    Parameters
    ----------
    request, sample, columns, predictions, assessment
        What each stage took and gave. Of ``columns`` also treatment and reason.

    Returns
    -------
    str
        Counts, shares and names of columns; no row, and no value of one.
    """
    for column in _list_lost(columns):
        logger.warning(
            "%s: %s was left out, although alone it has an AUC of %.3f: %s. %s",
            request.name,
            column["column_name"],
            column["auc_alone"],
            column["reason"],
            WHAT_TO_DO,
        )
    figures = assessment.figures
    parts = [
        f"<h1>{escape(Path(request.source).name)}: {escape(request.target)}</h1>",
        f"<p class='quiet'>{_describe_sample(request, sample)}</p>",
        f"<p class='headline'>{_conclude(columns, assessment)}</p>",
        _warn(sample, columns, predictions, assessment),
        *write_answers(assessment.answers),
        "<h2>Candidates</h2>",
        write_figures(figures, MEASURES),
        f"<p class='quiet'>{_explain(request, columns, assessment)}</p>",
        "<h2>How it holds</h2><div class='plots'>",
        *(embed(name, figure) for name, figure in assessment.plots.items()),
        "</div><h2>By tenth of the score</h2>",
        write_tenths(figures[figures["candidate"] == BEST]),
        "<h2>Columns</h2>",
        write_table(
            columns.nlargest(MOST_LISTED, "information_value"), COLUMN_HEADINGS
        ),
        f"<p class='quiet'>{_count_hidden(columns)}</p><div class='plots'>",
        *(embed(name, figure) for name, figure in _plot_columns(sample, columns)),
        "</div>",
        f"<h2>Interactions</h2><p>{_describe_pairs(predictions)}</p>",
    ]
    return write_document("Mining report", parts)


def _describe_sample(request: Request, sample: Sample) -> str:
    counts = sample.counts
    # Rows of a test file come last, and are not those that the counts are of.
    rows = slice(counts["labelled"])
    share = np.average(sample.label[rows], weights=sample.weight[rows])
    return (
        f"Predicted is {escape(request.target)} = {escape(sample.positive)}. "
        f"{counts['total']:,} rows, {counts['sampled']:,} sampled, "
        f"{counts['labelled']:,} with a known target, {counts['positives']:,} of them "
        f"positive ({share:.1%}). {_describe_thinning(sample)}"
        f"{HOW_HELD_OUT[sample.held_out]} {_describe_groups(request)}"
        f"Seed {request.seed}, data version {sample.hash()}."
    )


def _describe_groups(request: Request) -> str:
    return (
        f"Rows of one {escape(request.group_column)} are never on both sides. "
        if request.group_column and not (request.time_column or request.test)
        else ""
    )


def _describe_thinning(sample: Sample) -> str:
    weight = sample.weight.max()
    return (
        "To keep the rarer target, rows of the commoner one were sampled "
        f"{weight} times less often; each counts {weight} times in all shares and "
        "figures. "
        if weight > 1
        else ""
    )


def _conclude(columns: pd.DataFrame, assessment: Assessment) -> str:
    figures = assessment.figures.set_index(["candidate", "metric"])
    auc = figures.loc[(BEST, "auc")]
    lift, capacity, error = (
        figures.loc[(BEST, metric), "value"]
        for metric in ("lift_at_capacity", "contact_capacity", "calibration_error")
    )
    return (
        f"AUC <b>{auc['value']:.3f}</b> (between {auc['low']:.3f} and "
        f"{auc['high']:.3f}); chance is 0.5, and the most telling column alone, "
        f"{escape(find_most_telling(columns))}, reaches "
        f"{figures.loc[(BEST_COLUMN, 'auc'), 'value']:.3f}. "
        f"Contacting the highest {capacity:.0%} finds <b>{lift:.1f} times</b> "
        "as many positives as chance would. Probabilities differ from what happened by "
        f"<b>{error:.1%}</b> on average."
    )


def _explain(request: Request, columns: pd.DataFrame, assessment: Assessment) -> str:
    times = ", ".join(
        f"{name} in {count} of {len(assessment.chosen)}"
        for name, count in Counter(assessment.chosen).most_common()
    )
    return EXPLANATION.format(
        escape(request.metric),
        times,
        escape(find_most_telling(columns)),
        DRAWS,
        f"groups ({escape(request.group_column)})" if request.group_column else "rows",
        assessment.figures.set_index("metric")["value"].loc["contact_capacity"].iloc[0],
    )


def _warn(
    sample: Sample,
    columns: pd.DataFrame,
    predictions: Predictions,
    assessment: Assessment,
) -> str:
    warnings = [
        f"<b>{escape(column['column_name'])}</b> may be a leak: "
        f"{escape(column['leak'])}. Is it known when the prediction is made? "
        + ("It was left out." if column["treatment"] == DROP else "It was kept.")
        for column in columns[columns["leak"] != ""].to_dict("records")
    ]
    warnings += [
        f"<b>{escape(column['column_name'])}</b> was left out: "
        f"{escape(column['reason'])}. Yet alone it has an AUC of "
        f"{column['auc_alone']:.3f}. {WHAT_TO_DO}"
        for column in _list_lost(columns)
    ]
    if sample.copies:
        warnings.append(
            f"{sample.copies:,} of {sample.counts['labelled']:,} rows repeat another "
            "one to the letter. Equal rows are never on both sides of a split; how "
            "sure a figure is counts each once."
        )
    warnings += [
        f"<b>{escape(name)}</b> was left as text: {escape(reason)}. {HOW_TO_WRITE}"
        for name, reason in sample.left_as_text.items()
    ]
    warnings += [
        f"{name} was left out because the budget ran out; another run may differ."
        for name in predictions.left_out
    ]
    if assessment.out_of_fold:
        warnings.append(_doubt_figures(sample))
    return "".join(f"<p class='warning'>{warning}</p>" for warning in warnings)


def _list_lost(columns: pd.DataFrame) -> list[dict[str, object]]:
    """Columns that tell something and yet were left out, but not for being a leak."""
    is_lost = (columns["treatment"] == DROP) & (columns["auc_alone"] > TELLING)
    is_other = columns["reason"] != columns["leak"]
    return columns[is_lost & is_other].to_dict("records")


def _doubt_figures(sample: Sample) -> str:
    is_known = ~np.isnan(sample.label[sample.predicted])
    what = "targets of one kind only" if is_known.any() else "no known target"
    return (
        f"The rows predicted have {what}, so all figures are out of fold, from the "
        "rows learnt from. The best candidate was chosen on these rows too, which "
        "flatters it a little; rows with both kinds of target would tell."
    )


def _plot_columns(
    sample: Sample, columns: pd.DataFrame
) -> Iterator[tuple[str, Figure]]:
    """Give the plots of exploring but for the profile, whose figures are in a table."""
    drawn = explore.plot(sample, columns)
    return ((name, drawn[name]) for name in drawn if name != "profile")


def _count_hidden(columns: pd.DataFrame) -> str:
    hidden = len(columns) - MOST_LISTED
    return f"{hidden} more that tell less: columns.parquet." if hidden > 0 else ""


def _describe_pairs(predictions: Predictions) -> str:
    pairs = sorted({" × ".join(pair) for part in predictions.pairs for pair in part})
    if not pairs:
        return "No two columns tell more together than one after the other."
    return "Treated as one besides each alone: " + escape("; ".join(pairs)) + "."
