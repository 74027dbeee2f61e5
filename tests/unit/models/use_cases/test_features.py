import pytest
import yaml

from models.use_cases import churn, cross_sell, growth
from models.use_cases.features import CATEGORICAL, FEATURES
from pipelines.foundation.settings import PROJECT_ROOT

CONTRACT = PROJECT_ROOT / "dbt_project/models/marts/mining/customer_features.yml"


@pytest.fixture(scope="module")
def columns():
    (model,) = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))["models"]
    return {column["name"]: column["data_type"] for column in model["columns"]}


def test_estimators_learn_from_every_column_of_the_mart_but_its_keys(columns):
    assert sorted(FEATURES) == sorted(set(columns) - {"customer_id", "as_of_date"})


def test_numbers_are_double_so_that_any_may_be_missing_one_day(columns):
    numbers = set(FEATURES) - set(CATEGORICAL)

    assert sorted(name for name in numbers if columns[name] != "double") == []


@pytest.mark.parametrize(
    "use_case", [churn, cross_sell, growth], ids=["churn", "cross_sell", "growth"]
)
def test_no_label_and_no_key_is_among_the_features(use_case):
    asked = [
        name
        for name in use_case.FEATURES
        if name.startswith(("has_churned", "has_opened", "has_grown"))
        or name.endswith("_id")
    ]

    assert asked == []
