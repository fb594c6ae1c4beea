"""What a user of the command sees: help, one line for an error, pure JSON."""

import os
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from salescast.cli import main as cli
from tests.template import ROOT

APP: Any = typer.main.get_command(cli.app)
COMMANDS: dict[str, Any] = APP.commands


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", os.environ.copy())
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.environ["AWS_CONFIG_FILE"] = os.devnull


def error(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 1) -> str:
    """The error line of a command that fails."""
    assert cli.run(list(arguments)) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Error: ")
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command: str) -> None:
    result = CliRunner().invoke(cli.app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_that_can_be_typed(command: str) -> None:
    examples = re.findall(r"^ *(salescast .+)$", COMMANDS[command].callback.__doc__, re.MULTILINE)
    assert examples
    shown = CliRunner().invoke(cli.app, [command, "--help"], env={"COLUMNS": "80"}).output
    for example in examples:
        assert example in [line.strip() for line in shown.splitlines()], "one line each, not wrapped"
        name, *arguments = shlex.split(example)[1:]
        assert name == command
        COMMANDS[name].make_context(name, arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["query", "SELECT 1"],
        ["reconcile", "--json"],
        ["redrive"],
        ["project", "total"],
        ["generate", "--days", "3"],
        ["replay", "file.csv"],
        ["destroy", "--stack", "salescast", "--yes"],
    ],
)
def test_without_a_stack_the_remedy_is_up(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "`salescast up`" in error(capsys, *arguments, "--state", str(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["down"], "no stack ran in"),
        (["down", "--json"], '{\n  "ended": []\n}\n'),
        (["--json", "down"], '{\n  "ended": []\n}\n'),
        (["--json", "down", "--json"], '{\n  "ended": []\n}\n'),
    ],
)
def test_down_without_a_stack_is_no_error(
    arguments: list[str], answer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run([*arguments, "--state", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith(answer)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert capsys.readouterr().out == f"salescast {declared}\n"


def test_no_arguments_show_help(capsys: pytest.CaptureFixture[str]) -> None:
    cli.run([])
    captured = capsys.readouterr()
    assert "Usage:" in captured.out
    assert "Error" not in captured.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["brew"], "No such command"),
        (["query", "--colour"], "--colour"),
        (["replay"], "Missing argument"),
        (["destroy"], "--stack"),
        (["up", "--fast", "many"], "--fast"),
        (["generate", "--days", "3", "--rate", "5"], "one of --days, --start, --rate and --tick"),
        (["up", "--parameter", "FirstOrderDate"], "NAME=VALUE"),
        (["query", "name", "-p", "from"], "NAME=VALUE"),
        (["project", "--horizon", "91"], "equal to 90. See `salescast project --help`"),
        (["redrive", "--since", "noon"], "--since"),
        (["reconcile", "--settle", "nan"], "--settle"),
        (["reconcile", "--log", "inf"], "--log"),
        (["generate", "--rate", "inf"], "--rate"),
        (["up", "--fast", "nan"], "--fast"),
        (["generate", "--days", "99999999999"], "--days"),
        (["generate", "--start", "2999-01-01"], "the first day, 2999-01-01, is after the last"),
        (["query", " "], "the query is empty; give a name, or SQL"),
        (["query", "name", "--csv", "--json"], "leave out one of --csv and --json"),
        (["--json", "query", "name", "--csv"], "leave out one of --csv and --json"),
    ],
)
def test_a_command_typed_wrong_ends_with_2(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert expected in error(capsys, *arguments, status=2)


def test_a_parameter_that_the_template_does_not_have(capsys: pytest.CaptureFixture[str]) -> None:
    line = error(capsys, "up", "--parameter", "FirstOrderDay=2026-01-01")
    assert "it has: PythonRuntime, Architecture, " in line


def test_aws_without_region(capsys: pytest.CaptureFixture[str]) -> None:
    assert "AWS_REGION" in error(capsys, "status", "--stack", "shop")


def test_aws_without_credentials(capsys: pytest.CaptureFixture[str]) -> None:
    os.environ["AWS_REGION"] = "eu-west-1"
    assert "AWS_PROFILE" in error(capsys, "status", "--stack", "shop")


def test_aws_is_asked_about_before_anything_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    os.environ.update(AWS_REGION="eu-west-1", AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b")
    assert "--yes" in error(capsys, "generate", "--days", "3", "--stack", "shop")
    assert "--yes" in error(capsys, "redrive", "--stack", "shop")
    assert "--yes" in error(capsys, "destroy", "--stack", "shop")


@pytest.mark.parametrize("options", [["--debug"], ["--json", "--debug"]])
def test_debug_adds_the_traceback(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([*options, "generate", "--days", "3", "--rate", "5"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_markup_in_an_error_is_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "[bold]" in error(capsys, "status", "--state", str(tmp_path / "[bold]"))
