"""Expressions in DuckDB's words: what every rule of rewriting builds from."""

from sqlglot import exp

from salescast.local.emulator.athena.sql import kinds
from salescast.local.emulator.athena.sql.kinds import Kind, kind_of


def call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    """A call of a function of DuckDB or of a macro."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def cast(node: exp.Expr, kind: Kind) -> exp.Cast:
    """DuckDB's cast."""
    return exp.Cast(this=node, to=exp.DataType.build(kinds.duckdb(kind), dialect="duckdb"))


def cast_to(moment: exp.Expr, name: str) -> exp.Cast:
    """DuckDB's cast to a type by its name."""
    return exp.Cast(this=moment, to=exp.DataType.build(name, dialect="duckdb"))


def text(value: str) -> exp.Literal:
    """A literal."""
    return exp.Literal.string(value)


def as_kind_of(part: exp.Expr, node: exp.Expr) -> exp.Expr:
    """A part of an expression as the kind of the whole."""
    mine, kind = kind_of(part), kind_of(node)
    if (
        mine == kind
        or kind.name in ("unknown", "row", "timestamp with time zone")
        or (mine.name == kind.name and not kind.parameters)
    ):
        return part.copy()
    return cast(part.copy(), kind)
