from datetime import UTC, datetime

import pytest
from sqlglot import exp

from salescast.local.emulator.athena.dialect import QueryError, parsed, translated, with_parameters

NOW = datetime(2026, 11, 20, 10, 15, tzinfo=UTC)
SCHEMA = {
    "t": {
        "amount": exp.DataType.build("decimal(20,4)"),
        "quantity": exp.DataType.build("int"),
        "share": exp.DataType.build("double"),
        "day": exp.DataType.build("date"),
        "ts": exp.DataType.build("timestamp"),
        "name": exp.DataType.build("varchar"),
    }
}


def duckdb(sql: str) -> str:
    return translated(parsed(sql), SCHEMA, NOW).sql.replace('"t".', "").replace('"', "")


@pytest.mark.parametrize(
    ("athena", "expected"),
    [
        ("SELECT date_format(ts, '%Y-%m-%d %H:%i') FROM t", "STRFTIME(ts, '%Y-%m-%d %H:%M')"),
        ("SELECT date_add('day', 1, day) FROM t", "TRINO_DATE_ADD_0('day', CAST(1 AS BIGINT), day)"),
        ("SELECT day - INTERVAL '7' DAY FROM t", "CAST(day - INTERVAL '7' DAY AS DATE)"),
        ("SELECT ts + INTERVAL '1' HOUR FROM t", "SELECT ts + INTERVAL '1' HOUR"),
        ("SELECT current_date", "CAST('2026-11-20' AS DATE)"),
        ("SELECT localtimestamp", "CAST('2026-11-20 10:15:00.000' AS TIMESTAMP)"),
        ("SELECT count_if(quantity > 1) FROM t", "CAST(COUNT_IF(quantity > 1) AS BIGINT)"),
        ("SELECT max_by(name, quantity) FROM t", "ARG_MAX_NULL(name, quantity)"),
        (
            "SELECT sum(quantity) FILTER (WHERE share > 1) FROM t",
            "CAST(SUM(CAST(quantity AS BIGINT)) FILTER(WHERE share > 1) AS BIGINT)",
        ),
        ("SELECT format_datetime(ts, 'yyyy-MM-dd') FROM t", "STRFTIME(ts, '%Y-%m-%d')"),
        ("SELECT quantity / 2 FROM t", "SELECT quantity / 2 AS"),
        ("SELECT quantity / quantity FROM t", "quantity / TRINO_NOT_ZERO(quantity)"),
        (
            "WITH d AS (SELECT name, sum(quantity) OVER (ORDER BY day) AS most FROM t) "
            "SELECT name, min(CASE WHEN most > 1 THEN name END) AS early FROM d "
            "GROUP BY name HAVING max(most) > 1",
            "HAVING MAX(most) > 1",
        ),
        ("SELECT round(amount, 2) FROM t", "CAST(ROUND(amount, 2) AS DECIMAL(21, 4))"),
    ],
)
def test_translation(athena: str, expected: str) -> None:
    assert expected in duckdb(athena)


@pytest.mark.parametrize(
    "condition",
    [
        "day < ts",
        "quantity > 1.5",
        "amount BETWEEN 1 AND share",
        "name IN ('a')",
        "(name = 'a') = true",
        "NULL = name",
    ],
)
def test_comparisons_that_trino_allows(condition: str) -> None:
    assert duckdb(f"SELECT * FROM t WHERE {condition}")


@pytest.mark.parametrize("expression", ["amount / quantity", "avg(amount)", "sum(amount) / count(*)"])
def test_decimals_stay_exact(expression: str) -> None:
    sql = duckdb(f"SELECT {expression} FROM t")
    assert "TRINO_DIVIDE" in sql
    assert "DOUBLE" not in sql


def test_unnamed_columns_are_named_as_trino_does() -> None:
    assert translated(
        parsed("SELECT name, 1, CAST(ts AS date), quantity AS q FROM t"), SCHEMA, NOW
    ).columns == (
        "name",
        "_col1",
        "_col2",
        "q",
    )


def test_star_is_expanded_in_the_catalogs_order() -> None:
    assert translated(parsed("SELECT * FROM t"), SCHEMA, NOW).columns == (
        "amount",
        "quantity",
        "share",
        "day",
        "ts",
        "name",
    )


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELEC 1", "SYNTAX_ERROR: line 1:"),
        ("SELECT 1; SELECT 2", "SYNTAX_ERROR: line 1:1: Only one sql statement"),
        ("SELECT 'open", "SYNTAX_ERROR:"),
        ("DELETE FROM t", "NOT_SUPPORTED: DELETE"),
        (
            "SELECT * FROM t WHERE name = 1",
            "TYPE_MISMATCH: line 1:30: Cannot apply operator: varchar = integer",
        ),
        ("SELECT * FROM t WHERE name >= DATE '2026-01-01'", "TYPE_MISMATCH:"),
        ("SELECT * FROM t WHERE day = '2026-01-01'", "TYPE_MISMATCH:"),
        ("SELECT * FROM t WHERE name BETWEEN '2026-01-01' AND 2026-01-31", "TYPE_MISMATCH:"),
        ("SELECT * FROM t WHERE quantity IN ('1', '2')", "TYPE_MISMATCH:"),
        ("SELECT nothing FROM t", "COLUMN_NOT_FOUND: line 1:8: Column 'nothing'"),
        ("SELECT quantity AS q, count(*) FROM t GROUP BY q", "COLUMN_NOT_FOUND: line 1:48: Column 'q'"),
        ("SELECT a.name FROM t a, t b WHERE name = 'x'", "COLUMN_NOT_FOUND: line 1:35: Column 'name'"),
    ],
)
def test_refusals_are_one_line_that_starts_with_the_error(sql: str, reason: str) -> None:
    with pytest.raises(QueryError) as refused:
        translated(parsed(sql), SCHEMA, NOW)
    assert str(refused.value).startswith(reason)
    assert "\n" not in str(refused.value)


def test_parameters_take_the_places_in_their_order_and_only_those() -> None:
    sql = "SELECT '?' /* ? */ FROM t WHERE x > ? AND y IN (SELECT y FROM u WHERE z = ?)"
    assert with_parameters(sql, ["DATE '2026-01-01'", "'a'''"]) == (
        "SELECT '?' /* ? */ FROM t WHERE x > (DATE '2026-01-01') AND y IN (SELECT y FROM u WHERE z = ('a'''))"
    )


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT ? FROM t",
        "SELECT count(CASE WHEN quantity > ? THEN 1 END) FROM t WHERE name = 'x'",
        "SELECT * FROM t JOIN u ON t.name = u.name AND u.name = ?",
        "SELECT name FROM t GROUP BY name HAVING count(*) > ?",
        "SELECT * FROM t WHERE quantity IN (SELECT ? FROM u)",
        "WITH a AS (SELECT quantity + ? AS q FROM t) SELECT * FROM a WHERE q = 1",
        "SELECT * FROM t LIMIT ?",
        "SELECT * FROM t UNION ALL SELECT ?",
        "VALUES ?",
    ],
)
def test_a_parameter_outside_of_where_is_refused(sql: str) -> None:
    with pytest.raises(QueryError, match=r"^INVALID_PARAMETER_USAGE: .* WHERE clause only$"):
        with_parameters(sql, ["1"])


@pytest.mark.parametrize("values", [[], ["1", "2"], ["1) OR (1 = 1"], ["1; DROP TABLE t"], ["SELECT 1"]])
def test_parameters_must_be_as_many_expressions(values: list[str]) -> None:
    with pytest.raises(QueryError, match="INVALID_PARAMETER_USAGE"):
        with_parameters("SELECT * FROM t WHERE quantity = ?", values)
