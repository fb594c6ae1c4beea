"""Queries, parameters and columns that the dashboard's pages name exist in the template's named queries."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlglot

from salescast.integrity.reconcile import Reconciliation
from tests.template import ROOT, resources

FOLDER = ROOT / "salescast" / "dashboard"
PAGES = ["customers", "now", "sales", "stock", "trust"]
QUERIES = {query["Name"]: query for query in resources("AWS::Athena::NamedQuery").values()}
TOLD = {"key", "icon", "help", "alt", "bind", "format", "title"}
"""Keyword arguments whose values are never columns."""


RECONCILIATION = {"reconciled_at"} | Reconciliation().as_json().keys()
"""What Trust shows besides answers of queries: the last reconciliation."""


def tree(page: str) -> ast.Module:
    return ast.parse((FOLDER / f"{page}.py").read_text())


def questions(page: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree(page)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Question":
            yield node


def text(node: Any) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def named(page: str) -> set[str]:
    found = {text(one.args[0]) for one in questions(page)}
    return {name for name in found if name}


def columns(query: str) -> set[str]:
    statement = sqlglot.parse_one(QUERIES[query]["QueryString"], read="athena")
    assert isinstance(statement, sqlglot.exp.Query)
    return set(statement.named_selects)


def parameters(query: str) -> set[str]:
    listed = QUERIES[query]["Description"].partition("Parameters:")[2]
    return {one.partition("=")[0].strip() for one in listed.split(";")}


def used(page: str) -> set[str]:
    """Names that the page reads from frames: by pl.col, subscript, select, filter, sort, and long names."""
    found: set[str | None] = set()
    told: set[int] = set()
    for node in ast.walk(tree(page)):
        if isinstance(node, ast.keyword) and node.arg in TOLD:
            told |= {id(one) for one in ast.walk(node.value)}
        if isinstance(node, ast.Subscript):
            found.add(text(node.slice))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in ("col", "select", "sort", "group_by", "struct"):
                found |= {text(one) for one in node.args}
            if node.func.attr == "filter":
                found |= {one.arg for one in node.keywords}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Question":
            told |= {id(one) for one in ast.walk(node)}
        if (name := text(node)) and id(node) not in told and re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)+", name):
            found.add(name)
    return {name for name in found if name}


def made(page: str) -> set[str]:
    """Names that the page gives to columns itself."""
    found: set[str | None] = set()
    for node in ast.walk(tree(page)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in ("select", "with_columns", "agg"):
                found |= {one.arg for one in node.keywords}
            if node.func.attr == "alias":
                found |= {text(one) for one in node.args}
            if node.func.attr == "DataFrame":
                found |= {
                    text(one) for argument in [*node.args, *node.keywords] for one in ast.walk(argument)
                }
            if node.func.attr == "rename" and isinstance(node.args[0], ast.Dict):
                found |= {text(one) for one in node.args[0].values}
    return {name for name in found if name}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_queries_that_exist(page: str) -> None:
    asked = list(questions(page))
    assert asked
    for one in asked:
        name = text(one.args[0])
        assert name
        assert name in QUERIES, f"line {one.lineno}: a question names its query in place"
        if len(one.args) > 1 and isinstance(one.args[1], ast.Dict):
            given = {text(key) for key in one.args[1].keys}
            assert given <= parameters(name), f"line {one.lineno}"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_reads_columns_that_its_queries_have(page: str) -> None:
    there = {column for query in named(page) for column in columns(query)} | made(page)
    there |= {name for query in named(page) for name in parameters(query)}
    if page == "trust":  # it also shows the last reconciliation
        there |= RECONCILIATION
    assert used(page)
    assert used(page) - there == set()


def test_no_other_module_asks() -> None:
    others = {path.stem for path in FOLDER.glob("*.py")} - set(PAGES)
    assert [name for name in others if list(questions(name))] == []
