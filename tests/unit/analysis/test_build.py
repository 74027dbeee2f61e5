"""What dbt is told when marts are built."""

import subprocess
from types import SimpleNamespace

import pytest

from pipelines.analysis import build
from pipelines.foundation.errors import PipelineError
from pipelines.foundation.settings import Settings


@pytest.fixture
def told(tmp_path, monkeypatch):
    """What dbt was called with, by a build that gets no further."""
    settings = Settings(home=tmp_path)
    commands = []

    def run(command, **_):
        commands.append(command)
        return subprocess.CompletedProcess(command, 2, b"", b"")

    def build_once(code):
        monkeypatch.setattr(build, "dbt_code_version", lambda: code)
        with pytest.raises(PipelineError, match="before it built anything"):
            build.run(settings)
        return commands[-1]

    def read_ahead(code, exit_code=0):
        monkeypatch.setattr(build, "dbt_code_version", lambda: code)
        process = SimpleNamespace(wait=lambda: exit_code)
        stub = SimpleNamespace(
            run=run,
            DEVNULL=-3,
            Popen=lambda command, **_: commands.append(command) or process,
        )
        monkeypatch.setattr(build, "subprocess", stub)
        build.read_ahead(settings)()
        return commands[-1]

    monkeypatch.setattr(build, "subprocess", SimpleNamespace(run=run))
    (tmp_path / "dbt").mkdir()
    return SimpleNamespace(build_once=build_once, read_ahead=read_ahead)


def test_a_build_uses_what_dbt_read_ahead_of_the_same_code(told):
    told.read_ahead("of_today")

    assert "--no-partial-parse" not in told.build_once("of_today")


@pytest.mark.parametrize("exit_code", [0, 1])
def test_a_build_lets_dbt_read_other_code_anew(told, exit_code):
    told.read_ahead("of_today", exit_code)

    code = "of_tomorrow" if exit_code == 0 else "of_today"
    assert "--no-partial-parse" in told.build_once(code)


def test_code_that_dbt_has_read_is_not_read_ahead_again(told):
    told.read_ahead("of_today")
    told.build_once("of_today")

    assert "build" in told.read_ahead("of_today")
