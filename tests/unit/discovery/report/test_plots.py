"""Does a plot show everybody who was compared?"""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from models.assess.comparison import RULE
from pipelines.discovery.report import plots

CANDIDATES = ["logistic", "boosting", "larger_boosting", RULE]


@pytest.mark.parametrize(
    "draw", [plots.plot_gains, plots.plot_roc, plots.plot_precision_recall]
)
def test_each_candidate_and_the_rule_is_drawn_in_a_colour_of_its_own(draw):
    random = np.random.default_rng(0)
    label = random.random(200) < 0.3

    figure = draw(label, {name: random.random(200) for name in CANDIDATES})

    lines = {line.get_label(): line.get_color() for line in figure.axes[0].lines}
    assert set(CANDIDATES) <= set(lines)
    assert len({lines[name] for name in CANDIDATES}) == len(CANDIDATES)


def test_a_panel_is_drawn_for_each_column_and_no_more():
    rates = pd.DataFrame(
        {
            "column_name": ["age", "age", "income"],
            "bin": [0, 1, 0],
            "is_missing": [False, True, False],
            "row_share": [0.7, 0.3, 1.0],
            "label_rate": [0.2, 0.5, 0.29],
        }
    )

    panels = plots.plot_rates(rates, ["age", "income"]).axes

    assert [axes.get_title(loc="left") for axes in panels if axes.get_visible()] == [
        "age",
        "income",
    ]
    assert [bar.get_height() for bar in panels[0].patches] == [0.2, 0.5]


def test_the_page_and_mlflow_show_the_same_picture_drawn_once(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        Figure,
        "savefig",
        lambda self, file, **_: drawn.append(self) or file.write(b"picture"),
    )
    figure = plots.plot_roc(np.array([0, 1]), {"boosting": np.array([0.1, 0.9])})
    figure.savefig(tmp_path / "roc.png")

    assert (tmp_path / "roc.png").read_bytes() == figure.png == b"picture"
    assert drawn == [figure]
