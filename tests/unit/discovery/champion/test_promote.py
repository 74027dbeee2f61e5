"""Who becomes champion, who waits, and who decides?"""

import getpass
import shutil

import pytest
from mlflow import MlflowClient

from pipelines import status
from pipelines.decision import score
from pipelines.discovery import mine
from pipelines.discovery.champion import challenges, evidence, promote, registry
from pipelines.discovery.runs import find_latest
from pipelines.discovery.use_cases import assess
from pipelines.foundation.errors import GateRefusedError, UsageError
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect


def ask(settings, query):
    with connect(settings) as connection:
        return connection.execute(query).fetchall()


def champion_version(settings):
    return int(registry.find_champion(settings, "churn").version)


def read_cards(settings):
    return [path.read_text() for path in settings.artifacts.rglob("model_card.md")]


@pytest.fixture(scope="session")
def _challenged(_mined, tmp_path_factory):
    """A home where a challenger knows that salaries tell more than silence does."""
    home = tmp_path_factory.mktemp("challenged") / "var"
    shutil.copytree(_mined.home, home)
    settings = Settings(home=home, auto_approve=False)
    ask(
        settings,
        """
        update marts.customer_labels as labels
        set has_churned_90d = features.salary_amount_sum_90d_cny > 0.5
        from marts.customer_features as features
        where labels.customer_id = features.customer_id
            and labels.as_of_date = features.as_of_date
            and labels.has_churned_90d is not null
        """,
    )
    mine.run(settings, "churn")
    return settings


@pytest.fixture
def challenged(_challenged, settings):
    shutil.copytree(_challenged.home, settings.home)
    return settings.model_copy(update={"auto_approve": False})


def test_nobody_is_champion_before_a_person_says_so(challenged):
    assert find_latest(challenged, "churn").status == "waiting"
    assert champion_version(challenged) == 1
    score.run(challenged, "churn")
    assert ask(
        challenged, "select distinct estimator_version from ml.churn_scores"
    ) == [(1,)]


def test_the_gate_alone_makes_no_champion_unless_it_is_switched_on():
    assert Settings.model_fields["auto_approve"].default is False


def test_what_waits_is_not_mined_again_every_night(challenged):
    ask(challenged, "delete from ops.promotions where use_case = 'churn'")

    assert not mine.needs_mining(challenged, "churn")


def test_the_summary_says_what_waits_and_how_to_approve(challenged, capsys):
    status.print_summary(challenged)

    assert "crm approve churn 2 --reason" in capsys.readouterr().out


def test_approval_makes_it_champion_and_keeps_who_and_why(challenged):
    promote.approve(challenged, "churn", 2, "Looked at the card.")

    assert champion_version(challenged) == 2
    assert ask(
        challenged,
        """
        select estimator_version, approved_by, reason from ops.promotions
        where use_case = 'churn' order by promoted_at
        """,
    )[1:] == [(2, getpass.getuser(), "Looked at the card.")]
    assert ask(
        challenged,
        """
        select estimator_version, decision, decided_by from ops.challenges
        where use_case = 'churn' order by decided_at
        """,
    ) == [
        (1, "approved", "CRM_AUTO_APPROVE"),
        (2, "waiting", getpass.getuser()),
        (2, "approved", getpass.getuser()),
    ]


def test_the_registry_knows_the_challenger_while_it_waits(challenged):
    client = MlflowClient(challenged.tracking_uri)
    waiting = client.get_model_version_by_alias("churn", "challenger")
    promote.approve(challenged, "churn", 2, "Good.")

    assert waiting.version == 2
    assert client.get_registered_model("churn").aliases == {"champion": 2}


def test_the_card_says_what_it_is_for_and_who_let_it_in(challenged):
    promote.approve(challenged, "churn", 2, "Looked | at it.")

    (card,) = (text for text in read_cards(challenged) if "Looked" in text)
    assert "# churn, version 2" in card
    assert "Will this customer fall dormant" in card
    assert "| decision | **approved** |" in card
    assert "| why | Looked \\| at it. |" in card
    assert card.count("| 2025-12-01 |") == 2  # the test part, and its cut-off


def test_no_customer_is_on_a_card(challenged):
    found = ask(challenged, "select distinct customer_id from marts.customer_features")
    words = set(" ".join(read_cards(challenged)).split())

    assert len(words) > 100
    assert words.isdisjoint(customer_id for (customer_id,) in found)


def test_without_a_reason_nothing_is_approved(challenged):
    with pytest.raises(UsageError, match="needs a reason"):
        promote.approve(challenged, "churn", 2, " ")

    assert champion_version(challenged) == 1


def test_what_was_declined_waits_no_longer(challenged):
    promote.decline(challenged, "churn", 2, "Its reasons make no sense.")

    with pytest.raises(UsageError, match="is declined"):
        promote.approve(challenged, "churn", 2, "After all.")
    assert champion_version(challenged) == 1


def test_nobody_can_approve_what_was_refused(challenged):
    entry, _ = challenges.find(challenged, "churn", 2)
    promote.decline(challenged, "churn", 2, "No.")
    challenges.record(
        challenged,
        challenges.Challenge(
            **vars(entry) | {"decision": "refused", "estimator_version": 9}
        ),
    )

    with pytest.raises(UsageError, match="is refused"):
        promote.approve(challenged, "churn", 9, "I like it.")


def test_there_is_nothing_to_approve_where_nobody_challenged(challenged):
    with pytest.raises(UsageError, match="no version 7"):
        promote.approve(challenged, "churn", 7, "Why not.")


@pytest.mark.parametrize(
    "since",
    [
        """
        insert into ops.promotions (use_case, estimator_version, promoted_at)
        values ('churn', 3, '2999-01-01')
        """,
        "insert into ops.retraining values ('e', 'churn', 1, '2999-01-01')",
    ],
    ids=["another became champion", "somebody was erased"],
)
def test_an_approval_that_comes_too_late_is_refused(challenged, since):
    ask(challenged, since)

    with pytest.raises(GateRefusedError, match="Run `crm mine churn` again"):
        promote.approve(challenged, "churn", 2, "Good.")
    assert champion_version(challenged) == 1


def test_an_earlier_champion_can_come_back(challenged):
    promote.approve(challenged, "churn", 2, "Good.")
    promote.approve(challenged, "churn", 1, "Not so good after all.")

    assert champion_version(challenged) == 1


def test_an_earlier_champion_that_learnt_from_somebody_erased_cannot(challenged):
    promote.approve(challenged, "churn", 2, "Good.")
    ask(challenged, "insert into ops.retraining values ('e', 'churn', 1, '2020-01-01')")

    with pytest.raises(GateRefusedError, match="can't come back"):
        promote.approve(challenged, "churn", 1, "Not so good after all.")
    assert champion_version(challenged) == 2


def test_a_champion_that_cannot_be_compared_leaves_it_to_a_person(challenged):
    switched_on = challenged.model_copy(update={"auto_approve": True})
    model_id = registry.find_champion(challenged, "churn").source.removeprefix(
        "models:/"
    )
    (path,) = challenged.artifacts.rglob(f"{model_id}/artifacts/MLmodel")
    path.write_text("changed")

    assert assess.run(switched_on, "churn") == "waiting"
    assert champion_version(challenged) == 1
    with pytest.raises(GateRefusedError, match="not those on record"):
        score.run(switched_on, "churn")


def test_a_champion_that_learnt_from_somebody_erased_has_to_go(challenged):
    switched_on = challenged.model_copy(update={"auto_approve": True})
    ask(challenged, "insert into ops.retraining values ('e', 'churn', 1, '2020-01-01')")

    assert assess.run(switched_on, "churn") == "promoted"


@pytest.mark.parametrize(
    ("module", "function"),
    [
        (evidence, "gather"),
        (challenges, "record"),
        (promote, "write_card"),
        (promote, "decide"),
        (registry, "register"),
        (registry, "require_registered"),
        (registry, "load_champion"),
    ],
)
def test_an_exception_keeps_the_champion(challenged, monkeypatch, module, function):
    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr(module, function, fail)
    switched_on = challenged.model_copy(update={"auto_approve": True})
    with pytest.raises(MemoryError):
        assess.run(switched_on, "churn")

    monkeypatch.undo()
    assert registry.load_champion(challenged, "churn").estimator_version == 1


def test_a_record_of_a_challenge_makes_no_champion(challenged):
    MlflowClient(challenged.tracking_uri).set_registered_model_alias(
        "churn", "champion", "2"
    )

    with pytest.raises(GateRefusedError, match="does not know"):
        score.run(challenged, "churn")
