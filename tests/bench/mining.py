"""Fitting what the use case fits, against LightGBM as it comes, on the same sample."""

import time
from collections.abc import Iterator
from pathlib import Path

from scoring import TRAIN_ROWS, fit, make_marts, read_rows

from pipelines.foundation.settings import Settings

TEST_ROWS = 45_000


def compare(stopwatch, folder: Path, rows: int) -> Iterator[str]:  # noqa: ARG001
    """Compare time and AUC of the churn estimator with a gradient boosting as it is."""
    settings = Settings(home=folder / "home")
    make_marts(settings, TRAIN_ROWS + TEST_ROWS)
    for part, first, count in (
        ("train", 0, TRAIN_ROWS),
        ("test", TRAIN_ROWS, TEST_ROWS),
    ):
        read_rows(settings, first, count).to_parquet(folder / f"{part}.parquet")
    figures = stopwatch.measure(ours=(fit_ours, folder), bare=(fit_bare, folder))
    ours, bare = figures["ours"], figures["bare"]
    yield (
        f"mine      {TRAIN_ROWS:,} rows: {ours.seconds:.1f} s "
        f"({ours.seconds / bare.seconds:.2f} × LightGBM as it comes), "
        f"{ours.peak_megabytes:.0f} MB (bare {bare.peak_megabytes:.0f}); "
        f"AUC {read_auc(folder, 'ours')}, bare {read_auc(folder, 'bare')}"
    )


def fit_ours(folder: Path) -> float:
    """Fit and calibrate the use case's most complex candidate."""
    import pandas as pd  # noqa: PLC0415

    train = pd.read_parquet(folder / "train.parquet")
    import models.use_cases.churn  # noqa: F401, PLC0415 - scikit-learn's import does not count

    began = time.perf_counter()
    estimator = fit(train)
    seconds = time.perf_counter() - began
    write_auc(folder, "ours", estimator.predict_proba)
    return seconds


def fit_bare(folder: Path) -> float:
    """Fit LightGBM with its defaults on the same columns and all cores we may use."""
    import lightgbm  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    train = pd.read_parquet(folder / "train.parquet")
    features = as_categories(train).drop(columns="label")
    began = time.perf_counter()
    # Its default is what `models` has set for scikit-learn, which is one thread.
    estimator = lightgbm.LGBMClassifier(n_jobs=Settings().threads, verbose=-1)
    estimator.fit(features, train["label"])
    seconds = time.perf_counter() - began
    write_auc(folder, "bare", lambda rows: estimator.predict_proba(as_categories(rows)))
    return seconds


def as_categories(rows):
    """Turn text into what LightGBM takes."""
    return rows.assign(gender=rows["gender"].astype("category"))


def write_auc(folder: Path, name: str, predict) -> None:
    """Measure AUC on rows that nobody has learnt from."""
    import pandas as pd  # noqa: PLC0415
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415

    test = pd.read_parquet(folder / "test.parquet")
    auc = roc_auc_score(test["label"], predict(test.drop(columns="label"))[:, 1])
    (folder / f"{name}.auc").write_text(f"{auc:.4f}")


def read_auc(folder: Path, name: str) -> str:
    """Read what was measured in another process."""
    return (folder / f"{name}.auc").read_text()
