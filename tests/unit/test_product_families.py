"""The seed `product_families` is the only list of families: what has to know of one?"""

import yaml

from models.use_cases import cross_sell
from pipelines.decision import monitor, score
from pipelines.demo.synthetic_bank import appetite
from pipelines.discovery import mine
from pipelines.discovery.champion import promote
from pipelines.foundation.parameters import PROJECT, read_families, read_seed

MARTS = PROJECT / "models" / "marts" / "mining"
# What a family has columns of, in which mart, and whether only if it is offered.
COLUMNS = {
    "customer_features": (["holds_{}", "{}_balance_cny"], None),
    "customer_labels": (["has_opened_{}_90d"], True),
}


def test_each_family_is_described_where_it_has_columns():
    lacking = []
    for mart, (patterns, is_offered) in COLUMNS.items():
        path = MARTS / f"{mart}.yml"
        (model,) = yaml.safe_load(path.read_text("utf-8"))["models"]
        described = {column["name"] for column in model["columns"]}
        lacking += [
            f"{path.name} has no entry {pattern.format(family)}"
            for family in read_families(is_offered=is_offered)
            for pattern in patterns
            if pattern.format(family) not in described
        ]

    assert lacking == []


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
    alter table marts.customer_labels add column has_opened_mortgage_90d boolean;
    update marts.customer_labels set has_opened_mortgage_90d =
        if(has_opened_loan_90d is null, null, hash(customer_id, as_of_date) % 9 = 0)
"""


def test_a_new_family_is_scored_once_an_estimator_has_learnt_it(
    mined, ask, edit_seed, monkeypatch, caplog
):
    edit_seed("product_families", "MT01,loan,", "MT01,mortgage,")
    ask(MORTGAGE)
    # As its entry in the contract of features says.
    for name in ("NUMERIC", "FEATURES"):
        names = [*getattr(cross_sell, name), "holds_mortgage"]
        monkeypatch.setattr(cross_sell, name, names)

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
