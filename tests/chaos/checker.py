"""Where every change is that was written: an own reading of table, files, errors, queue and stream.

It shares no code with the product: neither Athena nor a module of salescast.integrity is asked, so that what
both say alike was found twice. The stack is asked for names and clients only.
"""

import base64
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from salescast.stack.stack import Stack

COLUMNS = ["order_id", "version", "change_type", "change_id", "sequence_number", "status", "amount"]
CENT_HUNDREDTH = Decimal("0.0001")
SOLD = "INSERT", "MODIFY"


class Written(NamedTuple):
    """A change as who wrote it knows it."""

    order_id: str
    version: int
    kind: str


@dataclass
class Account:
    """Where the changes are. `lake` counts the rows of each; `failed` are under errors/ or in the queue.

    `nameless` counts failures that do not say which change they are. `wrong` says of orders in which the
    newest row is not the table's item.
    """

    lake: Counter[Written] = field(default_factory=Counter)
    failed: set[Written] = field(default_factory=set)
    nameless: int = 0
    unaccounted: set[Written] = field(default_factory=set)
    strange: set[Written] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{len(self.lake)} in the lake, {len(self.failed - self.lake.keys())} failed, {self.nameless} "
            f"nameless, {len(self.unaccounted)} nowhere, {len(self.strange)} never written, "
            f"{len(self.wrong)} wrong"
        )


class Checker:
    """Looks at one stack, again and again; `written` grows while it is written to.

    Only orders whose id begins with one of `prefixes` are looked at.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._bucket = stack.output("Lake")
        self._table = stack.output("OrdersTable")
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self.written: set[Written] = set()
        self.prefixes: set[str] = set()

    def look(self) -> Account:
        """Read everything once. The lake comes last, so what was on its way is seen twice, not never."""
        account = Account()
        items = self._items()
        for order_id, version, kind in [*self._errors(), *self._dead_letters()]:
            if order_id is None or version is None or kind is None:
                account.nameless += 1
            elif self._ours(order_id):
                account.failed.add(Written(order_id, version, kind))
        newest: dict[str, dict[str, Any]] = {}
        for row in self._arrivals():
            account.lake[Written(row["order_id"], row["version"], row["change_type"])] += 1
            old = newest.get(row["order_id"])
            if old is None or int(row["sequence_number"]) > int(old["sequence_number"]):
                newest[row["order_id"]] = row
        account.unaccounted = self.written - account.lake.keys() - account.failed
        account.strange = (account.lake.keys() | account.failed) - self.written
        account.wrong = [text for text in self._compared(items, newest, account) if text]
        return account

    def _compared(
        self, items: dict[str, dict[str, Any]], newest: dict[str, dict[str, Any]], account: Account
    ) -> Iterator[str]:
        """Orders whose changes are all in the lake must be there as the table has them."""
        lacking = {change.order_id for change in self.written - account.lake.keys()}
        for order_id in sorted((items.keys() | newest.keys()) - lacking):
            item, row = items.get(order_id), newest.get(order_id)
            there = None
            if row is not None and row["change_type"] in SOLD:
                there = (row["version"], row["status"], row["amount"])
            wanted = None
            if item is not None:
                quantity, price = Decimal(item["quantity"]["N"]), Decimal(item["unit_price"]["N"])
                amount = (quantity * price).quantize(CENT_HUNDREDTH, ROUND_HALF_UP)
                wanted = (int(item["version"]["N"]), item["status"]["S"], amount)
            if there != wanted:
                yield f"{order_id}: the table has {wanted}, the lake {there}"

    def _ours(self, order_id: str) -> bool:
        return any(order_id.startswith(prefix) for prefix in self.prefixes)

    def _items(self) -> dict[str, dict[str, Any]]:
        items: dict[str, dict[str, Any]] = {}
        start: dict[str, Any] = {}
        while True:
            page = self._stack.dynamodb.scan(TableName=self._table, ConsistentRead=True, **start)
            for item in page["Items"]:
                if self._ours(item["order_id"]["S"]):
                    items[item["order_id"]["S"]] = item
            if "LastEvaluatedKey" not in page:
                return items
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _keys(self, prefix: str) -> list[str]:
        pages = self._stack.s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def _content(self, key: str) -> bytes:
        """Empty for what somebody has deleted meanwhile."""
        try:
            return self._stack.s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("NoSuchKey", "404"):
                raise
            return b""

    def _arrivals(self) -> Iterator[dict[str, Any]]:
        for key in self._keys("curated/order_arrivals/"):
            if key not in self._rows:
                rows = pq.read_table(io.BytesIO(self._content(key)), columns=COLUMNS).to_pylist()
                self._rows[key] = [row for row in rows if self._ours(row["order_id"])]
            yield from self._rows[key]

    def _errors(self) -> Iterator[tuple[str | None, int | None, str | None]]:
        """What each line is about: its record, or the one that its sequence number names in Kinesis."""
        came: dict[str, bytes] | None = None
        for key in self._keys("errors/"):
            if key.startswith("errors/backup/"):
                continue
            for text in self._content(key).splitlines():
                line = json.loads(text)
                if number := line.get("sequenceNumber"):
                    came = came if came is not None else dict(self._stream())
                    yield _named(came.get(number, b""))
                else:
                    yield _named(base64.b64decode(line["rawData"]))

    def _stream(self) -> Iterator[tuple[str, bytes]]:
        kinesis, name = self._stack.kinesis, self._stack.output("OrderStream")
        for shard in kinesis.list_shards(StreamName=name)["Shards"]:
            iterator: str | None = kinesis.get_shard_iterator(
                StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            while iterator:
                answer = kinesis.get_records(ShardIterator=iterator)
                yield from ((record["SequenceNumber"], record["Data"]) for record in answer["Records"])
                more = answer["Records"] or answer["MillisBehindLatest"]
                iterator = answer.get("NextShardIterator") if more else None

    def _dead_letters(self) -> Iterator[tuple[str | None, int | None, str | None]]:
        """What the messages point at in the table's stream. They are visible again at once."""
        sqs, url = self._stack.sqs, self._stack.output("DeadLetterQueue")
        messages: dict[str, Any] = {}
        while taken := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=20, WaitTimeSeconds=0
        ).get("Messages"):
            messages |= {message["MessageId"]: message for message in taken}
        for message in messages.values():
            sqs.change_message_visibility(
                QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )
        batches = [json.loads(message["Body"])["DDBStreamBatchInfo"] for message in messages.values()]
        by_shard: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for batch in batches:
            by_shard[batch["streamArn"], batch["shardId"]].append(batch)
        for (arn, shard), of_shard in by_shard.items():
            records = self._shard(arn, shard)
            for batch in of_shard:
                first, last = int(batch["startSequenceNumber"]), int(batch["endSequenceNumber"])
                yield from (change for number, change in records if first <= number <= last)

    def _shard(self, arn: str, shard: str) -> list[tuple[int, tuple[str | None, int | None, str | None]]]:
        streams = self._stack.dynamodbstreams
        iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")[
            "ShardIterator"
        ]
        found = []
        while iterator:
            answer = streams.get_records(ShardIterator=iterator)
            found += [
                (int(record["dynamodb"]["SequenceNumber"]), _of_change(record))
                for record in answer["Records"]
            ]
            if not answer["Records"]:
                break
            iterator = answer.get("NextShardIterator", "")
        return found


def _named(content: bytes) -> tuple[str | None, int | None, str | None]:
    """Order, version and kind of a change as it came, or of the row that was made of it."""
    try:
        change = json.loads(content)
    except ValueError:
        return None, None, None
    if not isinstance(change, dict):
        return None, None, None
    if "dynamodb" in change:
        return _of_change(change)
    return change.get("order_id"), change.get("version"), change.get("change_type")


def _of_change(change: Any) -> tuple[str | None, int | None, str | None]:
    image = change["dynamodb"].get("NewImage") or change["dynamodb"]["OldImage"]
    return image["order_id"]["S"], int(image["version"]["N"]), change["eventName"]
