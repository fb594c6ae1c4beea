"""Orders that the lake has not are brought into it: of the table, of an export, after an interruption.

Other tests write to the same stack, so sources and assertions are about this module's orders.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import pytest

from salescast.functions import load
from salescast.functions.orders_source import DONE, ExportSource, Page, Position, TableSource
from salescast.integrity import orders_table
from salescast.integrity.orders_table import Order
from salescast.stack.errors import SalescastError
from salescast.stack.services.athena import run
from salescast.stack.stack import Stack
from tests.local.pipeline.test_proof import AHEAD, item, rewritten
from tests.waiting import wait_for, wait_for_rows

ORDERS, CHANGED = 30, 12


class Ours(TableSource):
    """The orders of a prefix, in pages of few; it may break off after some pages."""

    def __init__(self, stack: Stack, prefix: str, pages: int = 1000) -> None:
        super().__init__(stack)
        self.identity += prefix
        self._prefix, self._most = prefix, pages

    def pages(self, read: Mapping[str, Position]) -> Iterator[Page]:
        for page in super().pages({}):
            ours = sorted(
                (found for found in page.items if found["order_id"]["S"].startswith(self._prefix)),
                key=lambda found: found["order_id"]["S"],
            )
            for number, start in enumerate(range(0, len(ours), 5)):
                place = f"{page.place}-{number}"
                if read.get(place) is DONE:
                    continue
                if self._most == 0:
                    raise KeyboardInterrupt
                self._most -= 1
                yield Page(place, ours[start : start + 5], DONE)


@pytest.fixture(scope="module")
def prefix(stack: Stack) -> str:
    """Orders in table and lake, some of them in their second version."""
    prefix = f"l{uuid4().hex[:10]}-"
    for number in range(ORDERS):
        stack.dynamodb.put_item(TableName=stack.output("OrdersTable"), Item=item(f"{prefix}{number:03d}"))
    for number in range(CHANGED):
        changed = item(f"{prefix}{number:03d}", version={"N": "2"}, status={"S": "SHIPPED"})
        stack.dynamodb.put_item(TableName=stack.output("OrdersTable"), Item=changed)
    wait_for_rows(stack, prefix, ORDERS + CHANGED)
    return prefix


def in_lake(stack: Stack, prefix: str) -> list[list[Any]]:
    sql = f"SELECT order_id, version, status FROM orders WHERE order_id LIKE '{prefix}%' ORDER BY order_id"
    return run(stack, sql).rows


def in_table(stack: Stack, prefix: str) -> list[list[Any]]:
    ours: list[Order] = [o for o in orders_table.scan(stack) if o.order_id.startswith(prefix)]
    return sorted([order.order_id, order.version, order.columns[2]] for order in ours)


def test_what_the_lake_has_is_left_alone(stack: Stack, prefix: str) -> None:
    loaded = load.load(stack, Ours(stack, prefix))
    assert (loaded.items, loaded.known, loaded.sent, loaded.refused.total()) == (ORDERS, ORDERS, 0, 0)


def test_what_it_has_lost_comes_back_once_however_often_and_interrupted(stack: Stack, prefix: str) -> None:
    def without_ours(rows: Any) -> Any:
        kept = [not order_id.startswith(prefix) for order_id in rows.column("order_id").to_pylist()]
        return rows.filter(kept)

    with rewritten(stack, without_ours):
        assert in_lake(stack, prefix) == []
        with pytest.raises(KeyboardInterrupt):
            load.load(stack, Ours(stack, prefix, pages=3))
        rest = load.load(stack, Ours(stack, prefix))
        assert rest.resumed
        assert 0 < rest.sent == rest.items < ORDERS
        whole = load.load(stack, Ours(stack, prefix))
        assert not whole.resumed
        assert whole.known + whole.sent == ORDERS
        wait_for(lambda: len(in_lake(stack, prefix)) == ORDERS, "all orders in the lake")
        assert in_lake(stack, prefix) == in_table(stack, prefix)
        count = (
            f"SELECT count(*), min(version), max(version) FROM order_changes WHERE order_id LIKE '{prefix}%'"
        )
        assert run(stack, count).rows == [[ORDERS, 1, 2]], "each once, from the version that it has"
    assert in_lake(stack, prefix) == in_table(stack, prefix)


def export(stack: Stack, items: list[dict[str, Any]], **summary: Any) -> str:
    """A full export of two files, as DynamoDB writes it; returns its URL."""
    bucket, folder = f"exports-{uuid4().hex[:12]}", "orders/AWSDynamoDB/0169-1"
    stack.s3.create_bucket(Bucket=bucket)
    files = []
    for number, part in enumerate((items[::2], items[1::2])):
        key = f"{folder}/data/{number}.json.gz"
        lines = "".join(json.dumps({"Item": found}) + "\n" for found in part)
        stack.s3.put_object(Bucket=bucket, Key=key, Body=gzip.compress(lines.encode()))
        files.append(
            json.dumps({"itemCount": len(part), "md5Checksum": "", "etag": "", "dataFileS3Key": key})
        )
    manifest = {
        "version": "2020-06-30",
        "exportArn": f"arn:aws:dynamodb:us-east-1:000000000000:table/t/export/{uuid4()}",
        "manifestFilesS3Key": f"{folder}/manifest-files.json",
        "itemCount": len(items),
        "outputFormat": "DYNAMODB_JSON",
        "exportType": "FULL_EXPORT",
        **summary,
    }
    stack.s3.put_object(
        Bucket=bucket, Key=f"{folder}/manifest-summary.json", Body=json.dumps(manifest).encode()
    )
    stack.s3.put_object(Bucket=bucket, Key=f"{folder}/manifest-files.json", Body="\n".join(files).encode())
    return f"s3://{bucket}/{folder}/"


def test_an_export_is_read_by_the_same_contract(stack: Stack, prefix: str) -> None:
    """Orders of the table, which the lake has too; one is new and of the future, one is broken."""
    new, broken = f"{prefix}x-new", f"{prefix}x-broken"
    items = [item(f"{prefix}{number:03d}", version={"N": "2"}) for number in range(CHANGED)]
    ahead = item(new, version={"N": "7"}, updated_ts={"S": AHEAD})
    items += [ahead, item(broken, quantity={"S": "many"})]
    loaded = load.load(stack, ExportSource(stack, export(stack, items)))
    assert (loaded.items, loaded.known, loaded.sent) == (CHANGED + 2, CHANGED, 2)
    wait_for(lambda: in_lake(stack, new) == [[new, 7, "PLACED"]], "the new order")
    stack.dynamodb.put_item(TableName=stack.output("OrdersTable"), Item=ahead)
    assert in_lake(stack, broken) == []


def test_another_table_is_read_by_the_same_contract(stack: Stack, prefix: str) -> None:
    table, new = f"before-{uuid4().hex[:12]}", f"{prefix}y-new"
    stack.dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "order_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for order in (
        item(f"{prefix}000", version={"N": "2"}),
        item(new, version={"N": "3"}, updated_ts={"S": AHEAD}),
    ):
        stack.dynamodb.put_item(TableName=table, Item=order)
    loaded = load.load(stack, TableSource(stack, table))
    assert (loaded.items, loaded.known, loaded.sent) == (2, 1, 1)
    wait_for(lambda: in_lake(stack, new) == [[new, 3, "PLACED"]], "the new order")
    # Other tests of this stack reconcile.
    stack.dynamodb.put_item(
        TableName=stack.output("OrdersTable"), Item=item(new, version={"N": "3"}, updated_ts={"S": AHEAD})
    )
    with pytest.raises(SalescastError, match="there is no table before in us-east-1"):
        TableSource(stack, "before")


def test_an_export_that_is_damaged_is_named(stack: Stack, prefix: str) -> None:
    url = export(stack, [item(f"{prefix}{number:03d}") for number in range(4)])
    bucket, _, folder = url.removeprefix("s3://").partition("/")
    key = f"{folder}data/0.json.gz"
    whole = stack.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    lines = gzip.decompress(whole).splitlines(keepends=True)
    for content, message in (
        (whole[:-12], "0.json.gz is damaged"),
        (gzip.compress(lines[0]), "has 1 items, its manifest says 2"),
        (gzip.compress(b"{}\n"), "0.json.gz is damaged at item 1"),
    ):
        stack.s3.put_object(Bucket=bucket, Key=key, Body=content)
        with pytest.raises(SalescastError, match=message):
            load.load(stack, ExportSource(stack, url))


@pytest.mark.parametrize(
    ("summary", "message"),
    [
        ({"outputFormat": "ION"}, "outputFormat ION, and DYNAMODB_JSON"),
        ({"exportType": "INCREMENTAL_EXPORT"}, "exportType INCREMENTAL_EXPORT, and FULL_EXPORT"),
    ],
)
def test_another_export_is_refused(stack: Stack, summary: dict[str, str], message: str) -> None:
    with pytest.raises(SalescastError, match=message):
        ExportSource(stack, export(stack, [], **summary))


def test_what_is_no_export_is_named(stack: Stack) -> None:
    with pytest.raises(SalescastError, match="no folder such as"):
        ExportSource(stack, "exports/AWSDynamoDB")
    with pytest.raises(SalescastError, match=r"manifest-summary\.json cannot be read: NoSuch"):
        ExportSource(stack, f"s3://{stack.output('Lake')}/AWSDynamoDB/none")
