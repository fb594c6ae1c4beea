"""A query whose kinds are known, in DuckDB's words.

Functions become calls of macros (macros.py). What a macro cannot do is written out: lambdas and aggregates
here, the others in calls.py, casts.py and arithmetic.py.
"""

import re
from collections.abc import Callable
from typing import Any

from sqlglot import exp

from salescast.local.emulator.athena.errors import QueryError, place
from salescast.local.emulator.athena.sql import arithmetic, calls, casts, kinds
from salescast.local.emulator.athena.sql.expressions import as_kind_of, call, cast
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


def _rewritten(node: exp.Expr) -> exp.Expr | None:
    local = node.meta.pop("as_local", None)
    rule = _RULES.get(type(node))
    replacement = rule(node) if rule is not None else None
    if local:
        kind = kind_of(node)
        return casts.wall(replacement or node.copy(), kind)
    return replacement


def _call(node: exp.Anonymous) -> exp.Expr | None:
    name = node.name
    if isinstance(node.parent, _WRAPPERS) and node.arg_key == "this":
        return None  # with its FILTER and OVER
    if node.meta.get("aggregate"):
        return _aggregate(node, node)
    special = calls.SPECIAL.get(name)
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
        return arithmetic.quotient(total, scale, count, 0, kind_of(node))
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


def _case(node: exp.Case) -> exp.Expr | None:
    for branch in node.args["ifs"]:
        branch.set("true", as_kind_of(branch.args["true"], node))
    if node.args.get("default") is not None:
        node.set("default", as_kind_of(node.args["default"], node))
    return None


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
    exp.Div: arithmetic.division,
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Mod), arithmetic.arithmetic),
    exp.Cast: casts.cast_of,
    exp.TryCast: casts.cast_of,
    exp.AtTimeZone: casts.zoned,
    exp.Bracket: _bracket,
    exp.Array: _array,
    exp.Values: _values,
    exp.Struct: _row,
    exp.Extract: calls.extract,
    exp.Substring: calls.substring,
    exp.StrPosition: calls.position,
    exp.Trim: calls.trim,
    exp.Case: _case,
}
