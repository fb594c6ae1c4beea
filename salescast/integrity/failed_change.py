"""A change that failed: what it is about, why it failed, where it lies.

Anybody who may write to Kinesis may have made it, so nothing about its content is taken for granted.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Self

import orjson

from salescast.integrity.raw_objects import records
from salescast.stack.services import order_items
from salescast.stack.services.change_stream import Change

NO_CHANGE = "there is no change of an order in it"

# A DynamoDB number has at most 38 digits; Python refuses to read one of thousands.
MAX_DIGITS = 38
REMOVALS = ("REMOVE", "EXPIRE")

Chosen = Callable[[str, datetime | None], bool]
"""Whether failures of a reason and an arrival are wanted."""


class FailedOrder(NamedTuple):
    """What a failed change is about, None what its content does not name. `kind` is INSERT, MODIFY, REMOVE or
    EXPIRE; `change_id` that of the row.
    """

    order_id: str | None
    version: int | None
    kind: str | None
    change_id: str | None

    @property
    def removal(self) -> bool:
        return self.kind in REMOVALS

    @classmethod
    def of_change(cls, change: Any) -> Self:
        """From a change of an order."""
        new, old = (_inside(change, "dynamodb", image) for image in ("NewImage", "OldImage"))
        keys = _inside(change, "dynamodb", "Keys")
        ids = (_inside(image, "order_id", "S") for image in (keys, new, old))
        return cls(
            next(filter(None, map(_text, ids)), None),
            _version(_inside(new, "version", "N") or _inside(old, "version", "N")),
            _text(_inside(change, "eventName")),
            _text(_inside(change, "eventID")),
        )

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> Self:
        """From what the transformer made of it."""
        kind, change_id = _text(row.get("change_type")), _text(row.get("change_id"))
        return cls(_text(row.get("order_id")), _version(row.get("version")), kind, change_id)


@dataclass(frozen=True, eq=False)
class FailedChange:
    """One change that has no row in the lake.

    `reason` says why it failed, `place` where it lies, `arrival` when it came (None where nothing says it).
    `orders` are those that it is about: one, or those of an item of a shop's own table. `data` is the change
    as the pipe writes it to Kinesis, None where only its rows are there or nothing of it. `sequence_number`
    is that of its record in the Kinesis stream, None where nothing says it. `problem` says why it cannot be
    delivered again, None where its content is enough for that, or for finding the original.
    """

    reason: str
    place: str
    arrival: datetime | None = None
    orders: tuple[FailedOrder, ...] = ()
    data: bytes | None = field(default=None, repr=False)
    problem: str | None = None
    sequence_number: str | None = None

    @property
    def change_ids(self) -> set[str]:
        return {order.change_id for order in self.orders if order.change_id}

    @property
    def as_change(self) -> Change | None:
        """What is to be delivered again, None where it is not there."""
        order_id = next((order.order_id for order in self.orders if order.order_id), None)
        return Change(order_id, self.data) if order_id and self.data else None

    @classmethod
    def of(
        cls,
        content: bytes | None,
        reason: str,
        place: str,
        arrival: datetime | None,
        sequence_number: str | None = None,
    ) -> Self:
        """From the change as the pipe wrote it, or from the rows that the transformer made of it.

        Never raises: what cannot be read is a failed change too.
        """
        try:
            change = orjson.loads(content or b"")
        except ValueError:
            change = None
        if isinstance(change, dict) and "dynamodb" in change:
            orders = tuple(map(FailedOrder.of_change, order_items.changes(change)))
            named = any(order.order_id for order in orders)
            problem, data = (None, content) if named else (NO_CHANGE, None)
            return cls(reason, place, arrival, orders, data, problem)
        # Those of an item with several orders stand one after another.
        rows = (row for row, _ in records(content or b"") if isinstance(row, dict) and "change_id" in row)
        orders = tuple(map(FailedOrder.of_row, rows))
        problem = None if any(order.change_id for order in orders) else NO_CHANGE
        return cls(reason, place, arrival, orders, problem=problem, sequence_number=sequence_number)


def everything(_reason: str, _arrival: datetime | None) -> bool:
    """Chooses every failure."""
    return True


def _inside(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _version(value: Any) -> int | None:
    """Of a row (a number) or an image (its digits)."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isdecimal() and len(value) <= MAX_DIGITS:
        return int(value)
    return None
