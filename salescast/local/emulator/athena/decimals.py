"""Trino's arithmetic on exact numbers, where DuckDB would go on in floating point.

Trino: decimal / decimal is a decimal of the larger scale, rounded half up; avg(decimal) keeps precision and
scale; round(x, n) keeps the scale; integer / integer cuts off; dividing by zero is an error (functions
"Decimal functions and operators"). DuckDB turns decimal division and averages into doubles and divides by
zero to NULL. The integer case is DuckDB's own setting integer_division, switched on by engine.py.
"""

from typing import Any

from sqlglot import exp
from sqlglot.dialects.athena import Athena

MAX_PRECISION = 38
_INTEGER_DIGITS = {
    exp.DType.TINYINT: 3,
    exp.DType.SMALLINT: 5,
    exp.DType.INT: 10,
    exp.DType.BIGINT: 19,
}
# Names of the macros that engine.py defines.
DIVIDE = "salescast_divide"
NOT_ZERO = "salescast_not_zero"
MACROS = (
    f"CREATE MACRO {NOT_ZERO}(b) AS CASE WHEN b = 0 THEN error('DIVISION_BY_ZERO') ELSE b END",
    # a and b are whole numbers (HUGEINT); the quotient is rounded half away from zero, as Trino rounds.
    f"CREATE MACRO {DIVIDE}(a, b) AS sign(a) * sign(b) * ((2 * abs(a) + abs({NOT_ZERO}(b))) // (2 * abs(b)))",
)


def metadata() -> dict[Any, Any]:
    """sqlglot's rules for inferring types, with Trino's for decimals."""
    rules: dict[Any, Any] = dict(Athena.EXPRESSION_METADATA)
    for kind in (exp.Mul, exp.Div, exp.Add, exp.Sub, exp.Mod, exp.Avg, exp.Sum, exp.Round):
        rules[kind] = {"annotator": _annotator(rules.get(kind, {}))}
    for truncation in (exp.DateTrunc, exp.TimestampTrunc):
        rules[truncation] = {"annotator": lambda self, node: self._set_type(node, node.this.type)}
    rules[exp.Literal] = {"annotator": _annotator(rules.get(exp.Literal, {}))}
    return rules


def fixed(node: exp.Expr) -> exp.Expr | None:
    """What stands for `node` in DuckDB, or None when it means the same there."""
    match node:
        case exp.Div():
            return _division(node)
        case exp.Avg() | exp.Filter() | exp.Window() if _outermost_average(node):
            return _average(node)
        case exp.Round() if _size(node) is not None and node.args.get("decimals") is not None:
            return exp.cast(node.copy(), _decimal(*_known(node)))
    return None


def _decimal(precision: int, scale: int) -> exp.DataType:
    return exp.DataType.build(f"DECIMAL({min(precision, MAX_PRECISION)}, {scale})")


def _annotator(original: dict[str, Any]) -> Any:
    def annotate(self: Any, node: exp.Expr) -> exp.Expr:
        size = _result_size(node)
        if size is not None:
            self._set_type(node, _decimal(*size))
            return node
        if "annotator" in original:
            return original["annotator"](self, node)  # type: ignore[no-any-return]
        self._set_type(node, original.get("returns"))
        return node

    return annotate


def _size(node: exp.Expr | None) -> tuple[int, int] | None:
    """(precision, scale) of an exact number with a scale, else None."""
    if (
        node is None
        or node.type is None
        or node.type.this is not exp.DType.DECIMAL
        or not node.type.expressions
    ):
        return None
    numbers = [int(parameter.name) for parameter in node.type.expressions]
    return numbers[0], numbers[1] if len(numbers) > 1 else 0


def _known(node: exp.Expr) -> tuple[int, int]:
    size = _size(node)
    assert size is not None
    return size


def _exact(node: exp.Expr | None) -> tuple[int, int] | None:
    """As _size, and whole numbers count as decimals of scale 0."""
    if node is not None and node.type is not None and node.type.this in _INTEGER_DIGITS:
        return _INTEGER_DIGITS[node.type.this], 0
    return _size(node)


def _result_size(node: exp.Expr) -> tuple[int, int] | None:
    """(precision, scale) of the result where Trino's rule for decimals applies, else None."""
    if isinstance(node, exp.Literal):
        return _literal_size(node)
    if isinstance(node, (exp.Avg, exp.Sum)):
        of = _size(node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this)
        return of if of is None or isinstance(node, exp.Avg) else (MAX_PRECISION, of[1])
    if isinstance(node, exp.Round):
        of = _size(node.this)
        if of is None:
            return None
        return (of[0] + 1, of[1]) if node.args.get("decimals") is not None else (of[0] - of[1] + 1, 0)
    if not isinstance(node, exp.Binary) or (_size(node.left) is None and _size(node.right) is None):
        return None
    left, right = _exact(node.left), _exact(node.right)
    if left is None or right is None:
        return None
    (p1, s1), (p2, s2) = left, right
    match node:
        case exp.Mul():
            return p1 + p2, s1 + s2
        case exp.Div():
            return p1 + s2 + max(s2 - s1, 0), max(s1, s2)
        case exp.Mod():
            return min(p1 - s1, p2 - s2) + max(s1, s2), max(s1, s2)
    return max(p1 - s1, p2 - s2) + max(s1, s2) + 1, max(s1, s2)


def _literal_size(node: exp.Literal) -> tuple[int, int] | None:
    text = node.name
    if node.is_string or "." not in text or "e" in text.lower():
        return None
    whole, fraction = text.split(".")
    return max(len(whole.lstrip("0")) + len(fraction), 1), len(fraction)


def _division(node: exp.Div) -> exp.Expr | None:
    left, right = _exact(node.left), _exact(node.right)
    if left is None or right is None:
        return None
    # sqlglot would write the cut off itself, through a double.
    node.set("typed", False)
    if _size(node) is None:
        if isinstance(node.right, exp.Literal) and node.right.name.strip("0"):
            return None
        node.set("expression", exp.Anonymous(this=NOT_ZERO, expressions=[node.right.copy()]))
        return None
    precision, scale = _known(node)
    return _quotient(node.left, left[1], node.right, right[1], precision, scale)


def _quotient(a: exp.Expr, s1: int, b: exp.Expr, s2: int, precision: int, scale: int) -> exp.Expr:
    """a / b exactly: both as whole numbers of units, a in units of the result's scale and b's together."""
    shift = scale + s2 - s1
    units = exp.Anonymous(this=DIVIDE, expressions=[_units(a, s1, shift), _units(b, s2, 0)])
    whole = exp.cast(units, _decimal(MAX_PRECISION, 0))
    if scale == 0:
        return exp.cast(whole, _decimal(precision, 0))
    unit = exp.cast(exp.Literal.string("0." + "0" * (scale - 1) + "1"), _decimal(scale, scale))
    return exp.cast(exp.Mul(this=whole, expression=unit), _decimal(precision, scale))


def _units(value: exp.Expr, scale: int, shift: int) -> exp.Expr:
    unit = exp.cast(exp.Literal.number(10**scale), _decimal(scale + 1, 0))
    units: exp.Expr = exp.cast(exp.Mul(this=exp.paren(value.copy()), expression=unit), "HUGEINT")
    if shift:
        units = exp.paren(exp.Mul(this=units, expression=exp.cast(exp.Literal.number(10**shift), "HUGEINT")))
    return units


def _outermost_average(node: exp.Expr) -> bool:
    """Whether `node` is avg(decimal) together with its FILTER and OVER, if it has any."""
    if isinstance(node.parent, (exp.Filter, exp.Window)) and node.parent.this is node:
        return False
    while isinstance(node, (exp.Filter, exp.Window)):
        node = node.this
    return isinstance(node, exp.Avg) and _size(node) is not None


def _average(node: exp.Expr) -> exp.Expr:
    """avg(x) as sum(x) / count(x), with the same FILTER and OVER on both."""
    average = node.find(exp.Avg)
    assert average is not None
    precision, scale = _known(average)

    def instead(function: type[exp.AggFunc]) -> exp.Expr:
        replaced = node.copy()
        inner = replaced.find(exp.Avg)
        assert inner is not None
        aggregate = function(this=inner.this.copy())
        if inner is replaced:
            return aggregate
        inner.replace(aggregate)
        return replaced

    # An average over nothing is NULL, not a division by zero.
    count = exp.func("NULLIF", instead(exp.Count), exp.Literal.number(0))
    return _quotient(instead(exp.Sum), scale, count, 0, precision, scale)
