"""Faults of estimators: F44 to F48. What is changed, broken or lost decides nothing."""

import json
import pickle
import shutil

import pytest
import skops.io
import yaml
from sklearn.base import BaseEstimator, ClassifierMixin

from pipelines import status
from pipelines.decision import score
from pipelines.discovery import mine
from pipelines.discovery.champion import registry
from pipelines.discovery.runs import find_latest
from pipelines.discovery.tracking import mlflow_runs as tracking
from pipelines.discovery.tracking.artifacts import digest_files, read_files
from pipelines.discovery.use_cases import assess
from pipelines.discovery.use_cases.model import read_candidates
from pipelines.foundation.errors import GateRefusedError, RegistryLostError
from pipelines.foundation.warehouse import connect

USE_CASE = "churn"


def ask(settings, query, values=None):
    with connect(settings) as connection:
        return connection.execute(query, values or []).fetchall()


def champion_folder(settings):
    source = registry.find_champion(settings, USE_CASE).source
    model_id = source.removeprefix(registry.LOGGED)
    return settings.artifacts / USE_CASE / "models" / model_id / "artifacts"


class Marker:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def change_a_byte(folder, _):
    path = folder / "model.skops"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def widen_the_trusted_types(folder, _):
    path = folder / "MLmodel"
    described = yaml.safe_load(path.read_text())
    described["flavors"]["sklearn"]["skops_trusted_types"].append("builtins.eval")
    path.write_text(yaml.safe_dump(described))


def swap_the_loader_module(folder, marker):
    (folder / "code").mkdir()
    (folder / "code" / "hostile.py").write_text(f"open({str(marker)!r}, 'w')")
    path = folder / "MLmodel"
    described = yaml.safe_load(path.read_text())
    described["flavors"]["python_function"] |= {
        "loader_module": "hostile",
        "code": "code",
    }
    path.write_text(yaml.safe_dump(described))


def put_a_pickle_in_its_place(folder, marker):
    (folder / "model.skops").write_bytes(pickle.dumps(Marker(marker)))


def put_a_pickle_beside_it(folder, marker):
    (folder / "model.pkl").write_bytes(pickle.dumps(Marker(marker)))
    path = folder / "MLmodel"
    described = yaml.safe_load(path.read_text())
    described["flavors"]["sklearn"] |= {
        "pickled_model": "model.pkl",
        "serialization_format": "pickle",
    }
    path.write_text(yaml.safe_dump(described))


def point_to_another_folder(folder, marker):
    elsewhere = marker.parent / "elsewhere"
    shutil.move(folder, elsewhere)
    (elsewhere / "model.skops").write_bytes(pickle.dumps(Marker(marker)))
    folder.symlink_to(elsewhere)


@pytest.mark.parametrize(
    "tamper",
    [
        change_a_byte,
        widen_the_trusted_types,
        swap_the_loader_module,
        put_a_pickle_in_its_place,
        put_a_pickle_beside_it,
        point_to_another_folder,
    ],
)
def test_f44_a_changed_artifact_is_refused_before_anything_is_deserialised(
    mined, tmp_path, monkeypatch, tamper
):
    score.run(mined, USE_CASE)
    scores = ask(mined, "from ml.churn_scores")
    marker = tmp_path / "marker"
    tamper(champion_folder(mined), marker)

    def deserialise(*_, **__):
        pytest.fail("it was deserialised")

    monkeypatch.setattr(skops.io, "load", deserialise)
    with pytest.raises(GateRefusedError, match="not those on record"):
        score.run(mined, USE_CASE)

    assert not marker.exists()
    assert ask(mined, "from ml.churn_scores") == scores


def test_f44_a_changed_candidate_cannot_challenge(mined):
    mining_run = find_latest(mined, USE_CASE)
    artifact = read_candidates(mined, mining_run)["boosting"]
    folder = mined.artifacts / USE_CASE / "models" / artifact.model_id / "artifacts"
    change_a_byte(folder, None)

    with pytest.raises(GateRefusedError, match="not those on record"):
        assess.run(mined, USE_CASE)
    assert ask(mined, "select count(*) from ops.challenges") == [(2,)]


def test_f44_the_registry_cannot_name_a_path_of_its_own(mined):
    client = tracking.open_client(mined)
    client.delete_registered_model(USE_CASE)
    client.create_registered_model(USE_CASE)
    client.create_model_version(USE_CASE, source=f"file://{champion_parent(mined)}")
    client.set_registered_model_alias(USE_CASE, "champion", "1")

    with pytest.raises(GateRefusedError, match="not those on record"):
        score.run(mined, USE_CASE)


def champion_parent(settings):
    return settings.artifacts.resolve() / USE_CASE / "models"


class Broken(ClassifierMixin, BaseEstimator):
    """The champion's probabilities, spoilt."""

    def __init__(self, estimator, spoil):
        self.estimator, self.spoil = estimator, spoil
        self.classes_ = estimator.classes_
        self.feature_names_in_ = estimator.feature_names_in_

    def predict_proba(self, X):
        return self.spoil(self.estimator.predict_proba(X))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda probabilities: probabilities[:, ::-1],
        lambda probabilities: 0 * probabilities + 0.5,
    ],
    ids=["inverted", "constant"],
)
def test_f45_a_broken_estimator_is_refused_and_the_champion_keeps_scoring(
    mined, monkeypatch, spoil
):
    load = tracking.load_candidate
    monkeypatch.setattr(
        tracking, "load_candidate", lambda *names: Broken(load(*names), spoil)
    )
    with pytest.raises(GateRefusedError, match="was not promoted"):
        assess.run(mined, USE_CASE)
    monkeypatch.undo()

    assert find_latest(mined, USE_CASE).status == "refused"
    assert registry.find_champion(mined, USE_CASE).version == 1
    assert score.run(mined, USE_CASE) > 0


def test_f46_a_missing_column_is_named_and_nobody_is_scored(mined):
    score.run(mined, USE_CASE)
    scores = ask(mined, "from ml.churn_scores")
    ask(mined, "alter table marts.customer_features drop column salary_count_90d")

    with pytest.raises(GateRefusedError, match="fitted on salary_count_90d, which"):
        score.run(mined, USE_CASE)
    assert ask(mined, "from ml.churn_scores") == scores


def test_f46_a_new_column_does_not_keep_the_champion_from_scoring(mined):
    ask(mined, "alter table marts.customer_features add column mood double")

    assert score.run(mined, USE_CASE) > 0


def test_f46_another_version_of_scikit_learn_is_refused(mined):
    path = champion_folder(mined) / "requirements.txt"
    path.write_text(path.read_text().replace("scikit-learn==", "scikit-learn==0."))
    digests = digest_files(read_files(mined, USE_CASE, path.parts[-3]))
    ask(mined, "update ops.promotions set digests = ?", [json.dumps(digests)])

    with pytest.raises(GateRefusedError, match="saved by another scikit-learn"):
        score.run(mined, USE_CASE)


def remove(path):
    path.unlink()


def empty(path):
    path.write_bytes(b"")


def overwrite(path):
    path.write_bytes(b"no database" * 1000)


@pytest.mark.parametrize("lose", [remove, empty, overwrite])
def test_f47_a_lost_registry_stops_scoring_and_flags_the_last_scores(
    mined, capsys, lose
):
    score.run(mined, USE_CASE)
    scores = ask(mined, "from ml.churn_scores")
    ask(mined, "update marts.customer_features set as_of_date = as_of_date + 31")
    lose(mined.home / "mlflow.db")

    with pytest.raises(RegistryLostError, match="So nothing was scored"):
        score.run(mined, USE_CASE)
    with pytest.raises(RegistryLostError):
        mine.needs_mining(mined, USE_CASE)
    assert ask(mined, "from ml.churn_scores") == scores
    status.print_summary(mined)
    stale = [
        li for li in capsys.readouterr().out.splitlines() if li.startswith("Stale")
    ]
    assert stale[0].startswith(
        "Stale       churn scores are of 2026-04-01, by version 1"
    )
    assert stale[0].endswith("features are of 2026-05-02")


def test_f47_a_new_registry_does_not_let_a_challenger_in_without_a_person(mined):
    (mined.home / "mlflow.db").unlink()

    assert mine.run(mined, USE_CASE).status == "waiting"


@pytest.mark.parametrize("use_case", ["churn", "cross_sell"])
def test_f48_nothing_is_learnt_from_shuffled_labels(mined, use_case):
    names = [
        name
        for (name,) in ask(
            mined,
            """
            select column_name from duckdb_columns()
            where table_name = 'customer_labels' and column_name like 'has_%'
            """,
        )
    ]
    shuffled = ", ".join(
        f"if({name} is null, null, hash(customer_id, as_of_date, '{name}') % 10 < 3)"
        f" as {name}"
        for name in names
    )
    ask(
        mined,
        f"""
        create or replace table marts.customer_labels as
        select * replace ({shuffled}) from marts.customer_labels
        """,
    )

    with pytest.raises(GateRefusedError, match="its AUC is"):
        mine.run(mined, use_case)
    aucs = ask(
        mined,
        """
        select candidate, value from ml.assessments
        where mining_run_id = ? and part = 'test' and metric = 'auc'
        """,
        [find_latest(mined, use_case).mining_run_id],
    )
    assert len(aucs) >= 3
    assert [(name, auc) for name, auc in aucs if abs(auc - 0.5) > 0.1] == []
