"""The SQL under analytics/: what each view and each named query is, and what it promises.

A file begins with a header of SQL comments. Its first paragraph is the description of a view or the question
of a query; what follows up to the first section is for who reads the file. A section has its entries indented
below it, one a line:

    -- How much was sold on each day, in all countries or in one?
    --
    -- parameters:
    --   from     2000-01-01
    --   country  all
    -- columns:
    --   order_date   string
    --   net_revenue  decimal(38,4)  amount of PLACED, SHIPPED and DELIVERED orders

    SELECT order_date, sum(net_revenue) AS net_revenue ...
    WHERE order_date >= :from AND :country IN ('all', country)

`parameters` are a query's, each with its default; the statement names them `:from`, as often as it needs.
`columns` are in the statement's order, types as Hive writes them, a comment where there is more to say.
`depends on` lists the resources of the template that a view reads. `resource` is the logical id in the
template where it is not the file's name in camel case with View or Query behind it.

A quotient is rounded once: `CAST(CAST(numerator AS decimal(38,12)) / denominator AS decimal(12,2))`. Trino
rounds decimal / decimal to the larger of the two scales, so a money's own four digits would be rounded twice.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TypeVar

FOLDER = Path(__file__).parents[1] / "analytics"
PRESTO = {"string": "varchar", "int": "integer", "timestamp": "timestamp(3)"}
"""Hive types that Presto calls otherwise."""

_SECTIONS = {"view": {"depends on", "columns", "resource"}, "query": {"parameters", "columns", "resource"}}
# Texts and comments are tokens of their own, so that a colon in them names no parameter.
_TOKEN = re.compile(r"'(?:[^']|'')*'|--[^\n]*|:([a-z_]+)")
_COMMENT = re.compile(r"^\s*--.*\n", re.MULTILINE)

_T = TypeVar("_T")


class DeclarationError(ValueError):
    """A file under analytics/ that cannot be read: which, and what to change."""


@dataclass(frozen=True)
class Column:
    """A column: its type is Hive's."""

    name: str
    type: str
    comment: str = ""

    @property
    def presto_type(self) -> str:
        return PRESTO.get(self.type, self.type)


@dataclass(frozen=True)
class View:
    """A view of the lake. `statement` has no comments left: it is deployed as one line."""

    name: str
    resource: str
    description: str
    depends_on: tuple[str, ...]
    columns: tuple[Column, ...]
    statement: str


@dataclass(frozen=True)
class Query:
    """A named query. `statement` has a `?` for each of `places`, the parameters in their order."""

    name: str
    resource: str
    question: str
    defaults: dict[str, str]
    places: tuple[str, ...]
    columns: tuple[Column, ...]
    statement: str

    @property
    def description(self) -> str:
        """The question and, as NamedQuery reads them, the places, a default where one stands first."""
        if not self.places:
            return self.question
        listed = [
            name if name in self.places[:index] else f"{name}={self.defaults[name]}"
            for index, name in enumerate(self.places)
        ]
        return f"{self.question} Parameters: {'; '.join(listed)}"


def views(folder: Path = FOLDER) -> dict[str, View]:
    """The views by name, each after those that it reads. Raises DeclarationError."""
    declared = {view.resource: view for view in _all(folder / "views", view).values()}
    order = TopologicalSorter(
        {resource: view.depends_on for resource, view in declared.items()}
    ).static_order()
    return {declared[resource].name: declared[resource] for resource in order if resource in declared}


def queries(folder: Path = FOLDER) -> dict[str, Query]:
    """The named queries by name. Raises DeclarationError."""
    return _all(folder / "queries", query)


def view(name: str, text: str) -> View:
    """The view that a file's text declares. Raises DeclarationError."""
    description, sections, statement = _parts(name, text, "view")
    statement = _COMMENT.sub("", statement)
    if '"' in statement or "\\" in statement or "--" in statement or "${" in statement:
        # It is deployed as one line, inside JSON, inside YAML, inside Fn::Sub.
        raise DeclarationError(
            f'{name}: a view has no ", \\, ${{ and no comment beside its SQL; write it without'
        )
    depends_on = tuple(" ".join(entry) for entry in sections.get("depends on", ()))
    return View(
        name, _resource(name, sections, "View"), description, depends_on, _columns(name, sections), statement
    )


def query(name: str, text: str) -> Query:
    """The named query that a file's text declares. Raises DeclarationError."""
    question, sections, statement = _parts(name, text, "query")
    entries = sections.get("parameters", [])
    if wrong := next((entry for entry in entries if len(entry) < 2), None):
        raise DeclarationError(f"{name}: parameter {wrong[0]} has no default; write it behind the name")
    defaults = {entry[0]: " ".join(entry[1:]) for entry in entries}
    places = tuple(match[1] for match in _TOKEN.finditer(statement) if match[1])
    if different := set(places) ^ set(defaults):
        listed = ", ".join(sorted(different))
        raise DeclarationError(
            f"{name}: declare and use the same parameters; only one of both names {listed}"
        )
    return Query(
        name,
        _resource(name, sections, "Query"),
        question,
        defaults,
        places,
        _columns(name, sections),
        _TOKEN.sub(lambda match: "?" if match[1] else match[0], statement),
    )


def _all(folder: Path, read: Callable[[str, str], _T]) -> dict[str, _T]:
    return {path.stem: read(path.stem, path.read_text()) for path in sorted(folder.glob("*.sql"))}


def _parts(name: str, text: str, kind: str) -> tuple[str, dict[str, list[list[str]]], str]:
    """Description, entries of each section as words, statement."""
    header, _, statement = text.partition("\n\n")
    lines = header.splitlines()
    if not statement.strip() or not all(line.startswith("--") for line in lines):
        raise DeclarationError(f"{name}: begin with a header of SQL comments and an empty line")
    paragraphs: list[list[str]] = [[]]
    sections: dict[str, list[list[str]]] = {}
    entries: list[list[str]] | None = None
    for line in (line.removeprefix("--") for line in lines):
        if entries is not None and line.startswith("   "):
            entries.append(line.split())
        elif re.fullmatch(r" [a-z ]+:", line):
            entries = sections[line.strip()[:-1]] = []
        elif entries is not None:
            raise DeclarationError(
                f"{name}: indent what belongs to a section by three blanks: {line.strip()}"
            )
        elif line.strip():
            paragraphs[-1].append(line.strip())
        else:
            paragraphs.append([])
    if unknown := sections.keys() - _SECTIONS[kind]:
        raise DeclarationError(f"{name}: a {kind} has no section {min(unknown)}")
    if not paragraphs[0]:
        raise DeclarationError(f"{name}: begin with a description")
    return " ".join(paragraphs[0]), sections, statement.strip("\n") + "\n"


def _columns(name: str, sections: dict[str, list[list[str]]]) -> tuple[Column, ...]:
    entries = sections.get("columns", [])
    if not entries:
        raise DeclarationError(f"{name}: declare its columns")
    if wrong := next((entry for entry in entries if len(entry) < 2), None):
        raise DeclarationError(f"{name}: column {wrong[0]} has no type; write it behind the name")
    return tuple(Column(entry[0], entry[1], " ".join(entry[2:])) for entry in entries)


def _resource(name: str, sections: dict[str, list[list[str]]], suffix: str) -> str:
    if "resource" in sections:
        return sections["resource"][0][0]
    return "".join(word.capitalize() for word in name.split("_")) + suffix
