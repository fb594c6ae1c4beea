"""Functions that no macro can be: a literal decides what they do, or they have a syntax of their own."""

from collections.abc import Callable

from sqlglot import exp

from salescast.local.emulator.athena.sql import arithmetic, casts, formats, kinds
from salescast.local.emulator.athena.sql.expressions import as_kind_of, call, cast, text
from salescast.local.emulator.athena.sql.kinds import kind_of

_PARTS = {
    "dow": "isodow",
    "day_of_week": "isodow",
    "day_of_month": "day",
    "day_of_year": "dayofyear",
    "doy": "dayofyear",
    "yow": "isoyear",
    "year_of_week": "isoyear",
}


def extract(node: exp.Extract) -> exp.Expr:
    unit = node.name.lower()
    return call(_PARTS.get(unit, unit), node.expression.copy())


def substring(node: exp.Substring) -> exp.Expr:
    start, length = node.args.get("start"), node.args.get("length")
    parts = [node.this.copy(), start.copy() if start is not None else exp.Literal.number(1)]
    if length is not None:
        return call("trino_substr_1", *parts, length.copy())
    return call("trino_substr_0", *parts)


def position(node: exp.StrPosition) -> exp.Expr:
    return call("trino_strpos_0", node.this.copy(), node.args["substr"].copy())


def trim(node: exp.Trim) -> exp.Expr:
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
    what = node.args.get("expression")
    if what is None:
        return call(f"trino_{name}_0", node.this.copy())
    return call(name, node.this.copy(), what.copy())


def _special_if(node: exp.Anonymous) -> exp.Expr:
    condition, yes, *no = node.expressions
    return exp.Case(
        ifs=[exp.If(this=condition.copy(), true=as_kind_of(yes, node))],
        default=as_kind_of(no[0], node) if no else None,
    )


def _coalesce(node: exp.Anonymous) -> exp.Expr:
    return call("COALESCE", *(as_kind_of(part, node) for part in node.expressions))


def _regexp_replace(node: exp.Anonymous) -> exp.Expr | None:
    if len(node.expressions) != 3:
        return None
    source, pattern, replacement = node.expressions
    return call(
        "regexp_replace", source.copy(), pattern.copy(), text(formats.replacement(replacement)), text("g")
    )


def _concat_ws(node: exp.Anonymous) -> exp.Expr | None:
    separator, *parts = node.expressions
    if "match" in node.meta:
        return None
    joined = call(
        "array_to_string",
        exp.Array(expressions=[cast(p.copy(), kinds.VARCHAR) for p in parts]),
        separator.copy(),
    )
    return call(
        "COALESCE",
        joined,
        exp.Case(
            ifs=[
                exp.If(this=exp.Not(this=exp.Is(this=separator.copy(), expression=exp.Null())), true=text(""))
            ]
        ),
    )


def _map(node: exp.Anonymous) -> exp.Expr | None:
    return None if node.expressions else call("map", exp.Array(), exp.Array())


def _formatted(name: str, pattern: Callable[[exp.Expr], str]) -> Callable[[exp.Anonymous], exp.Expr]:
    return lambda node: call(name, node.expressions[0].copy(), text(pattern(node.expressions[1])))


SPECIAL: dict[str, Callable[[exp.Anonymous], exp.Expr | None]] = {
    "at_timezone": casts.zoned,
    "with_timezone": casts.zoned,
    "coalesce": _coalesce,
    "concat_ws": _concat_ws,
    "nullif": lambda node: call("NULLIF", *(part.copy() for part in node.expressions)),
    "if": _special_if,
    "try": lambda node: call("TRY", node.expressions[0].copy()),
    "typeof": lambda node: text(str(kind_of(node.expressions[0]))),
    "map": _map,
    "grouping": lambda node: cast(
        call("grouping", *(part.copy() for part in node.expressions)), kinds.BIGINT
    ),
    "regexp_replace": _regexp_replace,
    "date_format": _formatted("strftime", formats.mysql),
    "format_datetime": _formatted("strftime", formats.joda),
    "date_parse": _formatted("strptime", formats.mysql),
    "parse_datetime": _formatted("strptime", formats.joda),
    "format": formats.formatted,
    **dict.fromkeys(("ceil", "ceiling", "floor", "round", "truncate", "sign", "mod"), arithmetic.exact),
}
