"""Estimators that keep the very rows they have learnt from must not be kept.

Nearest neighbours, support vectors and Gaussian processes are made of customers: who is
erased would live on in the artifact, and whoever opens it could read them.
"""

from collections.abc import Iterator

from sklearn.base import BaseEstimator

from pipelines.foundation.errors import GateRefusedError

# Where scikit-learn's estimators put the rows of their training.
KEPT_IN = {"_fit_X", "X_fit_", "X_train_", "support_vectors_", "tree_data_"}


def refuse_kept_rows(use_case: str, estimator: BaseEstimator) -> None:
    """Refuse an estimator in which rows of its training are left.

    Raises
    ------
    GateRefusedError
        Names the parts that keep them.
    """
    keepers = sorted({type(part).__name__ for part in _find_keepers(estimator, set())})
    if keepers:
        msg = (
            f"The {use_case} estimator keeps rows it has learnt from, in "
            f"{', '.join(keepers)}, so it was not logged: no person could be erased "
            "from it. Use one that keeps what it has learnt only."
        )
        raise GateRefusedError(msg)


def _find_keepers(part: object, seen: set[int]) -> Iterator[object]:
    if id(part) in seen:
        return
    seen.add(id(part))
    if isinstance(part, dict):
        inside = part.values()
    elif isinstance(part, list | tuple | set):
        inside = part
    elif type(part).__module__.split(".")[0] in {"sklearn", "models"}:
        attributes = getattr(part, "__dict__", {})
        if KEPT_IN & {name for name, v in attributes.items() if v is not None}:
            yield part
        inside = attributes.values()
    else:
        return
    for other in inside:
        yield from _find_keepers(other, seen)
