import os
import re
from pathlib import Path

import pytest

from pipelines.foundation.errors import UsageError
from pipelines.foundation.settings import PROJECT_ROOT, check_environment

# Of what is more than a number.
VALID = {
    "CRM_HOME": "var",
    "CRM_MEMORY_LIMIT": "4GB",
    "CRM_BUSINESS_DATE": "2026-01-31",
    "CRM_VAULT_KEY": "0" * 64,
}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CRM_THREADS", "0", "CRM_THREADS: Input should be greater"),
        ("CRM_GATE__MARGINN", "1", "CRM_GATE__MARGINN: Extra inputs"),
        ("CRM_MEMORY_LIMIT", "lots", "CRM_MEMORY_LIMIT: .* a size such as 4GB"),
        ("CRM_HOME", "", "CRM_HOME: it is empty; name a folder"),
        ("CRM_HOME", __file__, "CRM_HOME: it is no folder"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_named_and_its_value_is_not(
    monkeypatch, name, value, said
):
    monkeypatch.setenv(name, value)

    with pytest.raises(UsageError, match=said) as error:
        check_environment()
    assert f"'{value}'" not in str(error.value)


@pytest.mark.parametrize("size", ["512MB", "4GB", "1.5 GiB", "800mb"])
def test_sizes_as_duckdb_takes_them_are_taken(monkeypatch, size):
    monkeypatch.setenv("CRM_MEMORY_LIMIT", size)

    assert check_environment().memory_limit == size


def test_a_variable_that_sets_nothing_is_named_in_one_line(monkeypatch, caplog):
    monkeypatch.setenv("CRM_THREAD", "4711")
    monkeypatch.setenv("CRM_AIRFLOW_PORT", "8081")  # `make up` reads it

    check_environment()

    (line,) = caplog.messages
    assert "CRM_THREAD (is it CRM_THREADS?)" in line
    assert "4711" not in line


def test_a_home_may_be_that_of_the_user(monkeypatch):
    monkeypatch.setenv("CRM_HOME", "~/bank")

    assert check_environment().home == Path.home() / "bank"


def test_every_setting_that_a_document_names_is_known(monkeypatch, caplog):
    texts = [
        path.read_text("utf-8")
        for path in (*PROJECT_ROOT.glob("*.md"), *PROJECT_ROOT.glob("docs/*.md"))
    ]
    named = {name for text in texts for name in re.findall(r"\bCRM_[A-Z_]*[A-Z]", text)}
    assert {"CRM_HOME", "CRM_RANDOM_SEED"} <= named
    # What is of a group, or dbt's own, is refused or read elsewhere.
    for name in named - {"CRM_WAREHOUSE"}:
        if "__" not in name and name not in os.environ:
            monkeypatch.setitem(os.environ, name, VALID.get(name, "1"))

    check_environment()

    assert "Unknown" not in caplog.text
