"""What the entry of a feature says, and what is refused."""

import pytest
import yaml

from pipelines.foundation.errors import DataQualityError
from pipelines.foundation.feature_contract import CONTRACT, load_feature_contract

GENDER = "kind: category, concept: person"
TENURE = "kind: days, concept: tenure, range: [1, null]"
SERVICE = "kind: number, concept: service, orientation: -1, range: [0, 1440]"
AGE = """Null where the birth date is not known.
        data_type: double"""
# What is written in an entry instead of what is right, and what the refusal names.
MISSPELT = [
    (TENURE, "knd: days, concept: tenure", "knd of tenure_days is not known"),
    (TENURE, "concept: tenure", "kind of tenure_days is missing"),
    (TENURE, "kind: days", "concept of tenure_days is missing"),
    (TENURE, "kind: day, concept: tenure", "kind of tenure_days is none of category"),
    (TENURE, "kind: days, concept: tenur", "concept of tenure_days is none of recency"),
    (TENURE, f"{TENURE}, orientation: 2", "orientation of tenure_days is none of"),
    (TENURE, f"{TENURE}, when_missing: less", "when_missing of tenure_days is said of"),
    (TENURE, f"{TENURE}, severity: bad", "severity of tenure_days is none of critical"),
    (TENURE, f"{TENURE}, calendar: 7", "calendar of tenure_days is none of True"),
    (TENURE, f"{TENURE}, learnt: [chrn]", "learnt of tenure_days is no list out of ch"),
    (TENURE, f"{TENURE}, learnt: churn", "learnt of tenure_days is no list out of ch"),
    (SERVICE, SERVICE.replace("[0, 1440]", "[0]"), "range of branch_wait_minutes_mean"),
    (SERVICE, SERVICE.replace("[0, 1440]", "[2, 1]"), "range of branch_wait_minutes"),
    (SERVICE, SERVICE.replace("1440", "much"), "range of branch_wait_minutes_mean"),
    (SERVICE, f"{SERVICE}, when_missing: no", "when_missing of branch_wait_minutes"),
    (GENDER, "kind: flag, concept: person", "kind of gender does not go with data_"),
    (AGE, AGE.replace("double", "integer"), "kind of age_years does not go with data"),
    ("holds_{family}", "holds_{famly}", "the name of holds_{famly} has none of {fam"),
    ("more: {en: Is older than average, zh:", "more: {en: Is older, de:", "more of co"),
    ("more: {en: Is older than average", "mor: {en: Is older than average", "mor of c"),
]


@pytest.fixture
def rewrite(tmp_path):
    """Read a contract that differs from ours in one place."""

    def rewrite(right, wrong):
        text = CONTRACT.read_text(encoding="utf-8")
        assert text.count(right) == 1
        path = tmp_path / CONTRACT.name
        path.write_text(text.replace(right, wrong), encoding="utf-8")
        return load_feature_contract(path)

    return rewrite


@pytest.mark.parametrize(("right", "wrong", "named"), MISSPELT)
def test_what_is_misspelt_is_refused_in_one_line_with_column_and_key(
    rewrite, right, wrong, named
):
    with pytest.raises(DataQualityError, match=named) as error:
        rewrite(right, wrong)

    assert "\n" not in str(error.value)


def test_what_is_no_yaml_is_said_in_one_line(tmp_path):
    path = tmp_path / "customer_features.yml"
    path.write_text("models: [")

    with pytest.raises(DataQualityError, match=r"^customer_features.yml can't be read"):
        load_feature_contract(path)


def test_a_column_without_an_entry_is_named():
    with pytest.raises(DataQualityError, match="does not know shoe_size"):
        load_feature_contract().find("shoe_size")


def test_keys_are_no_features():
    contract = load_feature_contract()

    assert contract.keys == ("customer_id", "as_of_date")
    assert not {feature.name for feature in contract.features} & set(contract.keys)


def test_texts_come_before_numbers_and_what_a_use_case_adds_before_features():
    columns = load_feature_contract().list_columns("cross_sell", ["product_family"])

    assert columns.categorical == ["product_family", "gender"]
    assert columns.features[:3] == ["product_family", "gender", "tenure_days"]


def test_a_feature_may_be_learnt_by_some_use_cases_only(rewrite):
    contract = rewrite(TENURE, f"{TENURE}, learnt: [churn]")

    assert "tenure_days" in contract.list_columns("churn").numeric
    assert "tenure_days" not in contract.list_columns("growth").numeric


def test_limits_are_those_of_the_kind_unless_the_entry_says_otherwise():
    contract = load_feature_contract()

    assert contract.find("holds_fund").limits == (0, 1)
    assert contract.find("tenure_days").limits == (1, None)


def test_every_column_is_described():
    (model,) = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))["models"]

    assert [c["name"] for c in model["columns"] if not c.get("description")] == []


def test_no_label_and_no_identifier_is_a_feature():
    asked = [
        feature.name
        for feature in load_feature_contract().features
        if feature.name.startswith(("has_churned", "has_opened", "has_grown"))
        or feature.name.endswith("_id")
    ]

    assert asked == []


def test_every_concept_is_told_of_by_a_column():
    contract = load_feature_contract()

    told = {feature.concept for feature in (*contract.features, *contract.added)}
    assert set(contract.wordings) == told


def test_words_are_english_and_chinese_and_hold_no_figure():
    wordings = load_feature_contract().wordings.values()
    for texts in (texts for levels in wordings for texts in levels.values()):
        assert texts["en"].isascii()
        assert all(
            "\u4e00" <= letter <= "\u9fff" or letter in "（），、"
            for letter in texts["zh"]
        )
        assert not any(letter.isdigit() for letter in texts["en"])
