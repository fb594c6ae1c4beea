"""Queries through the running stack's workgroup, as the command offers them."""

import json

import pytest

from salescast.cli import main as cli
from salescast.stack.errors import SalescastError
from salescast.stack.services import athena
from salescast.stack.stack import Stack
from tools import analytics


def test_query_prints_pure_json(stack: Stack, capfd: pytest.CaptureFixture[str]) -> None:
    sql = "SELECT CAST(1.5 AS decimal(20,4)) AS price, 'a' AS name, 3 AS count, true AS yes, NULL AS nothing"
    assert cli.run(["query", sql, "--json", "--state", str(stack.state.folder)]) == 0
    answer = json.loads(capfd.readouterr().out)
    assert set(answer) == {"columns", "rows", "bytes_scanned", "milliseconds"}
    assert answer["rows"] == [["1.5000", "a", 3, True, None]]
    assert [column["name"] for column in answer["columns"]] == ["price", "name", "count", "yes", "nothing"]


def test_query_prints_csv(stack: Stack, capfd: pytest.CaptureFixture[str]) -> None:
    sql = "SELECT 'a, \"b\"' AS name, NULL AS nothing"
    assert cli.run(["query", sql, "--csv", "--state", str(stack.state.folder)]) == 0
    captured = capfd.readouterr()
    assert captured.out == 'name,nothing\n"a, ""b""",\n'
    assert captured.err.startswith("1 row(s), 0 bytes scanned, ")
    assert captured.err.endswith("; Athena bills 0.00005 USD for it\n")


@pytest.mark.parametrize("text", ["SELEC 1", "SELECT absent FROM orders", "SELECT ? AS n", "no_such_query"])
def test_a_wrong_query_is_one_line(stack: Stack, text: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["query", text, "--state", str(stack.state.folder)]) == 1
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Error: ")
    assert captured.err.count("\n") == 1


def test_long_answers_are_paged(stack: Stack) -> None:
    sql = "SELECT a.n * 100 + b.n AS n FROM UNNEST(sequence(0, 24)) AS a(n), UNNEST(sequence(0, 99)) AS b(n)"
    rows = [row[0] for row in athena.stream(stack, sql)]
    assert sorted(int(str(value)) for value in rows) == list(range(2500))


def test_every_named_query_is_listed_with_its_parameters(stack: Stack) -> None:
    queries = athena.named_queries(stack)
    assert [named.name for named in queries] == list(analytics.queries())
    for named in queries:
        assert named.statement.count("?") == len(named.places), named.name


def test_parameters_of_named_queries(stack: Stack) -> None:
    with pytest.raises(SalescastError, match="has no parameter colour"):
        athena.query(stack, athena.named_queries(stack)[0].name, {"colour": "red"})
    with pytest.raises(SalescastError, match="-p gives parameters to a named query"):
        athena.query(stack, "SELECT 1", {"from": "2026-01-01"})
