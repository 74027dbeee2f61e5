"""What each column of a foreign table is: its cells read, and its kind decided."""

import hashlib
import unicodedata

import numpy as np
import pandas as pd

DROP, NUMBER, CATEGORY, CODE = "drop", "number", "category", "code"
MISSING = "(missing)"
MOST_LEVELS = 30  # a text column with more is a code, and no level gets its own column
# What people and programs write for nothing. Only a column of numbers loses it to a
# gap: beside other words it may be an answer.
MARKS = frozenset(["", "-", "--", ".", "?", "\\n", "#n/a", "n/a", "na", "nan", "nat"])
WORDS = frozenset(["nil", "null", "none", "missing", "unknown", "未知", "无"])
MICROSECONDS_A_DAY = 86_400_000_000
MOSTLY = 0.95  # share of a text column's values from which it is a number with gaps
LARGEST_WHOLE = 2**53
LOOKED_AT = 2_000  # different texts are enough to say that they look like numbers
_CURRENCY = r"(?:[$¥€£₽₩元円]|[A-Z]{2}\$|(?i:CNY|RMB|USD|EUR|GBP|HKD|JPY|CHF|CZK))"
CURRENCIES = (
    rf"^{_CURRENCY}\s*([+-]?\s*[\d.,].*)$",
    rf"^(.*\d)\s*{_CURRENCY}$",
)
# What stands around a number and changes it, and what it is multiplied by.
FACTORS = {
    r"^\((.*\d.*)\)$": -1.0,
    r"^(.*\d)\s*(?i:DR)\.?$": -1.0,
    r"^(.*\d)\s*(?i:CR)\.?$": 1.0,
    r"^(.*\d)\s*-$": -1.0,
    r"^(.*\d)\s*%$": 0.01,
}
LEADING_SIGN = r"^([+-])\s*(.*\d.*)$"
# Of numbers given in turn a training part has four fifths, and less of a sampled table.
TAKEN_IN_TURN = 0.3  # share of the steps between the least and the largest
AUC_BY_CHANCE = 0.55  # an AUC that a column may have by luck in a small table


def arrange(frame, like=None):
    """Turn any column into a number or a text, so that nothing is left to guess.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Numbers, booleans, times and anything that can be written as text.
    like : DataFrame, optional
        Arranged before. Its columns, and their kinds, are those of the result.

    Returns
    -------
    DataFrame of shape (n_rows, n_columns)
        Floats with NaN where nothing is known, and text with ``MISSING`` there. A time
        is a number of days.
    """
    columns = frame.columns if like is None else like.columns
    arranged = {}
    for name in columns:
        as_number = (
            _is_number(frame[name])
            if like is None
            else pd.api.types.is_float_dtype(like[name])
        )
        arrange_column = _arrange_number if as_number else _arrange_text
        arranged[name] = arrange_column(frame[name])
    return pd.DataFrame(arranged, index=frame.index)


def disguise_codes(X, kinds, key):
    """Replace texts of columns with many levels by keyed hashes: they may be names.

    Nothing that is learnt changes by it, and an estimator keeps no such text.

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_columns)
        Arranged.
    kinds : dict of str to str
        By column.
    key : str
        Who has it can look up a text, not read one.

    Returns
    -------
    DataFrame of shape (n_rows, n_columns)
        ``MISSING`` stays as it is.
    """
    codes = [name for name in X if kinds[name] == CODE]
    return X.assign(**{name: _disguise(X[name], key.encode()) for name in codes})


def _disguise(values, key):
    numbers, texts = pd.factorize(values)
    hashed = [
        text
        if text == MISSING
        else hashlib.blake2b(text.encode(), key=key, digest_size=12).hexdigest()
        for text in texts
    ]
    return pd.Series(np.array(hashed, dtype=object)[numbers], index=values.index)


def find_marks(values):
    """Find what a part of a column proves of its decimal mark.

    Parameters
    ----------
    values : Series of shape (n_rows,)
        Text, or anything that can be written as text.

    Returns
    -------
    ndarray of bool of shape (3,)
        Whether a comma must mark decimals somewhere, whether a point must, and whether
        a comma may. What several parts prove is joined by *or*.
    """
    text = pd.Series(values.dropna().astype(str).unique(), dtype=object)
    return _prove_marks(_take_off_marks(text)[0])


def choose_mark(proved):
    """Choose the decimal mark of a column, ``""`` where it is not proved.

    Examples
    --------
    >>> parts = [pd.Series(["1,500"]), pd.Series(["12.50"])]
    >>> choose_mark(find_marks(parts[0])), choose_mark(sum(map(find_marks, parts)))
    ('', '.')
    """
    comma, point, is_open = proved
    if comma and point:
        return ""
    if comma:
        return ","
    return "" if is_open and not point else "."


def read_numbers(values, decimal=None):
    """Read text as numbers, as banks write them, where it can be read in one way only.

    Understood are currencies, thousands (``1,234.56``, ``1.234,56``, ``1 234,56``,
    ``1'234.56``), negatives (``(12.00)``, ``12.00-``, ``12.00 DR``), ``45 %`` as
    0.45, and full-width digits. Which of comma and point marks decimals, the column as
    a whole has to prove; where it does not, nothing is a number.

    Parameters
    ----------
    values : Series of shape (n_rows,)
        Text, or anything that can be written as text; with a unique index.
    decimal : str, optional
        As :func:`choose_mark` gives it for a column of which these are a part.

    Returns
    -------
    Series of shape (n_rows,)
        Floats, NaN where there is no number.

    Examples
    --------
    >>> read_numbers(pd.Series(["1,5", "20", "n/a"])).tolist()
    [1.5, 20.0, nan]
    >>> read_numbers(pd.Series(["1,234.50", "(20.00)", "¥3.00 DR", "45 %"])).tolist()
    [1234.5, -20.0, -3.0, 0.45]
    >>> read_numbers(pd.Series(["1,500", "2,000"])).tolist()  # or are they thousands?
    [nan, nan]
    """
    known = values.dropna()
    # A column of millions of rows has far fewer ways of writing, and each is read once.
    text = pd.Series(known.astype(str).unique(), dtype=object)
    numbers = pd.Series(_read_marked(text, decimal).to_numpy(), index=text.to_numpy())
    read = known.astype(str).map(numbers)
    return read.astype(float).reindex(values.index)


def tell_unread_numbers(values):
    """Say why a column of amounts stays text: its decimal mark is not proved.

    Parameters
    ----------
    values : Series of shape (n_rows,)
        Text, or anything that can be written as text.

    Returns
    -------
    str
        Empty where nearly no value looks like a number, or they are read as numbers.

    Examples
    --------
    >>> tell_unread_numbers(pd.Series(["1,500", "2,000"]))
    'a comma may mark thousands or decimals'
    >>> tell_unread_numbers(pd.Series(["red", "green"]))
    ''
    """
    text = pd.Series(values.dropna().astype(str).unique()[:LOOKED_AT], dtype=object)
    if text.empty:
        return ""
    bare, _ = _take_off_marks(text)
    looks = bare.str.fullmatch(r"\d[\d., ']*")
    if looks.mean() < MOSTLY or choose_mark(_prove_marks(bare[looks])):
        return ""
    if bare[looks].str.contains(".", regex=False).any():
        return "comma and point each mark decimals in some of its values"
    return "a comma may mark thousands or decimals"


def decide_kind(values, auc_alone=None):
    """Decide from the training part what a column is to every estimator.

    Parameters
    ----------
    values : Series of shape (n_rows,)
        Arranged.
    auc_alone : float, optional
        As :func:`models.explore.leaks.measure_alone` gives it. Without it, whole
        numbers that never repeat are a name only where they were given in turn.

    Returns
    -------
    tuple of str
        The kind, and why.

    Examples
    --------
    >>> decide_kind(pd.Series([7.0, 7.0, 7.0]))
    ('drop', 'the same in every row')
    >>> decide_kind(pd.Series(["red", "green", "red", "red"]))
    ('category', 'text with 2 levels')
    """
    levels, rows = values.nunique(dropna=False), len(values)
    if levels <= 1:
        return DROP, "the same in every row"
    if pd.api.types.is_float_dtype(values):
        if levels == rows and _is_name(values, auc_alone):
            return DROP, "a different whole number in every row: a name, not a measure"
        reason = f"{levels} values"
        if values.isna().any():
            reason += f", {values.isna().mean():.1%} missing: a bin of its own"
        return NUMBER, reason
    if levels > rows / 2:
        return DROP, f"text with {levels} levels in {rows} rows: a name, not a measure"
    if levels > MOST_LEVELS:
        return CODE, f"text with {levels} levels: encoded by the target, cross-fitted"
    return CATEGORY, f"text with {levels} levels"


def _is_name(values, auc_alone):
    """Whether whole numbers that never repeat name rows rather than measure them.

    In a small table an income does not repeat either. What names is given in turn, so
    that most steps between its ends are taken, or tells nothing of the target.
    """
    if not (values == values.round()).all():
        return False
    # No amount is so large, and beyond it a float no longer tells neighbours apart.
    if values.abs().max() > LARGEST_WHOLE:
        return True
    steps = np.diff(np.sort(values.to_numpy().astype("int64")))
    taken = len(steps) * np.gcd.reduce(steps) / steps.sum()
    return bool(taken >= TAKEN_IN_TURN) or (
        auc_alone is not None and auc_alone <= AUC_BY_CHANCE
    )


def _read_marked(text, decimal=None):
    """Read distinct texts as numbers, NaN where there is none."""
    bare, sign = _take_off_marks(text)
    if decimal is None:
        decimal = choose_mark(_prove_marks(bare))
    if not decimal:
        return pd.Series(np.nan, index=text.index)
    thousands = "." if decimal == "," else ","
    grouped = bare.str.fullmatch(rf"\d{{1,3}}([{thousands} ']\d{{3}})+(\{decimal}\d*)?")
    plain = bare.where(~grouped, bare.str.replace(rf"[{thousands} ']", "", regex=True))
    plain = plain.str.replace(decimal, ".", regex=False) if decimal == "," else plain
    return pd.to_numeric(plain, errors="coerce") * sign


def _take_off_marks(text):
    """Take off what is written around digits, and say what to multiply them by."""
    wide = text.map(lambda value: unicodedata.normalize("NFKC", value).strip())
    bare = wide.str.replace(r"[\u00a0\u202f\u2009]", " ", regex=True)
    bare = bare.str.replace("\u2212", "-", regex=False)
    bare = bare.str.replace("\u2019", "'", regex=False)
    sign = pd.Series(1.0, index=text.index)
    for pattern, factor in FACTORS.items():
        taken = bare.str.extract(pattern, expand=False)
        sign = sign.where(taken.isna(), sign * factor)
        bare = bare.where(taken.isna(), taken.str.strip())
    bare, sign = _take_off_sign(bare, sign)
    for pattern in CURRENCIES:
        taken = bare.str.extract(pattern, expand=False)
        bare = bare.where(taken.isna(), taken.str.strip())
    return _take_off_sign(bare, sign)


def _take_off_sign(bare, sign):
    taken = bare.str.extract(LEADING_SIGN)
    is_signed = taken[1].notna()
    sign = sign.where(~(is_signed & (taken[0] == "-")), -sign)
    return bare.where(~is_signed, taken[1].str.strip()), sign


def _prove_marks(bare):
    comma = (
        bare.str.fullmatch(r"\d{1,3}(\.\d{3})+,\d*")
        | bare.str.fullmatch(r"\d*,\d{1,2}|\d*,\d{4,}|0,\d+|\d{4,},\d+")
        | bare.str.fullmatch(r"\d{1,3}(\.\d{3}){2,}")
        | bare.str.fullmatch(r"\d{1,3}([ ']\d{3})+,\d*")
    )
    point = (
        bare.str.fullmatch(r"\d{1,3}(,\d{3})+\.\d*")
        | bare.str.fullmatch(r"\d*\.\d{1,2}|\d*\.\d{4,}|0?\.\d+|\d{4,}\.\d+")
        | bare.str.fullmatch(r"\d{1,3}(,\d{3}){2,}")
        | bare.str.fullmatch(r"\d{1,3}([ ']\d{3})+\.\d*")
    )
    is_open = bare.str.fullmatch(r"\d{1,3},\d{3}")
    return np.array([comma.any(), point.any(), is_open.any()], dtype=bool)


def _is_number(values):
    return (
        pd.api.types.is_numeric_dtype(values)
        or pd.api.types.is_bool_dtype(values)
        or pd.api.types.is_datetime64_any_dtype(values)
        or _is_mostly_number(values)
    )


def _is_mostly_number(values):
    """Whether text is a number but for a stray value, which spoils the whole column."""
    counts = values.dropna().astype(str).str.strip().value_counts()
    counts = counts[~counts.index.str.lower().isin(MARKS | WORDS)]
    if counts.empty:
        return False
    text = pd.Series(counts.index)
    # What begins with a nought is a code: it would lose the nought.
    is_number = read_numbers(text).notna() & ~text.str.fullmatch(r"0\d+")
    return counts.to_numpy()[is_number].sum() >= MOSTLY * counts.sum()


def _arrange_number(values):
    if pd.api.types.is_datetime64_any_dtype(values):
        # The end of time that banks write, 9999-12-31, does not fit nanoseconds.
        moments = pd.DatetimeIndex(pd.to_datetime(values, utc=True)).as_unit("us")
        days = pd.Series(moments.asi8 / MICROSECONDS_A_DAY, index=values.index)
        return days.where(values.notna())
    if pd.api.types.infer_dtype(values, skipna=True) == "boolean":
        # Beside a gap, true and false are objects.
        values = values.map({True: 1.0, False: 0.0})
    if pd.api.types.is_numeric_dtype(values):
        numbers = pd.to_numeric(values, errors="coerce").astype(float)
    else:
        numbers = read_numbers(values)
    return numbers.where(np.isfinite(numbers))


def _arrange_text(values):
    text = values.astype(object).where(values.notna(), MISSING).astype(str).str.strip()
    return text.where(text != "", MISSING).astype(object)
