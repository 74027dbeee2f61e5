"""A use case is one object: what follows when one is added, or a figure is edited?"""

import ast
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from models.model.candidates import build_logistic
from pipelines import status
from pipelines.decision import explain, monitor, score
from pipelines.discovery import mine
from pipelines.foundation import use_case
from pipelines.foundation.settings import PROJECT_ROOT
from pipelines.foundation.use_case import UseCase, find_use_case
from pipelines.foundation.warehouse import connect

# What works the same for every use case. Texts, such as examples, may name one.
STEPS = (
    "dags/*.py",
    *(
        f"pipelines/{folder}/**/*.py"
        for folder in ("decision", "discovery", "analysis", "foundation", "forget")
    ),
    "pipelines/night.py",
)
HEAVY = {"duckdb", "matplotlib", "mlflow", "numpy", "pandas", "sklearn"}
# Who waits long at the counter complains.
LABELS = """
alter table marts.customer_labels add column is_complaint_eligible boolean;
alter table marts.customer_labels add column has_complained_30d boolean;
update marts.customer_labels as labels set
    is_complaint_eligible = features.branch_wait_minutes_mean_180d is not null,
    has_complained_30d = if(
        features.branch_wait_minutes_mean_180d is not null
            and labels.as_of_date + 37 <= date '2026-04-01',
        hash(labels.customer_id, labels.as_of_date, 'complaint') % 9
            < features.branch_wait_minutes_mean_180d,
        null
    )
from marts.customer_features as features
where labels.customer_id = features.customer_id
    and labels.as_of_date = features.as_of_date;
"""
COMPLAINT = UseCase(
    name="complaint",
    title="Complaints",
    title_zh="投诉",
    asks="Will this customer complain in {horizon_days} days from {lead_days} on?",
    rule="how often the customer has complained",
    label="has_complained_30d",
    eligible="is_complaint_eligible",
    probability="complaint_probability",
    positives=1_000,
    negatives=1_000,
    of_both_lives="1 - product(1 - {0})",
)


def ask(settings, query):
    with connect(settings) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture
def complaint(monkeypatch, edit_project):
    """A use case that only this file knows of."""
    module = ModuleType("models.use_cases.complaint")
    module.WORTH_CNY = (50.0, 1.0)
    module.build_estimators = lambda treatments, random_state=0: {  # noqa: ARG005
        "logistic": build_logistic(treatments, penalty=1.0)
    }
    module.score_by_rule = lambda train, frame: (  # noqa: ARG005
        frame["complaint_count_180d"].to_numpy()
    )
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(use_case, "USE_CASES", (*use_case.USE_CASES, COMPLAINT))
    edit_project(
        "dbt_project.yml",
        "  use_cases:\n",
        "  use_cases:\n    complaint: {lead_days: 7, horizon_days: 30}\n",
    )
    return COMPLAINT.name


def test_one_object_and_one_label_are_mined_scored_explained_and_monitored(
    settings, fill_marts, complaint
):
    fill_marts(settings)
    ask(settings, LABELS)

    mined = mine.run(settings, complaint)
    scored = score.run(settings, complaint)
    explained = explain.run(settings, complaint)
    notes = monitor.run(settings, complaint)

    assert mined.status == "promoted"
    assert ask(
        settings,
        """
        select count(*), bool_and(probability between 0 and 1), any_value(as_of_date)
        from ml.scores where use_case = 'complaint'
        """,
    ) == ask(
        settings,
        """
        select count(*), true, max(as_of_date) from marts.customer_labels
        where is_complaint_eligible and as_of_date = date '2026-04-01'
        """,
    )
    assert explained > scored / 4
    (note,) = notes
    assert "the scores of 2026-04-01 is known from 2026-05-08 on" in note
    (page,) = (settings.reports / "complaint").glob("*.html")
    assert "complain in 30 days from 7 on?" in page.read_text(encoding="utf-8")


def test_lead_and_capacity_are_one_edit_each(
    settings, fill_marts, edit_project, capsys
):
    edit_project("dbt_project.yml", "lead_days: 14", "lead_days: 30")
    edit_project("dbt_project.yml", "contact_capacity: 0.10", "contact_capacity: 0.20")
    fill_marts(settings)

    mine.run(settings, "churn")
    score.run(settings, "churn")
    notes = monitor.run(settings, "churn")
    status.print_summary(settings)

    assert find_use_case("churn").label_days == 120
    ((gap,),) = ask(
        settings,
        """
        select min(as_of_date - lag) from (
            select as_of_date, lag(max(as_of_date)) over (order by as_of_date) as lag
            from ml.churn_sample where part != 'train' or as_of_date = (
                select max(as_of_date) from ml.churn_sample where part = 'train'
            )
            group by as_of_date
        )
        """,
    )
    assert gap >= 120
    assert "is known from 2026-07-30 on" in notes[0]
    assert ask(
        settings,
        """
        select bool_and(abs(lift * capacity - gain) < 1e-9), any_value(capacity)
        from (
            pivot (from ml.assessments where part = 'test')
            on metric in (
                'lift_at_capacity' as lift, 'contact_capacity' as capacity,
                'gain_in_top_20_percent' as gain
            )
            using any_value(value) group by candidate
        )
        """,
    ) == [(True, 0.2)]
    (page,) = (settings.reports / "churn").glob("*.html")
    text = page.read_text(encoding="utf-8")
    assert "in the 90 days that begin in 30 days?" in text
    assert "Capacity is 20% of the rows" in text
    assert "lift at 20 %" in capsys.readouterr().out


def read_code(path):
    """A file's code without comments and docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [ast.Pass(), *node.body[ast.get_docstring(node) is not None :]]
    return ast.unparse(tree)


def test_no_step_names_a_use_case():
    offenders = []
    for path in {path for step in STEPS for path in PROJECT_ROOT.glob(step)}:
        code = read_code(path)
        offenders += [
            f"{path.name}: {name}"
            for name in use_case.list_names()
            if re.search(rf"(?<![a-z]){name}(?![a-z])", code)
            and path != Path(use_case.__file__)
        ]

    assert offenders == []


def test_naming_all_use_cases_loads_nothing_heavy():
    code = (
        "import sys; from pipelines.foundation.use_case import list_names; "
        f"list_names(); print(*{HEAVY}.intersection(sys.modules))"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )

    assert loaded.stdout.split() == []


def test_names_tables_and_probabilities_are_one_use_case_each():
    for attribute in ("name", "title", "title_zh", "score_table", "probability"):
        values = [getattr(one, attribute) for one in use_case.USE_CASES]
        assert len(set(values)) == len(values), attribute
