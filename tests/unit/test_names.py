"""No module and no constant has a namesake that means something else."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

from pipelines.foundation.settings import PROJECT_ROOT

MODULES = sorted(
    path.relative_to(PROJECT_ROOT)
    for package in ("pipelines", "models", "dags", "expectations")
    for path in (PROJECT_ROOT / package).rglob("*.py")
)
# What may stand in several places, for it means the same in each, and why.
SHARED_MODULES = {
    "__init__": "says what a folder is for",
    "run": "the step that a folder is for",
    "sample": "a SEMMA stage, of use cases and of any table",
    "explore": "a SEMMA stage, of use cases and of any table",
    "modify": "a SEMMA stage, of use cases and of any table",
    "model": "a SEMMA stage, of use cases and of any table",
    "assess": "a SEMMA stage, of use cases and of any table",
    "page": "the report of a mining run, of use cases and of any table",
    "accounts": "customers' accounts, as written and as expected",
    "work_list": "the list, and what is expected of it",
    "night": "the whole night, and its command",
    "growth": "the use case, and who really grows in a synthetic bank",
    "truth": "what a synthetic bank knows, written and read",
}
SHARED_CONSTANTS = {
    "WORTH_CNY": "each use case says what it is worth",
    "SUITE": "each table says what is expected of it",
}


def list_constants(tree):
    """List public names that a module gives a value, and the value as it is written."""
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                yield from pair(target, statement.value)
        elif isinstance(statement, ast.AnnAssign) and statement.value:
            yield from pair(statement.target, statement.value)


def pair(target, value):
    if isinstance(target, ast.Name):
        if target.id.isupper() and not target.id.startswith("_"):
            yield target.id, ast.unparse(value)
    elif isinstance(target, ast.Tuple):
        is_spelt_out = isinstance(value, ast.Tuple)
        for place, name in enumerate(target.elts):
            # A place in something that is worked out is a value of its own.
            given = value.elts[place] if is_spelt_out else None
            yield from pair(name, given or ast.Subscript(value, ast.Constant(place)))


def find_namesakes(sources):
    """Find constants with different values: name, and where each of them stands."""
    values, places = defaultdict(set), defaultdict(list)
    for place, source in sources:
        for name, value in list_constants(ast.parse(source)):
            values[name].add(value)
            places[name].append(place)
    return {name: places[name] for name in values if len(values[name]) > 1}


def test_modules_that_share_a_name_share_a_meaning():
    places = defaultdict(list)
    for path in MODULES:
        places[path.stem].append(str(path))
    shared = {name: found for name, found in places.items() if len(found) > 1}

    assert {name: shared[name] for name in shared.keys() - SHARED_MODULES} == {}
    assert SHARED_MODULES.keys() - shared.keys() == set()


def test_constants_that_share_a_name_share_a_value():
    found = find_namesakes(
        (str(path), (PROJECT_ROOT / path).read_text("utf-8")) for path in MODULES
    )

    assert {name: found[name] for name in found.keys() - SHARED_CONSTANTS} == {}
    assert SHARED_CONSTANTS.keys() - found.keys() == set()


@pytest.mark.parametrize(
    ("one", "other", "is_found"),
    [
        ("A = 1", "A = 2", True),
        ("A = 1", "A = 1", False),
        ("A: int = 1", "A = 2", True),
        ("A, B = 1, 2", "B = 1", True),
        ("A, B = 1, 2", "B = 2", False),
        ("A, B = range(2)", "C, A = range(2)", True),
        ("A, B = C = range(2)", "C = range(3)", True),
        ("_A = 1", "_A = 2", False),
        ("a = 1", "a = 2", False),
    ],
)
def test_a_namesake_is_found(one, other, is_found):
    assert bool(find_namesakes([("one", one), ("other", other)])) is is_found


def test_no_column_of_reasons_is_called_like_the_contribution_of_a_customer():
    """Margin and fees less cost, and nothing else, is a contribution."""
    marts = PROJECT_ROOT / "dbt_project" / "models"
    named = [
        path.name
        for path in Path(marts).rglob("*.yml")
        if "name: contribution\n" in path.read_text("utf-8")
    ]
    assert named == []
