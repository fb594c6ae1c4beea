"""A query whose kinds are known, in DuckDB's words.

Functions become calls of macros (macros.py); what a macro cannot do is written out here.
"""

import re
from collections.abc import Callable
from typing import Any

from sqlglot import exp

from salescast.local.emulator.athena.errors import QueryError, place
from salescast.local.emulator.athena.sql import formats, kinds
from salescast.local.emulator.athena.sql.kinds import Kind, kind_of
from salescast.local.emulator.athena.sql.signatures import Match

_WRAPPERS = (exp.Filter, exp.Window, exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup)


def rewritten(query: exp.Query) -> exp.Query:
    """`query`, changed in place."""
    for node in reversed(list(query.dfs())):
        replacement = _rewritten(node)
        if replacement is not None and replacement is not node:
            replacement.meta["kind"] = kind_of(node)
            if "digits" in node.meta:
                replacement.meta["digits"] = node.meta["digits"]
            if node is query:
                assert isinstance(replacement, exp.Query)
                query = replacement
            else:
                node.replace(replacement)
    return query


def call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    """A call of a function of DuckDB or of a macro."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def cast(node: exp.Expr, kind: Kind) -> exp.Cast:
    """DuckDB's cast."""
    return exp.Cast(this=node, to=exp.DataType.build(kinds.duckdb(kind), dialect="duckdb"))


def text(value: str) -> exp.Literal:
    """A literal."""
    return exp.Literal.string(value)


def _rewritten(node: exp.Expr) -> exp.Expr | None:
    local = node.meta.pop("as_local", None)
    rule = _RULES.get(type(node))
    replacement = rule(node) if rule is not None else None
    if local:
        kind = kind_of(node)
        return _wall(replacement or node.copy(), kind)
    return replacement


def _wall(moment: exp.Expr, kind: Kind) -> exp.Expr:
    """What the clock shows in the zone of the kind."""
    zone = str(kind.parameters[0])
    if zone == "UTC":
        return moment
    return call("timezone", text(_posix(zone)), cast_to(moment, "TIMESTAMPTZ"))


def cast_to(moment: exp.Expr, name: str) -> exp.Cast:
    """DuckDB's cast to a type by its name."""
    return exp.Cast(this=moment, to=exp.DataType.build(name, dialect="duckdb"))


def _posix(zone: str) -> str:
    """A zone as DuckDB (ICU) takes it; of an offset the sign means the same."""
    return f"GMT{zone}" if zone[:1] in "+-" else zone


def _call(node: exp.Anonymous) -> exp.Expr | None:
    name = node.name
    if isinstance(node.parent, _WRAPPERS) and node.arg_key == "this":
        return None  # with its FILTER and OVER
    if node.meta.get("aggregate"):
        return _aggregate(node, node)
    special = _SPECIAL.get(name)
    if special is not None:
        replaced = special(node)
        if replaced is not None:
            return replaced
    match: Match | None = node.meta.get("match")
    return _matched(node, match) if match is not None else None


def _matched(node: exp.Expr, match: Match) -> exp.Expr:
    arguments = node.expressions if isinstance(node, exp.Anonymous) else [node.this, node.expression]
    if match.signature.has_lambda:
        return _with_lambda(match, list(arguments))
    given = [_becoming(a, kind) for a, kind in zip(arguments, match.parameters, strict=True)]
    if match.signature.parameters and match.signature.parameters[-1].endswith("..."):
        if len(given) == 1:
            return given[0]
        folded = given[0]
        for other in given[1:]:
            folded = call(match.signature.macro, folded, other)
        return folded
    return call(match.signature.macro, *given)


def _becoming(argument: exp.Expr, kind: Kind | None) -> exp.Expr:
    """The argument as the kind that the signature wants."""
    mine = kind_of(kinds.bare(argument))
    if kind is None or mine == kind or mine.name == kind.name == "timestamp with time zone":
        return argument.copy()
    if kind.name == "unknown" or isinstance(argument, (exp.Distinct, exp.Order)):
        return argument.copy()
    if (mine.name == kind.name and not kind.parameters) or kinds.nameless(mine) == kinds.nameless(kind):
        return argument.copy()
    return cast(argument.copy(), kind)


def _renamed(node: exp.Expr, names: dict[str, exp.Expr]) -> exp.Expr:
    """A lambda's body with other expressions for its variables."""

    def replaced(part: exp.Expr) -> exp.Expr:
        if isinstance(part, exp.Identifier) and not isinstance(
            part.parent, (exp.Column, exp.Alias, exp.TableAlias)
        ):
            other = names.get(part.name)
            if other is not None:
                return other.copy()
        return part

    return node.copy().transform(replaced)


def _lambda(body: exp.Expr, *names: str) -> exp.Lambda:
    return exp.Lambda(this=body, expressions=[exp.to_identifier(name) for name in names])


def _with_lambda(match: Match, arguments: list[exp.Expr]) -> exp.Expr:
    name = match.signature.body
    array = arguments[0]
    if name == "zip_with":
        function = arguments[2]
        assert isinstance(function, exp.Lambda)
        left, right = (variable.name for variable in function.expressions)
        pair = exp.to_identifier("trino_pair")
        body = _renamed(
            function.this,
            {left: _item(pair, 1), right: _item(pair, 2)},
        )
        return call(
            "list_transform", call("list_zip", array.copy(), arguments[1].copy()), _lambda(body, "trino_pair")
        )
    if name == "reduce":
        step, finish = arguments[2], arguments[3]
        assert isinstance(step, exp.Lambda)
        assert isinstance(finish, exp.Lambda)
        state = cast(arguments[1].copy(), match.bindings["U"])
        names = [variable.name for variable in step.expressions]
        of = cast(array.copy(), kinds.array(match.bindings["T"]))
        whole = call("list_reduce", of, _lambda(cast(step.this.copy(), match.bindings["U"]), *names), state)
        if match.bindings["T"] != match.bindings["U"]:
            raise QueryError(
                f"NOT_SUPPORTED: {place(step)}: the laptop's Athena reduces to the kind of the elements "
                f"only: "
                f"{match.bindings['T']} and {match.bindings['U']}"
            )
        return _renamed(finish.this, {finish.expressions[0].name: whole})
    function = arguments[1]
    assert isinstance(function, exp.Lambda)
    names = [variable.name for variable in function.expressions]
    if name in ("any_match", "all_match", "none_match"):
        results = call(
            "list_transform", array.copy(), _lambda(cast(function.this.copy(), kinds.BOOLEAN), *names)
        )
        if name == "none_match":
            return exp.Not(this=call("trino_any", results))
        return call("trino_any" if name == "any_match" else "trino_all", results)
    return call(name, array.copy(), _lambda(function.this.copy(), *names))


def _item(pair: exp.Expr, number: int) -> exp.Expr:
    return call("struct_extract", pair.copy(), exp.Literal.number(number))


def _wrapped(node: exp.Expr) -> exp.Expr | None:
    """An aggregate with its FILTER and OVER around it."""
    if isinstance(node.parent, _WRAPPERS) and node.arg_key == "this":
        return None
    inner = node
    while isinstance(inner, _WRAPPERS):
        inner = inner.this
    if isinstance(inner, exp.Anonymous) and inner.meta.get("aggregate"):
        return _aggregate(node, inner)
    return None


def _aggregate(whole: exp.Expr, node: exp.Anonymous) -> exp.Expr:
    """A call of an aggregate in DuckDB's expression, what stands around it around each aggregate of that."""
    name = node.name
    match: Match | None = node.meta.get("match")

    def around(aggregate: exp.Expr) -> exp.Expr:
        if whole is node:
            return aggregate
        copied = whole.copy()
        inner = copied
        while isinstance(inner, _WRAPPERS):
            inner = inner.this
        inner.replace(aggregate)
        return copied

    if match is None:
        scale = kind_of(node).parameters[1]
        total = around(exp.Sum(this=node.expressions[0].copy()))
        if name == "sum":
            return cast(total, kind_of(node))
        count = exp.func("NULLIF", around(exp.Count(this=node.expressions[0].copy())), exp.Literal.number(0))
        return quotient(total, scale, count, 0, kind_of(node))
    arguments = [_becoming(a, kind) for a, kind in zip(node.expressions, match.parameters, strict=True)]
    if name == "map_agg":
        pairs = exp.Anonymous(this="list", expressions=[call("struct_pack_pair", *arguments)])
        entry = exp.Struct(
            expressions=[
                exp.PropertyEQ(this=exp.to_identifier("k"), expression=arguments[0]),
                exp.PropertyEQ(this=exp.to_identifier("v"), expression=arguments[1]),
            ]
        )
        pairs.set("expressions", [entry])
        return call("trino_first_of_key", around(pairs))
    if name == "approx_distinct":
        return around(exp.Count(this=exp.Distinct(expressions=arguments)))
    if name == "count" and not arguments:
        return around(exp.Count(this=exp.Star()))
    function = re.match(r"(?:CAST\()?(\w+)\(", match.signature.body)
    assert function is not None
    aggregate = around(call(function[1], *arguments))
    if match.signature.body.startswith("CAST("):
        return cast(aggregate, kind_of(node))
    return aggregate


def quotient(a: exp.Expr, s1: int, b: exp.Expr, s2: int, kind: Kind) -> exp.Expr:
    """a / b of decimals of those scales, exactly: both as whole numbers of their last digits."""
    scale = kind.parameters[1]
    shift = scale + s2 - s1
    whole = call("trino_divide", _units(a, s1), _units(b, s2), _huge(10**shift))
    return cast(
        exp.Mul(
            this=cast(whole, kinds.decimal(38, 0)),
            expression=cast(text("0." + "0" * (scale - 1) + "1"), kinds.decimal(scale, scale)),
        )
        if scale
        else whole,
        kind,
    )


def _units(value: exp.Expr, scale: int) -> exp.Expr:
    if not scale:
        return cast_to(value.copy(), "HUGEINT")
    return call("trino_units", value.copy(), exp.Literal.number(10**scale))


def _huge(number: int) -> exp.Expr:
    return cast_to(exp.Literal.number(number), "HUGEINT")


def _division(node: exp.Div) -> exp.Expr | None:
    node.set("typed", False)
    node.set("safe", False)
    kind = kind_of(node)
    if kind.name == "decimal":
        left, right = kinds.size(kind_of(node.left)) or (0, 0), kinds.size(kind_of(node.right)) or (0, 0)
        return quotient(node.left, left[1], node.right, right[1], kind)
    if kind.name in kinds.INTEGERS:
        left_, right_ = _widened(node.left, kind), _widened(node.right, kind)
        if not (isinstance(node.right, exp.Literal) and node.right.name.strip("0")):
            right_ = call("trino_not_zero", right_)
        return exp.Div(this=left_, expression=right_, typed=False, safe=False)
    return call("trino_quotient", cast(node.left.copy(), kind), cast(node.right.copy(), kind))


def _widened(node: exp.Expr, kind: Kind) -> exp.Expr:
    mine = kind_of(node)
    return (
        node.copy() if mine == kind or isinstance(node, exp.Literal) else cast(exp.paren(node.copy()), kind)
    )


def _arithmetic(node: exp.Binary) -> exp.Expr | None:
    kind, left, right = kind_of(node), kind_of(node.left), kind_of(node.right)
    if isinstance(node, exp.Mod):
        if kind.name in kinds.INTEGERS:
            return exp.Mod(
                this=_widened(node.left, kind), expression=call("trino_not_zero", _widened(node.right, kind))
            )
        if kind.name == "decimal":
            return _remainder(node.left, node.right, kind)
        return call("trino_remainder", cast(node.left.copy(), kind), cast(node.right.copy(), kind))
    if kind.name in kinds.INTEGERS:
        node.set("this", _widened(node.left, kind))
        node.set("expression", _widened(node.right, kind))
        return None
    if kind.name in ("real", "double"):
        node.set("this", _widened(node.left, kind))
        node.set("expression", _widened(node.right, kind))
        if isinstance(node.left, exp.Literal) or isinstance(node.right, exp.Literal):
            for key in ("this", "expression"):
                if isinstance(node.args[key], exp.Literal):
                    node.set(key, cast(node.args[key].copy(), kind))
        return None
    if kind.name == "decimal" and isinstance(node, exp.Mul):
        return cast(node.copy(), kind)
    if kind.name == "date":
        interval = right if left.name == "date" else left
        if interval == kinds.DAYS and _has_hours(node):
            raise QueryError(
                f"INVALID_FUNCTION_ARGUMENT: {place(node)}: Cannot add hour, minutes or seconds to a date"
            )
        return cast(node.copy(), kind)
    if kind == kinds.DAYS and left.name in ("date", "timestamp", "timestamp with time zone"):
        return exp.Sub(
            this=cast(node.left.copy(), kinds.TIMESTAMP), expression=cast(node.right.copy(), kinds.TIMESTAMP)
        )
    return None


def _has_hours(node: exp.Expr) -> bool:
    for interval in node.find_all(exp.Interval):
        unit = interval.args.get("unit")
        if unit is not None and unit.sql().upper() not in ("DAY", "WEEK", "YEAR", "MONTH", "YEAR TO MONTH"):
            return True
    return False


def _remainder(a: exp.Expr, b: exp.Expr, kind: Kind) -> exp.Expr:
    wide = kinds.decimal(38, kind.parameters[1])
    return cast(
        exp.Mod(this=cast(a.copy(), wide), expression=call("trino_not_zero", cast(b.copy(), wide))), kind
    )


_PLAIN = re.compile(
    r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-8])( [01][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]{1,3})?)?"
)
"""Dates and timestamps that need no looking at."""
_SQL_NAMES = {"tinyint": "TINYINT", "smallint": "SMALLINT", "integer": "INT", "bigint": "BIGINT"}


def _cast(node: exp.Cast) -> exp.Expr:
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
        result = cast(_wall(inner, source), target)
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


def _zoned_text(moment: exp.Expr, kind: Kind) -> exp.Expr:
    return exp.DPipe(
        this=call("strftime", _wall(moment, kind), text("%Y-%m-%d %H:%M:%S.%g")),
        expression=text(" " + str(kind.parameters[0])),
    )


def _instant(local: exp.Expr, zone: str) -> exp.Expr:
    """The time in UTC of what the clock shows in a zone."""
    if zone in ("UTC", "Z"):
        return local
    return cast(call("timezone", text(_posix(zone)), local), kinds.TIMESTAMP)


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


def _zone_call(node: exp.Expr) -> exp.Expr:
    moment = node.this if isinstance(node, exp.AtTimeZone) else node.expressions[0]
    if isinstance(node, exp.Anonymous) and node.name == "with_timezone":
        return _instant(moment.copy(), str(kind_of(node).parameters[0]))
    return cast(moment.copy(), kinds.TIMESTAMP)


def _bracket(node: exp.Bracket) -> exp.Expr:
    kind, index = kind_of(node.this), node.expressions[0]
    if kind.name == "map":
        return call("trino_value", node.this.copy(), cast(index.copy(), kind.parameters[0]))
    if kind.name == "row":
        return call("struct_extract", node.this.copy(), index.copy())
    return call("trino_element", node.this.copy(), index.copy())


def _array(node: exp.Array) -> exp.Expr:
    kind = kind_of(node)
    return cast(node.copy(), kind) if kind.parameters[0].name != "row" else node


def _row(node: exp.Expr) -> exp.Expr | None:
    if isinstance(node.parent, (exp.Values, exp.In, exp.Group, exp.GroupingSets, exp.Cube, exp.Rollup)):
        return None
    return call("row", *(part.copy() for part in node.expressions))


_PARTS = {
    "dow": "isodow",
    "day_of_week": "isodow",
    "day_of_month": "day",
    "day_of_year": "dayofyear",
    "doy": "dayofyear",
    "yow": "isoyear",
    "year_of_week": "isoyear",
}


def _extract(node: exp.Extract) -> exp.Expr:
    unit = node.name.lower()
    return call(_PARTS.get(unit, unit), node.expression.copy())


def _substring(node: exp.Substring) -> exp.Expr:
    start, length = node.args.get("start"), node.args.get("length")
    parts = [node.this.copy(), start.copy() if start is not None else exp.Literal.number(1)]
    if length is not None:
        return call("trino_substr_1", *parts, length.copy())
    return call("trino_substr_0", *parts)


def _position(node: exp.StrPosition) -> exp.Expr:
    return call("trino_strpos_0", node.this.copy(), node.args["substr"].copy())


def _trim(node: exp.Trim) -> exp.Expr:
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
    what = node.args.get("expression")
    if what is None:
        return call(f"trino_{name}_0", node.this.copy())
    return call(name, node.this.copy(), what.copy())


def _special_if(node: exp.Anonymous) -> exp.Expr:
    condition, yes, *no = node.expressions
    return exp.Case(
        ifs=[exp.If(this=condition.copy(), true=_as(yes, node))], default=_as(no[0], node) if no else None
    )


def _as(part: exp.Expr, node: exp.Expr) -> exp.Expr:
    """A part of an expression as the kind of the whole."""
    mine, kind = kind_of(part), kind_of(node)
    if (
        mine == kind
        or kind.name in ("unknown", "row", "timestamp with time zone")
        or (mine.name == kind.name and not kind.parameters)
    ):
        return part.copy()
    return cast(part.copy(), kind)


def _case(node: exp.Case) -> exp.Expr | None:
    for branch in node.args["ifs"]:
        branch.set("true", _as(branch.args["true"], node))
    if node.args.get("default") is not None:
        node.set("default", _as(node.args["default"], node))
    return None


def _round(node: exp.Anonymous) -> exp.Expr | None:
    """Of exact numbers; those of doubles have macros."""
    kind = kind_of(node)
    arguments: list[exp.Expr] = node.expressions
    of = kind_of(arguments[0])
    if of.name != "decimal":
        if len(arguments) == 2 and of.name in kinds.INTEGERS and node.name == "round":
            digits = arguments[1]
            if not isinstance(digits, exp.Neg):
                return arguments[0].copy()
            unit: int = 10 ** int(digits.this.name)
            return cast(call("trino_tens", cast_to(arguments[0].copy(), "HUGEINT"), _huge(unit)), of)
        return None
    if node.name == "mod":
        return _remainder(arguments[0], arguments[1], kind)
    name = {"ceiling": "ceil", "truncate": "trunc"}.get(node.name, node.name)
    if len(arguments) == 2 and name == "trunc":
        return _truncated(node, arguments[0], of)
    return cast(call(name, *(argument.copy() for argument in arguments)), kind)


def _truncated(node: exp.Anonymous, value: exp.Expr, of: Kind) -> exp.Expr:
    """A decimal without the digits after those asked for."""
    digits = int(node.expressions[1].sql())
    if digits < 1:
        raise QueryError(f"NOT_SUPPORTED: {place(node)}: the laptop's Athena truncates after the point only")
    if digits >= of.parameters[1]:
        return value.copy()
    moved = exp.Mul(this=exp.paren(value.copy()), expression=exp.Literal.number(10**digits))
    whole = cast(
        call("trunc", cast(moved, kinds.decimal(38, of.parameters[1]))), kinds.decimal(38 - digits, 0)
    )
    unit = cast(text("0." + "0" * (digits - 1) + "1"), kinds.decimal(digits, digits))
    return cast(exp.Mul(this=whole, expression=unit), of)


def _coalesce(node: exp.Anonymous) -> exp.Expr:
    return call("COALESCE", *(_as(part, node) for part in node.expressions))


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


_SPECIAL: dict[str, Callable[[exp.Anonymous], exp.Expr | None]] = {
    "at_timezone": _zone_call,
    "with_timezone": _zone_call,
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
    **dict.fromkeys(("ceil", "ceiling", "floor", "round", "truncate", "sign", "mod"), _round),
}


def _values(node: exp.Values) -> None:
    """Every cell as what its column is: DuckDB finds nothing in common between, say, two kinds of arrays."""
    columns: list[Kind] = node.meta.get("kinds", [])
    for row in node.expressions:
        for cell, kind in zip(row.expressions if isinstance(row, exp.Tuple) else [row], columns, strict=True):
            if kind_of(cell) != kind and kind.name not in ("unknown", "row", "timestamp with time zone"):
                cell.replace(cast(cell.copy(), kind))


_RULES: dict[type[exp.Expr], Callable[[Any], exp.Expr | None]] = {
    exp.Anonymous: _call,
    **dict.fromkeys(_WRAPPERS, _wrapped),
    exp.DPipe: lambda node: _matched(node, node.meta["match"]) if "match" in node.meta else None,
    exp.Div: _division,
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Mod), _arithmetic),
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.AtTimeZone: _zone_call,
    exp.Bracket: _bracket,
    exp.Array: _array,
    exp.Values: _values,
    exp.Struct: _row,
    exp.Extract: _extract,
    exp.Substring: _substring,
    exp.StrPosition: _position,
    exp.Trim: _trim,
    exp.Case: _case,
}
