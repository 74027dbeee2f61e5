"""Model: fit the candidates on each training part, and stack them."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import Pipeline

from models.explore.interactions import choose_pairs
from models.model.cross_fitting import (
    CrossFitted,
    OutOfTimeError,
    calibrate,
    choose_boosting,
    cross_fit,
    split_folds,
)
from models.model.table_candidates import CANDIDATES, build_scorecard
from models.model.table_estimator import (
    TableClassifier,
    predict_in_parts,
    undo_thinning,
)
from models.modify.columns import CATEGORY, DROP, NUMBER, disguise_codes
from pipelines.discovery.any_table.choice import (
    BEST_COLUMN,
    SCORECARD,
    STACK,
    choose,
)
from pipelines.discovery.any_table.clock import Clock
from pipelines.discovery.any_table.request import Request
from pipelines.discovery.any_table.sample import Sample
from pipelines.discovery.tracking import mlflow_runs as tracking
from pipelines.foundation.settings import Settings

logger = logging.getLogger(__name__)

# Whatever the budget is.
ALWAYS_FITTED = (BEST_COLUMN, SCORECARD)


@dataclass
class Part:
    """One training part, what is searched there once, and what candidates say.

    Of the part from which the estimator is kept, also what was fitted.
    """

    train: np.ndarray
    predicted: np.ndarray
    X: pd.DataFrame
    label: np.ndarray
    weight: np.ndarray
    to_predict: pd.DataFrame
    folds: list[tuple[np.ndarray, np.ndarray]]
    pairs: list[tuple[str, str]]
    is_kept: bool
    log_odds: dict[str, np.ndarray] = field(default_factory=dict)
    test: dict[str, np.ndarray] = field(default_factory=dict)
    tuned: dict[str, np.ndarray] = field(default_factory=dict)
    lines: dict[str, LogisticRegression] = field(default_factory=dict)
    fitted: dict[str, list[Pipeline]] = field(default_factory=dict)

    @property
    def odds(self) -> float:
        """By how much thinning out rows of one label has changed the odds."""
        weight, label = self.weight, self.label
        return weight[label == 1].mean() / weight[label == 0].mean()


@dataclass(frozen=True)
class Winner:
    """What is kept to predict other rows.

    Attributes
    ----------
    candidate : str
    estimator : TableClassifier
    rows : ndarray of shape (n_training_rows,)
        Positions in the sample that it has learnt from.
    """

    candidate: str
    estimator: TableClassifier
    rows: np.ndarray


@dataclass(frozen=True)
class Predictions:
    """What each candidate says, in calibrated probabilities.

    Attributes
    ----------
    test : dict of str to ndarray of shape (n_rows,)
        Of the rows predicted, by position in the sample; NaN elsewhere.
    tune : list of dict of str to ndarray
        Of each training part's own rows, from candidates, a calibration and a stack
        that were fitted on other rows.
    pairs : list of list of tuple
        Columns treated as one, by training part.
    left_out : list of str
        Candidates that the budget was not enough for.
    runs : dict of str to str
        Each candidate's run in MLflow.
    """

    test: dict[str, np.ndarray]
    tune: list[dict[str, np.ndarray]]
    pairs: list[list[tuple[str, str]]]
    left_out: list[str]
    runs: dict[str, str]


def fit(
    settings: Settings,
    request: Request,
    sample: Sample,
    kinds: dict[str, str],
    telling: str,
    clock: Clock,
) -> tuple[Predictions, Winner]:
    """Fit every candidate in every training part, each in a run of its own in MLflow.

    Parameters
    ----------
    settings : Settings
        Says how many cores to use.
    request : Request
        Names MLflow's experiment, and gives the seed.
    sample : Sample
        As :func:`sample.draw` gives it.
    kinds : dict of str to str
        By column, see :mod:`models.modify.columns`.
    telling : str
        The column that tells most alone.
    clock : Clock
        Stops what the budget is not enough for. Rule and scorecard are always fitted.

    Returns
    -------
    tuple of Predictions and Winner
        Where rows were held out in folds, the winner is fitted once more, on all rows.
        Else it is what was tested.
    """
    left_out, runs = [], {}
    with ThreadPoolExecutor(settings.threads) as pool:
        parts = _prepare_all(request, sample, kinds, pool)
        builds = {BEST_COLUMN: partial(_build_rule, kinds[telling], telling)} | {
            name: partial(build, kinds) for name, build in CANDIDATES.items()
        }
        for name, build in builds.items():
            is_over = _is_never_over if name in ALWAYS_FITTED else clock.is_over
            fit_part = partial(_fit_candidate, request, name, build, is_over)
            with tracking.open_run(settings, request.name, name) as run_id:
                try:
                    fitted = list(pool.map(fit_part, parts))
                except OutOfTimeError:
                    left_out.append(name)
                    continue
                for part, (candidate, test, _) in zip(parts, fitted, strict=True):
                    part.log_odds[name] = candidate.tune_log_odds
                    part.test[name] = test
                    if part.is_kept and name != BEST_COLUMN:
                        part.fitted[name] = candidate.members
                tracking.log(parameters=_describe([chosen for *_, chosen in fitted]))
            runs[name] = run_id
    if left_out:
        logger.warning(
            "%s: the budget ran out, so %s was left out; this run may not repeat to "
            "the bit. Raise --budget (now %g s).",
            request.name,
            " and ".join(left_out),
            request.budget,
        )
    tested = parts[: len(sample.splits)]
    test = _calibrate(len(sample.X), parts, list(runs))
    if STACK in test:
        with tracking.open_run(settings, request.name, STACK) as runs[STACK]:
            members = [name for name in parts[0].test if name != BEST_COLUMN]
            tracking.log(parameters={"members": " and ".join(members)})
    # By run, so that MLflow shows the candidates side by side.
    for name, run_id in runs.items():
        aucs = [roc_auc_score(part.label, part.tuned[name]) for part in tested]
        tracking.log_later(settings, run_id, {"out_of_fold_auc": float(np.mean(aucs))})
    predictions = Predictions(
        test,
        [part.tuned for part in tested],
        [part.pairs for part in tested],
        left_out,
        runs,
    )
    return predictions, crown(parts[-1], request.metric)


def crown(part: Part, metric: str) -> Winner:
    """Put together what is kept, chosen as the assessment chooses.

    Parameters
    ----------
    part : Part
        Fitted and calibrated.
    metric : str
        One of ``METRICS``.
    """
    name = choose(part.tuned, part.label, part.weight, metric)
    candidates = part.fitted if name == STACK else {name: part.fitted[name]}
    estimator = TableClassifier(candidates, part.lines[name], float(part.odds))
    return Winner(name, estimator, part.train)


def _is_never_over() -> bool:
    return False


def _build_rule(
    kind: str,
    telling: str,
    pairs: list[tuple[str, str]],  # noqa: ARG001 - it is one column
    random_state: int,
) -> Pipeline:
    return build_scorecard({telling: kind}, random_state=random_state)


def _prepare_all(
    request: Request, sample: Sample, kinds: dict[str, str], pool: ThreadPoolExecutor
) -> list[Part]:
    """Prepare the parts that are tested; the last of all is the one to keep."""
    splits = sample.splits
    if len(splits) > 1:
        splits = [*splits, (sample.predicted, np.empty(0, dtype=int))]
    names = [name for name, kind in kinds.items() if kind != DROP]
    X = disguise_codes(sample.X[names], kinds, sample.derive_key())
    parts = list(pool.map(partial(_prepare, request, sample, X, kinds), splits))
    parts[-1].is_kept = True
    return parts


def _prepare(
    request: Request,
    sample: Sample,
    X: pd.DataFrame,
    kinds: dict[str, str],
    rows: tuple[np.ndarray, np.ndarray],
) -> Part:
    train, test = rows
    to_predict, X = X.iloc[test], X.iloc[train]
    label = sample.label[train].astype(int)
    crossed = [name for name in X if kinds[name] in {NUMBER, CATEGORY}]
    return Part(
        train=train,
        predicted=test,
        X=X,
        label=label,
        weight=sample.weight[train],
        to_predict=to_predict,
        folds=_split_folds(request, sample, train, label),
        pairs=choose_pairs(X[crossed], label),
        is_kept=False,
    )


def _split_folds(
    request: Request, sample: Sample, train: np.ndarray, label: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Keep rows together that know of each other: neighbours in time, and groups."""
    if sample.held_out == "time":
        return split_folds(label)
    return split_folds(label, request.seed, sample.group_of(train))


def _fit_candidate(
    request: Request,
    name: str,
    build: Callable[..., Pipeline],
    is_over: Callable[[], bool],
    part: Part,
) -> tuple[CrossFitted, np.ndarray, dict[str, object]]:
    build = partial(build, pairs=part.pairs, random_state=request.seed)
    if name == "boosting":
        if is_over():
            raise OutOfTimeError
        chosen = choose_boosting(build, part.X, part.label, part.folds)
        build = partial(build, **chosen)
    fitted = cross_fit(build, part.X, part.label, part.folds, is_over=is_over)
    settings = build().named_steps["classify"].get_params()
    return fitted, fitted.predict_log_odds(part.to_predict), settings


def _describe(chosen: list[dict[str, object]]) -> dict[str, str]:
    """Say what each setting was, in every training part."""
    return {
        name: " or ".join(sorted({str(settings[name]) for settings in chosen}))
        for name in chosen[0]
    }


def _calibrate(
    row_count: int, parts: list[Part], names: list[str]
) -> dict[str, np.ndarray]:
    """Calibrate each candidate and the stack in each part; give all that is tested."""
    members = {name: [name] for name in names}
    candidates = [name for name in names if name != BEST_COLUMN]
    if len(candidates) > 1:
        members[STACK] = candidates
    test = {name: np.full(row_count, np.nan) for name in members}
    for part in parts:
        for name, of in members.items():
            log_odds = np.column_stack([part.log_odds[member] for member in of])
            line = calibrate(log_odds, part.label)
            # Of rows whose labels it has not seen, as the candidates have not either.
            probability = cross_val_predict(
                line, log_odds, part.label, cv=part.folds, method="predict_proba"
            )[:, 1]
            part.tuned[name] = undo_thinning(probability, part.odds)
            part.lines[name] = line
            unseen = pd.DataFrame({member: part.test[member] for member in of})
            test[name][part.predicted] = undo_thinning(
                predict_in_parts(partial(_apply, line), unseen), part.odds
            )
    return test


def _apply(line: LogisticRegression, log_odds: pd.DataFrame) -> np.ndarray:
    return line.predict_proba(np.ascontiguousarray(log_odds.to_numpy()))[:, 1]
