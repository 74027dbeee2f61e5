"""Are the method's lists in the seeds what its page says, word for word?"""

import re
import sys
from pathlib import Path

import pytest

from pipelines.foundation.parameters import read_seed

sys.path.insert(0, str(Path(__file__).parent))

from documents import read

METHOD = read("docs/method.md")
GLOSSARY = read("GLOSSARY.md")
LINES = {"top": 10**9, "high": 10**6, "mid": 20_000}


def read_table(heading):
    """Read the rows of the first table below a heading, by the names of its columns."""
    section = METHOD.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    names, _, *rows = ([c.strip() for c in line.split("|")[1:-1]] for line in lines)
    return [
        dict(zip(names, (cell.strip("`") for cell in row), strict=True)) for row in rows
    ]


def share(fraction):
    return f"{float(fraction):.0%}".replace("%", " %") if fraction else ""


def test_stages_and_their_actions_are_those_of_the_method():
    assert [
        {
            "#": row["stage_order"],
            "stage": f"{row['stage_en']} {row['stage_zh']}",
            "in tables": row["loyalty_stage"],
            "what it calls for": row["recommended_action"],
            "建议": row["recommended_action_zh"],
        }
        for row in read_seed("loyalty_stages")
    ] == [without(row, "who") for row in read_table("Loyalty stages")]


def test_levels_their_lines_and_shares_are_those_of_the_method():
    assert [
        {
            "#": row["level_order"],
            "level": f"{row['pyramid_level']} {row['level_zh']}",
            "in tables": row["pyramid_level"],
            "share": share(row["reference_share"]),
        }
        for row in read_seed("pyramid_levels")
    ] == [without(row, "line") for row in read_table("Pyramid")]
    lines = {row["in tables"]: row["line"] for row in read_table("Pyramid")}
    assert {level: f"> {line:,}" for level, line in LINES.items()} == {
        level: lines[level] for level in LINES
    }
    assert {
        row["pyramid_level"]: (row["comparison"], int(row["threshold_hkd"]))
        for row in read_seed("pyramid_levels")
        if row["threshold_hkd"]
    } == {level: ("more_than", line) for level, line in LINES.items()}


def test_classes_their_shares_and_actions_are_those_of_the_method():
    assert [
        {
            "class": f"{row['structure_class']} {row['class_zh']}",
            "in tables": row["structure_class"],
            "customers": share(row["customer_share"]),
            "contact time": share(row["contact_time_share"]),
            "what it calls for": row["recommended_action"],
            "建议": row["recommended_action_zh"],
        }
        for row in read_seed("structure_classes")
    ] == read_table("Structure and time")


def test_groups_of_profitability_are_those_of_the_method():
    table = read_table("Profitability")
    assert [
        (f"{row['profitability_group']} {row['group_zh']}", row["profitability_group"])
        for row in read_seed("profitability_groups")
    ] == [(row["group"], row["in tables"]) for row in table]
    assert {
        row["pyramid_level"]: row["profitability_group"]
        for row in read_seed("pyramid_levels")
        if row["profitability_group"]
    } == {
        level: row["in tables"] for row in table for level in row["level"].split(", ")
    }
    high, ordinary, negative = (list(row.values())[3:] for row in table)
    parameters = read_seed("profitability_parameters")
    assert high == [f"≥ {int(row['high_from']):,}" for row in parameters]
    assert negative == [f"< {int(row['negative_below']):,}" for row in parameters]
    assert set(ordinary) == {""}


def test_fields_of_the_customer_file_are_those_of_the_method():
    assert [
        {
            "part": f"{row['part']} {row['part_zh']}",
            "field": row["field_en"],
            "字段": row["field_zh"],
            "shown in": row["shown_in"] or "not observed",
        }
        for row in read_seed("customer_file_fields")
    ] == read_table("Customer file")


def test_touchpoints_are_those_of_the_method():
    assert [
        {
            "phase": row["phase"],
            "#": row["phase_order"],
            "touchpoint": row["touchpoint"],
            "接触点": row["touchpoint_zh"],
            "class": row["contact_class"],
            "key point 关键点": row["key_point"].replace("_", " "),
        }
        for row in read_seed("touchpoint_phases")
    ] == [
        row | {name: row[name].split()[0] for name in ("phase", "class")}
        for row in read_table("Touchpoints")
    ]


def test_there_are_9_touchpoints_before_10_during_and_9_after_a_purchase():
    phases = [row["phase"] for row in read_seed("touchpoint_phases")]
    assert phases == ["before"] * 9 + ["during"] * 10 + ["after"] * 9
    # One key point each phase.
    assert {
        (row["phase"], row["key_point"])
        for row in read_seed("touchpoint_phases")
        if row["key_point"]
    } == {
        ("before", "financial_analysis"),
        ("during", "completing_the_transaction"),
        ("after", "enquiry"),
    }


@pytest.mark.parametrize(
    ("word", "chinese"),
    [
        ("prospect", "潜在客户"),
        ("suspect", "怀疑对象"),
        ("patron and advocate", "主顾和品牌倡导型客户"),
        ("dormant", "沉寂型客户"),
    ],
)
def test_the_glossary_has_the_words_of_the_method(word, chinese):
    assert re.search(rf"^\| {word} \| {chinese} \|", GLOSSARY, flags=re.MULTILINE)


@pytest.mark.parametrize("row", read_table("Loyalty stages"), ids=lambda row: row["#"])
def test_the_glossary_names_each_stage_as_the_method_does(row):
    assert row["stage"].split()[-1] in GLOSSARY


def without(row, name):
    return {key: value for key, value in row.items() if key != name}
