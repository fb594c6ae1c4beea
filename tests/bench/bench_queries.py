"""The named queries over 1,000,000 changes on the laptop's Athena: seconds, and bytes against JSON lines.

The lake is filled with Parquet files directly, one for each of 365 order dates: what the transformer's rows
would be, 2.5 changes an order. `SALESCAST_CHANGES` takes another number. Exit status 1 where a query takes
5 seconds or more.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from salescast import laptop
from salescast.functions import generate, snapshot
from salescast.stack.services import athena
from salescast.stack.stack import Stack
from salescast.stack.state import State
from tests.lake import arrow_schema

CHANGES = int(os.environ.get("SALESCAST_CHANGES", "1000000"))
DAYS = 365
LIMIT_SECONDS = 5.0
RUNS = 2  # the quicker one counts: machines are shared
QUIET = {"GeneratorSchedule": "DISABLED"}
COUNTRIES = ["United Kingdom"] * 6 + ["Germany", "France", "Spain", "Ireland"]
CHANNELS = ["WEB", "WEB", "MOBILE", "STORE", "MARKETPLACE"]
LIVES = [
    ("PLACED",),
    ("PLACED", "SHIPPED"),
    ("PLACED", "SHIPPED", "DELIVERED"),
    ("PLACED", "SHIPPED", "DELIVERED", "RETURNED"),
]


def day(number: int, orders: int, products: list[dict[str, Any]], rng: random.Random) -> pa.Table:
    """All changes of the orders placed on one day, shuffled."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    date = today - timedelta(days=DAYS - number)
    rows = []
    for order in range(orders):
        life = LIVES[rng.randrange(len(LIVES))]
        product = products[int(len(products) * rng.random() ** 2)]
        quantity = rng.randrange(1, 6)
        placed = date + timedelta(milliseconds=rng.randrange(86_400_000))
        price = rng.randrange(900, 25_000) * 100
        fixed = {
            "order_id": f"{number:03d}-{order:06d}-{rng.getrandbits(48):012x}",
            "order_ts": placed,
            "invoice_id": f"I{number:03d}-{order // 2:06d}",
            "customer_id": f"C{int(40_000 * rng.random() ** 3):06d}",
            "country": COUNTRIES[order % len(COUNTRIES)],
            "channel": CHANNELS[rng.randrange(len(CHANNELS))],
            "product_id": product["product_id"],
            "product_name": product["product_name"],
            "category": product["category"],
            "promotion": "AUTUMN10" if 300 <= number < 314 and order % 5 == 0 else None,
            "quantity": quantity,
            "unit_price": price,
            "discount": 0,
            "amount": quantity * price,
            "currency": "GBP",
            "stock_left": rng.randrange(500),
        }
        for step, status in enumerate(life):
            moment = placed + timedelta(hours=20 * step)
            rows.append(
                fixed
                | {
                    "change_id": f"{rng.getrandbits(128):032x}",
                    "change_type": "MODIFY" if step else "INSERT",
                    "change_ts": moment.replace(microsecond=0),
                    "sequence_number": f"{number:020d}{order:012d}{step:08d}",
                    "version": step + 1,
                    "updated_ts": moment,
                    "status": status,
                    "previous_status": life[step - 1] if step else None,
                    "processed_ts": moment + timedelta(seconds=rng.randrange(3, 90)),
                }
            )
    order_of_arrival = rng.sample(range(len(rows)), len(rows))
    schema = arrow_schema()
    arrays = []
    for field in schema:
        values = [rows[place][field.name] for place in order_of_arrival]
        if pa.types.is_decimal(field.type):
            arrays.append(pa.array(values, pa.int64()).cast(pa.decimal128(38, 0)))
            arrays[-1] = _scaled(arrays[-1], field.type)
        else:
            arrays.append(pa.array(values, field.type))
    return pa.Table.from_arrays(arrays, schema=schema)


def _scaled(whole: pa.Array[Any], kind: pa.DataType) -> pa.Array[Any]:
    """Ten-thousandths as decimals with four places: the same digits under another type."""
    wide = pa.Array.from_buffers(pa.decimal128(38, 4), len(whole), whole.buffers())
    return wide.cast(kind)


def fill(stack: Stack) -> tuple[int, int]:
    """Write the lake; gives the number of rows and the bytes the same rows take as JSON lines."""
    items = stack.dynamodb.scan(TableName=stack.output("InventoryTable"))["Items"]
    products = [{name: value.get("S") for name, value in item.items()} for item in items]
    rng = random.Random(1)
    rows = lines = 0
    today = datetime.now(UTC).date()
    for number in range(DAYS):
        table = day(number, round(CHANGES / DAYS / 2.5), products, rng)
        date = today - timedelta(days=DAYS - number)
        file = BytesIO()
        pq.write_table(table, file)
        stack.s3.put_object(
            Bucket=stack.output("Lake"),
            Key=f"curated/order_arrivals/arrival_date={date}/bench.parquet",
            Body=file.getvalue(),
        )
        rows += table.num_rows
        if number % 30 == 0:
            lines += sum(len(orjson.dumps(row, default=str)) + 1 for row in table.to_pylist())
    return rows, round(lines * DAYS / len(range(0, DAYS, 30)))


def timed(stack: Stack, named: athena.NamedQuery) -> tuple[float, athena.Result]:
    """One run with its default parameters: seconds until the answer is read, and the answer."""
    start = time.monotonic()
    result = athena.run(stack, named.statement, named.arguments({}))
    return time.monotonic() - start, result


def main() -> int:
    slow = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            stack = laptop.up(
                Path(folder), fast=60, parameters={"GeneratorSchedule": "DISABLED"}, report=print
            )
            yesterday = (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
            generate.run(stack, {"action": "backfill", "start": yesterday, "end": yesterday, "orders": 300})
            snapshot.take(stack)
            start = time.monotonic()
            rows, lines = fill(stack)
            print(f"{rows:,} changes in {DAYS} files after {time.monotonic() - start:.0f} s")
            athena.run(stack, "SELECT count(*) AS n FROM orders")  # the files are copied once, then stay
            print(f"{'query':<30}{'seconds':>9}{'bytes read':>14}{'JSON lines / read':>19}")
            for named in athena.named_queries(stack):
                seconds, result = min(
                    (timed(stack, named) for _ in range(RUNS)), key=lambda timing: timing[0]
                )
                if seconds >= LIMIT_SECONDS:
                    slow.append(named.name)
                ratio = lines / result.bytes_scanned if result.bytes_scanned else 0
                print(f"{named.name:<30}{seconds:9.2f}{result.bytes_scanned:14,}{ratio:19.1f}")
            print(f"the same rows as JSON lines: {lines:,} bytes (from every thirtieth day)")
        finally:
            State(Path(folder).resolve()).down()
    print(f"{LIMIT_SECONDS:.0f} s or more: {', '.join(slow) or 'none'}")
    return int(bool(slow))


if __name__ == "__main__":
    sys.exit(main())
