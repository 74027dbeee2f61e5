import pytest

from pipelines.foundation.errors import UsageError
from pipelines.foundation.settings import check_environment


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CRM_THREADS", "0", "CRM_THREADS: Input should be greater"),
        ("CRM_GATE__MARGINN", "1", "CRM_GATE__MARGINN: Extra inputs"),
        ("CRM_MEMORY_LIMIT", "lots", "CRM_MEMORY_LIMIT: .* a size such as 4GB"),
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
