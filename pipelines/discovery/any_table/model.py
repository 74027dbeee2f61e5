"""Model: fit the candidates on each training part, and stack them."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
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
from models.modify.columns import CATEGORY, DROP, NUMBER
from pipelines.discovery.any_table.clock import Clock
from pipelines.discovery.any_table.request import Request
from pipelines.discovery.any_table.sample import Sample
from pipelines.discovery.tracking import mlflow_runs as tracking
from pipelines.foundation.settings import Settings

logger = logging.getLogger(__name__)

# The best simple rule: what the most telling column says alone. It is no candidate.
BEST_COLUMN = "best_column"
SCORECARD, STACK = "scorecard", "stack"
# Whatever the budget is.
ALWAYS_FITTED = (BEST_COLUMN, SCORECARD)


@dataclass
class Part:
    """One training part, what is searched there once, and what candidates say."""

    X: pd.DataFrame
    label: np.ndarray
    to_predict: pd.DataFrame
    folds: list[tuple[np.ndarray, np.ndarray]]
    pairs: list[tuple[str, str]]
    tune: dict[str, np.ndarray]
    test: dict[str, np.ndarray]


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
) -> Predictions:
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
    Predictions
    """
    left_out, runs = [], {}
    with ThreadPoolExecutor(settings.threads) as pool:
        parts = list(
            pool.map(lambda rows: _prepare(request, sample, kinds, rows), sample.splits)
        )
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
                for part, (tune, test, _) in zip(parts, fitted, strict=True):
                    part.tune[name], part.test[name] = tune, test
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
    test, tune = _calibrate(sample, parts, list(runs))
    if STACK in test:
        with tracking.open_run(settings, request.name, STACK) as runs[STACK]:
            members = [name for name in parts[0].test if name != BEST_COLUMN]
            tracking.log(parameters={"members": " and ".join(members)})
    # By run, so that MLflow shows the candidates side by side.
    for name, run_id in runs.items():
        pairs = zip(parts, tune, strict=True)
        aucs = [roc_auc_score(part.label, tuned[name]) for part, tuned in pairs]
        tracking.log_later(settings, run_id, {"out_of_fold_auc": float(np.mean(aucs))})
    return Predictions(test, tune, [part.pairs for part in parts], left_out, runs)


def _is_never_over() -> bool:
    return False


def _build_rule(
    kind: str,
    telling: str,
    pairs: list[tuple[str, str]],  # noqa: ARG001 - it is one column
    random_state: int,
) -> Pipeline:
    return build_scorecard({telling: kind}, random_state=random_state)


def _prepare(
    request: Request,
    sample: Sample,
    kinds: dict[str, str],
    rows: tuple[np.ndarray, np.ndarray],
) -> Part:
    train, test = rows
    kept = [name for name, kind in kinds.items() if kind != DROP]
    X, label = sample.X[kept].iloc[train], sample.label[train].astype(int)
    crossed = [name for name in kept if kinds[name] in {NUMBER, CATEGORY}]
    return Part(
        X=X,
        label=label,
        to_predict=sample.X[kept].iloc[test],
        folds=_split_folds(request, sample, train, label),
        pairs=choose_pairs(X[crossed], label),
        tune={},
        test={},
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
) -> tuple[np.ndarray, np.ndarray, dict[str, object]]:
    build = partial(build, pairs=part.pairs, random_state=request.seed)
    if name == "boosting":
        if is_over():
            raise OutOfTimeError
        chosen = choose_boosting(build, part.X, part.label, part.folds)
        build = partial(build, **chosen)
    fitted: CrossFitted = cross_fit(
        build, part.X, part.label, part.folds, is_over=is_over
    )
    return (
        fitted.tune_log_odds,
        fitted.predict_log_odds(part.to_predict),
        build().named_steps["classify"].get_params(),
    )


def _describe(chosen: list[dict[str, object]]) -> dict[str, str]:
    """Say what each setting was, in every training part."""
    return {
        name: " or ".join(sorted({str(settings[name]) for settings in chosen}))
        for name in chosen[0]
    }


def _calibrate(
    sample: Sample, parts: list[Part], names: list[str]
) -> tuple[dict[str, np.ndarray], list[dict[str, np.ndarray]]]:
    members = {name: [name] for name in names}
    candidates = [name for name in names if name != BEST_COLUMN]
    if len(candidates) > 1:
        members[STACK] = candidates
    test = {name: np.full(len(sample.X), np.nan) for name in members}
    tune = []
    for part, (train, rows) in zip(parts, sample.splits, strict=True):
        tuned, weight = {}, sample.weight[train]
        for name, of in members.items():
            log_odds = np.column_stack([part.tune[member] for member in of])
            line = calibrate(log_odds, part.label)
            # Of rows whose labels it has not seen, as the candidates have not either.
            probability = cross_val_predict(
                line, log_odds, part.label, cv=part.folds, method="predict_proba"
            )[:, 1]
            tuned[name] = _undo_thinning(probability, part.label, weight)
            unseen = np.column_stack([part.test[member] for member in of])
            probability = line.predict_proba(unseen)[:, 1]
            test[name][rows] = _undo_thinning(probability, part.label, weight)
        tune.append(tuned)
    return test, tune


def _undo_thinning(
    probability: np.ndarray, label: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """Turn probabilities among rows that were read into those of the whole table.

    Leaving out rows of one label at random shifts the log-odds of all others by the
    same, whatever is in their columns.
    """
    odds = weight[label == 1].mean() / weight[label == 0].mean()
    return probability * odds / (probability * odds + 1 - probability)
