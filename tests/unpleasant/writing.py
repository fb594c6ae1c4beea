"""Orders that are hard to carry, written as a shop would write them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from salescast.stack.stack import Stack

KILOBYTE = 1024
# What an attribute may hold: it leaves by stream, JSON, base64, Parquet and CSV.
TEXTS = {
    "quotes": """'single' "double" \\ back\\\\slash `tick` ;--""",
    "newlines": "one\ntwo\r\nthree\u2028four\ttab",
    "nul": "before\x00after\x01\x1f",
    "emoji": "👩‍👩‍👧‍👦 🇫🇷 é (composed) é (combining)",
    "rtl": "שלום עולם \u202eمرحبا\u202c",  # noqa: RUF001
    "lake": "${order_date} !{timestamp:yyyy} %00 NULL \\N",
    "empty": "",
    "wide": "x" * (380 * KILOBYTE - 600),
}
FITTING = {
    "largest": ("1", "99999999999999.9999", "99999999999999.9999"),
    "smallest": ("-1", "0.0001", "-0.0001"),
    "floats": ("3", "0.1", "0.3000"),
    "free": ("5", "0", "0.0000"),
    "many": ("2147483647", "1000000", "2147483647000000.0000"),
}
REFUSED = {
    "five-places": {"unit_price": "12.34567"},
    "digits38": {"unit_price": "12345678901234567890123456789012345678"},
    "quantity38": {"quantity": "12345678901234567890123456789012345678"},
    "tiny": {"unit_price": "1E-130"},
    "overflow": {"quantity": "2000000000", "unit_price": "99999999999999"},
}
# Local days of 23 and 25 hours; the same local time twice, an hour apart.
CLOCK_CHANGES = {
    "spring-eu": "2026-03-29T01:30:00.000Z",
    "autumn-eu-first": "2025-10-26T00:30:00.000Z",
    "autumn-eu-again": "2025-10-26T01:30:00.000Z",
    "spring-us": "2026-03-08T07:00:00.000Z",
    "autumn-us-first": "2025-11-02T05:30:00.000Z",
    "autumn-us-again": "2025-11-02T06:30:00.000Z",
    "midnight": "2025-10-25T23:59:59.999Z",
    "leap-day": "2024-02-29T12:00:00.000Z",
}
ODD_ID = """o'dd "id"\n🙂 ;-- %_\\ $ {}"""
# DynamoDB takes keys of 2,048 bytes, Kinesis partition keys of 256 characters.
LONG_ID = "long" + "x" * 300
VERSIONS = 200
HOT_VERSIONS = 1000
FIRST_DAY = datetime(2010, 1, 1, tzinfo=UTC)


class Shop:
    """Writes the orders; `rows` and `failed` say how many changes must end in the lake, and how many not."""

    def __init__(self, stack: Stack, prefix: str) -> None:
        self.stack = stack
        self.prefix = prefix
        self.now = datetime.now(UTC)
        self.rows = 0
        self.failed = 0
        self.hot_seconds = 0.0
        self.injected: dict[str, dict[str, Any]] = {}
        self._sequence = 0

    def id(self, name: str) -> str:
        return self.prefix + name

    def wait_out_midnight(self) -> None:
        """The last allowed day moves at midnight UTC."""
        left = 86400 - (self.now - self.now.replace(hour=0, minute=0, second=0)).total_seconds()
        if left < 90:
            time.sleep(left + 1)
            self.now = datetime.now(UTC)

    @contextmanager
    def fewer_attempts(self) -> Iterator[None]:
        """The pipe gives up after one retry, not ten, which take most of a minute."""
        name = self.stack.resource("AWS::Pipes::Pipe")
        pipe = self.stack.pipes.describe_pipe(Name=name)
        source = dict(pipe["SourceParameters"]["DynamoDBStreamParameters"])
        del source["StartingPosition"]

        def update(parameters: Any) -> None:
            self.stack.pipes.update_pipe(
                Name=name, RoleArn=pipe["RoleArn"], SourceParameters={"DynamoDBStreamParameters": parameters}
            )

        update({**source, "MaximumRetryAttempts": 1})
        try:
            yield
        finally:
            update(source)

    def write(self) -> None:
        for name, text in TEXTS.items():
            self.order(name, product_name={"S": text}, country={"S": text[:200] or "-"})
        for name, (quantity, price, _) in FITTING.items():
            self.order(name, quantity={"N": quantity}, unit_price={"N": price})
        for name, numbers in REFUSED.items():
            attributes = {attribute: {"N": value} for attribute, value in numbers.items()}
            self.order(name, well=False, **attributes)
        self._days()
        for name, moment in CLOCK_CHANGES.items():
            self.order(name, order_ts={"S": moment})
        self.order("francs", currency={"S": "CHF"}, unit_price={"N": "10.05"}, invoice_id={"S": self.id("i")})
        self.order("yen", currency={"S": "JPY"}, unit_price={"N": "1500"}, invoice_id={"S": self.id("i")})
        self.order(ODD_ID)
        self.order(LONG_ID, well=False)
        self.order("long-lived")
        for version in range(2, VERSIONS + 1):
            self.change("long-lived", version, status={"S": "SHIPPED" if version % 2 else "PLACED"})
        self.order("hot")
        began = time.monotonic()
        for version in range(2, HOT_VERSIONS + 1):
            self.change("hot", version, quantity={"N": str(version)})
        self.hot_seconds = time.monotonic() - began
        self._too_large()
        self._injected()

    def _days(self) -> None:
        tomorrow = self.now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        for name, moment, well in (
            ("first-day", FIRST_DAY, True),
            ("day-before-first", FIRST_DAY - timedelta(milliseconds=1), False),
            ("last-day", tomorrow + timedelta(days=1, milliseconds=-1), True),
            ("day-after-last", tomorrow + timedelta(days=1), False),
        ):
            self.order(name, well=well, order_ts={"S": _iso(moment)})

    def _too_large(self) -> None:
        """Stream records around Kinesis' limit of 1 MiB."""
        # Two images of 380 KB: 760 KB, which fits.
        self.order("both-images", product_name={"S": "y" * (380 * KILOBYTE - 600)})
        self.change("both-images", 2, status={"S": "SHIPPED"})
        # Each control character is six bytes of JSON: an item of 200 KB is a change of 1.2 MB.
        self.order("over", well=False, product_name={"S": "\x01" * (200 * KILOBYTE)})
        self.order("over-later")
        self.change("over-later", 2, well=False, product_name={"S": "\x01" * (200 * KILOBYTE)})
        self.order("lost-removal")
        self.change("lost-removal", 2, well=False, product_name={"S": "\x01" * (200 * KILOBYTE)})
        self.stack.dynamodb.delete_item(
            TableName=self.stack.output("OrdersTable"), Key={"order_id": {"S": self.id("lost-removal")}}
        )
        self.failed += 1
        self.order("after-the-large-ones")

    def _injected(self) -> None:
        """Changes of orders that the table does not have: archived, and one whose removal nobody kept."""
        self.inject("archived", "INSERT")
        self.inject("archived", "REMOVE", ttl=True)
        self.inject("unremoved", "INSERT")

    def item(self, name: str, **attributes: dict[str, str]) -> dict[str, Any]:
        return {
            "order_id": {"S": self.id(name)},
            "version": {"N": "1"},
            "order_ts": {"S": "2025-06-01T12:00:00.000Z"},
            "updated_ts": {"S": _iso(self.now)},
            "status": {"S": "PLACED"},
            "customer_id": {"S": "c1"},
            "customer_name": {"S": "Ada Example"},
            "country": {"S": "France"},
            "channel": {"S": "WEB"},
            "product_id": {"S": "p1"},
            "quantity": {"N": "2"},
            "unit_price": {"N": "1.5"},
            "currency": {"S": "EUR"},
            **attributes,
        }

    def order(self, name: str, well: bool = True, **attributes: dict[str, str]) -> None:
        """A new order; `well` says whether it must arrive in the lake."""
        self.stack.dynamodb.put_item(
            TableName=self.stack.output("OrdersTable"),
            Item=self.item(name, **attributes),
            ConditionExpression="attribute_not_exists(order_id)",
        )
        self._count(well)

    def change(self, name: str, version: int, well: bool = True, **attributes: dict[str, str]) -> None:
        values: dict[str, Any] = {
            **attributes, "version": {"N": str(version)}, "updated_ts": {"S": _iso(self.now)},
        }  # fmt: skip
        self.stack.dynamodb.update_item(
            TableName=self.stack.output("OrdersTable"),
            Key={"order_id": {"S": self.id(name)}},
            UpdateExpression="SET " + ", ".join(f"#{one} = :{one}" for one in values),
            ConditionExpression="#version = :before",
            ExpressionAttributeNames={f"#{one}": one for one in values},
            ExpressionAttributeValues={
                ":before": {"N": str(version - 1)}, **{f":{one}": value for one, value in values.items()},
            },
        )  # fmt: skip
        self._count(well)

    def inject(self, name: str, kind: str, ttl: bool = False) -> None:
        """A change as the Pipe would bring it, put into Kinesis; the emulator writes none for a TTL."""
        self._sequence += 1
        item = self.injected.setdefault(name, self.item(name))
        change: dict[str, Any] = {
            "eventID": f"{self.prefix}{self._sequence}",
            "eventName": kind,
            "dynamodb": {
                "ApproximateCreationDateTime": int(time.time()),
                "Keys": {"order_id": item["order_id"]},
                "OldImage" if kind == "REMOVE" else "NewImage": item,
                "SequenceNumber": f"9{self._sequence:029d}",
            },
        }
        if ttl:
            change["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
        self.stack.kinesis.put_record(
            StreamName=self.stack.output("OrderStream"),
            Data=json.dumps(change).encode(),
            PartitionKey=self.id(name),
        )
        self._count(True)

    def _count(self, well: bool) -> None:
        if well:
            self.rows += 1
        else:
            self.failed += 1

    def clean_up(self) -> None:
        """Takes away what later tests on the stack could stumble over: unexpected and failing orders."""
        for name in self.injected:
            self.inject(name, "REMOVE")
        table = self.stack.output("OrdersTable")
        for name in (*REFUSED, "day-before-first", "day-after-last", "over", "over-later", LONG_ID):
            self.stack.dynamodb.delete_item(TableName=table, Key={"order_id": {"S": self.id(name)}})


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
