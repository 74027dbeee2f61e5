"""Is a new product family one edit of its seed, for a whole night?"""

import shutil

import pytest

from pipelines import night
from pipelines.analysis import build
from pipelines.foundation import parameters
from pipelines.foundation.feature_contract import load_feature_contract
from pipelines.foundation.parameters import PROJECT
from pipelines.foundation.use_case import find_use_case
from pipelines.foundation.warehouse import connect

CACHES = (
    parameters.read_seed,
    parameters.read_variables,
    load_feature_contract,
)


@pytest.fixture(scope="module")
def night_with_mortgages(finished_night, copy_home, tmp_path_factory):
    """The night again, where mortgages are no loans any more."""
    project = tmp_path_factory.mktemp("families") / "dbt_project"
    shutil.copytree(PROJECT, project)
    seed = project / "seeds" / "product_families.csv"
    text = seed.read_text("utf-8")
    assert text.count("MT01,loan,") == 1
    seed.write_text(text.replace("MT01,loan,", "MT01,mortgage,"), "utf-8")
    settings = copy_home(finished_night)
    with pytest.MonkeyPatch.context() as patch:
        for module in (build, parameters):
            patch.setattr(module, "PROJECT", project)
        forget()
        assert night.run(settings) == []
        contract = load_feature_contract()
        asked = find_use_case("cross_sell").families
    forget()
    return settings, contract, asked


def forget():
    for cached in CACHES:
        cached.cache_clear()


@pytest.fixture
def query(night_with_mortgages):
    settings, _, _ = night_with_mortgages

    def query(text):
        with connect(settings, read_only=True) as connection:
            return connection.execute(text).fetchall()

    return query


def test_the_features_of_a_new_family_are_those_of_its_contract(
    night_with_mortgages, query
):
    _, contract, _ = night_with_mortgages
    built = [name for name, *_ in query("describe marts.customer_features")]

    names = {feature.name for feature in contract.features}
    assert set(built) == {*contract.keys, *names}
    assert {"holds_mortgage", "mortgage_balance_cny"} <= names


def test_who_holds_a_product_of_the_new_family_is_known_by_it(query):
    ((holders, wrong),) = query("""
        with held as (
            select
                customer_id,
                count(*) filter (where product_code = 'MT01') as mortgages,
                count(*) filter (where product_code = 'LN01') as loans
            from marts.accounts
            where is_open
            group by customer_id
        )
        select
            count(*) filter (where mortgages > 0),
            count(*) filter (
                where (mortgages > 0) != (holds_mortgage = 1)
                or (loans > 0) != (holds_loan = 1)
            )
        from marts.customer_features
        inner join held using (customer_id)
        where as_of_date = (select max(as_of_date) from marts.customer_features)
    """)
    assert holders > 0
    assert wrong == 0


def test_a_new_family_is_asked_about_and_not_scored_by_who_does_not_know_it(
    night_with_mortgages, query
):
    _, _, asked = night_with_mortgages
    scored = {
        family
        for (family,) in query(
            "select distinct product_family from ml.cross_sell_scores"
        )
    }

    assert set(asked) - scored == {"mortgage"}


def test_a_new_family_has_labels(query):
    ((opened, not_opened),) = query("""
        select
            count(*) filter (where has_opened_mortgage_90d),
            count(*) filter (where not has_opened_mortgage_90d)
        from marts.customer_labels
    """)
    assert 0 < opened < not_opened
