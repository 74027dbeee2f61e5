import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.explore.drift import count_bins, keep_bins, place
from pipelines.discovery.any_table import model, predict
from pipelines.discovery.any_table import run as any_table
from pipelines.discovery.any_table.predict import (
    PROBABILITY,
    REASON_COLUMNS,
    REASON_COLUMNS_ZH,
)
from pipelines.discovery.any_table.request import Request
from pipelines.discovery.champion import registry
from pipelines.discovery.tracking import mlflow_runs as tracking
from pipelines.foundation.errors import (
    DataQualityError,
    GateRefusedError,
    PipelineError,
    UsageError,
)
from pipelines.foundation.parameters import read_drift_threshold
from pipelines.foundation.settings import Settings

NEW = 500

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def mined(tmp_path_factory, make_rows):
    """A run with a test file: the home, the run's folder, and the file."""
    folder = tmp_path_factory.mktemp("predict")
    settings = Settings(home=folder / "var")
    rows, new = folder / "members.csv", folder / "new.csv"
    make_rows().to_csv(rows, index=False, sep=";")
    make_new(make_rows).to_csv(new, index=False, sep=";")
    request = Request(
        str(rows), "leaves", id_column="member", test=new, drop=("joined",)
    )
    return settings, any_table.run(settings, request), new


def make_new(make_rows):
    return make_rows(seed=1, count=NEW).drop(columns="leaves")


@pytest.fixture
def predict_rows(mined, tmp_path):
    """Predict rows, or a file; returns what was written."""
    settings, folder, _ = mined

    def predict_rows(rows, out="out.parquet", **options):
        path = rows
        if isinstance(rows, pd.DataFrame):
            path = tmp_path / "rows.csv"
            rows.to_csv(path, index=False)
        predict.run(settings, folder, path, tmp_path / out, **options)
        return tmp_path / out

    return predict_rows


def test_a_fresh_process_predicts_what_the_run_predicted_to_the_bit(mined, tmp_path):
    settings, folder, new = mined
    out = tmp_path / "out.parquet"
    arguments = ["predict", str(folder / "report.html"), str(new), "--out", str(out)]

    done = subprocess.run(
        [sys.executable, "-c", "from pipelines.cli import main; main()", *arguments],
        env={"CRM_HOME": str(settings.home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    wanted = pd.read_parquet(folder / "predictions.parquet")
    predicted = pd.read_parquet(out)
    assert predicted["member"].tolist() == wanted["member"].tolist()
    assert predicted[PROBABILITY].tolist() == wanted[PROBABILITY].tolist()
    assert "canary" not in done.stderr


def test_parts_are_predicted_as_the_whole_and_in_order(
    mined, predict_rows, monkeypatch
):
    whole = pd.read_parquet(predict_rows(mined[2]))
    monkeypatch.setattr(predict, "PREDICTED_AT_ONCE", 64)

    parts = pd.read_parquet(predict_rows(mined[2], "parts.parquet"))

    assert parts["member"].tolist() == whole["member"].tolist()
    np.testing.assert_allclose(parts[PROBABILITY], whole[PROBABILITY], rtol=1e-12)
    assert parts[REASON_COLUMNS].equals(whole[REASON_COLUMNS])


def test_a_number_is_read_as_its_whole_column_proves_it(
    make_rows, predict_rows, monkeypatch
):
    rows = make_new(make_rows).assign(noise=1.5)
    plain = pd.read_parquet(predict_rows(rows, with_reasons=False))
    monkeypatch.setattr(predict, "PREDICTED_AT_ONCE", 64)

    # Only the last row proves that a comma marks decimals: 1,500 is not 1500.
    rows["noise"] = ["1,500"] * (NEW - 1) + ["1,5"]
    written = pd.read_parquet(predict_rows(rows, "commas.parquet", with_reasons=False))

    np.testing.assert_allclose(written[PROBABILITY], plain[PROBABILITY], rtol=1e-12)


def test_true_and_false_beside_a_gap_are_read_as_without_one(make_rows, predict_rows):
    rows = make_new(make_rows)
    before = pd.read_parquet(predict_rows(rows, with_reasons=False))
    rows["is_abroad"] = rows["is_abroad"].astype(object)
    rows.loc[NEW - 1, "is_abroad"] = None

    after = pd.read_parquet(predict_rows(rows, "gap.parquet", with_reasons=False))

    assert after[PROBABILITY][:-1].tolist() == before[PROBABILITY][:-1].tolist()


def test_a_renamed_column_is_named_as_the_run_knows_it(make_rows, predict_rows):
    rows = make_new(make_rows).rename(columns={"age": "canary"})

    with pytest.raises(DataQualityError, match=r"no column age, .* 1 that it") as error:
        predict_rows(rows)

    assert "canary" not in str(error.value)


def test_an_unknown_column_is_ignored_and_counted(make_rows, predict_rows, caplog):
    rows = make_new(make_rows)
    before = predict_rows(rows)

    with caplog.at_level(logging.WARNING, "pipelines"):
        after = predict_rows(rows.assign(canary=1), "more.parquet")

    assert "1 column was ignored" in caplog.text
    assert "canary" not in caplog.text
    assert after.read_bytes() == before.read_bytes()


def test_what_the_run_does_not_need_may_be_missing(make_rows, predict_rows, caplog):
    rows = make_new(make_rows).drop(columns=["joined", "country", "fax"])

    with caplog.at_level(logging.WARNING, "pipelines"):
        assert len(pd.read_parquet(predict_rows(rows))) == NEW

    assert caplog.text == ""


def test_new_levels_are_counted_and_not_shown(make_rows, predict_rows, caplog):
    rows = make_new(make_rows)
    rows.loc[:2, "plan"] = "canary"
    rows.loc[:4, "shop"] = "canary"

    with caplog.at_level(logging.WARNING, "pipelines"):
        predict_rows(rows)

    assert "plan has a level that mining has not seen in 3 of 500 rows" in caplog.text
    assert "shop has a level that mining has not seen in 5 of 500 rows" in caplog.text
    assert "canary" not in caplog.text


def test_a_shifted_column_is_named_and_no_other(make_rows, predict_rows, caplog):
    rows = make_new(make_rows)

    with caplog.at_level(logging.WARNING, "pipelines"):
        predict_rows(rows.assign(age=rows["age"] + 20))

    (line,) = [record.getMessage() for record in caplog.records]
    assert "age has drifted since mining (PSI" in line


def test_new_names_among_thousands_are_no_drift_and_other_shares_of_them_are():
    rng = np.random.default_rng(0)
    name_all = np.vectorize(lambda number: f"name {number}", otypes=[object])
    kept = keep_bins(pd.Series(name_all(rng.zipf(1.3, 10_000) % 3_000)))

    def drift(numbers):
        bins = place(kept, pd.Series(name_all(numbers)))
        counts = np.bincount(bins, minlength=count_bins(kept))
        index = predict.measure_drift_beyond_chance(np.array(kept["rows"]), counts)
        return counts[-1], index > read_drift_threshold()

    new, has_drifted = drift(rng.zipf(1.3, 2_000) % 3_000)
    assert new > 0
    assert not has_drifted
    assert drift(rng.integers(1_000, 9_000, 2_000))[1]


def test_a_few_rows_drift_only_where_it_is_no_chance(make_rows, predict_rows, caplog):
    with caplog.at_level(logging.WARNING, "pipelines"):
        predict_rows(make_new(make_rows)[:30])

    assert "drifted" not in caplog.text


def test_reasons_are_in_both_languages_and_true(make_rows, predict_rows):
    rows = make_new(make_rows)
    predicted = pd.read_parquet(predict_rows(rows))

    first, first_zh = predicted[REASON_COLUMNS[0]], predicted[REASON_COLUMNS_ZH[0]]
    assert (first.isna() == first_zh.isna()).all()
    is_age = (predicted[REASON_COLUMNS] == "age: higher than usual").any(axis=1)
    assert is_age.sum() > NEW / 4
    assert rows["age"][is_age.to_numpy()].min() > 45
    assert (predicted[REASON_COLUMNS_ZH] == "age：高于平常").any(axis=1).equals(is_age)
    # What was planted says more than what was not.
    named = first.dropna().str.split(":").str[0].value_counts()
    assert set(named.index[:3]) == {"age", "plan", "shop"}


def test_a_changed_artifact_is_not_loaded(mined, predict_rows, monkeypatch):
    settings, _, new = mined
    (path,) = settings.artifacts.rglob("model.skops")
    content = path.read_bytes()
    monkeypatch.setattr("skops.io.load", lambda *_, **__: pytest.fail("it was loaded"))
    try:
        path.write_bytes(content + b"\0")
        with pytest.raises(GateRefusedError, match=r"not those on record.*mine the"):
            predict_rows(new)
    finally:
        path.write_bytes(content)


def test_what_is_kept_holds_no_name_of_a_row(mined):
    settings, folder, _ = mined
    files = [path for path in settings.artifacts.rglob("*") if path.is_file()]

    assert any(path.name == "model.skops" for path in files)
    for path in [*files, folder / "kept.json", folder / "card.md"]:
        content = path.read_bytes()
        assert b"canary" not in content, path
        # Shops are many: levels of which each may be a name.
        assert b"S017" not in content, path


def test_the_winner_is_registered_with_a_signature_and_a_card(mined):
    settings, folder, _ = mined
    client = tracking.open_client(settings)

    (version,) = client.search_model_versions("name = 'table_members'")
    assert registry.LOGGED in version.source
    logged = client.get_logged_model(version.source.removeprefix(registry.LOGGED))
    assert logged.name == "estimator"
    (content,) = settings.artifacts.rglob("MLmodel")
    for name in ("age", "plan", "shop", "is_abroad", "noise"):
        assert f'"name": "{name}"' in content.read_text()
    card = (folder / "card.md").read_text()
    assert "| predicted | probability of leaves = 1 |" in card
    assert "| plan | category | text with 4 levels |" in card
    for heading in ("## Verdict", "## Columns", "## Limits", "| AUC |"):
        assert heading in card


def test_rows_held_out_in_folds_are_all_learnt_from_in_what_is_kept(
    settings, write, make_rows, monkeypatch
):
    crowned = []
    crown = model.crown

    def spy(part, metric):
        crowned.append(len(part.train))
        return crown(part, metric)

    monkeypatch.setattr(model, "crown", spy)
    path = write(make_rows())
    folder = any_table.run(settings, Request(path, "leaves", drop=("joined",)))

    assert crowned == [900]
    out = folder / "out.csv"
    assert predict.run(settings, folder, Path(path), out) == 900
    predicted = pd.read_csv(out)
    assert predicted["row_number"].tolist() == list(range(1, 901))


def test_a_csv_reads_back_to_the_bit_and_an_existing_file_stays(mined, predict_rows):
    exact = pd.read_parquet(predict_rows(mined[2]))
    out = predict_rows(mined[2], "out.csv")
    written = out.read_bytes()

    assert pd.read_csv(out)[PROBABILITY].tolist() == exact[PROBABILITY].tolist()
    assert out.stat().st_mode & 0o077 == 0
    with pytest.raises(UsageError, match="is there already, so nothing was predicted"):
        predict_rows(mined[2], "out.csv")
    assert out.read_bytes() == written


def test_a_file_that_fails_leaves_nothing_behind(mined, predict_rows, tmp_path):
    text = mined[2].read_text().splitlines()
    broken = tmp_path / "broken.csv"
    broken.write_text("\n".join([*text, "canary;1"]))

    with pytest.raises(PipelineError, match="nothing was predicted") as error:
        predict_rows(broken)

    assert "canary" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["broken.csv"]


def test_a_file_without_rows_is_refused(make_rows, predict_rows):
    with pytest.raises(DataQualityError, match="has no rows, so nothing was predicted"):
        predict_rows(make_new(make_rows)[:0])


def test_a_run_that_has_kept_nothing_yet_says_what_to_do(mined, settings, write):
    _, _, new = mined
    request = Request(write(pd.read_csv(new, sep=";").assign(y=[0, 1] * 250)), "y")
    folder = any_table.begin(settings, request)

    with pytest.raises(UsageError, match="no estimator yet, so nothing was predicted"):
        predict.run(settings, folder.path, new, folder.path / "out.csv")
