"""Is the README true?"""

import re
import sys
from pathlib import Path

import pytest
import typer

from pipelines.cli import app
from pipelines.settings import PROJECT_ROOT

sys.path.insert(0, str(Path(__file__).parent))
from follow import BEGIN, END, follow

README = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
GLOSSARY = (PROJECT_ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
# Made by running, or told as a form.
MADE = ("published/", "parquet/", "var", "landing/")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def mentioned(pattern):
    return sorted(set(re.findall(pattern, README)))


@pytest.mark.parametrize("target", mentioned(r"\bmake (\w+)"))
def test_every_make_target_exists(target):
    makefile = (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8")

    assert f"\n{target}:" in makefile


@pytest.mark.parametrize("words", mentioned(r"\.venv/bin/crm ([a-z ]+)"))
def test_every_command_exists(words):
    command = typer.main.get_command(app)
    for word in words.split():
        command = command.commands[word]


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
