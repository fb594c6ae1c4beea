"""Athena's dialect (Trino) in DuckDB's words.

sqlglot parses, resolves columns and infers types; what it leaves different is changed on the tree here. A
statement comes in with its tables already replaced by relations whose columns are known, see
catalog.py.

What stays different from Trino: timestamps with time zone are timestamps in UTC; a double cast to varchar is
printed as DuckDB prints it; approximate aggregates are DuckDB's own estimates; varchar(n) is not cut; casts
accept a few texts more; a function that only DuckDB knows is not refused.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlglot import exp, parse, parse_one, tokenize
from sqlglot.errors import OptimizeError, ParseError, SqlglotError, TokenError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.tokenizer_core import TokenType

from salescast.local.emulator.athena import decimals, java_dates

Schema = dict[str, object]


class QueryError(Exception):
    """Why a query fails: one line that starts with the error's name, as StateChangeReason has it."""


@dataclass(frozen=True)
class Translation:
    """A statement for DuckDB and the names of its columns.

    `planning_sql` is the same statement with casts that cannot fail: DuckDB pushes no filter down that could,
    such as date(order_date) >= ..., and only planning may take that liberty.
    """

    sql: str
    planning_sql: str
    columns: tuple[str, ...]


def parsed(sql: str) -> exp.Query:
    """The tree of one SELECT statement.

    Raises QueryError: SYNTAX_ERROR for what is no statement, NOT_SUPPORTED for what is no query.
    """
    try:
        statements = [statement for statement in parse(sql, read="athena") if statement is not None]
    except ParseError as error:
        detail: dict[str, Any] = error.errors[0] if error.errors else {}
        where = f"line {detail.get('line', 1)}:{detail.get('col', 1)}: "
        near = detail.get("highlight") or "<EOF>"
        raise QueryError(
            f"SYNTAX_ERROR: {where}mismatched input '{near}': {detail.get('description', error)}"
        ) from error
    except (SqlglotError, TokenError) as error:
        raise QueryError("SYNTAX_ERROR: " + one_line(error)) from error
    if len(statements) != 1:
        raise QueryError("SYNTAX_ERROR: line 1:1: Only one sql statement is allowed.")
    statement = statements[0]
    if not isinstance(statement, exp.Query):
        kind = type(statement).__name__.upper()
        raise QueryError(f"NOT_SUPPORTED: {kind}: the laptop's Athena runs SELECT statements only")
    return statement


def with_parameters(sql: str, values: list[str]) -> str:
    """`sql` with each `?` replaced by the SQL text of the value in its place (ExecutionParameters).

    Raises QueryError when their numbers differ, a value is no expression, or a `?` stands outside of a WHERE
    clause: "? parameters can be placed only in the WHERE clause" (Athena's guide, parameterized queries).
    """
    try:
        places = [
            token for token in tokenize(sql, read="athena") if token.token_type is TokenType.PLACEHOLDER
        ]
    except SqlglotError as error:
        raise QueryError("SYNTAX_ERROR: " + one_line(error)) from error
    if len(places) != len(values):
        raise QueryError(
            f"INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: expected {len(places)} "
            f"but found {len(values)}"
        )
    if places and not _only_in_where(sql):
        raise QueryError("INVALID_PARAMETER_USAGE: line 1:1: Athena takes a ? in a WHERE clause only")
    for place, value in zip(reversed(places), reversed(values), strict=True):
        _check_expression(value)
        sql = f"{sql[: place.start]}({value}){sql[place.end + 1 :]}"
    return sql


def _only_in_where(sql: str) -> bool:
    try:
        query = parse_one(sql, read="athena")
    except SqlglotError:
        return True  # what is wrong with it is said when it is parsed with its values
    return all(
        isinstance(place.find_ancestor(exp.Where, exp.Query), exp.Where)
        for place in query.find_all(exp.Placeholder)
    )


def _check_expression(value: str) -> None:
    try:
        expression = parse_one(value, read="athena")
    except SqlglotError:
        expression = None
    if not isinstance(expression, exp.Condition):
        raise QueryError(f"INVALID_PARAMETER_USAGE: line 1:1: not an expression: {value}")


def resolved(query: exp.Query, schema: Schema) -> exp.Query:
    """`query` with columns qualified, stars expanded and unnamed columns named _col0, ... as Trino does.

    Raises QueryError for a column that does not exist or could be in several tables.
    """
    for select in query.find_all(exp.Select):
        for index, projection in enumerate(select.expressions):
            if not isinstance(projection, (exp.Alias, exp.Column, exp.Star)):
                projection.replace(exp.alias_(projection.copy(), f"_col{index}"))
    try:
        # Trino knows an alias in ORDER BY only, so references to it elsewhere are not expanded but refused.
        return qualify(query, schema=schema, dialect="athena", expand_alias_refs=False)
    except OptimizeError as error:
        # sqlglot has the same words for a column that is nowhere and for one that could be in several tables.
        raise QueryError("COLUMN_NOT_FOUND: " + one_line(error)) from error
    except SqlglotError as error:
        raise QueryError("SYNTAX_ERROR: " + one_line(error)) from error


def translated(query: exp.Query, schema: Schema, now: datetime) -> Translation:
    """`query` for DuckDB. `now` is what current_timestamp and current_date mean.

    Raises QueryError.
    """
    columns = None if query.is_star else tuple(_output_names(query))
    _fix_time(query, now)
    query = resolved(query, schema)
    columns = columns or tuple(query.named_selects)
    query = annotate_types(query, schema=schema, dialect="athena", expression_metadata=decimals.metadata())
    _check_comparisons(query)
    for node in reversed(list(query.dfs())):
        replacement = decimals.fixed(node) or _fixed(node)
        if replacement is not None and replacement is not node:
            node.replace(replacement)
    sql = query.sql(dialect="duckdb")
    for cast in list(query.find_all(exp.Cast, exp.Date)):
        if not isinstance(cast, exp.TryCast):
            kind = cast.to if isinstance(cast, exp.Cast) else exp.DataType.build("DATE")
            cast.replace(exp.TryCast(this=cast.this, to=kind, safe=True))
    return Translation(sql, query.sql(dialect="duckdb"), columns)


def one_line(error: Exception | str) -> str:
    """The message without line breaks and without sqlglot's terminal escapes."""
    text = str(error).replace("\033[4m", "").replace("\033[0m", "")
    return " ".join(text.split())


def _output_names(query: exp.Query) -> list[str]:
    return [
        projection.output_name if isinstance(projection, (exp.Alias, exp.Column)) else f"_col{index}"
        for index, projection in enumerate(query.selects)
    ]


def _fix_time(query: exp.Query, now: datetime) -> None:
    """Fix the clock, so that filters on it can prune, and make timestamps UTC without a zone."""
    utc = now.astimezone(UTC)
    stamp = exp.cast(
        exp.Literal.string(f"{utc:%Y-%m-%d %H:%M:%S}.{utc.microsecond // 1000:03d}"), "TIMESTAMP"
    )
    for node in list(query.find_all(exp.CurrentTimestamp, exp.CurrentDate, exp.Localtimestamp, exp.DataType)):
        if isinstance(node, exp.DataType):
            if node.this in (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ):
                node.replace(exp.DataType.build("TIMESTAMP"))
        elif isinstance(node, exp.CurrentDate):
            node.replace(exp.cast(exp.Literal.string(f"{utc:%Y-%m-%d}"), "DATE"))
        else:
            node.replace(stamp.copy())


_FAMILIES = {
    "text": {exp.DType.VARCHAR, exp.DType.TEXT, exp.DType.CHAR},
    "number": exp.DataType.NUMERIC_TYPES,
    "time": {exp.DType.DATE, exp.DType.TIMESTAMP},
    "boolean": {exp.DType.BOOLEAN},
}
_SIGNS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}


def _check_comparisons(query: exp.Expr) -> None:
    """Refuse to compare, say, a varchar with a date, as Trino does; DuckDB would convert one of them."""
    for node in query.find_all(*_SIGNS, exp.Between, exp.In):
        sign = _SIGNS.get(type(node), "BETWEEN" if isinstance(node, exp.Between) else "=")
        left = node.this
        for right in (
            node.args.get("expression"),
            node.args.get("low"),
            node.args.get("high"),
            *node.expressions,
        ):
            families = {_family(left), _family(right)} - {None}
            if len(families) > 1:
                names = (side.type.sql("athena").lower() for side in (left, right))
                raise QueryError(f"TYPE_MISMATCH: line 1:1: Cannot apply operator: {f' {sign} '.join(names)}")


def _family(node: exp.Expr | None) -> str | None:
    if node is None or node.type is None:
        return None
    return next((name for name, kinds in _FAMILIES.items() if node.type.this in kinds), None)


def _is(node: exp.Expr | None, *kinds: exp.DType) -> bool:
    return node is not None and node.type is not None and node.type.this in kinds


def _fixed(node: exp.Expr) -> exp.Expr | None:
    """What DuckDB needs in the place of `node`, or None."""
    match node:
        case exp.FromISO8601Timestamp():
            # DuckDB reads the offset only into a timestamp with time zone.
            return exp.cast(exp.cast(node.this, "TIMESTAMPTZ"), "TIMESTAMP")
        case exp.Cast() if node.to.is_type("text", "varchar") and _is(node.this, exp.DType.TIMESTAMP):
            return exp.func(
                "STRFTIME", node.this, exp.Literal.string("%Y-%m-%d %H:%M:%S.%g"), dialect="duckdb"
            )
        case exp.DateAdd() | exp.DateSub() | exp.Add() | exp.Sub() if _is(node, exp.DType.DATE):
            return exp.cast(node.copy(), "DATE")
        case exp.DateTrunc() | exp.TimestampTrunc() if _is(node.this, exp.DType.DATE):
            return exp.cast(node.copy(), "DATE")
        case exp.GenerateSeries() if _is(node.args.get("start"), exp.DType.DATE):
            return exp.cast(_with_date_step(node.copy()), "DATE[]")
        case exp.AtTimeZone():
            return _local_time(node.this, node.args["zone"])
        case exp.Anonymous() if node.name.lower() == "at_timezone":
            return _local_time(*node.expressions)
        case exp.Anonymous() if node.name.lower() == "with_timezone":
            moment, zone = node.expressions
            return exp.cast(exp.Anonymous(this="timezone", expressions=[zone, moment]), "TIMESTAMP")
        case exp.Anonymous() if node.name.lower() == "to_iso8601":
            return _iso8601(node.expressions[0])
        case exp.Anonymous() if node.name.lower() == "format_datetime":
            return _joda(*node.expressions)
    return None


def _with_date_step(series: exp.GenerateSeries) -> exp.GenerateSeries:
    if not series.args.get("step"):
        series.set("step", exp.Interval(this=exp.Literal.string("1"), unit=exp.var("DAY")))
    return series


def _local_time(moment: exp.Expr, zone: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="timezone", expressions=[zone, exp.cast(moment, "TIMESTAMPTZ")])


def _iso8601(moment: exp.Expr) -> exp.Expr:
    layout = "%Y-%m-%d" if _is(moment, exp.DType.DATE) else "%Y-%m-%dT%H:%M:%S.%g"
    return exp.func("STRFTIME", moment, exp.Literal.string(layout), dialect="duckdb")


def _joda(moment: exp.Expr, layout: exp.Expr) -> exp.Expr:
    text = java_dates.to_duckdb(layout.name)
    return exp.func("STRFTIME", moment, exp.Literal.string(text), dialect="duckdb")
