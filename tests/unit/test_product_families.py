"""The seed `product_families` is the only list of families: what has to know of one?"""

import yaml

from pipelines.decision import monitor, score
from pipelines.demo.synthetic_bank import appetite
from pipelines.discovery import mine
from pipelines.discovery.champion import promote
from pipelines.foundation.feature_contract import load_feature_contract, name_columns
from pipelines.foundation.parameters import PROJECT, read_families, read_seed

LABELS = PROJECT / "models" / "marts" / "mining" / "customer_labels.yml"


def test_one_entry_describes_a_column_of_each_family():
    features = {feature.name for feature in load_feature_contract().features}

    assert {f"holds_{family}" for family in read_families()} <= features
    assert {f"{family}_balance_cny" for family in read_families()} <= features


def test_debt_is_less_of_a_balance_and_more_of_a_debt(edit_seed):
    edit_seed("product_families", "MT01,loan,", "MT01,mortgage,")

    feature = load_feature_contract().find("mortgage_balance_cny")
    assert (feature.concept, feature.orientation) == ("debt", -1)


def test_each_family_that_is_offered_has_a_label():
    (model,) = yaml.safe_load(LABELS.read_text("utf-8"))["models"]
    named = {name for each in model["columns"] for name in name_columns(each["name"])}
    families = read_families(is_offered="true")

    assert {f"has_opened_{family}_90d" for family in families} <= named


def test_families_are_in_the_order_of_the_seed_and_some_are_not_offered():
    codes = {row["product_code"]: row for row in read_seed("product_families")}

    assert read_families()[0] == codes["CUR01"]["product_family"]
    assert set(read_families()) == {row["product_family"] for row in codes.values()}
    assert read_families(is_offered="false") == ["current_deposit"]


def test_an_added_product_adds_its_family(edit_seed):
    before = read_families(is_offered="true")

    edit_seed("product_families", "MT01,loan,", "MT01,mortgage,")

    assert read_families(is_offered="true") == [*before[:3], "mortgage", *before[3:]]


def test_the_synthetic_bank_sells_families_that_there_are():
    assert set(appetite.FAMILIES) <= set(read_families(is_offered="true"))


MORTGAGE = """
    alter table marts.customer_features add column holds_mortgage double default 0;
    alter table marts.customer_features
        add column mortgage_balance_cny double default 0;
    alter table marts.customer_labels add column has_opened_mortgage_90d boolean;
    update marts.customer_labels set has_opened_mortgage_90d =
        if(has_opened_loan_90d is null, null, hash(customer_id, as_of_date) % 9 = 0)
"""


def test_a_new_family_is_scored_once_an_estimator_has_learnt_it(
    mined, ask, edit_seed, caplog
):
    edit_seed("product_families", "MT01,loan,", "MT01,mortgage,")
    ask(MORTGAGE)

    score.run(mined, "cross_sell")
    monitor.run(mined, "cross_sell")
    assert "has not learnt mortgage, so it is not scored" in caplog.text
    assert "mortgage" not in list_scored(ask)

    run = mine.run(mined, "cross_sell")
    # The champion can't be asked about mortgages, so a person has to decide.
    assert run.status == "waiting"
    assert "has not learnt mortgage" in run.note
    promote.approve(mined, "cross_sell", 2, "it knows mortgages")
    score.run(mined, "cross_sell")
    assert "mortgage" in list_scored(ask)


def list_scored(ask):
    return {
        family
        for (family,) in ask("select distinct product_family from ml.cross_sell_scores")
    }
