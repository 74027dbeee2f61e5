"""Marts for the mining tests: small, made in SQL, and with something to find."""

import logging
import shutil
from pathlib import Path

import pytest

from pipelines.foundation import parameters
from pipelines.foundation.feature_contract import load_feature_contract
from pipelines.foundation.parameters import PROJECT
from pipelines.foundation.settings import Settings
from pipelines.foundation.use_case import find_use_case
from pipelines.foundation.warehouse import connect, prepare

SEEDS = ("health_thresholds",)
FAMILIES = parameters.read_families(is_offered="true")
# A number in [0, 1) by customer, snapshot and purpose, the same in every run.
DRAW = "(hash(customer_id, as_of_date, '{}') % 10000 / 10000)"
SILENCE = DRAW.format("silence")
# Only who keeps little leaves, which silence alone does not tell.
LEAVING = f"if({DRAW.format('balance')} < 0.5, {SILENCE}, 0.02)"
# Who grows does so by the rule that is to beat, and by nothing else.
TREND = "least(0.9, 3 * total_balance_slope_180d_cny / total_balance_cny)"
# Every other column is noise.
PLANTED = {
    "days_since_customer_event": f"floor({SILENCE} * 90)",
    "salary_count_90d": f"floor(3 * (1 - {SILENCE}))",
    "total_balance_cny": f"exp(12 * {DRAW.format('balance')})",
    "open_account_count": "1",
    "branch_wait_minutes_mean_180d": f"nullif(floor({DRAW.format('wait')} * 9), 0)",
    **{
        f"holds_{family}": f"if({DRAW.format(family)} < 0.2, 1, 0)"
        for family in FAMILIES
    },
}
FEATURES = ", ".join(
    f"if(customer % 2 = 0, 'female', 'male') as {feature.name}"
    if feature.kind == "category"
    else f"cast({PLANTED.get(feature.name, DRAW.format(feature.name))} as double)"
    f" as {feature.name}"
    for feature in load_feature_contract().features
)
OPENINGS = ", ".join(
    f"""
    if(
        holds_{family} = 0 and as_of_date + {{cross_sell_days}} <= last_date,
        {DRAW.format("open " + family)} < if(total_balance_cny > 20000, 0.3, 0.03),
        null
    ) as has_opened_{family}_90d
    """
    for family in FAMILIES
)


# What a good feature may be, by kind, unless it is named.
GOOD = {"category": "'female'", "flag": 0, "share": 0.5, "count": 1, "days": 2}
GOOD |= {"amount": 100, "balance": 1000, "number": 1}
GOOD_FEATURES = {"age_years": 45.2, "holds_current_deposit": 1}


def fill_marts(settings, *, customers=240, months=15, churn=LEAVING, growth=TREND):
    """Write features and labels of as many months, the first 2025-02-01.

    ``churn`` and ``growth`` are the probabilities of either, in SQL.
    """
    churn_days = find_use_case("churn").label_days
    cross_sell_days = find_use_case("cross_sell").label_days
    growth_days = find_use_case("growth").label_days
    with connect(settings) as connection:
        prepare(connection)
        connection.execute(f"""
            create schema if not exists marts;
            create schema if not exists seeds;
            create or replace table marts.customer_features as
            with snapshots as (
                select
                    'P' || customer as customer_id, customer,
                    cast(date '2025-02-01' + interval (month) month as date)
                        as as_of_date
                from range({customers}) as customers (customer)
                cross join range({months}) as months (month)
            )
            select customer_id, as_of_date, {FEATURES}
            from snapshots;

            create or replace table marts.customer_labels as
            with features as (
                select *, max(as_of_date) over () as last_date
                from marts.customer_features
            )
            select
                customer_id, as_of_date, tenure_days < 0.9 as is_churn_eligible,
                if(
                    is_churn_eligible and as_of_date + {churn_days} <= last_date,
                    {DRAW.format("churn")} < {churn},
                    null
                ) as has_churned_90d,
                {OPENINGS.format(cross_sell_days=cross_sell_days)},
                true as is_growth_eligible,
                if(
                    as_of_date + {growth_days} <= last_date,
                    {DRAW.format("growth")} < {growth},
                    null
                ) as has_grown_180d
            from features;

            create or replace table marts.customer_months as
            select
                customer_id, as_of_date,
                if(hash(customer_id) % 4 = 0, 'private', 'general') as tier,
                'B' || hash(customer_id) % 3 as branch_id
            from marts.customer_features
        """)
        for name in SEEDS:
            connection.execute(f"""
                create or replace table seeds.{name} as
                from '{PROJECT / "seeds" / name}.csv'
            """)
    return settings


@pytest.fixture(scope="session")
def good_marts():
    """SQL that makes marts with rows as the gates wish them to be."""
    features = ", ".join(
        f"{GOOD_FEATURES.get(feature.name, GOOD[feature.kind])}"
        f"::{'varchar' if feature.kind == 'category' else 'double'} as {feature.name}"
        for feature in load_feature_contract().features
    )
    text = Path(__file__).with_name("good_marts.sql").read_text(encoding="utf-8")
    return text.format(features=features)


@pytest.fixture(name="fill_marts")
def give_fill_marts():
    """Let a test choose what its marts are like."""
    return fill_marts


@pytest.fixture(scope="session")
def _mined(make_once):
    def make(home):
        from pipelines.discovery import mine  # noqa: PLC0415 - 6 s that other unit tests do not need

        settings = fill_marts(Settings(home=home))
        mine.run(settings, "churn")
        mine.run(settings, "cross_sell")

    return Settings(home=make_once("mined", make))


@pytest.fixture
def mined(_mined, settings):
    """A copy of a home in which both use cases have a champion."""
    shutil.copytree(_mined.home, settings.home)
    return settings


@pytest.fixture
def edit_project(tmp_path, monkeypatch):
    """Edit a file of dbt's, in a copy of the project that all Python reads then."""

    def edit(name, old, new):
        copy = tmp_path / "dbt_project"
        if not copy.exists():
            shutil.copytree(PROJECT / "seeds", copy / "seeds")
            shutil.copy(PROJECT / "dbt_project.yml", copy)
            monkeypatch.setattr(parameters, "PROJECT", copy)
        path = copy / name
        text = path.read_text("utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), "utf-8")
        forget_what_was_read()
        return path

    def forget_what_was_read():
        parameters.read_seed.cache_clear()
        parameters.read_variables.cache_clear()
        load_feature_contract.cache_clear()

    yield edit
    forget_what_was_read()


@pytest.fixture
def edit_seed(edit_project):
    """Edit the text of a seed likewise."""
    return lambda name, old, new: edit_project(f"seeds/{name}.csv", old, new)


@pytest.fixture
def heard(caplog, capfd):
    """All that is logged and printed, whoever does it."""
    caplog.set_level(logging.DEBUG)
    return lambda: caplog.text + "".join(capfd.readouterr())


@pytest.fixture
def kept(settings, ask):
    """All that gates leave behind: their reports, and what the warehouse notes."""

    def read():
        written = "".join(
            path.read_text(errors="replace")
            for path in settings.reports.rglob("*")
            if path.is_file()
        )
        return written + str(ask("select * from ops.gates"))

    return read
