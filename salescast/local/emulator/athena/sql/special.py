"""Kinds of what a signature cannot say: functions of decimals, of time zones, of literals, and casts."""

import re
from collections.abc import Iterable
from typing import Any

from sqlglot import exp

from salescast.local.emulator.athena.errors import QueryError, place
from salescast.local.emulator.athena.sql import kinds
from salescast.local.emulator.athena.sql.kinds import Kind, bare, kind_of

_ROUNDING = ("ceil", "ceiling", "floor", "round", "truncate", "sign", "mod")
_WITH_LITERAL = {
    "date_format": (1, kinds.VARCHAR),
    "date_parse": (1, kinds.TIMESTAMP),
    "format_datetime": (1, kinds.VARCHAR),
    "parse_datetime": (1, Kind("timestamp with time zone", ("UTC",))),
    "format": (0, kinds.VARCHAR),
}
_LOCAL = frozenset(
    [
        "year",
        "quarter",
        "month",
        "week",
        "week_of_year",
        "year_of_week",
        "yow",
        "day",
        "day_of_month",
        "day_of_week",
        "dow",
        "day_of_year",
        "doy",
        "hour",
        "minute",
        "second",
        "millisecond",
        "date",
        "date_format",
        "format_datetime",
        "last_day_of_month",
    ]
)
"""Functions of what the clock shows in a zone."""
_ANYWHERE = frozenset(
    [
        "to_unixtime",
        "at_timezone",
        "max",
        "min",
        "max_by",
        "min_by",
        "count",
        "arbitrary",
        "any_value",
        "array_agg",
        "approx_distinct",
        "coalesce",
        "if",
        "nullif",
        "lag",
        "lead",
        "first_value",
        "last_value",
        "nth_value",
        "greatest",
        "least",
        "row_number",
        "rank",
        "dense_rank",
        "try",
        "typeof",
    ]
)
"""Functions that the zone of an argument does not matter to."""


def kind(analysis: Any, name: str, node: exp.Anonymous, of: list[Kind]) -> Kind | None:
    """The kind of a call, None where a signature decides."""
    arguments = node.expressions
    match name:
        case "coalesce":
            return analysis.shared(  # type: ignore[no-any-return]
                arguments, "All COALESCE operands must be the same type or coercible to a common type."
            )
        case "nullif" if len(of) == 2:
            comparable(node, of)
            analysis.shared(arguments, "Types are not comparable with NULLIF:")
            return of[0]
        case "if" if len(of) in (2, 3):
            analysis.require_boolean(arguments[0], "IF condition must evaluate to a boolean (actual: {})")
            return analysis.shared(arguments[1:], "Result types for IF must be the same:")  # type: ignore[no-any-return]
        case "try" if len(of) == 1:
            return of[0]
        case "typeof" if len(of) == 1:
            text = str(of[0])
            if ("varchar" in text or "timestamp" in text) and not isinstance(arguments[0], exp.Column):
                raise _without(node, "typeof of a text or a timestamp that is computed")
            return kinds.VARCHAR
        case "map" if not of:
            return Kind("map", (kinds.UNKNOWN, kinds.UNKNOWN))
        case "now" if not of:
            return Kind("timestamp with time zone", ("UTC",))
        case "grouping":
            return kinds.BIGINT
        case "concat_ws" if len(of) > 1 and of[1].name == "array":
            _need_literal(node, 0)
            return None
        case "concat_ws" if len(of) > 1:
            _need_literal(node, 0)
            if any(kinds.steps(other, kinds.VARCHAR) is None for other in of):
                return None
            return kinds.VARCHAR
        case "at_timezone" | "with_timezone" if len(of) == 2:
            return at_time_zone(analysis, node)
        case "avg" | "sum" if len(of) == 1 and of[0].name == "decimal":
            node.meta["aggregate"] = True
            return of[0] if name == "avg" else kinds.decimal(kinds.MAX_PRECISION, of[0].parameters[1])
        case "array_join" if len(of) > 1:
            _need_literal(node, 1)
            return None
        case "regexp_extract" if len(of) == 3 and not arguments[2].is_int:
            raise _without(node, "regexp_extract of a group that is no literal")
        case "regexp_replace" if len(of) == 3:
            _need_literal(node, 2)
            return None
    if name in _WITH_LITERAL and len(of) > _WITH_LITERAL[name][0]:
        number, returns = _WITH_LITERAL[name]
        _need_literal(node, number)
        return returns
    return _of_digits(name, node, of) if name in _ROUNDING else None


def _of_digits(name: str, node: exp.Anonymous, of: list[Kind]) -> Kind | None:
    if name == "mod" and len(of) == 2 and {"decimal"} & {kind.name for kind in of}:
        sizes = [kinds.size(kind) for kind in of]
        if None in sizes:
            return None
        (p1, s1), (p2, s2) = sizes  # type: ignore[misc]
        return kinds.decimal(min(p1 - s1, p2 - s2) + max(s1, s2), max(s1, s2))
    if len(of) == 2 and name in ("round", "truncate") and of[0].name in (*kinds.INTEGERS, "decimal"):
        digits = node.expressions[1]
        digits = digits.this if isinstance(digits, exp.Neg) else digits
        if not (isinstance(digits, exp.Literal) and of[1].name == "integer"):
            raise _without(node, f"{name} to a number of digits that is no literal")
        if of[0].name != "decimal":
            return of[0] if name == "round" else None
        precision, scale = of[0].parameters
        return kinds.decimal(precision + 1, scale) if name == "round" else of[0]
    if len(of) != 1 or of[0].name != "decimal":
        return None
    precision, scale = of[0].parameters
    if name == "sign":
        return kinds.decimal(1, 0)
    if name == "truncate":
        return kinds.decimal(max(precision - scale, 1), 0)
    return kinds.decimal(precision - scale + min(scale, 1), 0) if name != "mod" else None


def comparable(node: exp.Expr, of: Iterable[Kind]) -> None:
    """Refuse to compare what may hold a NULL within: Trino's answer is NULL then, DuckDB's is not."""
    if any(kind.name in ("array", "map", "row") for kind in of) and not isinstance(node.this, exp.Tuple):
        raise _without(node, "comparison of arrays, maps or rows")


def _need_literal(node: exp.Anonymous, number: int) -> None:
    argument = node.expressions[number]
    if not (isinstance(argument, exp.Literal) and argument.is_string):
        raise _without(node, f"{node.name} with a pattern that is no literal")


def _without(node: exp.Expr, what: str) -> QueryError:
    return QueryError(f"NOT_SUPPORTED: {place(node)}: the laptop's Athena has no {what}")


def zone(name: str, node: exp.Anonymous) -> Kind:
    """The zone of what a function makes of a text or a number: as the text says, if it is a literal."""
    argument = node.expressions[0]
    if name == "from_unixtime":
        return Kind("timestamp with time zone", ("UTC",))
    if not (isinstance(argument, exp.Literal) and argument.is_string):
        return Kind("timestamp with time zone", ("",))
    found = re.search(r"(Z|[+-][0-9]{2}:?[0-9]{2})$", argument.name) if "T" in argument.name else None
    offset = found[1] if found else "Z"
    if offset in ("Z", "+00:00", "-00:00", "+0000"):
        return Kind("timestamp with time zone", ("UTC",))
    return Kind("timestamp with time zone", (offset[:3] + ":" + offset[-2:],))


def without_zones(name: str, node: exp.Anonymous, of: list[Kind | None]) -> list[Kind | None]:
    """The kinds of a call's arguments, those with a time zone as what the clock shows there where that "
    "counts."""
    if name in _ANYWHERE:
        return of
    changed: list[Kind | None] = []
    for argument, kind in zip(node.expressions, of, strict=True):
        if kind is not None and kind.name == "timestamp with time zone" and kind.parameters != ("UTC",):
            if name not in _LOCAL or kind.parameters == ("",):
                raise _without(
                    node, f"{name} of a timestamp whose zone is not UTC; give it AT TIME ZONE 'UTC'"
                )
            argument.meta["as_local"] = True
            kind = kinds.TIMESTAMP
        elif kind is not None and kind.name == "timestamp with time zone" and name in _LOCAL:
            kind = kinds.TIMESTAMP
        changed.append(kind)
    return changed


def at_time_zone(_: Any, node: exp.Expr) -> Kind:
    """A timestamp with the zone named."""
    moment, named = (node.this, node.args["zone"]) if isinstance(node, exp.AtTimeZone) else node.expressions
    kind = kind_of(moment)
    if kind.name not in ("timestamp", "timestamp with time zone", "unknown"):
        raise QueryError(
            f"TYPE_MISMATCH: {place(node)}: Type of value must be a time or timestamp (actual {kind})"
        )
    if not (isinstance(named, exp.Literal) and named.is_string):
        raise _without(node, "time zone that is no literal")
    return Kind("timestamp with time zone", (named.name,))


_PARTS = frozenset(
    [
        "year",
        "quarter",
        "month",
        "week",
        "day",
        "day_of_month",
        "day_of_week",
        "dow",
        "day_of_year",
        "doy",
        "year_of_week",
        "yow",
        "hour",
        "minute",
        "second",
    ]
)


def extract(_: Any, node: exp.Extract) -> Kind:
    """bigint"""
    unit, kind = node.name.lower(), kind_of(node.expression)
    of_time = unit in ("hour", "minute", "second")
    timely = ("timestamp", "timestamp with time zone", "unknown") if of_time else (
        "date", "timestamp", "timestamp with time zone", "unknown")  # fmt: skip
    if unit not in _PARTS:
        raise _without(node, f"extract({unit} FROM ...)")
    if kind.name not in timely:
        raise QueryError(f"TYPE_MISMATCH: {place(node)}: Cannot extract {unit.upper()} from {kind}")
    if kind.name == "timestamp with time zone":
        node.expression.meta["as_local"] = True
    return kinds.BIGINT


def substring(_: Any, node: exp.Substring) -> Kind:
    """varchar"""
    if kinds.steps(kind_of(node.this), kinds.VARCHAR) is None:
        raise QueryError(
            f"FUNCTION_NOT_FOUND: {place(node)}: Unexpected parameters ({kind_of(node.this)}) for function "
            f"substring."
        )
    return kinds.VARCHAR


def listagg(_: Any, node: exp.GroupConcat) -> Kind:
    """varchar"""
    if kinds.steps(kind_of(bare(node.this)), kinds.VARCHAR) is None:
        raise QueryError(
            f"FUNCTION_NOT_FOUND: {place(node)}: Unexpected parameters ({kind_of(node.this)}) for function "
            f"listagg."
        )
    return kinds.VARCHAR


_NUMBERS = ("tinyint", "smallint", "integer", "bigint", "decimal", "real", "double")
_CASTS = {
    "boolean": ("boolean", *_NUMBERS, "varchar"),
    "date": ("date", "timestamp", "timestamp with time zone", "varchar"),
    "timestamp": ("date", "timestamp", "timestamp with time zone", "varchar"),
    "varchar": ("boolean", *_NUMBERS, "varchar", "char", "date", "timestamp", "timestamp with time zone"),
    "varbinary": ("varbinary",),
    "timestamp with time zone": ("timestamp", "date", "timestamp with time zone"),
    "interval day to second": ("interval day to second",),
    "interval year to month": ("interval year to month",),
    **dict.fromkeys(_NUMBERS, ("boolean", *_NUMBERS, "varchar")),
}
"""Which kinds a kind is cast from."""


def cast(node: exp.Cast) -> Kind:
    """The kind that is cast to. Raises QueryError where there is no way."""
    source, target = kind_of(node.this), kinds.of_type(node.to)
    if target.name == "char":
        raise _without(node, "cast to char")
    if target.name == "timestamp with time zone":
        if isinstance(node.this, exp.Literal):
            return _zoned_literal(node)
        target = source if source.name == target.name else Kind(target.name, ("UTC",))
    if source.name == "unknown":
        return target
    if target.name == "timestamp" and node.to.expressions and isinstance(node.this, exp.Literal):
        if _TIMESTAMP.fullmatch(node.this.name) is None:
            raise QueryError(
                f"INVALID_LITERAL: {place(node)}: '{node.this.name}' is not a valid TIMESTAMP literal"
            )
        node.meta["digits"] = int(node.to.expressions[0].name)
        return target
    if target.name in ("array", "map", "row"):
        if source.name != target.name:
            raise QueryError(f"TYPE_MISMATCH: {place(node)}: Cannot cast {source} to {target}")
        if kinds.steps(kinds.nameless(source), kinds.nameless(target)) is None:
            raise _without(node, f"cast of {source} to {target}")
        return target
    if source.name not in _CASTS[target.name]:
        raise QueryError(f"TYPE_MISMATCH: {place(node)}: Cannot cast {source} to {target}")
    if source.name == "timestamp with time zone" and source.parameters == ("",):
        raise _without(node, "cast of a timestamp whose zone is not known; give it AT TIME ZONE 'UTC'")
    if (
        target.name == "timestamp"
        and node.to.expressions
        and node.to.expressions[0].name not in ("0", "3", "6")
    ):
        raise _without(node, f"timestamp({node.to.expressions[0].name})")
    return target


_TIMESTAMP = re.compile(
    r"[0-9]{4,}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]{1,6})?)?)?"
)
_ZONED_TEXT = re.compile(r"\s*([0-9-]+(?: [0-9:.]+)?)\s*([A-Za-z_/+:0-9-]+)\s*")


def _zoned_literal(node: exp.Cast) -> Kind:
    found = _ZONED_TEXT.fullmatch(node.this.name)
    if found is None:
        raise QueryError(
            f"INVALID_LITERAL: {place(node)}: '{node.this.name}' is not a valid TIMESTAMP literal"
        )
    node.meta["moment"] = found[1]
    return Kind("timestamp with time zone", (found[2],))
