"""A change that failed: what it is about, why it failed, where it lies.

Anybody who may write to Kinesis may have made it, so nothing about its content is taken for granted.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

import orjson

NO_CHANGE = "there is no change of an order in it"

# A DynamoDB number has at most 38 digits; Python refuses to read one of thousands.
MAX_DIGITS = 38
REMOVALS = ("REMOVE", "EXPIRE")

Chosen = Callable[[str, datetime | None], bool]
"""Whether failures of a reason and an arrival are wanted."""


@dataclass(frozen=True, eq=False)
class FailedChange:
    """One change that has no row in the lake.

    `reason` says why it failed, `place` where it lies, `arrival` when it came (None where nothing says it).
    `order_id`, `version`, `kind` (INSERT, MODIFY, REMOVE, EXPIRE) and `change_id` are what its content names,
    None what it does not. `data` is the change as the pipe writes it to Kinesis, None where only its row is
    there or nothing of it. `sequence_number` is that of its record in the Kinesis stream, None where nothing
    says it. `problem` says why it cannot be delivered again, None where its content is enough for that, or
    for finding the original.
    """

    reason: str
    place: str
    arrival: datetime | None = None
    order_id: str | None = None
    version: int | None = None
    kind: str | None = None
    change_id: str | None = None
    data: bytes | None = field(default=None, repr=False)
    problem: str | None = None
    sequence_number: str | None = None

    @property
    def removal(self) -> bool:
        return self.kind in REMOVALS

    @classmethod
    def of(
        cls,
        content: bytes | None,
        reason: str,
        place: str,
        arrival: datetime | None,
        sequence_number: str | None = None,
    ) -> Self:
        """From the change as the pipe wrote it, or from the row that the transformer made of it.

        Never raises: what cannot be read is a failed change too.
        """
        try:
            change = orjson.loads(content or b"")
        except ValueError:
            change = None
        if not isinstance(change, dict):
            return cls(reason, place, arrival, problem=NO_CHANGE, sequence_number=sequence_number)
        if "dynamodb" not in change:
            change_id = _text(change.get("change_id"))
            return cls(
                reason,
                place,
                arrival,
                _text(change.get("order_id")),
                _version(change.get("version")),
                _text(change.get("change_type")),
                change_id,
                problem=None if change_id else NO_CHANGE,
                sequence_number=sequence_number,
            )
        record = change["dynamodb"]
        order_id = _text(_inside(record, "Keys", "order_id", "S"))
        return cls(
            reason,
            place,
            arrival,
            order_id,
            _version(
                _inside(record, "NewImage", "version", "N") or _inside(record, "OldImage", "version", "N")
            ),
            _text(change.get("eventName")),
            _text(change.get("eventID")),
            content if order_id else None,
            None if order_id else NO_CHANGE,
        )


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
