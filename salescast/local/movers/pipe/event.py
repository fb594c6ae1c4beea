"""An event on its way to the target, and its partition key.

Keeps (docs/aws-behaviour.md 1.1, 1.3): the event is the one of stack/services/stream_event.py; a partition
key is a JSON path over the whole event, or a literal.

Leaves out: InputTemplate and enrichment; JSON paths with wildcards, filters or quoted names.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")


class Entry(NamedTuple):
    """One event on its way to the target."""

    position: int  # in the shard, counted from where this run began: neighbours differ by one
    sequence_number: str
    created: float  # epoch seconds, whole
    data: bytes
    key: str | None  # None: the path found no string


def key_of(path: str) -> Callable[[dict[str, Any]], str | None]:
    """The function that finds the partition key in an event. Raises ValueError for a path left out here."""
    if not path.startswith("$"):
        return lambda _event: path
    steps: list[str | int] = []
    position = 1
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            raise ValueError(f"PartitionKey {path!r} is no JSON path of names and indexes")
        steps.append(step[1] if step[1] is not None else int(step[2]))
        position = step.end()

    def find(event: dict[str, Any]) -> str | None:
        value: Any = event
        try:
            for step in steps:
                value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
        return str(value) if isinstance(value, str | int | float) and value != "" else None

    return find


def to_entry(event: dict[str, Any], key: Callable[[dict[str, Any]], str | None], position: int) -> Entry:
    """The entry of an event."""
    change = event["dynamodb"]
    return Entry(
        position,
        change["SequenceNumber"],
        change["ApproximateCreationDateTime"],
        orjson.dumps(event),
        key(event),
    )
