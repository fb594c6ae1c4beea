"""An attribute of an item in DynamoDB JSON, ``{"S": "web"}``, ``{"N": "2.50"}``: the types of its values.

An optional one is absent if it is not there, NULL, or an empty string. The aliases say what a value must be.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal, get_args

from msgspec import Meta, Struct

StatusName = Literal["PLACED", "SHIPPED", "DELIVERED", "CANCELLED", "RETURNED"]
ChannelName = Literal["WEB", "STORE", "MOBILE", "MARKETPLACE"]
NET_STATUSES = frozenset({"PLACED", "SHIPPED", "DELIVERED"})
INT_MIN, INT_MAX = -(2**31), 2**31 - 1


class Text(Struct, frozen=True, gc=False):
    S: Annotated[str, Meta(min_length=1)]


class Number(Struct, frozen=True, gc=False):
    N: str


class OptionalText(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    S: str = ""
    NULL: bool = False


class OptionalNumber(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    N: str = ""
    S: Literal[""] = ""
    NULL: bool = False


class OptionalFlag(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    BOOL: bool = False
    S: Literal[""] = ""
    NULL: bool = False


class Status(Struct, frozen=True, gc=False):
    S: StatusName


class Channel(Struct, frozen=True, gc=False):
    S: ChannelName


_INTEGER = re.compile(r"-?[0-9]{1,10}").fullmatch
_DECIMAL = re.compile(r"-?[0-9]{1,14}(\.[0-9]{1,4})?").fullmatch
_CURRENCY = re.compile(r"[A-Z]{3}").fullmatch
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z").fullmatch


def is_instant(text: str) -> bool:
    """Whether ``text`` is UTC ISO 8601 with milliseconds and Z, of a day and an hour that exist."""
    try:
        return bool(_INSTANT(text) and datetime.fromisoformat(text))
    except ValueError:
        return False


def _is_int(text: str, least: int = INT_MIN) -> bool:
    return bool(_INTEGER(text)) and least <= int(text) <= INT_MAX


def _rule(must_be: str, holds: Callable[[str], Any] = lambda _: True) -> Meta:
    """What a value must be; `holds` is what msgspec does not check (`change` does, all of a row at once)."""
    return Meta(description=must_be, extra={"holds": holds})


_32_BITS = f"from {INT_MIN} to {INT_MAX} (32 bits)"
AString = Annotated[Text, _rule("a string")]
OptionalString = Annotated[OptionalText, _rule("a string")]
Instant = Annotated[Text, _rule("UTC ISO 8601 with milliseconds and Z", is_instant)]
Version = Annotated[Number, _rule(f"an integer from 1 to {INT_MAX} (32 bits)", lambda text: _is_int(text, 1))]
Units = Annotated[
    Number, _rule(f"an integer other than 0, {_32_BITS}", lambda text: _is_int(text) and int(text) != 0)
]
Stock = Annotated[OptionalNumber, _rule(f"an integer {_32_BITS}", _is_int)]
Money = Annotated[Number, _rule("a number that fits decimal(18,4)", _DECIMAL)]
OptionalMoney = Annotated[OptionalNumber, _rule("a number that fits decimal(18,4)", _DECIMAL)]
Currency = Annotated[Text, _rule("an ISO 4217 code", _CURRENCY)]
AStatus = Annotated[Status, _rule("one of " + ", ".join(sorted(get_args(StatusName))))]
AChannel = Annotated[Channel, _rule("one of " + ", ".join(sorted(get_args(ChannelName))))]
AFlag = Annotated[OptionalFlag, _rule("a BOOL")]


def is_absent(attribute: Any) -> bool:
    """Whether ``attribute`` (any JSON) says nothing."""
    return attribute is None or attribute in ({"NULL": True}, {"S": ""})


def plainly(attribute: Any) -> Any:
    """``attribute``, with a number as `plain` writes it."""
    number = attribute.get("N") if isinstance(attribute, dict) else None
    return {"N": plain(number)} if isinstance(number, str) else attribute


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
