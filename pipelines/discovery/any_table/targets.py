"""What counts as positive in a target that nobody has described."""

import numpy as np
import pandas as pd

from pipelines.foundation.errors import DataQualityError, UsageError

BOTH = 2
# Words for true and false. Reading a CSV turns some of them into booleans, and a
# modeller still calls them so.
SPOKEN = dict.fromkeys(("true", "t", "yes", "y", "是", "真"), "1") | dict.fromkeys(
    ("false", "f", "no", "n", "否", "假"), "0"
)


def choose_positive(target: pd.Series, wanted: str | None) -> str:
    """Choose the value to predict.

    Parameters
    ----------
    target : Series of shape (n_rows,)
        Any type, values may be missing.
    wanted : str, optional
        What the modeller calls it. Else it is true, yes, 1, or the rarer of two.

    Raises
    ------
    UsageError
        The target takes more than two values and none is wanted, or the one that is
        does not occur.
    DataQualityError
        It takes one value only, or none.

    Examples
    --------
    >>> choose_positive(pd.Series(["stay", "stay", "leave", None]), None)
    'leave'
    >>> choose_positive(pd.Series([True, False, True]), "no")
    '0'
    >>> choose_positive(pd.Series(["Y", "Y", "N"]), None)
    'Y'
    """
    counts = write_values(target).value_counts()
    if len(counts) < BOTH:
        msg = (
            f"The target {target.name} takes {len(counts)} value in "
            f"{counts.sum()} rows where it is known, so there is nothing to tell "
            "apart. Choose another target, or bring rows of both kinds."
        )
        raise DataQualityError(msg)
    if wanted is not None:
        return _find(counts, wanted.strip(), target.name)
    if len(counts) > BOTH:
        msg = (
            f"The target {target.name} takes {len(counts)} values, and mining tells "
            "two apart. Say with --positive which one to tell from all others."
        )
        raise UsageError(msg)
    if set(counts.index) == {"0", "1"}:
        return "1"
    meant = {SPOKEN.get(value.lower()): value for value in counts.index}
    if set(meant) == {"0", "1"}:
        return meant["1"]
    return max(counts[counts == counts.min()].index)


def read_label(target: pd.Series, positive: str) -> pd.Series:
    """Turn a target into 1 where it is positive, 0 where not, NaN where missing.

    Examples
    --------
    >>> read_label(pd.Series(["stay", "leave", None]), "leave").tolist()
    [0.0, 1.0, nan]
    """
    written = write_values(target)
    return (written == positive).astype(float).reindex(target.index)


def _find(counts: pd.Series, wanted: str, name: object) -> str:
    if wanted not in counts and set(counts.index) <= {"0", "1"}:
        wanted = SPOKEN.get(wanted.lower(), wanted)
    if wanted not in counts:
        msg = (
            f"The target {name} never takes the value given as --positive, so nothing "
            "was mined. Check its spelling; upper and lower case differ."
        )
        raise UsageError(msg)
    return wanted


def write_values(values: pd.Series) -> pd.Series:
    """Write known values as text: true as 1, a whole number without decimals.

    Infinity is not known.

    Examples
    --------
    >>> write_values(pd.Series([1.0, None, 2.0, float("inf")])).tolist()
    ['1', '2']
    """
    known = values.dropna()
    if pd.api.types.is_float_dtype(known):
        known = known[np.isfinite(known)]
    if pd.api.types.is_bool_dtype(known) or set(map(type, known.unique())) == {bool}:
        known = known.astype(int)
    if pd.api.types.is_float_dtype(known) and (known == known.round()).all():
        known = known.astype("int64")
    return known.astype(str).str.strip()
