"""The rules of the dbt project, off its manifest: each test lists the offenders."""

import csv
import re

import pytest

from pipelines.foundation.contracts import load_contracts
from pipelines.foundation.parameters import PROJECT
from pipelines.information.accept.facts import FIRST_CREDIBLE_DATE

MACRO = re.compile(r"(\S*)\s*\{%-? *macro (\w+)\(")
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
PREFIXES = {"staging": "stg_", "intermediate": "int_", "marts": ""}
# A group by makes the key of these what it is; counting it again would prove nothing.
GROUPED = {"int_events_summed_to_spans"}
# Seeds by codes that banks deliver, and where a code that they lack is counted all the
# same. What is joined to them without is here with its reason.
SEEDS_OF_CODES = {
    "event_initiatives",
    "exchange_rates",
    "product_families",
    "product_margins",
    "touchpoint_events",
    "touchpoint_questions",
}
NEEDS_NO_UNKNOWN = {
    # What contracts let in is in these seeds: see the tests below.
    "event_initiatives": "every event type of a contract has an initiative",
    "exchange_rates": "every currency of a contract has a rate",
    "product_margins": "every product of product_families has a margin",
    # A part of the codes, by intention: not every event or question is of a touchpoint.
    "touchpoint_events": "not every event is a contact at a touchpoint",
    "touchpoint_questions": "not every question is about a touchpoint",
}
# The one column whose values seeds have to know for each source.
EVENT_SOURCES = ("atm", "branch", "card", "online", "phone", "core_postings")


@pytest.fixture(scope="module")
def dbt_models(manifest):
    return [n for n in manifest["nodes"].values() if n["resource_type"] == "model"]


def test_names_say_the_layer(dbt_models):
    others = {"stg_", "int_"}
    offenders = [
        node["name"]
        for node in dbt_models
        if not node["name"].startswith(PREFIXES[_layer(node)])
        or any(node["name"].startswith(o) for o in others - {PREFIXES[_layer(node)]})
    ]
    assert offenders == []


def test_staging_is_named_after_its_source(dbt_models, manifest):
    offenders = []
    for node in _of_layer(dbt_models, "staging"):
        sources = [manifest["sources"].get(parent) for parent in _parents(node)]
        names = {
            f"stg_{source['source_name']}__{source['name']}"
            for source in sources
            if source and source["source_name"] != "ops"
        } or {f"stg_ops__{source['name']}" for source in sources if source}
        if names != {node["name"]}:
            offenders.append(node["name"])
    assert offenders == []


def test_every_source_table_is_staged_once(dbt_models, manifest):
    tables = {
        f"stg_{source['source_name']}__{source['name']}"
        for source in manifest["sources"].values()
    }
    assert tables == {node["name"] for node in _of_layer(dbt_models, "staging")}


def test_layers_read_only_leftwards(dbt_models, manifest):
    order = ["seeds", "staging", "intermediate", "marts"]
    offenders = [
        f"{node['name']} reads {manifest['nodes'][parent]['name']}"
        for node in dbt_models
        for parent in _parents(node)
        if parent in manifest["nodes"]
        and order.index(_layer(manifest["nodes"][parent])) > order.index(_layer(node))
    ]
    assert offenders == []


def test_only_staging_reads_sources(dbt_models):
    offenders = [
        node["name"]
        for node in dbt_models
        if _layer(node) != "staging" and any("source." in p for p in _parents(node))
    ]
    assert offenders == []


def test_only_accepted_deliveries_are_read(dbt_models):
    offenders = [
        node["name"]
        for node in _of_layer(dbt_models, "staging")
        if any("source.bank_crm." in p for p in _parents(node))
        and not {"ml", "ops"} & {p.split(".")[2] for p in _parents(node)}
    ]
    assert offenders == []


def test_every_description_says_what_a_row_is(dbt_models, manifest):
    seeds = [n for n in manifest["nodes"].values() if n["resource_type"] == "seed"]
    offenders = [
        node["name"]
        for node in dbt_models + seeds
        if "one row per" not in node["description"].lower()
    ]
    assert offenders == []


def test_every_file_has_its_yaml_beside_it(dbt_models):
    offenders = [
        node["name"]
        for node in dbt_models
        if not (PROJECT / node["original_file_path"]).with_suffix(".yml").exists()
        or not str(node["patch_path"]).endswith(f"/{node['name']}.yml")
    ]
    assert offenders == []


def test_every_table_has_its_key_tested(dbt_models, manifest):
    of_keys = {"unique", "unique_combination"}
    tested = {
        test["attached_node"]
        for test in manifest["nodes"].values()
        if test["resource_type"] == "test"
        # Those that are a query of their own have no metadata.
        and test.get("test_metadata", {}).get("name") in of_keys
    }
    offenders = [
        node["name"]
        for node in dbt_models
        if node["config"]["materialized"] in {"table", "incremental"}
        and node["unique_id"] not in tested
        and node["name"] not in GROUPED
    ]
    assert offenders == []


def test_every_mart_keeps_a_contract(dbt_models):
    offenders = [
        node["name"]
        for node in _of_layer(dbt_models, "marts")
        if not node["config"]["contract"]["enforced"]
        or not all(column["data_type"] for column in node["columns"].values())
    ]
    assert offenders == []


def test_every_macro_says_what_it_is_for():
    offenders = [
        f"{path.name}: {name}"
        for path in sorted((PROJECT / "macros").rglob("*.sql"))
        for before, name in MACRO.findall(path.read_text(encoding="utf-8"))
        # What an engine says in its own way is described once, above.
        if not before.endswith("#}") and "__" not in name
    ]
    assert offenders == []


def test_macros_read_no_table_that_they_are_not_given():
    offenders = [
        path.name
        for path in sorted((PROJECT / "macros").rglob("*.sql"))
        if re.search(r"\bref\(", COMMENT.sub("", path.read_text(encoding="utf-8")))
    ]
    assert offenders == []


def test_every_column_of_a_mart_has_a_description(dbt_models):
    offenders = [
        f"{node['name']}.{column['name']}"
        for node in _of_layer(dbt_models, "marts")
        for column in node["columns"].values()
        if not column["description"].strip()
    ]
    assert offenders == []


def test_nothing_is_now(dbt_models):
    words = ("now()", "current_date", "current_timestamp", "today()")
    offenders = [
        node["name"]
        for node in dbt_models
        if any(word in node["raw_code"].lower() for word in words)
    ]
    assert offenders == []


def test_seeds_of_codes_are_joined_so_that_unknown_codes_count(dbt_models, manifest):
    offenders = []
    for node in dbt_models:
        sql = COMMENT.sub("", node["raw_code"])
        for parent in _parents(node):
            seed = manifest["nodes"].get(parent, {"resource_type": ""})
            if seed["resource_type"] != "seed":
                continue
            if seed["name"] in SEEDS_OF_CODES - set(NEEDS_NO_UNKNOWN):
                is_joined = re.search(r"join (\w+)\s+on [\w.]+product_code", sql)
                is_inner = is_joined and "inner join products" in sql
                if is_inner or (is_joined and "or_unknown(" not in sql):
                    offenders.append(f"{node['name']} joins {seed['name']}")
    # It lists the seed itself, with a row for each code that the seed lacks.
    assert offenders == ["products joins product_families"]


def test_every_seed_by_a_delivered_code_is_listed():
    delivered = {
        "channel",
        "currency_code",
        "event_type",
        "product_code",
        "question_code",
    }
    keyed = {
        path.stem
        for path in (PROJECT / "seeds").glob("*.csv")
        if set(_read_seed(path.stem)[0]) & delivered
    }
    # What a channel costs is laid out in columns, one per channel that the SQL names.
    assert keyed == SEEDS_OF_CODES | {"channel_costs"}


def test_every_product_has_a_margin_and_every_margin_a_product():
    first = {
        seed: {
            row["product_code"]: row["valid_from"] for row in reversed(_read_seed(seed))
        }
        for seed in ("product_families", "product_margins")
    }
    assert first["product_families"] == first["product_margins"]


def test_event_types_have_an_initiative_since_before_the_first_event():
    rows = _read_seed("event_initiatives")
    known = {(row["source"], row["event_type"]) for row in rows}
    assert known == {
        (row["source"], row["event_type"])
        for row in rows
        if row["valid_from"] <= FIRST_CREDIBLE_DATE
    }


def test_every_event_type_has_an_initiative():
    known = {
        (row["source"], row["event_type"]) for row in _read_seed("event_initiatives")
    }
    promised = {
        (source, event_type)
        for source in EVENT_SOURCES
        for event_type in _accepted_values(source, "event_type")
    }
    assert known == promised


def test_every_currency_has_a_rate():
    known = {row["currency_code"] for row in _read_seed("exchange_rates")}
    promised = {
        currency
        for source, contract in load_contracts().items()
        if "currency_code" in contract.names
        for currency in _accepted_values(source, "currency_code")
    }
    assert promised - known == set()


def _layer(node):
    return "seeds" if node["resource_type"] == "seed" else node["fqn"][1]


def _of_layer(dbt_models, layer):
    return [node for node in dbt_models if _layer(node) == layer]


def _parents(node):
    return node["depends_on"]["nodes"]


def _read_seed(name):
    with (PROJECT / "seeds" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _accepted_values(source, name):
    (column,) = (c for c in load_contracts()[source].columns if c.name == name)
    return column.accepted_values
