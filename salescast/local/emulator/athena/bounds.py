"""Whether a file can hold a row that a query asks for, by the least and the greatest values of its columns.

The filters are those that DuckDB wrote into its plan as SQL. What is not understood counts as possible.
"""

from collections.abc import Callable, Iterable, Mapping

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

Bounds = tuple[tuple[str, str, str], ...]
"""(column, least, greatest) of the text columns of a file; the greatest may be cut and then rounded up."""


def may_match(bounds: Bounds, filters: Iterable[str]) -> bool:
    """Whether a file with these bounds can hold a row for which all `filters` (DuckDB's SQL) are true."""
    known = {column: (least, greatest) for column, least, greatest in bounds}
    return all(_possible(parsed, known) for text in filters if (parsed := _parsed(text)) is not None)


def _parsed(text: str) -> exp.Expr | None:
    """A filter of a plan as a tree, None for one that is no SQL."""
    while text.startswith("optional: "):
        text = text.removeprefix("optional: ")
    try:
        return parse_one(text, read="duckdb")
    except SqlglotError:
        return None


def _possible(node: exp.Expr, known: Mapping[str, tuple[str, str]]) -> bool:
    """False only where no value within the bounds makes `node` true."""
    match node:
        case exp.Paren():
            return _possible(node.this, known)
        case exp.And():
            return _possible(node.left, known) and _possible(node.right, known)
        case exp.Or():
            return _possible(node.left, known) or _possible(node.right, known)
        case exp.In() if node.expressions:
            return any(_compared(exp.EQ, node.this, value, known) for value in node.expressions)
        case exp.Between():
            low, high = node.args["low"], node.args["high"]
            return _compared(exp.GTE, node.this, low, known) and _compared(exp.LTE, node.this, high, known)
        case exp.EQ() | exp.GT() | exp.GTE() | exp.LT() | exp.LTE():
            return _compared(type(node), node.left, node.right, known)
    return True


_COMPARISONS: dict[type[exp.Expr], Callable[[str, str, str], bool]] = {
    exp.EQ: lambda value, least, greatest: least <= value <= greatest,
    exp.GT: lambda value, _, greatest: greatest > value,
    exp.GTE: lambda value, _, greatest: greatest >= value,
    exp.LT: lambda value, least, _: least < value,
    exp.LTE: lambda value, least, _: least <= value,
}


def _compared(
    kind: type[exp.Expr], column: exp.Expr, value: exp.Expr, known: Mapping[str, tuple[str, str]]
) -> bool:
    if not (isinstance(column, exp.Column) and isinstance(value, exp.Literal) and value.is_string):
        return True
    bounds = known.get(column.name)
    return bounds is None or _COMPARISONS[kind](value.this, *bounds)
