"""Whether what a page names exists: outputs, parameters, alarms, queries, tables, files, links, words."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import typer.main

from salescast.cli.main import app
from tests.docs import commands
from tests.docs.commands import Fault, service
from tests.docs.page import Page
from tests.template import ROOT, resources, template

# Whose operations, members and values a page may name.
SERVICES = (
    "athena",
    "cloudformation",
    "cloudwatch",
    "dynamodb",
    "dynamodbstreams",
    "firehose",
    "glue",
    "iam",
    "kinesis",
    "lambda",
    "logs",
    "pipes",
    "s3",
    "scheduler",
    "sns",
    "sqs",
    "sts",
    "xray",
)
_WORD = re.compile(r"[A-Za-z_]\w{2,}")
_CODE = r"`([\w./]+)`"


def faults(page: Page) -> Iterator[str]:
    """What is wrong on a page, one line each."""
    for command in page.commands:
        yield from _fault(commands.check, command, str(command))
    for block in page.blocks:
        if block.language == "sql":
            yield from _fault(commands.sql, block.text, "SQL")
    yield from _links(page)
    yield from _roles(page)
    for span in page.spans:
        yield from _span(span, page)


def _fault(check: Callable[[Any], None], claim: Any, where: str) -> Iterator[str]:
    try:
        check(claim)
    except Fault as fault:
        yield f"{where}: {fault}"


def _links(page: Page) -> Iterator[str]:
    for target in page.links:
        path, _, anchor = target.partition("#")
        file = (ROOT / page.path.parent / path) if path else ROOT / page.path
        if path and not file.exists():
            yield f"link {target}: there is no such file"
        elif anchor and anchor not in (Page.read(file.resolve()) if path else page).anchors:
            yield f"link {target}: there is no such heading"


def _roles(page: Page) -> Iterator[str]:
    """Names that the text says to be an output, a parameter, a query, an event, a table or a view."""
    known: dict[str, Callable[[], Any]] = {
        "output": lambda: template()["Outputs"],
        "parameter": lambda: {
            *template()["Parameters"],
            *(one for each in commands.queries().values() for one in each),
        },
        "query": commands.queries,
        "event": lambda: {str(path.relative_to(ROOT)) for path in (ROOT / "events").rglob("*.json")},
        "table": lambda: {*commands.tables(), *resources("AWS::DynamoDB::Table")},
        "view": commands.tables,
        "column": lambda: {name for columns in commands.tables().values() for name in columns},
        "alarm": lambda: resources("AWS::CloudWatch::Alarm"),
    }
    text = " ".join(page.prose.split())
    for role, names in known.items():
        plural = role.replace("query", "quer(?:y|ies)") + "s?"
        found = re.findall(rf"\b{plural} {_CODE}", text) + re.findall(rf"{_CODE} {plural}\b", text)
        for name in found:
            if name not in names() and not name.startswith("_col"):  # as Athena calls what has no name
                yield f"{role} {name}: there is none"


def _span(span: str, page: Page) -> Iterator[str]:
    if re.fullmatch(r"[A-Z][a-z]\w+=\S+", span):
        yield from _fault(commands.parameter, span, span)
        return
    if re.fullmatch(r"[\w/.]+\.py::\w+", span):
        file, _, test = span.partition("::")
        if not (ROOT / file).is_file() or f"def {test}(" not in (ROOT / file).read_text():
            yield f"{span}: there is no such test"
        return
    if re.fullmatch(r"-[a-z]|--[a-z][\w-]+", span) and span not in _options(page):
        yield f"{span}: no command quoted here and none of ours has this option"
    if re.fullmatch(r"[A-Z]\w+Alarm", span) and span not in resources("AWS::CloudWatch::Alarm"):
        yield f"{span}: there is no such alarm"
    if re.fullmatch(r"[\w./*-]+(/|/[\w*-]+\.\w+|\.(py|md|yaml|toml|json|sh|mk))", span):
        if not _exists(re.sub(r"/yyyy/MM/dd/$", "", span).removesuffix("/")):
            yield f"{span}: there is no such file or prefix"
        return
    if not span.startswith((".venv/bin/", "aws ", "sam ", "make ", "salescast ", "source .venv/bin/")):
        for word in _WORD.findall(span.partition("=")[0] if re.match(r"\w+=", span) else span):
            if word not in _words() and word not in _words_of_aws():
                yield f"{span}: nothing is named {word}"


@cache
def _files() -> list[str]:
    """The repository's files, of Git and new ones."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


@cache
def _sources() -> str:
    """What the names come from: everything but pages and their test."""
    return "\n".join(
        (ROOT / name).read_text()
        for name in _files()
        if not name.startswith("tests/docs/")
        and name.endswith((".py", ".yaml", ".yml", ".toml", ".json", ".sh", ".mk", ".txt", "Makefile"))
    )


@cache
def _words() -> set[str]:
    return set(_WORD.findall(_sources()))


@cache
def _words_of_aws() -> set[str]:
    """Operations, members and values of AWS's services, from botocore's models."""
    found = set()
    for name in SERVICES:
        model = service(name)
        found |= set(model.operation_names)
        for shape in map(model.shape_for, model.shape_names):
            found |= set(getattr(shape, "members", ()))
            found |= set(getattr(shape, "enum", ()))
    return found


def _options(page: Page) -> set[str]:
    group: Any = typer.main.get_command(app)
    ours = {
        text
        for one in [group, *group.commands.values()]
        for each in one.params
        for text in [*each.opts, *each.secondary_opts]
    }
    ours |= set(group.context_settings["help_option_names"])
    return ours | {word.partition("=")[0] for command in page.commands for word in command.arguments}


def _exists(name: str) -> bool:
    """A file or folder of the repository, by the end of its path; or a prefix or file in the sources."""
    pattern = re.compile("(^|/)" + re.escape(name).replace(r"\*", "[^/]*") + "(/|$)")
    named = (f"{name}/", f"/{name}", f'"{name}"')
    return any(map(pattern.search, _files())) or any(text in _sources() for text in named)
