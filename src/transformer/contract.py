"""The contract of an order item: which attributes it has, of which type, and what their values may be.

`change.to_row` reads items that keep the contract; this module is asked only about those that do not, or that
keep it in an unusual way. Sources: docs/data-dictionary.md; the widths are those of the columns in
template.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

STATUSES = frozenset({"PLACED", "SHIPPED", "DELIVERED", "CANCELLED", "RETURNED"})
NET_STATUSES = frozenset({"PLACED", "SHIPPED", "DELIVERED"})
CHANNELS = frozenset({"WEB", "STORE", "MOBILE", "MARKETPLACE"})

INT_MIN, INT_MAX = -(2**31), 2**31 - 1
AMOUNT_LIMIT = Decimal(10) ** 16  # decimal(20,4) has 16 digits before the point

_INTEGER = re.compile(r"-?[0-9]{1,10}").fullmatch
_DECIMAL = re.compile(r"-?[0-9]{1,14}(\.[0-9]{1,4})?").fullmatch
_CURRENCY = re.compile(r"[A-Z]{3}").fullmatch
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z").fullmatch


def _is_instant(text: str) -> bool:
    try:
        return bool(_INSTANT(text) and datetime.fromisoformat(text))
    except ValueError:
        return False


def _is_int(text: str) -> bool:
    return bool(_INTEGER(text)) and INT_MIN <= int(text) <= INT_MAX


def _any_text(_: str) -> bool:
    return True


Check = tuple[str, bool, Callable[[str], Any], str]

# attribute -> DynamoDB type, required, check of the value, what it must be
ATTRIBUTES: dict[str, Check] = {
    "order_id": ("S", True, bool, "a string"),
    "version": ("N", True, lambda text: _is_int(text) and int(text) > 0, "an integer from 1 on"),
    "order_ts": ("S", True, _is_instant, "UTC ISO 8601 with milliseconds and Z"),
    "updated_ts": ("S", True, _is_instant, "UTC ISO 8601 with milliseconds and Z"),
    "status": ("S", True, STATUSES.__contains__, "one of " + ", ".join(sorted(STATUSES))),
    "invoice_id": ("S", False, _any_text, "a string"),
    "customer_id": ("S", False, _any_text, "a string"),
    "country": ("S", True, bool, "a string"),
    "channel": ("S", True, CHANNELS.__contains__, "one of " + ", ".join(sorted(CHANNELS))),
    "product_id": ("S", True, bool, "a string"),
    "product_name": ("S", False, _any_text, "a string"),
    "category": ("S", False, _any_text, "a string"),
    "promotion": ("S", False, _any_text, "a string"),
    "quantity": ("N", True, lambda text: _is_int(text) and int(text) != 0, "an integer other than 0"),
    "unit_price": ("N", True, _DECIMAL, "a number that fits decimal(18,4)"),
    "currency": ("S", True, _CURRENCY, "an ISO 4217 code"),
    "discount": ("N", False, _DECIMAL, "a number that fits decimal(18,4)"),
    "stock_left": ("N", False, _is_int, "an integer"),
}
# Read, but not stored as they are.
OTHER_ATTRIBUTES = frozenset({"customer_name", "customer_email", "test", "entity", "expires_at"})
KNOWN = frozenset(ATTRIBUTES) | OTHER_ATTRIBUTES
OPTIONAL = (
    frozenset(name for name, (_, required, _, _) in ATTRIBUTES.items() if not required) | OTHER_ATTRIBUTES
)


class ChangeError(ValueError):
    """A change that breaks the contract. The message names the attribute and the rule, and never the
    value.
    """


def plain(number: str) -> str:
    """``number`` without exponent and trailing zeros: ``1E+2`` -> ``100``, ``2.50000`` -> ``2.5``; the same
    value exactly.
    """
    try:
        value = Decimal(number)
    except InvalidOperation:
        return number
    # An exponent can stand for more digits than memory holds; DynamoDB's numbers have 38 at the most.
    if "_" in number or not number.isascii() or not value.is_finite() or abs(value.adjusted()) > 40:
        return number
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def tidied(image: dict[str, Any]) -> dict[str, Any]:
    """A copy of ``image`` in the usual form: optional attributes that are NULL left out, numbers written
    plainly.
    """
    tidy = {}
    for name, attribute in image.items():
        if attribute == {"NULL": True} and name in OPTIONAL:
            continue
        number = attribute.get("N") if isinstance(attribute, dict) else None
        tidy[name] = {"N": plain(number)} if isinstance(number, str) and name in ATTRIBUTES else attribute
    return tidy


def breach(image: Any) -> str | None:
    """The first rule that ``image`` (DynamoDB JSON) breaks, or None. Names the attribute, never its value."""
    if not isinstance(image, dict):
        return "image: is missing"
    for name, (kind, required, holds, must_be) in ATTRIBUTES.items():
        attribute = image.get(name)
        if attribute is None:
            if required:
                return f"{name}: is missing"
            continue
        value = attribute.get(kind) if isinstance(attribute, dict) else None
        if not isinstance(value, str) or not holds(value):
            return f"{name}: must be {must_be}"
    return None
