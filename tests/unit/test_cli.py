import json
import re
import subprocess
import sys
from importlib.metadata import version

import pytest
import typer

from pipelines import cli
from pipelines.discovery.any_table.request import Request
from pipelines.foundation import errors
from pipelines.foundation.warehouse import connect, prepare
from pipelines.information.ingest import run as ingest


@pytest.fixture
def crm(settings, monkeypatch):
    """Run a command as the shell would: exit code, and what it printed."""
    monkeypatch.setenv("CRM_HOME", str(settings.home))
    settings.home.mkdir(exist_ok=True)

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["crm", *arguments])
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        return exit_.value.code or 0

    return run


KINDS = [errors.PipelineError, *errors.PipelineError.__subclasses__()]


def test_each_kind_of_error_has_an_exit_code_of_its_own():
    of_ours = [kind.exit_code for kind in KINDS if kind.__module__ == errors.__name__]

    assert sorted(of_ours) == [code for code in errors.EXIT_CODES if code]


@pytest.mark.parametrize("error", KINDS)
def test_an_error_is_one_line_and_an_exit_code(crm, capsys, monkeypatch, error):
    message = "It broke, so nothing was done: mend it."

    def fail(_):
        raise error(message)

    monkeypatch.setattr("pipelines.information.ingest.run.run", fail)

    assert crm("ingest") == error.exit_code
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(message)


@pytest.mark.parametrize("name", ["mine", "sample"])
def test_options_of_a_table_default_to_those_of_a_request(name):
    commands = typer.main.get_command(cli.app).commands
    defaults = {option.name: option.default for option in commands[name].params}

    assert defaults["budget"] == Request.budget
    assert defaults["metric"] == Request.metric


def test_every_promised_command_is_there():
    promised = (
        "simulate ingest validate resolve build publish import run "
        "sample explore modify model assess mine predict challengers approve decline "
        "score explain monitor status "
        "deliveries overdue accept withdraw quarantine replay verify forget "
        "work-list"
    )
    commands = typer.main.get_command(cli.app).commands
    shown = [name for name, command in commands.items() if not command.hidden]

    assert [name for name in promised.split() if name not in shown] == []


def list_commands(group=None, path=()):
    """Yield each command with its path, those of groups too."""
    for name, command in (group or typer.main.get_command(cli.app)).commands.items():
        if hasattr(command, "commands"):
            yield from list_commands(command, (*path, name))
        else:
            yield (*path, name), command


@pytest.mark.parametrize(
    ("path", "command"),
    [pytest.param(*pair, id=pair[0][-1]) for pair in list_commands()],
)
def test_help_ends_with_an_example_of_the_command_itself(path, command):
    calls = re.findall(r"Example: crm (.+)", command.epilog or "")

    assert calls != []
    assert [call for call in calls if not call.startswith(" ".join(path))] == []


def test_help_lists_the_layers_in_the_order_of_the_flow(crm, capsys):
    assert crm("--help") == 0
    shown = re.findall(r"信息系统|数据分析|知识发现|决策支持", capsys.readouterr().out)

    assert shown == ["信息系统", "数据分析", "知识发现", "决策支持"]


def test_the_version_is_that_of_the_package(crm, capsys):
    assert crm("--version") == 0
    assert capsys.readouterr().out == f"crm {version('bank-crm-mining')}\n"


@pytest.mark.parametrize(
    "command",
    [
        "mine nowhere.csv --target y",
        "sample nowhere/x --target y",
        "explore nowhere/run",
        "quarantine --import nowhere.csv",
        "mine fraud",
    ],
)
def test_what_is_not_there_is_said_before_anything_heavy_is_loaded(tmp_path, command):
    code = (
        "import sys\nfrom pipelines.cli import main\ntry:\n    main()\n"
        "except SystemExit as exit_:\n    print(exit_.code, *sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, *command.split()],
        capture_output=True,
        text=True,
        check=True,
        env={"CRM_HOME": str(tmp_path)},
    )
    exit_code, *modules = ran.stdout.split()

    assert exit_code == "2"
    assert {"pandas", "duckdb", "sklearn", "mlflow", "dbt"}.isdisjoint(modules)
    assert list(tmp_path.iterdir()) == [tmp_path / "logs"]


def test_a_home_that_is_not_there_is_named_and_not_made(
    crm, settings, capsys, monkeypatch
):
    home = settings.home / "mistyped"
    monkeypatch.setenv("CRM_HOME", str(home))

    assert crm("status") == 6
    assert f"There is no folder {home}" in capsys.readouterr().err
    assert not home.exists()


def test_help_of_a_command_says_nothing_else_and_makes_nothing(
    crm, settings, capsys, monkeypatch
):
    home = settings.home / "not_yet"
    monkeypatch.setenv("CRM_HOME", str(home))

    assert crm("status", "--help") == 0
    assert capsys.readouterr().err == ""
    assert not home.exists()


def test_an_unknown_use_case_is_a_usage_error(crm, capsys):
    assert crm("sample", "fraud") == 2
    assert "Known: churn, cross_sell" in capsys.readouterr().err


def test_reading_before_anything_was_loaded_says_what_to_do(crm, capsys):
    assert crm("deliveries") == 6
    assert "Run `crm ingest` first" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        "status",
        "deliveries",
        "quarantine",
        "challengers",
        "publish",
        "sample churn",
        "explore churn",
        "mine cross_sell",
    ],
)
def test_reading_a_table_that_no_step_has_made_says_what_to_do(
    crm, settings, capsys, command
):
    with connect(settings):
        pass

    assert crm(*command.split()) == 6
    assert "`crm run` runs all" in capsys.readouterr().err


def test_a_setting_that_cannot_be_meant_is_one_line(crm, capsys, monkeypatch):
    monkeypatch.setenv("CRM_THREADS", "0")

    assert crm("status") == 2
    assert "CRM_THREADS" in capsys.readouterr().err


def test_settings_of_a_table_without_a_target_are_refused(crm, capsys):
    assert crm("mine", "churn", "--metric", "brier") == 2
    assert "needs --target" in capsys.readouterr().err


def test_deliveries_are_listed_as_json(crm, settings, deliver, capsys):
    deliver(
        "core_balances",
        "select 'A1' as account_number, date '2025-01-31' as "
        "balance_date, 1.5 as balance, 'CNY' as currency_code",
    )
    ingest.run(settings)

    assert crm("deliveries", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["delivery_id"], row["status"]) == (
        "core_balances/2025-01-31.1",
        "loaded",
    )


def test_an_empty_quarantine_says_so(crm, settings, capsys):
    with connect(settings) as connection:
        prepare(connection)

    assert crm("quarantine") == 0
    assert "nothing to list" in capsys.readouterr().out
