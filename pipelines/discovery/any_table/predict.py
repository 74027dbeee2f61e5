"""Predict other rows by what a run has kept, in parts, and say what is new in them."""

import io
import logging
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from models.explain.reasons import MOST_REASONS, choose_reasons
from models.explain.replacements import measure_additions
from models.explore.drift import BIN_COUNT, measure_drift, place
from models.model.table_estimator import PREDICTED_AT_ONCE, TableClassifier
from models.modify.columns import MISSING, arrange, disguise_codes
from pipelines.discovery.any_table import kept as keeping
from pipelines.discovery.any_table.bugs import hold_back_values
from pipelines.discovery.any_table.folder import Folder
from pipelines.discovery.any_table.kept import Kept
from pipelines.discovery.any_table.read import Rows, open_like
from pipelines.discovery.any_table.request import Request
from pipelines.foundation.errors import DataQualityError, UsageError
from pipelines.foundation.modes import make_folder
from pipelines.foundation.parameters import read_drift_threshold
from pipelines.foundation.private_files import create_private, neutralise
from pipelines.foundation.settings import Settings

NUMBER_COLUMN, PROBABILITY = "row_number", "probability"
MISSING_LEVEL = "missing"
# What a reason says of a column's value, in both languages.
WORDINGS = {
    "more": ("{}: higher than usual", "{}：高于平常"),
    "less": ("{}: lower than usual", "{}：低于平常"),
    "other": ("{}: its value", "{}：其取值"),
    MISSING_LEVEL: ("{}: missing", "{}：缺失"),
}
REASON_COLUMNS = [f"reason_{rank}" for rank in range(1, MOST_REASONS + 1)]
REASON_COLUMNS_ZH = [f"{name}_zh" for name in REASON_COLUMNS]
AS_PARQUET = ".parquet"
DEVIATIONS = 3  # of a stability index that is chance

logger = logging.getLogger(__name__)


def run(
    settings: Settings,
    path: Path,
    source: Path,
    out: Path | TextIO,
    *,
    encoding: str | None = None,
    with_reasons: bool = True,
) -> int:
    """Predict each row of a file, in its order, and warn of what has moved.

    Parameters
    ----------
    settings : Settings
        Says where artifacts are kept.
    path : Path
        Folder of a run, or the report in it.
    source : Path
        Rows to predict, in any format that `crm mine` reads.
    out : Path or file
        Where to: CSV, or Parquet by its name.
    encoding : str, optional
        Of the file's text. Else as at mining.
    with_reasons : bool, default=True
        Whether to say why, which takes as many predictions as there are columns.

    Returns
    -------
    int
        Rows predicted.

    Raises
    ------
    UsageError
        No run is there, or it keeps nothing yet, or the file can't be read.
    DataQualityError
        A column is missing, or there are no rows.
    GateRefusedError
        The estimator's files are not those on record.
    """
    with hold_back_values("Prediction"), _say_predicted():
        folder = Folder(settings, path.parent if path.is_file() else path)
        kept = keeping.read(folder.path)
        request = replace(
            folder.request,
            test=source,
            encoding=encoding or folder.request.encoding,
        )
        estimator = kept.load(settings, request.name)
        seen = _Seen(kept)
        with open_like(settings, request, kept.form) as rows:
            _compare_columns(request, kept, rows)
            with _open_out(out, request, with_reasons=with_reasons) as write:
                for names, X in _read(request, kept, rows):
                    probability = estimator.predict_proba(X)[:, 1]
                    predicted = names.assign(**{PROBABILITY: probability})
                    if with_reasons:
                        predicted = predicted.join(_explain(estimator, kept, X))
                    write(predicted)
                    seen.add(X, probability)
                _require_rows(request, seen)
    seen.warn(request)
    return seen.count


@contextmanager
def _say_predicted() -> Iterator[None]:
    """Say of a file that can't be read that nothing was predicted, not mined."""
    try:
        yield
    except (UsageError, DataQualityError) as error:
        msg = str(error).replace("nothing was mined", "nothing was predicted")
        raise type(error)(msg) from None


def _compare_columns(request: Request, kept: Kept, rows: Rows) -> None:
    """Refuse a file that lacks a column; say how many there are too many.

    What a file calls its columns may be a row, where the header is missing: only names
    that the run knows are shown.
    """
    needed = [*([request.id_column] if request.id_column else []), *kept.kinds]
    known = {*request.not_learnt_from, *kept.form.types}
    unknown = [name for name in rows.names if name not in known]
    if missing := [name for name in needed if name not in rows.names]:
        msg = (
            f"{request.test} has no column {', '.join(missing)}, which the run has "
            f"learnt from, and {len(unknown)} that it does not know, so nothing was "
            "predicted. Name its columns as at mining; upper and lower case differ."
        )
        raise DataQualityError(msg)
    if unknown:
        logger.warning(
            "%s: %d %s ignored, which the run does not know.",
            request.name,
            len(unknown),
            "column was" if len(unknown) == 1 else "columns were",
        )


def _read(
    request: Request, kept: Kept, rows: Rows
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Give what names the rows, and the columns that the estimator takes, by part."""
    names = [request.id_column] if request.id_column else []
    like = pd.DataFrame(
        {
            name: pd.Series(dtype=float if name in kept.numbers else object)
            for name in kept.kinds
        }
    )
    listed = list(dict.fromkeys([*names, *kept.kinds]))
    first = 1
    for part in rows.read(listed, set(kept.numbers), PREDICTED_AT_ONCE):
        numbers = np.arange(first, first + len(part))
        first += len(part)
        named = part[names] if names else pd.DataFrame({NUMBER_COLUMN: numbers})
        X = arrange(part, like=like)
        yield named, disguise_codes(X, kept.kinds, kept.key)


def _require_rows(request: Request, seen: "_Seen") -> None:
    if not seen.count:
        msg = f"{request.test} has no rows, so nothing was predicted. Give it some."
        raise DataQualityError(msg)


class _Seen:
    """Counts what is in the rows that were predicted, to hold it against mining."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._counts = {name: np.zeros(len(of["rows"])) for name, of in _list(kept)}
        self._sum = 0.0
        self.count = 0

    def add(self, X: pd.DataFrame, probability: np.ndarray) -> None:
        """Count a part of the rows."""
        self.count += len(X)
        self._sum += float(probability.sum())
        for name, of in _list(self._kept):
            bins = place(of, X[name])
            self._counts[name] += np.bincount(bins, minlength=len(of["rows"]))

    def warn(self, request: Request) -> None:
        """Say what is new, in one line for each column."""
        logger.info(
            "%s predicted: %d rows, mean probability %.4f",
            request.name,
            self.count,
            self._sum / self.count,
        )
        threshold = read_drift_threshold()
        for name, of in _list(self._kept):
            counts = self._counts[name]
            if "levels" in of and (strange := int(counts[-1])):
                logger.warning(
                    "%s: %s has a level that mining has not seen in %d of %d rows; "
                    "they count as average in it.",
                    request.name,
                    name,
                    strange,
                    self.count,
                )
            index = measure_drift_beyond_chance(np.array(of["rows"]), counts)
            if index > threshold:
                logger.warning(
                    "%s: %s has drifted since mining (PSI %.2f, more than %g), so that "
                    "probabilities may no longer be true. Mine again, or find out why.",
                    request.name,
                    name,
                    index,
                    threshold,
                )


def _list(kept: Kept) -> list[tuple[str, dict]]:
    return list(kept.bins.items())


def measure_drift_beyond_chance(before: np.ndarray, after: np.ndarray) -> float:
    """Measure the stability index, less what so few rows may have by chance.

    Of rows that have not moved it is about chi-squared, divided by their number
    (Yurdakul and Naranjo 2020, Journal of Risk Model Validation 14(4)).
    Of columns with more levels than there are tenths, the rarer ones are one bin, and
    those not seen before are rare, too: among thousands of surnames some are new.
    """
    if len(before) > BIN_COUNT + 2:
        order = np.argsort(-before[:-1], kind="stable")
        often, rare = order[:BIN_COUNT], order[BIN_COUNT:]
        before, after = (
            np.array([*rows[often], rows[rare].sum() + rows[-1]])
            for rows in (before, after)
        )
    free = len(before) - 1
    by_chance = free + DEVIATIONS * math.sqrt(2 * free)
    share = 1 / before.sum() + 1 / after.sum()
    return measure_drift(before, after) - by_chance * share


def _explain(estimator: TableClassifier, kept: Kept, X: pd.DataFrame) -> pd.DataFrame:
    """Word up to three reasons for each row, in both languages; None where fewer."""
    concepts = pd.DataFrame(
        {
            "concept": list(X),
            "orientation": [int(name in kept.averages) for name in X],
            "when_missing": MISSING_LEVEL,
        },
        index=list(X),
    )
    averages = pd.DataFrame(
        {
            "median": {name: kept.usual[name] for name in kept.averages},
            "mean": kept.averages,
        }
    )
    added = measure_additions(estimator, X, kept.usual)
    reasons = choose_reasons(added, X, averages, concepts)
    is_gap = (X.isna() | (X == MISSING)).to_numpy()
    is_number = np.array([name in kept.averages for name in X])
    columns = X.columns.get_indexer(reasons["concept"])
    level = np.where(
        is_gap[reasons["row"], columns],
        MISSING_LEVEL,
        np.where(is_number[columns], reasons["level"], "other"),
    )
    worded = np.full(
        (len(X), len(REASON_COLUMNS + REASON_COLUMNS_ZH)), None, dtype=object
    )
    ranks = reasons["reason_rank"].to_numpy() - 1
    for number in range(2):
        texts = [
            WORDINGS[of][number].format(name)
            for of, name in zip(level, reasons["concept"], strict=True)
        ]
        worded[reasons["row"], ranks + number * MOST_REASONS] = texts
    return pd.DataFrame(
        worded, index=X.index, columns=REASON_COLUMNS + REASON_COLUMNS_ZH
    )


@contextmanager
def _open_out(
    out: Path | TextIO, request: Request, *, with_reasons: bool
) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Give what writes a part; a file appears under its name when it is whole."""
    if not isinstance(out, Path):
        yield _write_csv(out)
        return
    if out.exists():
        msg = f"{out} is there already, so nothing was predicted. Name another file."
        raise UsageError(msg)
    unfinished = out.with_name(f".{out.name}.{os.getpid()}")
    make_folder(out.parent)
    try:
        with create_private(unfinished) as file:
            if out.suffix.lower() == AS_PARQUET:
                schema = _describe(request, with_reasons=with_reasons)
                with pq.ParquetWriter(file, schema) as writer:
                    yield lambda part: writer.write_table(
                        pa.Table.from_pandas(part, schema, preserve_index=False)
                    )
            else:
                with io.TextIOWrapper(file, encoding="utf-8", newline="") as text:
                    yield _write_csv(text)
        unfinished.rename(out)
    finally:
        unfinished.unlink(missing_ok=True)


def _write_csv(file: TextIO) -> Callable[[pd.DataFrame], None]:
    is_first = True

    def write(part: pd.DataFrame) -> None:
        nonlocal is_first
        texts = part.select_dtypes(["object", "string"])
        safe = {name: texts[name].map(neutralise, na_action="ignore") for name in texts}
        part.assign(**safe).to_csv(file, index=False, header=is_first)
        is_first = False

    return write


def _describe(request: Request, *, with_reasons: bool) -> pa.Schema:
    name = request.id_column or NUMBER_COLUMN
    fields = [(name, pa.string() if request.id_column else pa.int64())]
    fields.append((PROBABILITY, pa.float64()))
    if with_reasons:
        fields += [(name, pa.string()) for name in REASON_COLUMNS + REASON_COLUMNS_ZH]
    return pa.schema(fields)
