"""Are README and docs/ true?"""

import re
import sys
from pathlib import Path

import pytest
import typer

from pipelines.cli import app
from pipelines.foundation.errors import EXIT_CODES
from pipelines.foundation.settings import PROJECT_ROOT, Gate

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(PROJECT_ROOT / "dags"))
from documents import (
    BLOCK,
    CODE,
    NAMES,
    find_links,
    find_paths,
    is_there,
    leads_somewhere,
    read,
)
from follow import (
    ANSWER_BEGIN,
    ANSWER_END,
    ANSWERED,
    BEGIN,
    END,
    FOLLOWED,
    answer,
    follow,
)

from local_airflow import LocalSettings

MANUAL = read("docs/configuration.md")
CONTRIBUTING = read("CONTRIBUTING.md")
GLOSSARY = read("GLOSSARY.md")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
CALL = re.compile(r"(?:^|[\s/])crm +([^|;&#\n]+)")
PLACEHOLDER = re.compile(r"<.+>|[A-Z_]+|\.\.\.|…")


def list_cases(find):
    """List what each document names, as cases of a test."""
    return [
        pytest.param(name, found, id=f"{name}: {found}")
        for name in NAMES
        for found in find(read(name))
    ]


def find_targets(text):
    """List the targets of `make` in code."""
    code = "\n".join([*BLOCK.findall(text), *CODE.findall(BLOCK.sub("", text))])
    return sorted(set(re.findall(r"^make ([a-z]+)", code, flags=re.MULTILINE)))


@pytest.mark.parametrize(("document", "target"), list_cases(find_targets))
def test_every_make_target_exists(document, target):
    assert f"\n{target}:" in read("Makefile"), document


def find_calls(text):
    """List what follows `crm` in code; a lone option belongs to the call before."""
    calls = CALL.findall("\n".join(BLOCK.findall(text)).replace("\\\n", " "))
    before = ""
    for code in CODE.findall(BLOCK.sub("", text)):
        folded = " ".join(code.split())
        if folded.startswith("--") and before:
            calls.append(f"{before} {folded}")
        else:
            found = CALL.findall(folded)
            calls += found
            before = found[-1] if found else ""
    return sorted({call.strip() for call in calls})


def list_unknown(call):
    """List the command, or else the options, of a call that are not there."""
    command, words = typer.main.get_command(app), call.split()
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        word = words.pop(0)
        if PLACEHOLDER.fullmatch(word):
            return []
        if word not in command.commands:
            return [word]
        command = command.commands[word]
    options = (word.strip("[]").partition("=")[0] for word in words)
    known = {"--help"}.union(
        *(parameter.opts + parameter.secondary_opts for parameter in command.params)
    )
    return [
        option for option in options if option.startswith("--") and option not in known
    ]


@pytest.mark.parametrize(("document", "call"), list_cases(find_calls))
def test_every_command_and_its_options_exist(document, call):
    assert list_unknown(call) == [], document


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("Then `.venv/bin/crm run`, `crm <step>`, `crm --help`.", []),
        ("First `crm\nscrore churn`.", ["scrore"]),
        ("```sh\nCRM_HOME=x crm import \\\n  bank DIR  # a bank\n```", ["bank"]),
        ("A `crm build --full`, or not.", ["--full"]),
        ("A `crm forget CUSTOMER`, or\n`--numbers -`.", ["--numbers"]),
        ("A `crm status`, then `make run` with `--numbers`.", []),
    ],
    ids=["all_there", "folded", "in_a_block", "option", "option_alone", "of_another"],
)
def test_a_command_or_an_option_that_is_not_there_is_found(text, unknown):
    assert [name for call in find_calls(text) for name in list_unknown(call)] == unknown


@pytest.mark.parametrize(("document", "path"), list_cases(find_paths))
def test_every_path_exists(document, path):
    assert is_there(path), document


@pytest.mark.parametrize(("document", "link"), list_cases(find_links))
def test_every_link_leads_somewhere(document, link):
    # `make docs` puts dbt's pages beside ours.
    assert leads_somewhere(document, link) or link == "dbt/index.html"


def test_a_path_or_a_link_that_leads_nowhere_is_found():
    text = "See `pipelines/cellar/`, [there](docs/cellar.md) and [here](#cellar)."

    assert not any(map(is_there, find_paths(text)))
    assert not any(leads_somewhere("README.md", link) for link in find_links(text))


def test_the_readme_is_short_enough_to_be_read():
    assert len(read("README.md").splitlines()) <= 120


@pytest.mark.parametrize("picture", sorted((PROJECT_ROOT / "docs/images").iterdir()))
def test_a_picture_is_shown_and_small(picture):
    shown = [name for name in NAMES if f"images/{picture.name})" in read(name)]

    assert shown != []
    assert picture.stat().st_size < 300_000


@pytest.mark.slow
def test_the_customer_who_is_followed_is_the_one_of_the_bank(finished_night):
    shown = read(FOLLOWED).partition(BEGIN)[2].partition(END)[0]

    assert_is_about(shown, follow(finished_night))


@pytest.mark.slow
@pytest.mark.parametrize("document", ANSWERED)
def test_a_query_has_the_result_that_is_shown(document, finished_night):
    text = read(document)

    shown = text.partition(ANSWER_BEGIN)[2].partition(ANSWER_END)[0]
    assert_is_about(shown, answer(finished_night, text))


def assert_is_about(shown, found):
    """Check that texts are the same, but for how a processor rounds."""
    assert NUMBER.sub("0", shown) == NUMBER.sub("0", found)
    assert numbers(shown) == pytest.approx(numbers(found), rel=0.05)


def numbers(text):
    return [float(number) for number in NUMBER.findall(text)]


def test_the_glossary_is_in_alphabetical_order():
    words = re.findall(r"^\| ([a-z-]+(?: [a-z-]+)*) \|", GLOSSARY, flags=re.MULTILINE)

    assert words[1:] == sorted(words[1:])


def test_the_manual_lists_the_exit_codes_in_the_words_of_the_code():
    section = MANUAL.partition("## Exit codes")[2].partition("\n## ")[0]

    listed = re.findall(r"^\| (\d+) \| ([^|]+) \|", section, flags=re.MULTILINE)

    assert listed == [(str(code), what) for code, what in EXIT_CODES.items()]


def test_every_setting_is_in_the_manual():
    fields = {name for name in LocalSettings.model_fields if name != "gate"}
    fields |= {f"gate__{name}" for name in Gate.model_fields}

    assert {f"CRM_{name}".upper() for name in fields} == set(
        re.findall(r"`(CRM_[A-Z_]+)`", MANUAL.partition("## Settings")[2])
    )


def test_every_decision_has_a_number_of_its_own():
    decisions = CONTRIBUTING.partition("## Decisions")[2].partition("\n## ")[0]
    numbers = sorted(map(int, re.findall(r"^\*\*(\d+)\. ", decisions, re.MULTILINE)))

    assert numbers == list(range(1, len(numbers) + 1))
