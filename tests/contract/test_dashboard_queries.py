"""The dashboard's questions name queries and columns that analytics/ declares."""

from __future__ import annotations

import importlib
import inspect
from types import ModuleType

import pytest

from salescast.dashboard.answers import Question
from tests.template import ROOT
from tools import analytics

FOLDER = ROOT / "salescast" / "dashboard"
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in sorted(FOLDER.rglob("*.py"))
    if path.name not in ("__init__.py", "app.py")  # Streamlit's script: importing it is running it
]
QUERIES = analytics.queries()


def questions(module: ModuleType) -> list[Question]:
    return [value for value in vars(module).values() if isinstance(value, Question)]


@pytest.mark.parametrize("page", ["customers", "now", "product", "sales", "stock", "trust"])
def test_a_page_reads_columns_that_its_queries_have(page: str) -> None:
    asked = questions(importlib.import_module(f"salescast.dashboard.pages.{page}"))
    assert asked
    for question in asked:
        declared = {column.name for column in QUERIES[question.name].columns}
        assert question.columns, question.name
        assert set(question.columns) <= declared, question.name


@pytest.mark.parametrize("name", MODULES)
def test_a_question_stands_at_the_top_of_its_module(name: str) -> None:
    """Where the test above finds it."""
    module = importlib.import_module(name)
    assert inspect.getsource(module).count("Question(") == len(questions(module))
