"""Orders that exist already, brought into the lake as changes through the stream: one path, one contract.

Each becomes an INSERT of the version it has, which is where its history in the lake begins. What the lake has
already is left out, a change has the same id whenever it is loaded, and its sequence number is below all that
the table's stream gives: loading again, or while orders change, is harmless.
"""

import hashlib
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

import orjson

from salescast.functions.orders_source import Page, Position, Source
from salescast.stack.errors import SalescastError
from salescast.stack.services import athena, change_stream, freshness, order_items
from salescast.stack.services.change_stream import Change
from salescast.stack.services.table_scan import Item
from salescast.stack.stack import Stack
from salescast.stack.state import write_json

# Of what a shard takes in a second (docs/aws-behaviour.md 1.9); the rest is left to the orders of today.
SHARE = 0.8
SHARD_RECORDS, SHARD_BYTES = 1000, 1024 * 1024
IN_FLIGHT = 3
CHECKPOINT_SECONDS = 2.0
EXAMPLES = 20
# As reconcile has them: for how long a change is on its way, and how far ahead a writer's clock may be.
SETTLE_FACTOR, CLOCK_SECONDS = 2, 300

Progress = Callable[[int], None]
"""Called with the number of items done."""


@dataclass
class Load:
    """What became of the `items` of a source: `sent`, `known` to the lake before, `young`, refused, or not
    for the lake (`left_out`, by reason: test, entity, no lines).

    Young ones were written so lately that the table's own stream may be bringing them. `refused` counts by
    reason, `examples` names orders that were.
    """

    items: int = 0
    sent: int = 0
    known: int = 0
    young: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    resumed: bool = False
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        counts = {"left_out": dict(self.left_out), "refused": self.refused.total()}
        return vars(self) | counts | {"reasons": dict(self.refused)}


def load(stack: Stack, source: Source, progress: Progress = lambda _: None) -> Load:
    """Send every order of the source that the lake has not. Raises ClientError when the stream cannot be
    written to, SalescastError for a source that is damaged.

    A checkpoint in the state folder lets an interrupted run go on where it was.
    """
    return _Run(stack, source, progress).run()


class Pace:
    """Keeps below a rate of records and of bytes a second, on the average since it began."""

    def __init__(self, records: float, size: float) -> None:
        self._records, self._size = records, size
        self._began = time.monotonic()
        self._due = 0.0

    @classmethod
    def of(cls, stack: Stack) -> Self | None:
        """What the stream's open shards take, but for a share; None for the laptop's, which has no limits."""
        if stack.is_laptop:
            return None
        name = stack.output("OrderStream")
        found = stack.kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        shards = found["OpenShardCount"]
        return cls(SHARE * SHARD_RECORDS * shards, SHARE * SHARD_BYTES * shards)

    def wait(self, records: int, size: int) -> None:
        """Sleep until so much more may be sent."""
        now = time.monotonic() - self._began
        # A pause of ours is not made up for by a burst.
        self._due = max(self._due, now)
        time.sleep(max(0.0, self._due - now))
        self._due += max(records / self._records, size / self._size)


class _Run:
    def __init__(self, stack: Stack, source: Source, progress: Progress) -> None:
        self._stack, self._source, self._progress = stack, source, progress
        self._pace = Pace.of(stack)
        self._checkpoint = stack.state.checkpoints / f"load-{source.identity}.json"
        self._result = Load()
        self._read: dict[str, Position] = {}
        self._resume()
        self._saved = time.monotonic()
        self._pending: deque[tuple[Page, list[Change], Future[list[str | None]]]] = deque()
        described = stack.dynamodb.describe_table(TableName=stack.output("OrdersTable"))["Table"]
        self._keys = [key["AttributeName"] for key in described["KeySchema"]]
        self._origin = {
            "awsRegion": stack.session.region_name,
            "eventSourceARN": described.get("LatestStreamArn") or described["TableArn"],
        }

    def run(self) -> Load:
        begin = time.monotonic()
        young = time.time() - SETTLE_FACTOR * freshness.bound(self._stack)
        latest = time.time() + CLOCK_SECONDS
        # Hashes: a large shop has more ids than memory likes.
        known = {hash(row[0]) for row in athena.stream(self._stack, "SELECT order_id FROM orders")}
        pool = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="load")
        try:
            for page in self._source.pages(dict(self._read)):
                sifted = [(item, order_items.sifted(order_items.orders(item))) for item in page.items]
                made = [(item, orders) for item, (orders, _) in sifted if orders]
                unknown = [each for each in made if any(hash(_id(order)) not in known for order in each[1])]
                # A time that has yet to come tells nothing of when the order was written.
                old = [each for each in unknown if not young <= _updated(each[1][0]).timestamp() <= latest]
                changes = [self._change(*each) for each in old]
                self._result.items += len(page.items)
                self._result.known += len(made) - len(unknown)
                self._result.left_out.update(reason for _, (_, reasons) in sifted for reason in reasons)
                self._result.young += len(unknown) - len(old)
                if self._pace:
                    self._pace.wait(len(changes), sum(len(change.data) for change in changes))
                self._pending.append((page, changes, pool.submit(change_stream.put, self._stack, changes)))
                self._settle(2 * IN_FLIGHT)
            self._settle(0)
        except KeyboardInterrupt:
            self._settle(0)
            self._save()
            read = f"{self._result.items:,} orders were read"
            raise KeyboardInterrupt(f"{read}; the same command goes on behind them") from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        # The next load looks at the lake itself.
        self._checkpoint.unlink(missing_ok=True)
        self._result.seconds = round(time.monotonic() - begin, 3)
        return self._result

    def _change(self, item: Item, orders: list[Item]) -> Change:
        """What a pipe would have made of the insertion of an item with these orders. Raises SalescastError
        without a key.
        """
        if not all(name in item for name in self._keys):
            raise SalescastError(
                f"the source has an item without {' and '.join(self._keys)}: it is not of the table's kind"
            )
        keys = {name: item[name] for name in self._keys}
        key = " ".join(str(value) for attribute in keys.values() for value in attribute.values())
        version = orders[0].get("version", {}).get("N", "")
        event = {
            # No MD5 of DynamoDB's, but as long.
            "eventID": hashlib.md5(f"load {key} {version}".encode(), usedforsecurity=False).hexdigest(),
            "eventName": "INSERT",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            **self._origin,
            "dynamodb": {
                "ApproximateCreationDateTime": int(_updated(orders[0]).timestamp()),
                "Keys": keys,
                "NewImage": item,
                "SequenceNumber": "0",
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        }
        return Change(key, orjson.dumps(event))

    def _settle(self, allowed: int) -> None:
        """Take what the oldest writes answered until at most `allowed` are under way."""
        while len(self._pending) > allowed or (self._pending and self._pending[0][2].done()):
            page, changes, future = self._pending.popleft()
            for change, reason in zip(changes, future.result(), strict=True):
                if reason is None:
                    self._result.sent += 1
                else:
                    self._result.refused[reason] += 1
                    if len(self._result.examples) < EXAMPLES:
                        self._result.examples.append(f"order {change.order_id}: {reason}")
            if page.position is not None:
                self._read[page.place] = page.position
            self._progress(self._result.items)
            if time.monotonic() - self._saved >= CHECKPOINT_SECONDS:
                self._save()

    def _save(self) -> None:
        write_json(self._checkpoint, {"read": self._read})
        self._saved = time.monotonic()

    def _resume(self) -> None:
        """Go on behind what an interrupted run sent; a checkpoint that cannot be read is none."""
        try:
            read = orjson.loads(self._checkpoint.read_bytes())["read"]
        except (OSError, ValueError, KeyError, TypeError):
            return
        if isinstance(read, dict):
            self._read, self._result.resumed = read, True


def _id(order: Item) -> Any:
    return order.get("order_id", {}).get("S")


def _updated(order: Item) -> datetime:
    """When the order was last written; 1970 where it does not say so: the transformer tells what is wrong."""
    try:
        updated = datetime.fromisoformat(order["updated_ts"]["S"])
    except (KeyError, TypeError, ValueError):
        return datetime.fromtimestamp(0, UTC)
    return updated if updated.tzinfo else updated.replace(tzinfo=UTC)
