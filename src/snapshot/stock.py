"""Items of the inventory table as rows of the lake's `inventory` table."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, NamedTuple

INT_MIN, INT_MAX = -(2**31), 2**31 - 1

_INTEGER = re.compile(r"-?[0-9]{1,10}").fullmatch


class StockError(ValueError):
    """An item that breaks the contract. The message names the attribute and the rule, never the value."""


class Stock(NamedTuple):
    """One product's stock, the table's columns. Times are milliseconds since 1970-01-01 UTC."""

    product_id: str
    product_name: str | None
    category: str | None
    stock: int
    reorder_level: int | None
    lead_time_days: int | None
    updated_ts: int
    snapshot_ts: int


def to_stock(item: dict[str, Any], snapshot_ts: int) -> Stock:
    """The row of an item (DynamoDB JSON), read at `snapshot_ts`. Raises StockError."""
    product_id, stock, updated = _text(item, "product_id"), _integer(item, "stock"), _text(item, "updated_ts")
    for name, value in (("product_id", product_id), ("stock", stock), ("updated_ts", updated)):
        if value is None or value == "":
            raise StockError(f"{name}: is missing")
    return Stock(
        product_id=str(product_id),
        product_name=_text(item, "product_name"),
        category=_text(item, "category"),
        stock=stock or 0,
        reorder_level=_integer(item, "reorder_level"),
        lead_time_days=_integer(item, "lead_time_days"),
        updated_ts=_milliseconds(str(updated)),
        snapshot_ts=snapshot_ts,
    )


def _text(item: dict[str, Any], name: str) -> str | None:
    attribute = item.get(name)
    if attribute is None or attribute == {"NULL": True}:
        return None
    value = attribute.get("S")
    if not isinstance(value, str):
        raise StockError(f"{name}: must be a string")
    return value


def _integer(item: dict[str, Any], name: str) -> int | None:
    attribute = item.get(name)
    if attribute is None or attribute == {"NULL": True}:
        return None
    value = attribute.get("N")
    if not (isinstance(value, str) and _INTEGER(value) and INT_MIN <= int(value) <= INT_MAX):
        raise StockError(f"{name}: must be an integer")
    return int(value)


def _milliseconds(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise StockError("updated_ts: must be UTC ISO 8601 with Z")
    return round(moment.timestamp() * 1000)
