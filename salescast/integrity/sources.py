"""Every change as it came: what the table's stream, the Kinesis stream and raw/ keep of a period.

The table's stream keeps 24 hours and comes first of all, so Kinesis is read only for what was before them;
raw/ is read for the whole period.
"""

import base64
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson

from salescast.integrity import order_stream, raw_objects
from salescast.integrity.table_stream import TableStream
from salescast.stack.services import order_items
from salescast.stack.stack import Stack

# docs/aws-behaviour.md 1.2; some of it is trimmed a little early or late.
TABLE_STREAM = timedelta(hours=24)
MARGIN = timedelta(hours=1)

ID = re.compile(r"[ -~]{1,256}").fullmatch


class Seen(NamedTuple):
    """A change that came. `hour` is that of its change_ts ("2026-11-20 10"), empty where it has none.

    `arrived` is when it was last on its way (epoch seconds). `dropped` says why it is not for the lake: test,
    entity, no lines, or nothing.
    """

    change_id: str
    hour: str
    arrived: float
    dropped: str


class Sources:
    """What is kept of the changes from `since` on; `objects`, `size` and `broken` describe raw/."""

    def __init__(self, stack: Stack, since: datetime) -> None:
        self._stack = stack
        self._since = since
        self._now = datetime.now(UTC)
        days = (self._now.date() - since.date()).days
        # An object lies under the day on which its oldest record arrived, which may be the day before.
        folders = [since.date() + timedelta(days=day) for day in range(-1, days + 1)]
        self._listed = raw_objects.listed(stack, folders, since)
        self._hours: dict[int, str] = {}
        self.objects = len(self._listed)
        self.size = sum(item.size for item in self._listed)
        self.broken: list[str] = []

    def changes(self) -> Iterator[Seen]:
        """Each as often as it is kept. What is no change of an order is left out."""
        for item in self._listed:
            written = item.written.timestamp()
            try:
                content = raw_objects.content(self._stack, item.key)
            except raw_objects.BrokenObjectError:
                self.broken.append(item.key)
                continue
            for change, _ in raw_objects.records(content):
                yield from self._seen(change, written)
        for change, arrived in self._kinesis():
            yield from self._seen(change, arrived)
        for record in TableStream(self._stack).everything(self._now.timestamp()):
            made = float(record["dynamodb"].get("ApproximateCreationDateTime", 0))
            if made >= self._since.timestamp() - 1:  # made is in whole seconds
                yield from self._seen(record, made)

    def _kinesis(self) -> Iterator[tuple[Any, float]]:
        """Changes that came between `since` and what the table's stream has, and when."""
        until = (self._now - TABLE_STREAM + MARGIN).timestamp()
        if self._since.timestamp() >= until:
            return
        for record in order_stream.records(self._stack, self._since, until):
            yield _parsed(record["Data"]), record["ApproximateArrivalTimestamp"]

    def _seen(self, change: Any, arrived: float) -> Iterator[Seen]:
        """What an item's change should have brought. Lines that went with a MODIFY are not asked for: which
        of them had been in the lake is not to be seen here, and the table has none of them.
        """
        made = order_items.changes(change)
        for of_order in made:
            if of_order is change or (of_order["eventName"], change["eventName"]) != ("REMOVE", "MODIFY"):
                yield from self._seen_of_order(of_order, arrived)
        if not made:
            yield from (
                seen._replace(dropped=order_items.NO_LINES) for seen in self._seen_of_order(change, arrived)
            )

    def _seen_of_order(self, change: Any, arrived: float) -> Iterator[Seen]:
        stream = change.get("dynamodb") if isinstance(change, dict) else None
        change_id = change.get("eventID") if isinstance(stream, dict) else None
        # What is longer or has other signs was not made by DynamoDB, and could not be asked for in SQL.
        if isinstance(stream, dict) and isinstance(change_id, str) and ID(change_id):
            hour = self._hour(stream.get("ApproximateCreationDateTime"))
            yield Seen(change_id, hour, arrived, dropped(change.get("eventName"), stream))

    def _hour(self, made: Any) -> str:
        if isinstance(made, bool) or not isinstance(made, int | float) or not 0 < made < 1e11:
            return ""
        number = int(made // 3600)
        if number not in self._hours:
            self._hours[number] = time.strftime("%Y-%m-%d %H", time.gmtime(number * 3600))
        return self._hours[number]


def dropped(kind: Any, stream: dict[str, Any]) -> str:
    """Why the transformer drops a change (test, entity), empty where it does not."""
    image = stream.get("OldImage" if kind == "REMOVE" else "NewImage")
    return order_items.left_out(image) if isinstance(image, dict) else ""


def _parsed(data: Any) -> Any:
    try:
        return orjson.loads(base64.b64decode(data))
    except (ValueError, TypeError):
        return None
