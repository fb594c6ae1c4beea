"""The generator against DynamoDB of the emulator: repeats, lateness, stock, concurrency.

Time is virtual: `Clock.now` says when a tick is delivered.
"""

import datetime as dt
import json
import os
import random
import re
import socket
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

import generator
import order
from catalogue import BY_ID
from clock import Clock
from generator_environment import Settings, environment
from generator_event import EventError
from inventory import Inventory, sell
from order import LAGS, REMOVE, Shop
from table import Course, Orders
from tally import Tally

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ROOT = Path(__file__).parents[3]
START = dt.datetime(2026, 11, 3, 18, 2, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 11, 20, 10, 15, 30, tzinfo=dt.UTC)
Item = dict[str, Any]


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A DynamoDB endpoint: a bare MiniStack of this module's own. Any other endpoint serves as well."""
    folder = tmp_path_factory.mktemp("ministack")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "STATE_DIR": str(folder),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "LOG_LEVEL": "WARNING",
        "IOT_MTLS_ENABLED": "0",
    }
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [ROOT / ".venv-emulator" / "bin" / "python", "-m", "ministack"],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


class Tables:
    """The two tables of one test, and the generator working on them."""

    def __init__(self, dynamodb: "DynamoDBClient", settings: Settings) -> None:
        self.dynamodb = dynamodb
        self.settings = settings

    def deliver(self, event: Item, at: dt.datetime, remaining_ms: int = 900_000) -> Item:
        """The answer to an event that reaches the function at that time."""
        clock = Clock(lambda: at, time.sleep, lambda: remaining_ms)
        return generator.respond(event, self.settings, self.dynamodb, clock)

    def tick(self, at: dt.datetime, delay: dt.timedelta = dt.timedelta(), **fields: Any) -> Item:
        event = {"action": "tick", "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"), **fields}
        answer = self.deliver(event, at + delay)
        assert answer.get("done"), answer
        return answer

    def scan(self, table: str, key: str) -> dict[str, Item]:
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        return {item[key]["S"]: dict(item) for page in pages for item in page["Items"]}

    def orders(self) -> dict[str, Item]:
        return self.scan(self.settings.orders_table, "order_id")

    def stock(self) -> dict[str, int]:
        items = self.scan(self.settings.inventory_table, "product_id")
        return {product_id: int(item["stock"]["N"]) for product_id, item in items.items()}

    def records(self) -> list[Item]:
        """Every record of the orders table's stream, in order."""
        streams = boto3.client("dynamodbstreams")
        table = self.dynamodb.describe_table(TableName=self.settings.orders_table)["Table"]
        arn = table["LatestStreamArn"]
        records: list[Item] = []
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            place: str | None = streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            while place:
                page = streams.get_records(ShardIterator=place)
                if not page["Records"]:
                    break
                records += [dict(record) for record in page["Records"]]
                place = page.get("NextShardIterator")
        return records

    def check_stock(self) -> None:
        """Every order's stock_left follows from the one before it, and the last is what the table has."""
        stock: dict[str, int] = {}
        for record in self.records():
            if record["eventName"] == "INSERT":
                image = record["dynamodb"]["NewImage"]
                product = BY_ID[image["product_id"]["S"]]
                before = stock.get(product.product_id, product.initial_stock)
                stock[product.product_id], _ = sell(before, int(image["quantity"]["N"]), product)
                assert int(image["stock_left"]["N"]) == stock[product.product_id]
        assert stock
        assert stock == self.stock()


@pytest.fixture
def tables(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Tables:
    name = uuid.uuid4().hex[:8]
    variables = {
        "ORDERS_TABLE": f"orders-{name}",
        "INVENTORY_TABLE": f"inventory-{name}",
        "STACK_NAME": "salescast",
        "GENERATOR_SEED": "42",
        "ORDERS_PER_HOUR": "600",
        "MAX_EVENT_AGE_SECONDS": "3600",
        "FIRST_ORDER_DATE": "2024-01-01",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    generator.dynamodb_client.cache_clear()
    environment.cache_clear()
    generator.metrics.clear_metrics()
    dynamodb = generator.dynamodb_client()
    dynamodb.create_table(
        TableName=variables["ORDERS_TABLE"],
        KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "order_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    dynamodb.create_table(
        TableName=variables["INVENTORY_TABLE"],
        KeySchema=[{"AttributeName": "product_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "product_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return Tables(dynamodb, environment())


def window() -> list[dt.datetime]:
    """Ticks of two minutes, and of the same minutes after every lag: whole lives, nothing between."""
    minutes = [minute + lag for lag in (0, *LAGS) for minute in range(2)]
    return [START + dt.timedelta(minutes=minute) for minute in minutes]


def without_stock(orders: dict[str, Item]) -> dict[str, Item]:
    return {
        order_id: {name: value for name, value in item.items() if name != "stock_left"}
        for order_id, item in orders.items()
    }


def test_ticks_twice_late_and_shuffled_equal_ticks_once_in_order(tables: Tables) -> None:
    for at in window():
        tables.tick(at)
    once, stock_once = tables.orders(), tables.stock()
    tables.check_stock()
    histories = Counter(record["eventName"] for record in tables.records())
    assert histories["INSERT"] == len(once) + histories["REMOVE"]
    assert histories["REMOVE"] > 0
    statuses = Counter(item["status"]["S"] for item in once.values())
    assert set(statuses) == {"PLACED", "SHIPPED", "DELIVERED", "CANCELLED", "RETURNED"}
    forgotten = [item for item in once.values() if item["customer_id"] == {"S": "erased"}]
    assert forgotten
    assert not any({"customer_name", "customer_email"} & item.keys() for item in forgotten)

    again = uuid.uuid4().hex[:8]
    settings = replace(tables.settings, orders_table=f"orders-{again}", inventory_table=f"inventory-{again}")
    for source, copy in (
        (tables.settings.orders_table, settings.orders_table),
        (tables.settings.inventory_table, settings.inventory_table),
    ):
        description = tables.dynamodb.describe_table(TableName=source)["Table"]
        tables.dynamodb.create_table(
            TableName=copy,
            KeySchema=description["KeySchema"],
            AttributeDefinitions=description["AttributeDefinitions"],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
    shuffled = Tables(tables.dynamodb, settings)
    rng = random.Random(5)
    deliveries = sorted(
        (at + delay, at, delay)
        for at in window()
        for delay in (dt.timedelta(seconds=rng.randrange(3600)) for _ in range(2))
    )
    assert [at for _, at, _ in deliveries] != sorted(at for _, at, _ in deliveries)
    for _, at, delay in deliveries:
        shuffled.tick(at, delay)
    shuffled.check_stock()
    assert without_stock(shuffled.orders()) == without_stock(once)
    assert shuffled.stock() == stock_once


def test_slices_of_a_minute_equal_the_minute(tables: Tables) -> None:
    for second in reversed(range(0, 60, 20)):
        tables.tick(START, from_second=second, to_second=second + 20)
    sliced = tables.orders()
    answer = tables.tick(START)
    assert (answer["inserted"], answer["repeated"]) == (0, len(sliced))
    assert tables.orders() == sliced


def test_orders_per_second_is_the_rate_of_this_minute(tables: Tables) -> None:
    answer = tables.tick(START.replace(hour=3), orders_per_second=10)
    assert answer["inserted"] == pytest.approx(600, rel=0.2)
    tables.check_stock()


def test_an_outage_of_the_scheduler_heals(tables: Tables) -> None:
    """The ticks that ship are lost; those that deliver write both changes, late ones then change nothing."""
    tables.tick(START)
    for lag in order.DELIVERED_LAGS:
        tables.tick(START + dt.timedelta(minutes=lag))
    placed = f"{START - dt.timedelta(minutes=1):%Y-%m-%dT%H:%M}"
    first = {
        order_id: item
        for order_id, item in tables.orders().items()
        if item["order_ts"]["S"].startswith(placed)
    }
    delivered = [item for item in first.values() if item["status"] == {"S": "DELIVERED"}]
    assert len(delivered) > 0.8 * len(first)
    assert {item["version"]["N"] for item in delivered} == {"3"}
    history = [
        (record["dynamodb"]["NewImage"]["version"]["N"], record["dynamodb"]["NewImage"]["status"]["S"])
        for record in tables.records()
        if record["eventName"] != "REMOVE"
        and record["dynamodb"]["Keys"]["order_id"] == delivered[0]["order_id"]
    ]
    assert history == [("1", "PLACED"), ("2", "SHIPPED"), ("3", "DELIVERED")]
    for lag in order.SHIPPED_LAGS:
        tables.tick(START + dt.timedelta(minutes=lag))
    after = tables.orders()
    assert {order_id: after[order_id] for order_id in first} == first


def test_a_removed_order_does_not_come_back(tables: Tables) -> None:
    shop = Shop(42)
    minute = int(START.timestamp()) // 60
    while not (gone := [o for b in shop.baskets(minute, 60) for o in b.orders if o.removed]):
        minute += 1
    end = dt.datetime.fromtimestamp((minute + 1) * 60, dt.UTC)
    tables.tick(end, rate_per_hour=60)
    assert gone[0].order_id in tables.orders()
    removal = end + dt.timedelta(minutes=gone[0].life[-1].lag)
    assert gone[0].life[-1].what == REMOVE
    for step in gone[0].life:
        tables.tick(end + dt.timedelta(minutes=step.lag), rate_per_hour=60)
    assert gone[0].order_id not in tables.orders()
    with pytest.raises(EventError, match=r"^time: "):
        tables.deliver({"action": "tick", "time": end.strftime("%Y-%m-%dT%H:%M:%SZ")}, removal)
    date = end.date().isoformat()
    event = {"action": "backfill", "start": date, "end": date, "rate_per_hour": 60}
    assert tables.deliver(event, removal + dt.timedelta(days=2))["done"]
    assert gone[0].order_id not in tables.orders()


def test_a_repeated_backfill_changes_nothing(tables: Tables) -> None:
    event = {"action": "backfill", "start": "2026-10-20", "end": "2026-11-19", "orders": 250}
    answer = tables.deliver(event, NOW)
    assert answer["done"]
    assert answer["inserted"] == 250
    orders, stock = tables.orders(), tables.stock()
    assert len(orders) == 250
    tables.check_stock()
    again = tables.deliver(event, NOW)
    assert [again[count] for count in ("inserted", "changed", "removed", "restocked")] == [0, 0, 0, 0]
    assert (tables.orders(), tables.stock()) == (orders, stock)


def test_ticks_carry_on_the_lives_of_backfilled_orders(tables: Tables) -> None:
    """A backfill and the ticks after it leave no gap: the next change of an order comes by a tick."""
    event = {"action": "backfill", "start": "2026-11-19", "end": "2026-11-19", "rate_per_hour": 60}
    assert tables.deliver(event, NOW)["done"]
    now = int(NOW.timestamp()) // 60
    shop = Shop(42)
    due = {
        line.order_id: step
        for minute in range(now - 1440 * 2, now)
        if (minute * 60) // 86_400 == dt.date(2026, 11, 19).toordinal() - dt.date(1970, 1, 1).toordinal()
        for basket in shop.baskets(minute, 60)
        for line in basket.orders
        for step in line.life
        if minute + step.lag == now and not line.removed
    }
    assert due
    tables.tick((NOW + dt.timedelta(minutes=1)).replace(second=0), rate_per_hour=60)
    orders = tables.orders()
    for order_id, step in due.items():
        assert int(orders[order_id]["version"]["N"]) == step.version


def test_two_writers_at_once(tables: Tables) -> None:
    """Writers that take the same products at the same time: stock stays true, nobody loses an order."""
    minute = int(START.timestamp()) // 60

    def write(first: int) -> Tally:
        clock = Clock(lambda: NOW, time.sleep, lambda: 900_000)
        tally = Tally()
        for number in range(first, first + 3):
            inventory = Inventory(tables.dynamodb, tables.settings, clock, tally)
            inventory.insert(Shop(42).baskets(minute + number, 6000))
            inventory.insert(Shop(42).baskets(minute + 100 + number % 3, 3000))
        return tally

    with ThreadPoolExecutor(3) as pool:
        tallies = list(pool.map(write, (0, 3, 6)))
    orders = tables.orders()
    assert sum(tally.inserted for tally in tallies) == len(orders)
    assert sum(tally.repeated for tally in tallies) > 0
    tables.check_stock()


def test_changes_of_one_order_by_two_writers_at_once(tables: Tables) -> None:
    minute = int(START.timestamp()) // 60
    clock = Clock(lambda: NOW, time.sleep, lambda: 900_000)
    baskets = list(Shop(42).baskets(minute, 20_000))
    Inventory(tables.dynamodb, tables.settings, clock, Tally()).insert(baskets)
    lines = [line for basket in baskets for line in basket.orders]

    def advance(seed: int) -> Tally:
        tally = Tally()
        mine = random.Random(seed).sample(lines, len(lines))
        Orders(tables.dynamodb, tables.settings, clock, tally).advance(
            Course(line, 1, 1 + len(line.life)) for line in mine
        )
        return tally

    with ThreadPoolExecutor(3) as pool:
        tallies = list(pool.map(advance, range(3)))
    written = sum(tally.changed + tally.removed for tally in tallies)
    assert written == sum(len(line.life) for line in lines)
    orders = tables.orders()
    assert orders.keys() == {line.order_id for line in lines if not line.removed}
    for line in lines:
        if not line.removed:
            assert int(orders[line.order_id]["version"]["N"]) == 1 + len(line.life)


def test_a_tick_out_of_time_says_what_is_left_and_may_be_repeated(tables: Tables) -> None:
    event = {"action": "tick", "time": START.strftime("%Y-%m-%dT%H:%M:%SZ")}
    answer = tables.deliver(event, START, remaining_ms=1000)
    assert answer["done"] is False
    assert answer["left"]["orders"] > 0
    assert answer["left"]["changes"] > 0
    assert tables.orders() == {}
    assert tables.tick(START)["inserted"] == answer["left"]["orders"]


def test_a_deleted_inventory_item_is_made_again(tables: Tables) -> None:
    tables.tick(START)
    stock = tables.stock()
    product_id = next(iter(stock))
    clock = Clock(lambda: NOW, time.sleep, lambda: 900_000)
    inventory = Inventory(tables.dynamodb, tables.settings, clock, Tally())
    minute = int(START.timestamp()) // 60
    inventory.insert(Shop(42).baskets(minute + 1, 6000))  # it remembers the stock
    tables.dynamodb.delete_item(
        TableName=tables.settings.inventory_table, Key={"product_id": {"S": product_id}}
    )
    inventory.insert(Shop(42).baskets(minute + 2, 20_000))
    assert product_id in tables.stock()


def test_the_handler_answers_json_counts_and_keeps_personal_data_out_of_logs(
    tables: Tables, capsys: pytest.CaptureFixture[str]
) -> None:
    context = SimpleNamespace(
        function_name="generator",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:generator",
        aws_request_id=str(uuid.uuid4()),
        get_remaining_time_in_millis=lambda: 900_000,
    )
    at = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)
    event = {"action": "tick", "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "orders_per_second": 2}
    answer = json.loads(json.dumps(generator.handler(event, context)))
    assert answer["done"]
    assert answer["inserted"] == len(tables.orders()) > 0
    with pytest.raises(EventError, match=r"^time: is missing; give "):
        generator.handler({"action": "tick"}, context)
    output = capsys.readouterr().out
    blobs = [json.loads(line) for line in output.splitlines() if '"_aws"' in line]
    assert blobs[0]["OrdersInserted"] == [answer["inserted"]]
    assert blobs[0]["service"] == "generator"
    assert blobs[1]["OrdersInserted"] == [0]
    assert not re.search("@example.com", output)
    for item in tables.orders().values():
        assert item["customer_name"]["S"] not in output
