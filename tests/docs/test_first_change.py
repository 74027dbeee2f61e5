"""Does the first change that CONTRIBUTING shows step by step work as it stands?"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.foundation.settings import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SECTION = re.search(r"^## A first change.*?(?=^## )", PAGE, re.DOTALL | re.MULTILINE)[0]
FEATURE = "foreign_event_count_90d"
NEEDED = ("dbt_project", "expectations", "models", "pipelines", "tests")
BIN = Path(sys.executable).parent
# What the entry alone leads to, off the changed copy.
FOLLOWED = f"""
import json, sys
sys.path.insert(0, "tests/bench")
from features_by_hand import write_query
from pipelines.foundation.feature_contract import load_feature_contract
from pipelines.foundation.gates import suites
from pipelines.foundation.parameters import read_variables

contract = load_feature_contract()
expected = suites.load_suite("customer_features").expectations
print(json.dumps({{
    "learnt by all": all(
        {FEATURE!r} in contract.list_columns(name).numeric
        for name in read_variables()["use_cases"]
    ),
    "expected": [
        (e.min_value, e.max_value) for e in expected
        if getattr(e, "column", None) == {FEATURE!r}
    ],
    "is a column of the suite": {FEATURE!r} in expected[0].column_set,
    "is asked of the bench": {FEATURE!r} in write_query(),
}}))
"""
# Customers who leave because of it, and what is said of the likeliest.
MINED = f"""
import importlib.util, json, sys
from pathlib import Path
from pipelines.decision import explain, score
from pipelines.discovery import mine
from pipelines.foundation.settings import Settings
from pipelines.foundation.warehouse import connect

spec = importlib.util.spec_from_file_location("marts", "tests/unit/conftest.py")
marts = importlib.util.module_from_spec(spec)
spec.loader.exec_module(marts)
settings = marts.fill_marts(
    Settings(home=Path(sys.argv[1])), churn="if({FEATURE} > 0.6, 0.9, 0.02)"
)
mine.run(settings, "churn")
score.run(settings, "churn")
explain.run(settings, "churn")
with connect(settings) as connection:
    print(json.dumps(connection.execute('''
        select concept, level from ml.score_reasons
        inner join ml.churn_scores using (customer_id, as_of_date)
        where reason_rank = 1 order by churn_probability desc limit 20
    ''').fetchall()))
"""


def read_blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", SECTION, re.DOTALL | re.MULTILINE)


def edit(folder, block):
    """Make the change of a block in each file that its first lines name."""
    lines = block.splitlines(keepends=True)
    names = [line[2:].strip() for line in lines if line.startswith("# ")]
    rest = lines[len(names) :]
    before = "".join(line[1:] for line in rest if not line.startswith("+"))
    after = "".join(line[1:] or "\n" for line in rest)
    for name in names:
        text = (folder / name).read_text(encoding="utf-8")
        assert text.count(before) == 1, f"no one place for a change in {name}"
        (folder / name).write_text(text.replace(before, after), encoding="utf-8")


@pytest.fixture(scope="module")
def changed_copy(tmp_path_factory):
    """A copy of the code in which every edit of the page is made."""
    folder = tmp_path_factory.mktemp("first_change")
    for name in NEEDED:
        ignored = shutil.ignore_patterns("__pycache__", "target", "logs")
        shutil.copytree(PROJECT_ROOT / name, folder / name, ignore=ignored)
    for block in read_blocks("diff"):
        edit(folder, block)
    return folder


def run(folder, *command, **environment):
    completed = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr[-2000:]
    return completed.stdout


def test_the_entry_alone_makes_a_feature_learnt_expected_and_benched(changed_copy):
    followed = json.loads(run(changed_copy, sys.executable, "-c", FOLLOWED))

    assert followed == {
        "learnt by all": True,
        "expected": [[0, None]],
        "is a column of the suite": True,
        "is asked of the bench": True,
    }


@pytest.mark.slow
def test_who_leaves_because_of_the_feature_is_named_it_as_reason(
    changed_copy, tmp_path
):
    home = str(tmp_path / "var")

    reasons = json.loads(run(changed_copy, sys.executable, "-c", MINED, home))

    assert reasons == [["foreign_currency", "more"]] * 20


@pytest.mark.slow
def test_the_commands_end_with_what_the_page_shows(changed_copy, bank, copy_home):
    settings = copy_home(bank)
    (changed_copy / "var").symlink_to(settings.home, target_is_directory=True)
    (commands,) = read_blocks("sh")
    (shown,) = read_blocks("text")

    printed = run(
        changed_copy,
        *("bash", "-ec", commands.replace(".venv/bin/", f"{BIN}/")),
        CRM_VAULT_KEY=settings.vault_key.get_secret_value(),
    )

    assert mask_figures(shown.strip()) in map(mask_figures, printed.splitlines())


def mask_figures(line):
    return re.sub(r"\d+(\.\d+)?", "9", " ".join(line.split()))
