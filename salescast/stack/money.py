"""Exact amounts. Money is decimal end to end: no float, no rounding."""

from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow

PLACES = 4
_QUANTUM = Decimal(1).scaleb(-PLACES)
_ZERO = Decimal(0).quantize(_QUANTUM)
# Wide enough for the sum of any number of decimal(20,4); a result that does not fit raises instead of being
# rounded.
EXACT = Context(prec=60, traps=[Inexact, InvalidOperation, Overflow])


def amount(quantity: int | str, unit_price: str, discount: str | None = None) -> Decimal:
    """quantity x unit_price - discount, exactly. Raises decimal.InvalidOperation for what is no number."""
    gross = EXACT.multiply(Decimal(quantity), Decimal(unit_price))
    return EXACT.subtract(gross, Decimal(discount)) if discount else gross


def add(left: Decimal, right: Decimal) -> Decimal:
    """The exact sum."""
    return EXACT.add(left, right)


def as_column(value: Decimal) -> str:
    """The text of `value` in a decimal(p,4) column: "12.5000". Raises decimal.Inexact if it does not fit."""
    fitted = value.quantize(_QUANTUM, context=EXACT)
    return format(fitted if fitted else _ZERO, "f")  # a column has no negative zero


def shortest(value: Decimal) -> str:
    """The value without trailing zeros or exponent: "4397950.761"."""
    text = format(value if value else Decimal(0), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def grouped(value: Decimal) -> str:
    """The exact value for people: "4,397,950.761", without zeros after the second place."""
    text = format(value, ",f")
    whole, point, places = text.partition(".")
    return f"{whole}{point}{places[:2]}{places[2:].rstrip('0')}"


def exact(text: str) -> Decimal:
    """The decimal that the text writes. Raises decimal.InvalidOperation for what is no number."""
    return Decimal(text)
