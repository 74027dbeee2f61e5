"""The build step: what it says when all is well, and when it is not."""

from collections import Counter

import pytest

from pipelines.analysis import build
from pipelines.foundation.errors import DataQualityError, PipelineError, UsageError
from pipelines.foundation.feature_contract import load_feature_contract
from pipelines.foundation.warehouse import connect

MARTS = (
    "accounts",
    "branches",
    "channel_service",
    "class_satisfaction",
    "customer_features",
    "customer_history",
    "customer_labels",
    "customer_months",
    "customer_scores",
    "customers",
    "dates",
    "decision_log",
    "dormancy_definitions",
    "estimator_health",
    "file_coverage",
    "households",
    "journey_satisfaction",
    "managers",
    "next_best_offers",
    "profit_concentration",
    "profit_fifths",
    "prospect_funnel",
    "prospects",
    "reference_shares",
    "score_reasons",
    "threshold_scenarios",
    "tier_migrations",
    "touchpoints",
    "transactions",
    "work_list",
)


def test_an_empty_bank_has_all_marts_and_nothing_in_them(empty_bank):
    with connect(empty_bank, read_only=True) as connection:
        rows = {
            mart: connection.execute(f"select count(*) from marts.{mart}").fetchone()[0]
            for mart in MARTS
        }
    assert rows == dict.fromkeys(MARTS, 0)


def test_reasons_are_worded_as_the_contract_of_features_says(empty_bank):
    with connect(empty_bank, read_only=True) as connection:
        built = connection.execute("""
            select concept, level, text_en, text_zh
            from intermediate.int_reasons_worded order by all
        """).fetchall()
    assert built == sorted(
        (concept, level, texts["en"], texts["zh"])
        for concept, levels in load_feature_contract().wordings.items()
        for level, texts in levels.items()
    )


def test_every_dbt_model_and_test_is_counted(empty_build, manifest):
    _, summary = empty_build
    kinds = Counter(node["resource_type"] for node in manifest["nodes"].values())
    assert summary.models == kinds["model"]
    assert summary.tests_passed == kinds["test"] + len(manifest["unit_tests"])
    assert summary.warnings == ()


def test_nothing_selected_is_a_usage_error(empty_bank):
    with pytest.raises(UsageError, match="nothing to build"):
        build.run(empty_bank, select="no_such_model")


def test_what_dbt_cannot_start_is_an_error_of_ours(empty_bank):
    with pytest.raises(PipelineError, match="exit code 2 before it built anything"):
        build.run(empty_bank, select="state:modified")


def test_a_failed_test_is_named_and_counted_and_shows_no_customer(handmade_bank):
    bank = handmade_bank
    bank.deliver_registers("2025-01-31", "zhang")
    for business_date in ("2025-01-30", "2025-01-31"):
        corrected = bank.atm("zhang", "2025-01-15 12:00:00", 1, event_number="E1")
        bank.deliver("atm", business_date, [corrected])

    with pytest.raises(DataQualityError) as raised:
        build.run(bank.settings, select="+transactions")

    assert "test unique_transactions_transaction_id: 1 rows" in str(raised.value)
    assert "zhang" not in str(raised.value)
    assert "E1" not in str(raised.value)


def test_the_code_version_is_of_the_content(tmp_path, monkeypatch):
    (tmp_path / "one.sql").write_text("select 1")
    monkeypatch.setattr(build, "PROJECT", tmp_path)
    before = build.dbt_code_version()
    (tmp_path / "one.sql").write_text("select 2")

    assert len(before) == 12
    assert build.dbt_code_version() != before
