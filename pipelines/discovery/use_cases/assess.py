"""Assess: which candidate is better out of time? Promote decides what comes of it."""

import logging
from dataclasses import dataclass

import numpy as np

from models.assess.assessment import measure
from models.assess.comparison import RULE
from models.assess.resampling import Contacts, resample, summarise
from models.assess.verdict import Findings, write_verdict
from models.explain.attributions import Explainer
from models.explain.origins import UnexplainableError
from models.explain.reasons import measure_stability
from pipelines.discovery.champion import promote
from pipelines.discovery.report import plots
from pipelines.discovery.report.parts import MEASURES
from pipelines.discovery.runs import MiningRun, mark, open_stage
from pipelines.discovery.tracking import mlflow_runs as tracking
from pipelines.discovery.tracking.artifacts import Artifact
from pipelines.discovery.use_cases import (
    back_test,
    contests,
)
from pipelines.discovery.use_cases import (
    metrics as figures,
)
from pipelines.discovery.use_cases import (
    truth as planted_truth,
)
from pipelines.discovery.use_cases.concepts import read_concepts
from pipelines.discovery.use_cases.contests import Contest
from pipelines.discovery.use_cases.metrics import Row
from pipelines.discovery.use_cases.model import read_candidates
from pipelines.discovery.use_cases.modify import read_treatments
from pipelines.discovery.use_cases.page import write_page
from pipelines.discovery.use_cases.sample import read_dates, read_part
from pipelines.foundation.errors import GateRefusedError
from pipelines.foundation.parameters import read_contact_capacity
from pipelines.foundation.settings import Settings
from pipelines.foundation.use_case import find_use_case
from pipelines.foundation.warehouse import connect, prepare

logger = logging.getLogger(__name__)

# Whose reasons are compared: the likeliest, for theirs are read.
MOST_EXPLAINED = 2_000


@dataclass(frozen=True)
class BackTest:
    """What came of fitting the winner anew.

    Attributes
    ----------
    rows : list of Row
        Figures by cut-off.
    over_rule : list of tuple
        By cut-off: its date, and the AUC over that of the rule.
    stability : float
        Rank correlation of the latest fit with the winner itself, on the test rows.
    """

    rows: list[Row]
    over_rule: list[tuple]
    stability: float


def run(settings: Settings, use_case: str) -> str:
    """Compare the candidates, and let the better one challenge the champion.

    The choice among candidates falls on the tuning snapshot, so that the figures of the
    test snapshot, which are reported and which the gate reads, stay honest.

    Parameters
    ----------
    settings : Settings
        Says where the warehouse and MLflow's store are.
    use_case : str
        Name of one of ``USE_CASES``.

    Returns
    -------
    str
        ``"promoted"``, ``"waiting"`` for a person, or ``"kept"`` where the champion is
        not clearly worse; ``"skipped"`` where mining was.

    Raises
    ------
    GateRefusedError
        The better candidate is not good enough to be anybody's champion. The champion
        stays.
    """
    try:
        with open_stage(settings, use_case, "assess") as mining_run:
            if mining_run is None:
                return "skipped"
            status, verdict = _assess(settings, mining_run)
    except GateRefusedError as error:
        mark(settings, mining_run, "refused", str(error))
        raise
    mark(settings, mining_run, status, verdict)
    tracking.end_run(settings, mining_run.mining_run_id, verdict=verdict)
    logger.info("%s assessed: %s", use_case, verdict)
    return status


def _assess(settings: Settings, mining_run: MiningRun) -> tuple[str, str]:
    use_case = mining_run.use_case
    candidates = read_candidates(settings, mining_run)
    tune, test = _hold_contests(settings, mining_run, candidates)
    contacts = _plan_contacts(use_case)
    tuned = {
        name: measure(tune.label, probability, contacts.capacity)
        for name, probability in tune.probabilities.items()
    }
    # The first of equals is the simplest.
    winner = max(candidates, key=lambda name: tuned[name]["auc"])
    drawn = resample(
        test.label,
        test.scores,
        test.person,
        contacts,
        random_state=mining_run.seed,
    )
    tested = _test_again(settings, mining_run, winner, test)
    unexplained, kept = _explain(settings, mining_run, candidates, winner, test)
    rows = [
        *figures.list_tuned(tune, tuned),
        *figures.list_resampled(test, drawn),
        *figures.list_segments(test, winner),
        *figures.list_offers(test, tune, winner, mining_run),
        *tested.rows,
        Row(winner, "test", test.as_of_date, "reason_stability", kept),
    ]
    table = figures.write(settings, mining_run, rows)
    answers = write_verdict(
        _find(test, winner, drawn, tested, unexplained=unexplained, kept=kept)
    )
    plots_of_test = _plot(test)
    _track(test, winner, answers, plots_of_test)
    for name, artifact in candidates.items():
        tracking.log_later(
            settings,
            artifact.run_id,
            {metric: values[0] for metric, values in _choose(drawn[name]).items()},
        )
    shown = plots_of_test | _plot_explored(settings, use_case)
    page = write_page(settings, mining_run, winner, table, answers, shown)
    logger.info("%s reported: %s", use_case, page)
    status, decision = promote.challenge(
        settings, mining_run, winner, candidates[winner]
    )
    ranks = ", ".join(f"{name} {of['auc'][0]:.3f}" for name, of in drawn.items())
    return status, (
        f"{winner} won on the tuning snapshot and {decision}; "
        f"AUC on {test.as_of_date}: {ranks}"
    )


def _plan_contacts(use_case: str) -> Contacts:
    worth = find_use_case(use_case).module.WORTH_CNY
    return Contacts(read_contact_capacity(), worth)


def _hold_contests(
    settings: Settings, mining_run: MiningRun, candidates: dict[str, Artifact]
) -> tuple[Contest, Contest]:
    use_case = mining_run.use_case
    estimators = {
        name: tracking.load_candidate(settings, use_case, artifact)
        for name, artifact in candidates.items()
    }
    with connect(settings) as connection:
        prepare(connection)
        truths = planted_truth.load(connection, settings, use_case)
        dates = read_dates(connection, use_case)
        table = f"ml.{use_case}_sample"
        tune, test = (
            contests.read_rows(connection, use_case, part, table=table, truths=truths)
            for part in ("tune", "test")
        )
    held = {
        part: contests.hold(
            use_case, dates[part], rows, estimators, tune, mining_run.seed
        )
        for part, rows in (("tune", tune), ("test", test))
    }
    return held["tune"], held["test"]


def _test_again(
    settings: Settings, mining_run: MiningRun, winner: str, test: Contest
) -> BackTest:
    """Fit the winner's recipe anew at each cut-off, the test snapshot's the last."""
    features = find_use_case(mining_run.use_case).columns.features
    rows, over_rule, stability = [], [], np.nan
    with connect(settings) as connection:
        treatments = read_treatments(connection, mining_run.use_case)
        cut_offs = back_test.choose_cut_offs(connection, mining_run)
    for cut_off in cut_offs.items():
        with connect(settings) as connection:
            held = back_test.hold_contest(
                connection, mining_run, winner, treatments, cut_off
            )
        if held is None:
            continue
        contest, fitted = held
        drawn = resample(
            contest.label,
            contest.scores,
            contest.person,
            _plan_contacts(mining_run.use_case),
            random_state=mining_run.seed,
        )
        rows += figures.list_resampled(contest, drawn, part="back_test")
        difference = summarise(drawn[winner]["auc"] - drawn[RULE]["auc"])
        over_rule.append((contest.as_of_date, difference))
        stability = figures.correlate_ranks(
            test.probabilities[winner],
            fitted.predict_proba(test.rows[features])[:, 1],
        )
    return BackTest(rows, over_rule, stability)


def _explain(
    settings: Settings,
    mining_run: MiningRun,
    candidates: dict[str, Artifact],
    winner: str,
    test: Contest,
) -> tuple[str, float]:
    """Say why scores can't be split into what columns add, or how steady reasons are.

    The first is empty, or the second not a number.
    """
    use_case = mining_run.use_case
    estimator = tracking.load_candidate(settings, use_case, candidates[winner])
    likeliest = np.argsort(-test.probabilities[winner], kind="stable")
    try:
        columns = Explainer(estimator).columns
        with connect(settings) as connection:
            train = read_part(connection, use_case, "train")
        concepts = read_concepts(columns)
        return "", measure_stability(
            estimator,
            train[columns],
            train["label"],
            test.rows[columns].iloc[likeliest[:MOST_EXPLAINED]],
            concepts,
            mining_run.seed,
        )
    except UnexplainableError as error:
        return str(error), np.nan


def _find(
    test: Contest,
    winner: str,
    drawn: dict,
    tested: BackTest,
    *,
    unexplained: str,
    kept: float,
) -> Findings:
    won, rule = drawn[winner], drawn[RULE]
    return Findings(
        calibration_error=summarise(won["calibration_error"]),
        back_test=tested.over_rule,
        over_rule=summarise(won["auc"] - rule["auc"]),
        missed_by_rule=figures.share_missed(
            test.label,
            test.probabilities[winner],
            test.baselines[RULE],
            read_contact_capacity(),
        ),
        lift=summarise(won["lift_at_capacity"]),
        stability=tested.stability,
        unexplained=unexplained,
        reason_stability=kept,
        profit=summarise(won["profit_cny_per_1000"]),
        profit_over_rule=summarise(
            won["profit_cny_per_1000"] - rule["profit_cny_per_1000"]
        ),
    )


def _choose(metrics: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Leave out what only a table or a curve tells, in a list of runs side by side."""
    return {name: metrics[name] for name in MEASURES if name in metrics}


def _track(test: Contest, winner: str, answers: dict, plots_of_test: dict) -> None:
    adjectives = "\n".join(
        f"- **{'' if holds else 'not '}{adjective}**: {why}"
        for adjective, (holds, why) in answers.items()
    )
    tracking.log(
        parameters={"as_of_date": test.as_of_date, "winner": winner},
        figures=plots_of_test,
        texts={"verdict.md": adjectives},
    )


def _plot_explored(settings: Settings, use_case: str) -> dict:
    with connect(settings) as connection:
        columns, rates = (
            connection.execute(f"from ml.{use_case}_{name}").df()
            for name in ("profile", "rates")
        )
    return {"rates": plots.plot_rates(rates, plots.list_telling(columns))}


def _plot(test: Contest) -> dict:
    scores = test.probabilities | {RULE: test.baselines[RULE]}
    return {
        "gains": plots.plot_gains(test.label, scores),
        "calibration": plots.plot_calibration(test.label, test.probabilities),
        "roc": plots.plot_roc(test.label, scores),
        "precision_recall": plots.plot_precision_recall(test.label, scores),
    }
