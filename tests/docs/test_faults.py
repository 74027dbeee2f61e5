"""Can anybody look up the faults that tests are named after?"""

import re

import pytest

from pipelines.foundation.settings import PROJECT_ROOT

TESTS = PROJECT_ROOT / "tests"
FOLDER = TESTS / "faults"
TABLE = (FOLDER / "README.md").read_text(encoding="utf-8")
# An f and two digits in names, a capital one in words.
CODE = re.compile(r"_f(\d\d)(?![a-z\d])|\bF(\d\d)\b")
ROWS = {
    code: re.findall(r"\]\((.+?)\)", row)
    for code, row in re.findall(r"^\| F(\d\d) \|(.*)$", TABLE, flags=re.MULTILINE)
}


def find_codes(path):
    found = CODE.findall(path.read_text(encoding="utf-8"))
    return {in_name or in_words for in_name, in_words in found}


def test_every_fault_that_a_test_names_has_a_row():
    named = set().union(*map(find_codes, TESTS.rglob("*.py")))

    assert sorted(named - set(ROWS)) == []


@pytest.mark.parametrize("code", ROWS)
def test_every_file_of_a_row_is_there_and_names_the_fault(code):
    files = [FOLDER / file for file in ROWS[code]]

    assert files != []
    assert [file for file in files if code not in find_codes(file)] == []
