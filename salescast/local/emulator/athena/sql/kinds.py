"""Types of Trino, and which of them becomes which by itself."""

import functools
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from salescast.local.emulator.athena.errors import QueryError

MAX_PRECISION = 38


@dataclass(frozen=True)
class Kind:
    """A type: its name in Trino, and (precision, scale) of a decimal, the kinds of an array's elements, of a
    map's keys and values, of a row's fields as (name, kind)."""

    name: str
    parameters: tuple[Any, ...] = ()

    def __deepcopy__(self, _: dict[int, Any]) -> "Kind":
        return self  # a copy of a statement has one at every node

    def __str__(self) -> str:
        if self.name == "row":
            inner = ", ".join(f'"{name}" {kind}' if name else str(kind) for name, kind in self.parameters)
        elif self.name == "decimal":
            inner = ",".join(map(str, self.parameters))
        elif self.name == "timestamp":
            inner = "3"
        elif self.name == "timestamp with time zone":
            return "timestamp(3) with time zone"
        else:
            inner = ", ".join(map(str, self.parameters))
        return f"{self.name}({inner})" if inner else self.name


UNKNOWN = Kind("unknown")
BOOLEAN, INTEGER, BIGINT, DOUBLE = Kind("boolean"), Kind("integer"), Kind("bigint"), Kind("double")
VARCHAR, DATE, TIMESTAMP = Kind("varchar"), Kind("date"), Kind("timestamp")
ZONED = Kind("timestamp with time zone")
DAYS, MONTHS = Kind("interval day to second"), Kind("interval year to month")
INTEGERS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
"""Decimal digits of each."""
_NUMBERS = [*INTEGERS, "decimal", "real", "double"]
_TIMES = ["date", "timestamp", "timestamp with time zone"]
_TEXTS = ["char", "varchar"]
_TOWERS = (_NUMBERS, _TIMES, _TEXTS)


def decimal(precision: int, scale: int) -> Kind:
    """decimal(precision, scale), with no more digits than there can be."""
    return Kind("decimal", (min(precision, MAX_PRECISION), scale))


def array(of: Kind) -> Kind:
    """array(of)"""
    return Kind("array", (of,))


def is_number(kind: Kind) -> bool:
    """Whether it can be calculated with."""
    return kind.name in _NUMBERS


def size(kind: Kind) -> tuple[int, int] | None:
    """(precision, scale) of an exact number, whole ones of scale 0; None for other kinds."""
    if kind.name in INTEGERS:
        return INTEGERS[kind.name], 0
    return kind.parameters if kind.name == "decimal" else None


def steps(kind: Kind, target: Kind) -> int | None:
    """How far `kind` is from `target`, which it becomes by itself; None where it does not."""
    if kind == target:
        return 0
    if kind.name == "unknown":
        return 1
    if kind.name == target.name == "timestamp with time zone":
        return 0
    if kind.name == target.name and kind.parameters and target.parameters and kind.name != "decimal":
        if len(kind.parameters) != len(target.parameters):
            return None
        inner = [
            steps(a[1], b[1]) if kind.name == "row" else steps(a, b)
            for a, b in zip(kind.parameters, target.parameters, strict=True)
        ]
        return None if None in inner else 1 + sum(n for n in inner if n)
    if target.name == "decimal":
        digits, into = size(kind), target.parameters
        if digits is None or digits[1] > into[1] or digits[0] - digits[1] > into[0] - into[1]:
            return None
        return 1
    for tower in _TOWERS:
        if kind.name in tower and target.name in tower:
            distance = tower.index(target.name) - tower.index(kind.name)
            return distance if distance >= 0 else None
    return None


def common(left: Kind, right: Kind) -> Kind | None:
    """What both become by themselves, None where there is nothing."""
    if steps(left, right) is not None:
        return right
    if steps(right, left) is not None:
        return left
    a, b = size(left), size(right)
    if a and b:
        scale = max(a[1], b[1])
        return decimal(max(a[0] - a[1], b[0] - b[1]) + scale, scale)
    if left.name == right.name and left.parameters and len(left.parameters) == len(right.parameters):
        if left.name == "row":
            pairs = zip(left.parameters, right.parameters, strict=True)
            fields = [(x[0] if x[0] == y[0] else "", common(x[1], y[1])) for x, y in pairs]
            return None if any(kind is None for _, kind in fields) else Kind("row", tuple(fields))
        inner = [common(x, y) for x, y in zip(left.parameters, right.parameters, strict=True)]
        return None if None in inner else Kind(left.name, tuple(inner))
    return None


_DUCKDB = {
    "unknown": "INTEGER",
    "real": "FLOAT",
    "varbinary": "BLOB",
    "char": "VARCHAR",
    "timestamp with time zone": "TIMESTAMP",
    "interval day to second": "INTERVAL",
    "interval year to month": "INTERVAL",
}


@functools.cache
def duckdb(kind: Kind) -> str:
    """The type in DuckDB's words. Timestamps with time zone are their time in UTC."""
    if kind.name == "array":
        return f"{duckdb(kind.parameters[0])}[]"
    if kind.name == "map":
        return f"MAP({duckdb(kind.parameters[0])}, {duckdb(kind.parameters[1])})"
    if kind.name == "row":
        fields = (f'"{name or place}" {duckdb(of)}' for place, (name, of) in enumerate(kind.parameters))
        return f"STRUCT({', '.join(fields)})"
    if kind.name == "decimal":
        return f"DECIMAL({kind.parameters[0]}, {kind.parameters[1]})"
    return _DUCKDB.get(kind.name, kind.name.upper())


_SIMPLE = {
    exp.DType.BOOLEAN: "boolean",
    exp.DType.TINYINT: "tinyint",
    exp.DType.SMALLINT: "smallint",
    exp.DType.INT: "integer",
    exp.DType.BIGINT: "bigint",
    exp.DType.FLOAT: "real",
    exp.DType.DOUBLE: "double",
    exp.DType.TEXT: "varchar",
    exp.DType.VARCHAR: "varchar",
    exp.DType.CHAR: "char",
    exp.DType.VARBINARY: "varbinary",
    exp.DType.BINARY: "varbinary",
    exp.DType.DATE: "date",
    exp.DType.TIMESTAMP: "timestamp",
    exp.DType.TIMESTAMPNTZ: "timestamp",
    exp.DType.TIMESTAMPTZ: "timestamp with time zone",
}


def of_type(node: exp.DataType) -> Kind:
    """The kind of a type as it was parsed. Raises QueryError for one that the laptop has not."""
    inner = node.expressions
    if node.this is exp.DType.DECIMAL:
        numbers = [int(parameter.name) for parameter in inner]
        return decimal(numbers[0] if numbers else 38, numbers[1] if len(numbers) > 1 else 0)
    if node.this in (exp.DType.ARRAY, exp.DType.LIST) and inner:
        return array(of_type(inner[0]))
    if node.this is exp.DType.MAP and len(inner) == 2:
        return Kind("map", (of_type(inner[0]), of_type(inner[1])))
    if node.this in (exp.DType.STRUCT, exp.DType.OBJECT):
        return Kind("row", tuple(_field(field) for field in inner))
    if node.this is exp.DType.INTERVAL:
        return MONTHS if "month" in node.sql().lower() else DAYS
    name = _SIMPLE.get(node.this)
    if name is None:
        raise QueryError(
            f"NOT_SUPPORTED: line 1:1: the laptop's Athena has no type {node.sql('trino').lower()}"
        )
    return Kind(name)


def _field(node: exp.Expr) -> tuple[str, Kind]:
    if isinstance(node, exp.ColumnDef):
        return node.name, of_type(node.args["kind"])
    assert isinstance(node, exp.DataType)
    return "", of_type(node)


def kind_of(node: exp.Expr) -> Kind:
    """The kind that the analysis has noted for an expression."""
    kind: Kind = node.meta.get("kind", UNKNOWN)
    return kind


def bare(node: exp.Expr) -> exp.Expr:
    """An aggregate's argument without DISTINCT or ORDER BY."""
    while isinstance(node, (exp.Distinct, exp.Order)):
        inner = node.this if isinstance(node, exp.Order) else next(iter(node.expressions), None)
        if inner is None:
            break
        node = inner
    return node


def nameless(kind: Kind) -> Kind:
    """The kind without the names of fields."""
    if kind.name == "row":
        return Kind("row", tuple(("", nameless(of)) for _, of in kind.parameters))
    return Kind(kind.name, tuple(nameless(of) if isinstance(of, Kind) else of for of in kind.parameters))
