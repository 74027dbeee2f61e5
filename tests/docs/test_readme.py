"""Is the README true?"""

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
from follow import BEGIN, END, follow

from local_airflow import LocalSettings

README = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
MANUAL = (PROJECT_ROOT / "dags" / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (PROJECT_ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
GLOSSARY = (PROJECT_ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
# Made by running, or told as a form.
MADE = ("published/", "parquet/", "var", "landing/")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
DOCUMENTS = ("README.md", "dags/README.md", "CONTRIBUTING.md")
BLOCK = re.compile(r"^```.*?^```", flags=re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")
CALL = re.compile(r"(?:^|[\s/])crm +([^|;&#\n]+)")
PLACEHOLDER = re.compile(r"<.+>|[A-Z_]+|\.\.\.|…")


def mentioned(pattern):
    return sorted(set(re.findall(pattern, README)))


@pytest.mark.parametrize("target", mentioned(r"\bmake (\w+)"))
def test_every_make_target_exists(target):
    makefile = (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8")

    assert f"\n{target}:" in makefile


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


@pytest.mark.parametrize(
    ("document", "call"),
    [
        pytest.param(document, call, id=f"{document}: crm {call}")
        for document in DOCUMENTS
        for call in find_calls((PROJECT_ROOT / document).read_text(encoding="utf-8"))
    ],
)
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


@pytest.mark.parametrize("path", mentioned(r"`([\w./<>-]+(?:/|\.\w+))`"))
def test_every_path_exists(path):
    pattern = re.sub(r"<\w+>", "*", path)
    found = [*PROJECT_ROOT.glob(pattern), *PROJECT_ROOT.glob(f"**/{pattern}")]

    assert found or path.startswith(MADE)


def test_it_is_short_enough_to_be_read():
    assert len(README.splitlines()) <= 120


@pytest.mark.slow
def test_the_customer_it_follows_is_the_one_of_the_bank(finished_night):
    shown = README.partition(BEGIN)[2].partition(END)[0]
    found = follow(finished_night)

    assert NUMBER.sub("0", shown) == NUMBER.sub("0", found)
    # Another processor may round another way.
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
