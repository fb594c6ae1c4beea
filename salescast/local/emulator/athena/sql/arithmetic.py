"""Trino's arithmetic in DuckDB's words: whole numbers stay whole, decimals are exact, and so is rounding."""

from sqlglot import exp

from salescast.local.emulator.athena.errors import QueryError, place
from salescast.local.emulator.athena.sql import kinds
from salescast.local.emulator.athena.sql.expressions import call, cast, cast_to, text
from salescast.local.emulator.athena.sql.kinds import Kind, kind_of


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


def division(node: exp.Div) -> exp.Expr | None:
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


def arithmetic(node: exp.Binary) -> exp.Expr | None:
    kind, left, right = kind_of(node), kind_of(node.left), kind_of(node.right)
    if isinstance(node, exp.Mod):
        if kind.name in kinds.INTEGERS:
            return exp.Mod(
                this=_widened(node.left, kind), expression=call("trino_not_zero", _widened(node.right, kind))
            )
        if kind.name == "decimal":
            return remainder(node.left, node.right, kind)
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


def remainder(a: exp.Expr, b: exp.Expr, kind: Kind) -> exp.Expr:
    wide = kinds.decimal(38, kind.parameters[1])
    return cast(
        exp.Mod(this=cast(a.copy(), wide), expression=call("trino_not_zero", cast(b.copy(), wide))), kind
    )


def exact(node: exp.Anonymous) -> exp.Expr | None:
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
        return remainder(arguments[0], arguments[1], kind)
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
