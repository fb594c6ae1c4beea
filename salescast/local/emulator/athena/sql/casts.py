"""Trino's casts and time zones in DuckDB's words."""

import re

from sqlglot import exp

from salescast.local.emulator.athena.errors import QueryError
from salescast.local.emulator.athena.sql import kinds
from salescast.local.emulator.athena.sql.expressions import call, cast, cast_to, text
from salescast.local.emulator.athena.sql.kinds import Kind, kind_of

_PLAIN = re.compile(
    r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-8])( [01][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]{1,3})?)?"
)
"""Dates and timestamps that need no looking at."""
_SQL_NAMES = {"tinyint": "TINYINT", "smallint": "SMALLINT", "integer": "INT", "bigint": "BIGINT"}


def cast_of(node: exp.Cast) -> exp.Expr:
    source, target = kind_of(node.this), kind_of(node)
    inner = node.this.copy()
    result: exp.Expr
    if "moment" in node.meta:
        local = cast(text(node.meta["moment"]), kinds.TIMESTAMP)
        result = _instant(local, str(target.parameters[0]))
    elif source == target and not (target.name == "varchar" and node.to.expressions):
        result = inner
    elif source.name == "varchar":
        result = _from_text(node, inner, target)
    elif source.name in ("double", "real") and target.name in kinds.INTEGERS:
        result = cast(call("round", inner), target)
    elif source.name in ("double", "real") and target.name == "decimal":
        result = cast(cast(inner, kinds.VARCHAR), target)
    elif target.name == "boolean" and kinds.is_number(source):
        result = exp.NEQ(this=inner, expression=exp.Literal.number(0))
    elif target.name == "varchar":
        result = _to_text(node, inner, source)
    elif source.name == "timestamp with time zone" and target.name in ("timestamp", "date"):
        result = cast(wall(inner, source), target)
    else:
        result = cast(inner, target)
    if isinstance(node, exp.TryCast):
        return call("TRY", result)
    return result


def _from_text(node: exp.Cast, inner: exp.Expr, target: Kind) -> exp.Expr:
    literal = node.this.name if isinstance(node.this, exp.Literal) else None
    if literal is not None and _PLAIN.fullmatch(literal) and target.name in ("date", "timestamp"):
        return cast(inner, target)
    match target.name:
        case "varchar":
            length = node.to.expressions
            return call("left", inner, exp.Literal.number(int(length[0].name))) if length else inner
        case "date":
            return call("trino_date", inner)
        case "timestamp":
            return call("trino_timestamp_6" if "digits" in node.meta else "trino_timestamp", inner)
        case "boolean":
            return call("trino_boolean", inner)
        case "double" | "real":
            return cast(call("trino_fraction", inner, text(target.name.upper())), target)
        case "decimal":
            name = f"DECIMAL({target.parameters[0]}, {target.parameters[1]})"
            if literal is not None and re.fullmatch(r"[+-]?[0-9]+(\.[0-9]*)?", literal):
                return cast(inner, target)
            return cast(call("trino_fraction", inner, text(name)), target)
        case name if name in kinds.INTEGERS:
            return cast(call("trino_number", inner, text(_SQL_NAMES[name])), target)
    return cast(inner, target)


def _to_text(node: exp.Cast, inner: exp.Expr, source: Kind) -> exp.Expr:
    result: exp.Expr
    match source.name:
        case "double" | "real":
            result = call("trino_text", inner)
        case "timestamp":
            digits = node.this.meta.get("digits", 3)
            result = call("strftime", inner, text("%Y-%m-%d %H:%M:%S.%f"))
            result = call("left", result, exp.Literal.number(20 + digits if digits else 19))
        case "timestamp with time zone":
            result = _zoned_text(inner, source)
        case _:
            result = cast(inner, kinds.VARCHAR)
    length = node.to.expressions
    if length:
        name = f"varchar({length[0].name})"
        raise_ = call("trino_fail", text(f"INVALID_CAST_ARGUMENT: Value cannot be represented as {name}"))
        return exp.Case(
            ifs=[exp.If(this=exp.GT(this=call("length", result.copy()), expression=length[0].this.copy()),
                        true=cast(raise_, kinds.VARCHAR))],
            default=result,
        )  # fmt: skip
    return result


def wall(moment: exp.Expr, kind: Kind) -> exp.Expr:
    """What the clock shows in the zone of the kind."""
    zone = str(kind.parameters[0])
    if zone == "UTC":
        return moment
    return call("timezone", text(_posix(zone)), cast_to(moment, "TIMESTAMPTZ"))


def _instant(local: exp.Expr, zone: str) -> exp.Expr:
    """The time in UTC of what the clock shows in a zone."""
    if zone in ("UTC", "Z"):
        return local
    return cast(call("timezone", text(_posix(zone)), local), kinds.TIMESTAMP)


def zoned(node: exp.Expr) -> exp.Expr:
    moment = node.this if isinstance(node, exp.AtTimeZone) else node.expressions[0]
    if isinstance(node, exp.Anonymous) and node.name == "with_timezone":
        return _instant(moment.copy(), str(kind_of(node).parameters[0]))
    return cast(moment.copy(), kinds.TIMESTAMP)


def _posix(zone: str) -> str:
    """A zone as DuckDB (ICU) takes it; of an offset the sign means the same."""
    return f"GMT{zone}" if zone[:1] in "+-" else zone


def _zoned_text(moment: exp.Expr, kind: Kind) -> exp.Expr:
    return exp.DPipe(
        this=call("strftime", wall(moment, kind), text("%Y-%m-%d %H:%M:%S.%g")),
        expression=text(" " + str(kind.parameters[0])),
    )


def shown(query: exp.Query, of: tuple[Kind, ...]) -> exp.Query:
    """`query` with the columns that DuckDB would not print as Trino does as texts.

    Raises QueryError for kinds that have no text.
    """
    if not any(kind.name == "timestamp with time zone" or kind == kinds.MONTHS for kind in of):
        return query
    columns = []
    for name, kind in zip(query.named_selects, of, strict=True):
        column: exp.Expr = exp.column(name, "shown", quoted=True)
        if kind.name == "timestamp with time zone":
            if kind.parameters == ("",):
                raise QueryError(
                    "NOT_SUPPORTED: line 1:1: the laptop's Athena does not know the zone of column "
                    f"'{name}'; give it AT TIME ZONE 'UTC'"
                )
            column = _zoned_text(column, kind)
        if kind == kinds.MONTHS:
            months = call("date_diff", text("month"), _epoch(), exp.Add(this=_epoch(), expression=column))
            column = call("printf", text("%d-%d"), exp.IntDiv(this=months, expression=exp.Literal.number(12)),
                          exp.Mod(this=months.copy(), expression=exp.Literal.number(12)))  # fmt: skip
        columns.append(exp.alias_(column, name, quoted=True))
    return exp.select(*columns).from_(query.subquery("shown"))


def _epoch() -> exp.Expr:
    return cast_to(text("2000-01-01"), "DATE")
