import json
import logging
from zipfile import ZipFile

import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from pipelines.discovery.champion import registry
from pipelines.discovery.tracking import mlflow_runs as tracking
from pipelines.discovery.tracking.artifacts import digest_files
from pipelines.foundation.errors import GateRefusedError
from pipelines.foundation.warehouse import connect


def champion_folder(settings, use_case="churn"):
    registered = registry.find_champion(settings, use_case)
    model_id = registered.source.removeprefix("models:/")
    return settings.artifacts / use_case / "models" / model_id / "artifacts"


def test_the_champion_is_the_version_that_was_promoted(mined):
    champion = registry.load_champion(mined, "churn")

    with connect(mined) as connection:
        promoted = connection.execute(
            "select estimator_version, run_id from ops.promotions order by use_case"
        ).fetchall()
    assert promoted[0] == (champion.estimator_version, champion.run_id)


def test_what_was_never_promoted_has_no_champion(mined):
    assert registry.load_champion(mined, "another use case") is None


@pytest.mark.parametrize(
    "name", ["model.skops", "MLmodel", "requirements.txt", "python_env.yaml"]
)
def test_a_changed_file_is_refused(mined, name):
    with (champion_folder(mined) / name).open("ab") as file:
        file.write(b" ")

    with pytest.raises(GateRefusedError, match="not those on record"):
        registry.load_champion(mined, "churn")


def test_what_is_no_estimator_at_all_is_refused_before_it_is_read(mined):
    # Were it deserialised, skops would complain of no zip file.
    (champion_folder(mined) / "model.skops").write_bytes(b"import os")

    with pytest.raises(GateRefusedError):
        registry.load_champion(mined, "churn")


def test_an_added_file_is_refused(mined):
    (champion_folder(mined) / "loader.py").write_text("raise SystemExit")

    with pytest.raises(GateRefusedError):
        registry.load_champion(mined, "churn")


def test_a_removed_file_is_refused(mined):
    (champion_folder(mined) / "requirements.txt").unlink()

    with pytest.raises(GateRefusedError):
        registry.load_champion(mined, "churn")


def test_a_type_that_is_not_listed_is_refused_though_its_digest_is_on_record(mined):
    path = champion_folder(mined) / "model.skops"
    estimator = LogisticRegression()
    estimator.extra = logging.Formatter()
    skops.io.dump(estimator, path)
    digests = digest_files(
        {file.name: file.read_bytes() for file in path.parent.iterdir()}
    )
    with connect(mined) as connection:
        connection.execute(
            "update ops.promotions set digests = ? where use_case = 'churn'",
            [json.dumps(digests)],
        )

    with pytest.raises(GateRefusedError, match="does not trust"):
        registry.load_champion(mined, "churn")


def test_an_alias_moved_by_hand_to_what_was_never_promoted_is_refused(mined):
    with connect(mined) as connection:
        connection.execute("delete from ops.promotions where use_case = 'churn'")

    with pytest.raises(GateRefusedError, match="does not know"):
        registry.load_champion(mined, "churn")


def test_no_customer_is_kept_beside_the_estimator(mined):
    assert sorted(path.name for path in champion_folder(mined).iterdir()) == [
        "MLmodel",
        "conda.yaml",
        "model.skops",
        "python_env.yaml",
        "requirements.txt",
    ]


def test_the_schema_is_saved_without_indents_which_would_take_twice_as_long(mined):
    with ZipFile(champion_folder(mined) / "model.skops") as saved:
        assert b"\n" not in saved.read("schema.json")


def test_a_moved_home_keeps_its_champion_and_can_track_new_runs(mined):
    # `mined` is a copy, so MLflow's store points to where it was made.
    registry.load_champion(mined, "churn")

    with tracking.open_run(mined, "churn", "after the move"):
        tracking.log(figures={"empty": tracking.Figure()})

    assert list(mined.artifacts.rglob("empty.png"))
