"""Promote: may a challenger become the champion? Whatever goes wrong, it may not."""

import numpy as np

from models.assessment import measure, measure_ranking
from pipelines import tracking
from pipelines.artifacts import Artifact
from pipelines.errors import GateRefusedError
from pipelines.mining_runs import MiningRun, load_use_case
from pipelines.sample import read_dates, read_part
from pipelines.settings import Settings
from pipelines.warehouse import connect

# Below this, contacting whom it names is hardly better than contacting anybody.
LEAST_AUC = 0.55
# Off by more than this share of the base rate, a probability misleads its readers.
MOST_RELATIVE_ERROR = 0.5


def challenge(
    settings: Settings, mining_run: MiningRun, candidate: str, artifact: Artifact
) -> tuple[str, str]:
    """Register the better candidate of a mining run, and promote it if it may be.

    Parameters
    ----------
    settings : Settings
        Says where the warehouse and MLflow's store are.
    mining_run : MiningRun
        Which has been modelled.
    candidate : str
        Name of the estimator that won.
    artifact : Artifact
        Its files.

    Returns
    -------
    tuple of str
        ``"promoted"``, or ``"kept"`` where the champion is no worse on the same
        snapshot; and why.

    Raises
    ------
    GateRefusedError
        It is not good enough to be anybody's champion, or the champion's files are not
        those on record. The champion stays.
    """
    use_case = mining_run.use_case
    columns = load_use_case(use_case).FEATURES
    with connect(settings) as connection:
        as_of_date = read_dates(connection, use_case)["test"]
        rows = read_part(connection, use_case, "test")
    label = rows["label"].to_numpy()
    challenger = tracking.load_candidate(settings, use_case, artifact)
    probability = challenger.predict_proba(rows[columns])[:, 1]
    auc = measure_ranking(label, probability)["auc"]
    if faults := _find_faults(label, probability):
        msg = (
            f"The {use_case} estimator {candidate} was not promoted: on "
            f"{as_of_date} {' and '.join(faults)}. What was champion before "
            "stays. Look at the run in MLflow, and at the features' drift."
        )
        raise GateRefusedError(msg)
    estimator_version = tracking.register(settings, use_case, artifact)
    champion = tracking.load_champion(settings, use_case)
    reason = "the first champion"
    if champion:
        probability = champion.estimator.predict_proba(rows[columns])[:, 1]
        champion_auc = measure_ranking(label, probability)["auc"]
        if auc <= champion_auc:
            return "kept", (
                f"not promoted, as champion version {champion.estimator_version} "
                f"reaches AUC {champion_auc:.3f}"
            )
        reason = f"AUC {auc:.3f}, champion {champion_auc:.3f} on {as_of_date}"
    tracking.promote(settings, use_case, estimator_version, artifact, reason=reason)
    return "promoted", f"promoted as version {estimator_version} ({reason})"


def _find_faults(label: np.ndarray, probability: np.ndarray) -> list[str]:
    """Say what no bank should use, whether there is a champion or not."""
    figures = measure(label, probability)
    error = figures["calibration_error"] / label.mean()
    faults = []
    if np.ptp(probability) == 0:
        faults.append("it says the same of everybody")
    if figures["auc"] < LEAST_AUC:
        faults.append(f"its AUC is {figures['auc']:.3f}, below {LEAST_AUC}")
    if error > MOST_RELATIVE_ERROR:
        faults.append(
            f"its probabilities are off by {error:.0%} of the base rate, more than "
            f"{MOST_RELATIVE_ERROR:.0%}"
        )
    return faults
