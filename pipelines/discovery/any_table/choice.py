"""Which candidate is the best, by what training rows say of it."""

from functools import partial

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from pipelines.discovery.any_table.request import METRICS

# The best simple rule: what the most telling column says alone. It is no candidate.
BEST_COLUMN = "best_column"
SCORECARD, STACK = "scorecard", "stack"
# By name of the metric. The higher, the better.
SCORERS = dict(
    zip(
        METRICS,
        (
            roc_auc_score,
            average_precision_score,
            lambda *of, **weighted: -brier_score_loss(*of, **weighted),
        ),
        strict=True,
    )
)


def choose(
    tuned: dict[str, np.ndarray], label: np.ndarray, weight: np.ndarray, metric: str
) -> str:
    """Choose the candidate with the best metric.

    Parameters
    ----------
    tuned : dict of str to ndarray of shape (n_rows,)
        Probabilities of training rows, from candidates that have not seen the row.
    label, weight : ndarray of shape (n_rows,)
    metric : str
        One of ``METRICS``.
    """
    measure_one = partial(SCORERS[metric], label, sample_weight=weight)
    candidates = [name for name in tuned if name != BEST_COLUMN]
    return max(candidates, key=lambda name: measure_one(tuned[name]))
