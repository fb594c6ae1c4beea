"""Whether a command that a page quotes can be typed: it exists, and so do its options and what they name."""

from __future__ import annotations

import re
import subprocess
import tomllib
from functools import cache
from itertools import pairwise
from typing import Any

import botocore.session
import sqlglot
import typer
import typer.main
from botocore import xform_name
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify

from salescast.cli.main import app
from tests.docs.page import Command
from tests.template import ROOT, resources, template
from tests.template import tables as declared_tables
from tools import analytics

# The AWS CLI is no requirement of the tests; these options of its own are in none of the services' models.
CLI_OPTIONS = {
    "query",
    "output",
    "region",
    "profile",
    "cli-binary-format",
    "cli-read-timeout",
    "no-cli-pager",
    "max-items",
    "endpoint-url",
}


class Fault(Exception):  # noqa: N818
    """What is wrong with a command, in a few words."""


def check(command: Command) -> None:
    """Raises Fault."""
    if not command.in_block and len(command.arguments) == 1 and command.program == "salescast":
        _ours(command.arguments[0])
        return
    {"salescast": salescast, "make": make, "sam": sam, "aws": aws}[command.program](command.arguments)


@cache
def queries() -> dict[str, set[str]]:
    """The named queries and their parameters."""
    return {name: set(query.defaults) for name, query in analytics.queries().items()}


@cache
def tables() -> dict[str, Any]:
    """Tables and views of the template, with the Hive types of their columns."""
    found = {}
    for described in declared_tables().values():
        columns = [*described["StorageDescriptor"]["Columns"], *described.get("PartitionKeys", [])]
        found[described["Name"]] = {column["Name"]: column["Type"] for column in columns}
    return found


def _ours(name: str) -> Any:
    group: Any = typer.main.get_command(app)
    if name not in group.commands:
        raise Fault(f"salescast has no command {name}")
    return group.commands[name]


def salescast(arguments: tuple[str, ...]) -> None:
    words = list(arguments)
    while words and words[0] in ("--debug", "--json", "--version", "--help", "-h"):
        words.pop(0)
    if not words:
        return
    name, *rest = words
    command = _ours(name)
    if "--help" in rest:
        return
    try:
        context = command.make_context(name, rest)
    except typer.TyperException as error:
        raise Fault(error.message) from error
    for pair in context.params.get("parameter") or []:
        if name == "up":
            parameter(pair)
    if name == "query" and context.params["text"]:
        _query(context.params["text"], context.params["parameter"] or [])


def _query(text: str, pairs: list[str]) -> None:
    if not re.fullmatch(r"\w+", text):
        sql(text)
        return
    if text not in queries():
        raise Fault(f"there is no named query {text}")
    for name in {pair.split("=")[0] for pair in pairs} - queries()[text]:
        raise Fault(f"query {text} has no parameter {name}")


def sql(text: str) -> None:
    """A statement names tables and columns that exist. Raises Fault."""
    try:
        qualify(sqlglot.parse_one(text, dialect="athena"), schema=tables(), dialect="athena")
    except SqlglotError as error:
        raise Fault(f"{text}: {error}") from error
    for table in sqlglot.parse_one(text, dialect="athena").find_all(sqlglot.exp.Table):
        if table.name not in tables():
            raise Fault(f"there is no table or view {table.name}")


def parameter(pair: str) -> None:
    """NAME=VALUE of the template. Raises Fault."""
    name, _, value = pair.partition("=")
    if name not in template()["Parameters"]:
        raise Fault(f"the template has no parameter {name}")
    declared = template()["Parameters"][name]
    placeholder = re.fullmatch(r"[A-Z_]+|…|\.\.\.", value) and value not in declared.get("AllowedValues", ())
    if "AllowedValues" in declared and not placeholder and value not in map(str, declared["AllowedValues"]):
        raise Fault(f"{name} cannot be {value}")
    if "AllowedPattern" in declared and not placeholder and not re.match(declared["AllowedPattern"], value):
        raise Fault(f"{name} cannot be {value}")
    if (
        "MinValue" in declared
        and not placeholder
        and not (declared["MinValue"] <= float(value) <= declared.get("MaxValue", float("inf")))
    ):
        raise Fault(f"{name} cannot be {value}")


def make(arguments: tuple[str, ...]) -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = [word for word in arguments if "=" not in word]
    recipes = ""
    for target in named:
        if not (recipe := re.search(rf"^{re.escape(target)}:.*\n(\t.*\n)*", makefile, re.MULTILINE)):
            raise Fault(f"make has no target {target}")
        recipes += recipe[0]
    for word in arguments:
        name, mark, _ = word.partition("=")
        if mark and f"$({name})" not in recipes:
            raise Fault(f"make {' '.join(named)} does not look at {name}")


@cache
def _sam_help(command: tuple[str, ...]) -> str:
    answer = subprocess.run(
        [ROOT / ".venv" / "bin" / "sam", *command, "--help"],
        capture_output=True,
        text=True,
        env={"SAM_CLI_TELEMETRY": "0", "PATH": "/usr/bin:/bin", "COLUMNS": "200", "LANG": "C.UTF-8"},
    )
    if answer.returncode:
        raise Fault(f"sam has no command {' '.join(command)}")
    return answer.stdout


def sam(arguments: tuple[str, ...]) -> None:
    words = 2 if arguments[0] == "local" else 1
    text = _sam_help(arguments[:words])
    for at, word in enumerate(arguments[words:], words):
        following = arguments[at + 1 :]
        if word.startswith("-") and word != "-" and not re.search(rf"(?<![\w-]){word}(?![\w-])", text):
            raise Fault(f"sam {' '.join(arguments[:words])} has no option {word}")
        if word == "--parameter-overrides":
            for pair in following:
                if pair.startswith("-"):
                    break
                parameter(pair)
        if word == "--config-env" and following[0] not in tomllib.loads(
            (ROOT / "samconfig.toml").read_text()
        ):
            raise Fault(f"samconfig.toml has no {following[0]}")
        if word in ("-e", "--event") and following[0] != "-" and not (ROOT / following[0]).is_file():
            raise Fault(f"there is no event {following[0]}")
        if arguments[:2] == ("local", "invoke") and at == words and not word.startswith("-"):
            function(word)


def function(name: str) -> None:
    if name not in resources("AWS::Serverless::Function"):
        raise Fault(f"the template has no function {name}")


@cache
def service(name: str) -> Any:
    session = botocore.session.get_session()
    if name not in session.get_available_services():
        raise Fault(f"AWS has no service {name}")
    return session.get_service_model(name)


def aws(arguments: tuple[str, ...]) -> None:
    positions = [word for word in arguments if not word.startswith("--")]
    name, verb = arguments[0], arguments[1] if len(arguments) > 1 else ""
    model = service({"s3api": "s3"}.get(name, name if name != "s3" else "no s3: s3api has models"))
    operations = {xform_name(operation, "-"): operation for operation in model.operation_names}
    if not verb and positions == [name]:
        return
    if verb not in operations:
        raise Fault(f"aws {name} has no operation {verb}")
    operation = model.operation_model(operations[verb])
    members = dict(operation.input_shape.members) if operation.input_shape else {}
    known = {xform_name(member, "-") for member in members}
    options = {word.removeprefix("--").partition("=")[0] for word in arguments if word.startswith("--")}
    flags = {
        f"no-{xform_name(member, '-')}" for member, shape in members.items() if shape.type_name == "boolean"
    }
    for option in sorted(options - known - flags - CLI_OPTIONS):
        raise Fault(f"aws {name} {verb} has no option --{option}")
    required = {xform_name(one, "-") for one in (operation.input_shape.required_members if members else [])}
    for option in sorted(required - options) if len(arguments) > 2 else ():
        raise Fault(f"aws {name} {verb} needs --{option}")
    for option, value in pairwise(arguments[2:]):
        _value(
            option.removeprefix("--"), value, {xform_name(one, "-"): shape for one, shape in members.items()}
        )
    for key in re.findall(r"OutputKey==.(\w+)", " ".join(arguments)):
        output(key)


def _value(option: str, value: str, members: dict[str, Any]) -> None:
    allowed = getattr(members.get(option), "enum", [])
    if allowed and value not in allowed:
        raise Fault(f"--{option} is one of {', '.join(allowed)}")
    if option == "log-group-name" and value not in log_groups():
        raise Fault(f"the template has no log group {value}")


@cache
def log_groups() -> set[str]:
    """Of a stack with the name that the pages use."""
    names = [group["LogGroupName"]["Fn::Sub"] for group in resources("AWS::Logs::LogGroup").values()]
    return {name.replace("${AWS::StackName}", "salescast") for name in names}


def output(name: str) -> None:
    if name not in template()["Outputs"]:
        raise Fault(f"the stack has no output {name}")
