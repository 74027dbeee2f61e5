"""Does a plot show everybody who was compared?"""

import numpy as np
import pytest

from models.evidence import RULE
from pipelines import plots

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
