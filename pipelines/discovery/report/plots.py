"""Figures for MLflow: counts and curves, never a customer."""

import io
import warnings
from collections.abc import Iterator
from functools import cached_property
from itertools import cycle
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font_names
from sklearn.metrics import precision_recall_curve, roc_curve

from models.assess.assessment import accumulate_gains, bin_by_probability
from models.assess.comparison import RULE
from models.explore.profiling import associate

COLOURS = ["#1f6f8b", "#d1603d", "#7a4f9a", "#5c8a3a"]
RULE_COLOUR = "#6b7280"
DOTS_PER_INCH = 110
MOST_PLOTTED = 20
MOST_PANELS, PANELS_IN_A_ROW = 6, 2
# Names of columns are Chinese, too; those of these fonts that are there are used.
FONTS = (
    "DejaVu Sans",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "SimHei",
    "PingFang SC",
    "Heiti SC",
    "Arial Unicode MS",
)
_INSTALLED = set(get_font_names())
mpl.rcParams["font.family"] = [name for name in FONTS if name in _INSTALLED]
# A dollar in a name is a dollar, and not the beginning of a formula.
mpl.rcParams["text.parse_math"] = False
GUIDE = {"color": "#9ca3af", "linestyle": "--", "linewidth": 1}


class Drawing(Figure):
    """A figure that is drawn once, for the page and for MLflow, and only then.

    It is silent about letters for which no font is installed.
    """

    @cached_property
    def png(self) -> bytes:
        """The figure as the picture that is shown everywhere."""
        picture = io.BytesIO()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r"Glyph \d+ .*missing")
            super().savefig(picture, format="png", dpi=DOTS_PER_INCH)
        return picture.getvalue()

    def savefig(self, path: str | Path, **_: object) -> None:
        """Write the picture to a file, as MLflow asks for it."""
        Path(path).write_bytes(self.png)


def plot_roc(
    label: np.ndarray,
    scores: dict[str, np.ndarray],
    weight: np.ndarray | None = None,
) -> Drawing:
    """Draw hits against false alarms.

    Parameters
    ----------
    label : ndarray of shape (n_rows,)
        0 or 1.
    scores : dict of str to ndarray of shape (n_rows,)
        By candidate. The higher, the likelier.
    weight : ndarray of shape (n_rows,), optional
        For how many rows each speaks.
    """
    figure, axes = _start("Who is told apart", "False alarms (share of negatives)")
    axes.set_ylabel("Found (share of positives)")
    axes.plot([0, 1], [0, 1], label="chance", **GUIDE)
    for colour, name, score in _colour(scores):
        false_alarms, found, _ = roc_curve(label, score, sample_weight=weight)
        axes.plot(false_alarms, found, color=colour, label=name)
    return _finish(figure, axes)


def plot_precision_recall(
    label: np.ndarray,
    scores: dict[str, np.ndarray],
    weight: np.ndarray | None = None,
) -> Drawing:
    """Draw how pure the found are against how many are found; as :func:`plot_roc`."""
    figure, axes = _start("How pure the list is", "Found (share of positives)")
    axes.set_ylabel("Positives on the list (share)")
    axes.axhline(np.average(label, weights=weight), label="chance", **GUIDE)
    for colour, name, score in _colour(scores):
        precision, recall, _ = precision_recall_curve(
            label, score, sample_weight=weight
        )
        # The last point is nobody found, to which scikit-learn gives precision 1.
        axes.step(recall[:-1], precision[:-1], where="post", color=colour, label=name)
    return _finish(figure, axes)


def plot_gains(
    label: np.ndarray,
    scores: dict[str, np.ndarray],
    weight: np.ndarray | None = None,
) -> Drawing:
    """Draw who is reached against how many are contacted; as :func:`plot_roc`."""
    figure, axes = _start(
        "What contacting the highest scores reaches", "Contacted (share)"
    )
    axes.set_ylabel("Reached (share of positives)")
    axes.plot([0, 1], [0, 1], label="chance", **GUIDE)
    for colour, name, score in _colour(scores):
        axes.plot(*accumulate_gains(label, score, weight), color=colour, label=name)
    return _finish(figure, axes)


def plot_calibration(
    label: np.ndarray,
    probabilities: dict[str, np.ndarray],
    weight: np.ndarray | None = None,
) -> Drawing:
    """Draw what happened against what was predicted, in ten equal groups.

    As :func:`plot_roc`, but of probabilities.
    """
    figure, axes = _start("Whether probabilities are true", "Predicted probability")
    axes.set_ylabel("Observed share")
    highest = 0.0
    for colour, name, probability in _colour(probabilities):
        groups = bin_by_probability(label, probability, weight)
        predicted, observed, _ = np.array(groups).T
        highest = max(highest, predicted.max(), observed.max())
        axes.plot(predicted, observed, marker="o", color=colour, label=name)
    axes.plot([0, highest], [0, highest], label="as predicted", **GUIDE)
    return _finish(figure, axes)


def plot_columns(
    profile: pd.DataFrame,
    rates: pd.DataFrame,
    train: pd.DataFrame,
    drift_threshold: float,
) -> dict[str, Drawing]:
    """Draw what exploring found: which columns tell, how, and which say the same.

    Parameters
    ----------
    profile, rates : DataFrame
        As :mod:`models.explore.profiling` gives them.
    train : DataFrame
        With those columns.
    drift_threshold : float
        The stability index beyond which a column has drifted.
    """
    telling = list_telling(profile)
    drawn = {
        "profile": plot_profile(profile, drift_threshold),
        "rates": plot_rates(rates, telling),
    }
    association = associate(train[telling])
    if len(association) > 1:
        drawn["association"] = plot_association(association)
    return drawn


def list_telling(profile: pd.DataFrame) -> list[str]:
    """List the columns that tell most of the label, the first first."""
    return list(profile.nlargest(MOST_PLOTTED, "information_value")["column_name"])


def plot_profile(profile: pd.DataFrame, drift_threshold: float) -> Drawing:
    """Draw which columns tell most of the label, and which of them drift.

    Parameters
    ----------
    profile : DataFrame
        As :func:`models.explore.profiling.profile` gives it.
        The most telling columns are shown.
    drift_threshold : float
        Where the line is drawn.
    """
    shown = profile.nlargest(MOST_PLOTTED, "information_value").iloc[::-1]
    figure = Drawing(figsize=(9, 0.28 * len(shown) + 1.4), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, column, colour, title in (
        (left, "information_value", COLOURS[0], "Information value"),
        (right, "drift_psi", COLOURS[1], "Drift to the test snapshot (PSI)"),
    ):
        axes.barh(shown["column_name"], shown[column], color=colour)
        axes.set_xlabel(title)
        axes.spines[["top", "right"]].set_visible(False)
    right.axvline(drift_threshold, **GUIDE)
    return figure


def plot_rates(rates: pd.DataFrame, names: list[str]) -> Drawing:
    """Draw how common positives are along each of some columns, the missing apart.

    Parameters
    ----------
    rates : DataFrame
        As :func:`models.explore.profiling.rate_by_bin` gives it.
    names : list of str
        Which columns, the most telling first; six at most are shown.
    """
    shown = names[:MOST_PANELS]
    height = -(-len(shown) // PANELS_IN_A_ROW)
    figure = Drawing(figsize=(6, 1.6 * height + 0.7), layout="constrained")
    panels = figure.subplots(height, PANELS_IN_A_ROW, sharey=True, squeeze=False)
    for axes, name in zip(panels.flat, shown, strict=False):
        bins = rates[rates["column_name"] == name]
        colours = np.where(bins["is_missing"], RULE_COLOUR, COLOURS[0])
        axes.bar(bins["bin"], bins["label_rate"], color=colours)
        axes.axhline((bins["row_share"] * bins["label_rate"]).sum(), **GUIDE)
        axes.set_title(name, loc="left", fontsize=9)
        axes.set_xticks([])
    for axes in panels.flat:
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_visible(bool(axes.get_title(loc="left")))
    figure.suptitle("How positives go with the most telling columns", x=0.01, ha="left")
    figure.supxlabel(
        "lowest values to highest, or commonest texts first; grey: missing"
    )
    figure.supylabel("share of positives")
    return figure


def plot_association(association: pd.DataFrame) -> Drawing:
    """Draw how alike columns rank rows, as ``profiling.associate`` says."""
    figure = Drawing(figsize=(6, 5.5), layout="constrained")
    axes = figure.subplots()
    axes.set_title("Which columns say the same", loc="left")
    image = axes.imshow(association, cmap="RdBu_r", vmin=-1, vmax=1)
    places = range(len(association))
    axes.set_xticks(places, association.columns, rotation=90, fontsize=6)
    axes.set_yticks(places, association.columns, fontsize=6)
    figure.colorbar(image, label="Rank correlation", shrink=0.6)
    return figure


def _colour(scores: dict[str, np.ndarray]) -> Iterator[tuple[str, str, np.ndarray]]:
    """Give each candidate a colour of its own, and the rule, which learns not, grey."""
    colours = cycle(COLOURS)
    for name, score in scores.items():
        yield RULE_COLOUR if name == RULE else next(colours), name, score


def _start(title: str, horizontal: str) -> tuple[Drawing, Axes]:
    figure = Drawing(figsize=(6, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, loc="left")
    axes.set_xlabel(horizontal)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _finish(figure: Drawing, axes: Axes) -> Drawing:
    axes.legend(frameon=False)
    return figure
