"""Athena's dialect (Trino) in DuckDB's words.

sql/reading.py parses as strictly as Trino, sqlglot resolves the columns, sql/analysis.py finds the kind of
every expression and refuses what Trino refuses, sql/rewriting.py writes it for DuckDB. A function or a kind
of expression that is in none of their tables is refused by name. A statement comes in with its tables already
replaced by relations whose columns are known, see catalog.py.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlglot import exp, parse_one, tokenize
from sqlglot.errors import OptimizeError, SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.tokenizer_core import TokenType

from salescast.local.emulator.athena.errors import QueryError
from salescast.local.emulator.athena.sql import analysis, casts, reading, rewriting
from salescast.local.emulator.athena.sql.kinds import Kind
from salescast.local.emulator.athena.sql.macros import MACROS

__all__ = [
    "MACROS",
    "QueryError",
    "Translation",
    "one_line",
    "parsed",
    "resolved",
    "translated",
    "with_parameters",
]

Schema = dict[str, dict[str, exp.DataType]]


@dataclass(frozen=True)
class Translation:
    """A statement for DuckDB and the names of its columns.

    `planning_sql` is the same statement with casts that cannot fail: DuckDB pushes no filter down that could,
    such as date(order_date) >= ..., and only planning may take that liberty.
    """

    sql: str
    planning_sql: str
    columns: tuple[str, ...]
    kinds: tuple[Kind, ...]

    def at(self, now: datetime, then: datetime) -> "Translation":
        """The same statement with another time on its clock, which shows `then`."""
        sql, planning_sql = self.sql, self.planning_sql
        for old, new in zip(_clock(then), _clock(now), strict=True):
            sql, planning_sql = sql.replace(old, new), planning_sql.replace(old, new)
        return replace(self, sql=sql, planning_sql=planning_sql)


_NOT_HERE = frozenset(
    [
        "ALTER",
        "ANALYZE",
        "CREATE",
        "DEALLOCATE",
        "DELETE",
        "DENY",
        "DESCRIBE",
        "DROP",
        "EXECUTE",
        "EXPLAIN",
        "GRANT",
        "INSERT",
        "MERGE",
        "MSCK",
        "OPTIMIZE",
        "PREPARE",
        "REVOKE",
        "SHOW",
        "UNLOAD",
        "UPDATE",
        "VACUUM",
    ]
)
"""What statements begin with that are none, or not this one."""


def parsed(sql: str) -> exp.Query:
    """The tree of one SELECT statement.

    Raises QueryError: SYNTAX_ERROR for what is no statement, NOT_SUPPORTED for what is no query.
    """
    word = sql.split(None, 1)[0].upper() if sql.strip() else ""
    if word in _NOT_HERE:
        raise QueryError(f"NOT_SUPPORTED: {word}: the laptop's Athena does not run this statement")
    statements = [statement for statement in reading.statements(sql) if statement is not None]
    if len(statements) != 1:
        raise QueryError("SYNTAX_ERROR: line 1:1: Only one sql statement is allowed.")
    statement = statements[0]
    if isinstance(statement, exp.Values):
        first = statement.expressions[0]
        width = len(first.expressions) if isinstance(first, exp.Tuple) else 1
        names = [exp.to_identifier(f"_col{number}") for number in range(width)]
        statement.set("alias", exp.TableAlias(this=exp.to_identifier("t"), columns=names))
        statement = exp.select("*").from_(statement)
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
        return qualify(query, schema={**schema}, dialect=reading.Reading(), expand_alias_refs=False)
    except OptimizeError as error:
        # sqlglot has the same words for a column that is nowhere and for one that could be in several tables.
        raise QueryError(_in_trinos_words(one_line(error))) from error
    except SqlglotError as error:
        raise QueryError("SYNTAX_ERROR: " + one_line(error)) from error


_UNRESOLVED = re.compile(r"Column '\"?(.+?)\"?' could not be resolved.*?Line: ([0-9]+), Col: ([0-9]+)")


def _in_trinos_words(error: str) -> str:
    found = _UNRESOLVED.search(error)
    if found is None:
        return f"COLUMN_NOT_FOUND: {error}"
    name = found[1].replace('"', "")
    column = int(found[3]) - len(name.rpartition(".")[2]) + 1
    return f"COLUMN_NOT_FOUND: line {found[2]}:{column}: Column '{name}' cannot be resolved"


def translated(query: exp.Query, schema: Schema, now: datetime) -> Translation:
    """`query` for DuckDB. `now` is what current_timestamp and current_date mean.

    Raises QueryError.
    """
    columns = None if query.is_star else tuple(_output_names(query))
    _fix_time(query, now)
    query = resolved(query, schema)
    columns = columns or tuple(query.named_selects)
    kinds = analysis.analysed(query, schema)
    query = casts.shown(rewriting.rewritten(query), kinds)
    sql = query.sql(dialect="duckdb")
    return Translation(sql, _that_cannot_fail(query).sql(dialect="duckdb", copy=False), columns, kinds)


def _that_cannot_fail(query: exp.Query) -> exp.Query:
    """`query` with casts that give NULL instead of an error, changed in place."""
    for cast in list(query.find_all(exp.Cast)):
        if not isinstance(cast, exp.TryCast):
            cast.replace(exp.TryCast(this=cast.this, to=cast.to, safe=True))
    for call in list(query.find_all(exp.Anonymous)):
        if call.name in _STRICT:
            kind = exp.DataType.build(_STRICT[call.name], dialect="duckdb")
            call.replace(exp.TryCast(this=call.expressions[0], to=kind, safe=True))
    return query


_STRICT = {"trino_date": "DATE", "trino_date_2": "DATE", "trino_timestamp": "TIMESTAMP"}
"""Macros that read a text, and what they make of it."""


def one_line(error: Exception | str) -> str:
    """The message without line breaks and without sqlglot's terminal escapes."""
    text = str(error).replace("\033[4m", "").replace("\033[0m", "")
    return " ".join(text.split())


def _output_names(query: exp.Query) -> list[str]:
    return [
        projection.output_name if isinstance(projection, (exp.Alias, exp.Column)) else f"_col{index}"
        for index, projection in enumerate(query.selects)
    ]


def _clock(now: datetime) -> tuple[str, str]:
    """Time and date as they stand in a statement. The date is where the time is, so the time comes first."""
    utc = now.astimezone(UTC)
    return f"{utc:%Y-%m-%d %H:%M:%S}.{utc.microsecond // 1000:03d}", f"{utc:%Y-%m-%d}"


def _fix_time(query: exp.Query, now: datetime) -> None:
    """Fix the clock, so that filters on it can prune."""
    text, day = _clock(now)
    for node in list(
        query.find_all(exp.CurrentTimestamp, exp.CurrentDate, exp.Localtimestamp, exp.Anonymous)
    ):
        stamp = exp.cast(exp.Literal.string(text), "TIMESTAMP")
        if isinstance(node, exp.CurrentDate):
            node.replace(exp.cast(exp.Literal.string(day), "DATE"))
        elif isinstance(node, exp.Localtimestamp):
            node.replace(stamp)
        elif isinstance(node, exp.CurrentTimestamp) or node.name == reading.MARK + "now":
            node.replace(exp.AtTimeZone(this=stamp, zone=exp.Literal.string("UTC")))
