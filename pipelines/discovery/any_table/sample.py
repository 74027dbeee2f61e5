"""Sample: which rows to learn from, which to be judged on, and what each is called."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from models.model.cross_fitting import split_folds
from models.modify.columns import (
    MARKS,
    MISSING,
    WORDS,
    arrange,
    tell_unread_numbers,
)
from models.sample.copies import join_groups, number_copies
from pipelines.discovery.any_table.read import (
    MOMENTS,
    NESTED,
    NUMBERS,
    Form,
    Table,
    read_like,
    read_table,
)
from pipelines.discovery.any_table.request import CELLS_PER_SECOND, FOLDS, Request
from pipelines.discovery.any_table.targets import choose_positive, read_label
from pipelines.foundation.errors import DataQualityError, UsageError
from pipelines.foundation.settings import Settings

FEWEST_POSITIVES = 50
FEWEST_GROUPS = 20
HELD_OUT_SHARE = 0.2
SHOWN = 16  # digits of a hash


@dataclass(frozen=True)
class Sample:
    """Rows that are learnt from and judged on.

    Attributes
    ----------
    X : DataFrame of shape (n_rows, n_columns)
        Arranged, what may be learnt from. Rows of the test file come last.
    label : ndarray of shape (n_rows,)
        0, 1, or NaN where it is not known.
    keys : DataFrame of shape (n_rows, 1)
        The id, or where none was named the row's number in its source.
    splits : list of tuple of ndarray
        Positions to train on, and to predict.
    held_out : str
        How rows are held out: ``"folds"``, ``"time"``, ``"random"`` or ``"file"``.
    positive : str
        The value of the target that is predicted.
    counts : dict of str to int
        Rows left after each filter.
    query : str
        What was read, in SQL.
    strays : dict of str to int
        Values that are no number, by column of numbers read from text.
    left_as_text : dict of str to str
        Columns that look like numbers or dates, and why they could not be read so.
    copies : int
        Rows that repeat another one to the letter; they are on its side of each split.
    weight : ndarray of shape (n_rows,)
        A whole number: for how many rows of the source each speaks, compared with
        those of the rarer label. It depends on nothing but the label.
    group : ndarray of shape (n_rows,), optional
        A whole number: rows of one group belong together. None: each is on its own.
    form : Form
        How the table was read.
    """

    X: pd.DataFrame
    label: np.ndarray
    keys: pd.DataFrame
    splits: list[tuple[np.ndarray, np.ndarray]]
    held_out: str
    positive: str
    counts: dict[str, int]
    query: str
    strays: dict[str, int]
    left_as_text: dict[str, str]
    copies: int
    weight: np.ndarray
    group: np.ndarray | None
    form: Form

    @property
    def train(self) -> np.ndarray:
        """Positions of the first training part, which is explored."""
        return self.splits[0][0]

    @property
    def predicted(self) -> np.ndarray:
        """Positions of all rows that are predicted, in order."""
        return np.sort(np.concatenate([test for _, test in self.splits]))

    def group_of(self, rows: np.ndarray) -> np.ndarray | None:
        """Give the groups of rows by position, None where each is on its own."""
        return None if self.group is None else self.group[rows]

    def hash(self) -> str:
        """Hash all rows, labels and names of columns; what is shown of it."""
        return self._digest[:SHOWN]

    def derive_key(self) -> str:
        """Derive a key that is the same for the same rows, and that nothing shows."""
        return self._digest[SHOWN:]

    @cached_property
    def _digest(self) -> str:
        rows = pd.util.hash_pandas_object(self.X, index=False).to_numpy()
        digest = hashlib.sha256(rows.tobytes() + self.label.tobytes())
        digest.update("\n".join(self.X.columns).encode())
        return digest.hexdigest()


def draw(settings: Settings, request: Request) -> Sample:
    """Read the table and the test file, and split them.

    Parameters
    ----------
    settings : Settings
        Says where the warehouse is.
    request : Request
        Which table, and what of it.

    Raises
    ------
    UsageError
        A column that was named is not there, or the target is not one of two.
    DataQualityError
        The id repeats, or there are too few positives or negatives.
    """
    table = read_table(settings, request)
    frame, target = table.frame, request.target
    _require_columns(frame, request.not_learnt_from, request.source)
    _require_types(table, request)
    keys = _read_keys(frame, table.row_number, request)
    positive = choose_positive(frame[target], request.positive)
    label = read_label(frame[target], positive)
    counts = {"total": table.total, "sampled": len(frame)}
    chosen = frame.index[label.notna()]
    if request.time_column:
        times = frame.loc[chosen, request.time_column]
        chosen = times.sort_values(kind="stable", na_position="first").index
    frame, keys, label = frame.loc[chosen], keys.loc[chosen], label[chosen].to_numpy()
    counts |= {"labelled": len(label), "positives": int(label.sum())}
    _require_both(label, target)
    X = arrange(frame.drop(columns=[*request.not_learnt_from]))
    if X.empty:
        msg = f"{request.source} has no column left to learn from. Drop fewer."
        raise UsageError(msg)
    group = None
    if request.group_column:
        group = _number_groups(frame, request.group_column)
        _require_groups(group, label, request.group_column)
    copies, count = _number_copies(frame, X, request), 0
    if copies is not None:
        count = len(X) - int(copies.max()) - 1
        group = copies if group is None else join_groups(group, copies)
        _require_groups(group, label, "rows that are not the same")
    splits, held_out = _split(request, frame, X, label, group)
    keys, X = keys.reset_index(drop=True), X.reset_index(drop=True)
    strays = _count_strays(frame.reset_index(drop=True), X)
    sample = Sample(
        X,
        label,
        keys,
        splits,
        held_out,
        positive,
        counts,
        table.query,
        strays,
        _find_left_as_text(frame, X, table),
        count,
        table.weight.loc[chosen].to_numpy(dtype=int),
        group,
        table.form,
    )
    return _add_test(settings, request, sample, table) if request.test else sample


def _require_columns(frame: pd.DataFrame, names: tuple[str, ...], source: str) -> None:
    missing = [name for name in names if name not in frame]
    if missing:
        remedy = "Check its spelling; upper and lower case differ."
        if frame.shape[1] == 1:
            remedy = (
                "All of it was read as a single column, so that its delimiter was not "
                "recognised: write a comma, semicolon, tab or |."
            )
        msg = f"{source} has no column {', '.join(missing)}, so nothing was mined. "
        raise UsageError(msg + remedy)


def _require_types(table: Table, request: Request) -> None:
    types = table.types
    asked = {"target": request.target, "id": request.id_column}
    for role, name in asked.items():
        if name and NESTED.fullmatch(types[name]):
            msg = (
                f"The {role} {name} holds lists or records, so nothing was mined. "
                "Name a column with one value in each row."
            )
            raise UsageError(msg)
    name = request.time_column
    if name in table.unsure:
        msg = (
            f"The time {name} may be {' or '.join(table.unsure[name])}: its values fit "
            "each of them, so nothing was mined. Write it as year-month-day, with all "
            "four digits of the year."
        )
        raise UsageError(msg)
    if name and not any(kind.fullmatch(types[name]) for kind in (NUMBERS, MOMENTS)):
        msg = (
            f"The time {name} is neither number, date nor timestamp, so that it orders "
            "nothing. Write it as year-month-day, or name another column."
        )
        raise UsageError(msg)


def _count_strays(frame: pd.DataFrame, X: pd.DataFrame) -> dict[str, int]:
    """Count what is known but no number, by column of numbers read from text."""
    numbers = X.select_dtypes("float")
    texts = frame[numbers.columns].select_dtypes(["object", "string"])
    counts = {
        name: int((_is_said(texts[name]) & X[name].isna()).sum()) for name in texts
    }
    return {name: count for name, count in counts.items() if count}


def _is_said(texts: pd.Series) -> pd.Series:
    """Whether a value is more than a word for nothing."""
    written = texts.astype(str).str.strip().str.lower()
    return texts.notna() & ~written.isin(MARKS | WORDS)


def _find_left_as_text(
    frame: pd.DataFrame, X: pd.DataFrame, table: Table
) -> dict[str, str]:
    """Name what looks like numbers or dates, but may be read in several ways."""
    unsure = {
        name: f"its dates may be {' or '.join(orders)}"
        for name, orders in table.unsure.items()
        if name in X
    }
    texts = X.select_dtypes("object").columns.difference(list(unsure), sort=False)
    why = {name: tell_unread_numbers(frame[name]) for name in texts}
    return unsure | {name: reason for name, reason in why.items() if reason}


def _number_copies(
    frame: pd.DataFrame, X: pd.DataFrame, request: Request
) -> np.ndarray | None:
    if request.time_column is None:
        return number_copies(X)
    # The same row at another time is another observation.
    times = arrange(frame[[request.time_column]])
    return number_copies(X.assign(**{request.time_column: times.iloc[:, 0]}))


def _require_both(label: np.ndarray, target: str) -> None:
    for count, name in ((label.sum(), "positives"), ((1 - label).sum(), "negatives")):
        if count < FEWEST_POSITIVES:
            msg = (
                f"The target {target} has {count:.0f} {name} to learn from, fewer than "
                f"{FEWEST_POSITIVES}, so nothing was learnt: it would be luck. Bring "
                "more rows."
            )
            raise DataQualityError(msg)


def _read_keys(
    frame: pd.DataFrame, row_number: pd.Series, request: Request
) -> pd.DataFrame:
    if request.id_column is None:
        return row_number.to_frame("row_number")
    ids = frame[request.id_column]
    repeated = int(ids.duplicated().sum())
    if repeated:
        msg = (
            f"The id {request.id_column} repeats in {repeated} of {len(ids)} rows, so "
            "the same customer would be learnt from and judged on. Give it as --group, "
            "so that its rows stay together, or bring one row for each."
        )
        raise DataQualityError(msg)
    return ids.to_frame()


def _number_groups(frame: pd.DataFrame, column: str) -> np.ndarray:
    """Give groups numbers from 0; a row of which none is known is on its own."""
    if column not in frame:
        return np.arange(len(frame))
    numbers, names = pd.factorize(frame[column])
    alone = numbers < 0
    numbers[alone] = len(names) + np.arange(alone.sum())
    return numbers


def _require_groups(group: np.ndarray, label: np.ndarray, column: str) -> None:
    for value, name in ((1, "positive"), (0, "negative")):
        count = len(np.unique(group[label == value]))
        if count < FEWEST_GROUPS:
            msg = (
                f"Only {count} groups of {column} have a {name} row, fewer than "
                f"{FEWEST_GROUPS}, so none can be held out. Name a column with more "
                "groups, or none."
            )
            raise DataQualityError(msg)


def _split(
    request: Request,
    frame: pd.DataFrame,
    X: pd.DataFrame,
    label: np.ndarray,
    group: np.ndarray | None,
) -> tuple[list[tuple[np.ndarray, np.ndarray]], str]:
    rows = np.arange(len(X))
    if request.time_column:
        times = frame[request.time_column].reset_index(drop=True)
        # Rows of one moment stay together, and a missing time counts as the past.
        is_test = (times >= times.iloc[int((1 - HELD_OUT_SHARE) * len(X))]).to_numpy()
        _require_order(times, is_test)
        _require_both(label[~is_test], request.target)
        return [(rows[~is_test], rows[is_test])], "time"
    splits = split_folds(label, request.seed, group, FOLDS)
    if FOLDS * X.size > request.budget * CELLS_PER_SECOND:
        return splits[:1], "random"
    return splits, "folds"


def _require_order(times: pd.Series, is_test: np.ndarray) -> None:
    if is_test.all() or not is_test.any():
        msg = (
            f"The time {times.name} is missing in {times.isna().sum()} of {len(times)} "
            f"rows and takes {times.nunique()} values, so that no latest fifth can be "
            "held out. Name another column, or none."
        )
        raise DataQualityError(msg)


def _add_test(
    settings: Settings, request: Request, known: Sample, learnt: Table
) -> Sample:
    """Append the rows of the test file, and predict those."""
    table = read_like(settings, request, learnt)
    needed = [*known.X.columns, *([request.id_column] if request.id_column else [])]
    _require_columns(table.frame, tuple(needed), str(request.test))
    label = np.full(len(table.frame), np.nan)
    if request.target in table.frame:
        label = read_label(table.frame[request.target], known.positive).to_numpy()
    X = arrange(table.frame, like=known.X)
    _require_known(X, known.X, request.test)
    keys = _read_keys(table.frame, table.row_number, request)
    (key,) = keys.columns
    if request.id_column:
        keys = _join_keys(known.keys[key], keys[key]).to_frame(key)
    else:
        keys = pd.concat([known.keys, keys], ignore_index=True)
    first = len(known.X)
    group = known.group
    if group is not None:
        unseen = _number_groups(table.frame, request.group_column)
        group = np.concatenate([group, group.max() + 1 + unseen])
    return replace(
        known,
        X=pd.concat([known.X, X], ignore_index=True),
        label=np.concatenate([known.label, label]),
        keys=keys,
        splits=[(np.arange(first), np.arange(first, first + len(label)))],
        held_out="file",
        counts=known.counts | {"test": len(label)},
        weight=np.concatenate([known.weight, np.ones(len(label), dtype=int)]),
        group=group,
    )


def _require_known(X: pd.DataFrame, learnt: pd.DataFrame, test: object) -> None:
    lost = [
        name for name in X if _is_unknown(X[name]) and not _is_unknown(learnt[name])
    ]
    if lost:
        msg = (
            f"In {test}, nothing is known of {', '.join(lost)}, so nothing was mined: "
            "it would be predicted without. Write its values as in the table that is "
            "learnt from, or drop it."
        )
        raise DataQualityError(msg)


def _is_unknown(values: pd.Series) -> bool:
    return bool((values.isna() | (values == MISSING)).all())


def _join_keys(learnt: pd.Series, test: pd.Series) -> pd.Series:
    """Put ids below those learnt from; both are text, as they are written."""
    both = int(test.isin(learnt.dropna()).sum())
    if both:
        msg = (
            f"{both} of {len(test)} rows of the test file have a {test.name} that is "
            "also learnt from, so that their answer is known. Take them out of either "
            "file."
        )
        raise DataQualityError(msg)
    return pd.concat([learnt, test], ignore_index=True)
