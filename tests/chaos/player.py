"""Plays a plan on a laptop stack and compares what was written with what is in the lake."""

import os
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import uuid4

from salescast import laptop
from salescast.stack import money
from salescast.stack.processes import Process
from salescast.stack.services.athena import run
from salescast.stack.stack import Stack
from tests.chaos.plan import Change, Round, plan

ARRIVE_SECONDS = 90.0
CRAWL_SECONDS = 120.0


@dataclass
class Result:
    """What became of a seed. `duplicates` counts deliveries of a change beyond its first, in the log."""

    seed: int
    kills: int = 0
    changes: int = 0
    rows: int = 0
    duplicates: int = 0
    missing: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not self.faults and not self.missing


class Player:
    """One seed on one stack, under order ids of its own."""

    def __init__(self, stack: Stack, seed: int) -> None:
        self._stack = stack
        self._table = stack.output("OrdersTable")
        self._prefix = f"chaos-{seed}-{uuid4().hex[:8]}-"
        self._result = Result(seed)
        self._written: set[tuple[str, int, str]] = set()
        self._dates: set[str] = set()
        self._crawled = False

    @property
    def prefix(self) -> str:
        return self._prefix

    def play(self) -> Result:
        """Write, kill and start again; then wait for the changes and judge."""
        began = time.monotonic()
        for step in plan(self._result.seed):
            self._round(step)
        laptop.revive(self._stack.state.folder)
        self._wait()
        self._judge()
        self._result.seconds = time.monotonic() - began
        return self._result

    def _round(self, step: Round) -> None:
        for change in step.changes:
            self._write(change)
            self._written.add((self._id(change), change.version, change.kind))
            self._dates.add(change.order_date)
        self._result.changes += len(step.changes)
        if step.crawl:
            running = self._stack.glue.exceptions.CrawlerRunningException
            with suppress(running):
                self._stack.glue.start_crawler(Name=self._stack.output("Crawler"))
            self._crawled = True
        time.sleep(step.pause)
        for name in step.kills:
            self._kill(name)
        if step.kills:
            time.sleep(step.dead)
            laptop.revive(self._stack.state.folder)

    def _kill(self, name: str) -> None:
        record = self._stack.state.read()
        assert record is not None
        process: Process = record.processes[name]
        assert process.alive, f"{name} was not running when it was to be killed"
        os.kill(process.pid, signal.SIGKILL)
        while process.alive:
            time.sleep(0.005)
        self._result.kills += 1

    def _id(self, change: Change) -> str:
        return f"{self._prefix}{change.order}"

    def _write(self, change: Change) -> None:
        dynamodb, key = self._stack.dynamodb, {"order_id": {"S": self._id(change)}}
        if change.kind == "REMOVE":
            dynamodb.delete_item(
                TableName=self._table, Key=key, ConditionExpression="version = :v",
                ExpressionAttributeValues={":v": {"N": str(change.version)}},
            )  # fmt: skip
            return
        item = key | {
            "version": {"N": str(change.version)},
            "order_ts": {"S": f"{change.order_date}T12:00:00.000Z"},
            "updated_ts": {"S": f"{change.order_date}T13:00:00.000Z"},
            "status": {"S": change.status},
            "country": {"S": "France"},
            "channel": {"S": "WEB"},
            "product_id": {"S": "P"},
            "quantity": {"N": str(change.quantity)},
            "unit_price": {"N": str(Decimal(change.cents) / 100)},
            "currency": {"S": "EUR"},
        }
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(order_id)"}
        if change.kind == "MODIFY":
            condition = {
                "ConditionExpression": "version = :v",
                "ExpressionAttributeValues": {":v": {"N": str(change.version - 1)}},
            }
        dynamodb.put_item(TableName=self._table, Item=item, **condition)

    def _where(self) -> str:
        dates = ", ".join(f"'{date}'" for date in sorted(self._dates))
        return f"WHERE order_date IN ({dates}) AND order_id LIKE '{self._prefix}%'"

    def _log(self) -> Counter[tuple[str, int, str]]:
        """How often each change is in the log."""
        sql = f"SELECT order_id, version, change_type, count(*) FROM order_changes {self._where()} "
        rows = run(self._stack, sql + "GROUP BY order_id, version, change_type").rows
        return Counter({(str(i), int(str(v)), str(kind)): int(str(n)) for i, v, kind, n in rows})

    def _wait(self) -> None:
        deadline = time.monotonic() + ARRIVE_SECONDS
        while self._written - self._log().keys() and time.monotonic() < deadline:
            time.sleep(0.4)
        deadline = time.monotonic() + CRAWL_SECONDS
        while self._crawled:
            crawler = self._stack.glue.get_crawler(Name=self._stack.output("Crawler"))["Crawler"]
            if crawler["State"] == "READY":
                if crawler["LastCrawl"]["Status"] != "SUCCEEDED":
                    self._result.faults.append(f"the crawl ended {crawler['LastCrawl']}")
                return
            if time.monotonic() > deadline:
                self._result.faults.append(f"the crawler is {crawler['State']} for ever")
                return
            time.sleep(0.5)

    def _judge(self) -> None:
        result, log = self._result, self._log()
        result.rows = log.total()
        result.missing = len(self._written - log.keys())
        result.duplicates = result.rows - len(log)
        if strange := log.keys() - self._written:
            result.faults.append(f"never written, but in the log: {sorted(strange)[:3]}")
        sql = f"SELECT order_id, version, status, CAST(amount AS varchar) FROM orders {self._where()}"
        rows = [(str(i), int(str(v)), str(s), str(a)) for i, v, s, a in run(self._stack, sql).rows]
        if len({row[0] for row in rows}) != len(rows):
            result.faults.append("orders shows an order twice")
        table = self._orders()
        if wrong := set(rows) ^ table:
            result.faults.append(f"orders and the table differ: {sorted(wrong)[:4]}")

    def _orders(self) -> set[tuple[str, int, str, str]]:
        """The orders of this seed as the table has them."""
        pages = self._stack.dynamodb.get_paginator("scan").paginate(
            TableName=self._table,
            ConsistentRead=True,
            FilterExpression="begins_with(order_id, :p)",
            ExpressionAttributeValues={":p": {"S": self._prefix}},
        )
        found = set()
        for item in (item for page in pages for item in page["Items"]):
            amount = money.as_column(money.amount(item["quantity"]["N"], item["unit_price"]["N"], None))
            found.add((item["order_id"]["S"], int(item["version"]["N"]), item["status"]["S"], amount))
        return found
