"""A shop's own table, from DynamoDB to `orders`: the mapping of docs/your-own-orders.md, on a stack of its
own.

The transformer is deployed with mapping.yaml in its package, as `sam build` puts it there; the checkout stays
without one, since every other test reads it.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from salescast import laptop
from salescast.functions import erase, generate, load
from salescast.functions.orders_source import TableSource
from salescast.integrity.reconcile import Reconciliation, reconcile
from salescast.integrity.redrive import redrive
from salescast.laptop.sam import BUILD
from salescast.stack.errors import SalescastError
from salescast.stack.services import order_items
from salescast.stack.services.athena import run
from salescast.stack.stack import Stack
from salescast.stack.state import State
from tests import own_shop
from tests.own_shop import documented, item, line
from tests.waiting import wait_for

TABLE = "web-orders"
# Long enough for a change to be in the lake.
SETTLE = 6.0


@dataclass
class Own:
    stack: Stack
    folder: Path

    def use(self, mapping: str) -> None:
        """Deploy the transformer with this mapping, and read the table by it."""
        (self.folder / "mapping.yaml").write_text(mapping)
        order_items.mapping.cache_clear()
        package = self.folder / "transformer.zip"
        shutil.copy(BUILD / "build" / "TransformerFunction.zip", package)
        with zipfile.ZipFile(package, "a") as archive:
            archive.writestr("mapping.yaml", mapping)
        function = self.stack.output("TransformerFunction")
        self.stack.functions.update_function_code(FunctionName=function, ZipFile=package.read_bytes())

    def put(self, *items: own_shop.Item) -> None:
        for each in items:
            self.stack.dynamodb.put_item(TableName=TABLE, Item=each | {"tenant": {"S": "eu"}})

    def reconcile(self) -> Reconciliation:
        return reconcile(self.stack, SETTLE)

    def orders(self) -> dict[str, list[Any]]:
        sql = "SELECT order_id, version, status, quantity, CAST(amount AS varchar) FROM orders"
        return {str(row[0]): row[1:] for row in run(self.stack, sql).rows}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Own]:
    folder, state = tmp_path_factory.mktemp("own"), tmp_path_factory.mktemp("own-stack")
    file = order_items.FILE
    try:
        stack = laptop.up(state, fast=60, report=print)
        own = Own(stack, folder)
        stack.dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": n, "AttributeType": "S"} for n in ("tenant", "orderNumber")
            ],
            KeySchema=[
                {"AttributeName": "tenant", "KeyType": "HASH"},
                {"AttributeName": "orderNumber", "KeyType": "RANGE"},
            ],
        )
        own.put(*(item(f"old-{number}", line("TEA", number), line("MUG")) for number in (1, 2, 3)))
        arn = stack.dynamodb.update_table(
            TableName=TABLE,
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )["TableDescription"]["LatestStreamArn"]
        own.stack = laptop.up(state, parameters={"OrdersStreamArn": arn}, report=print)
        order_items.FILE = folder / "mapping.yaml"
        own.use(documented())
        yield own
    finally:
        order_items.FILE = file
        order_items.mapping.cache_clear()
        State(state).down()


def test_from_the_table_to_orders(own: Own) -> None:
    assert own.stack.output("OrdersTable") == TABLE
    first = item("1", line("TEA", 2, rebate={"N": "0.5"}), line("MUG"), line("TEA"))
    own.put(first, item("2", line("POT", 3, 333)), item("3", line("POT")))
    own.put(item("1", line("MUG", 5), line("CUP"), rev=2, cancelledAt={"S": "2026-11-21"}))
    own.put(item("t", line(), sandbox={"BOOL": True}), item("e", items={"L": []}))
    own.put(item("c", items=None, type={"S": "CUSTOMER"}))
    own.stack.dynamodb.delete_item(TableName=TABLE, Key={"tenant": {"S": "eu"}, "orderNumber": {"S": "3"}})
    expected = {
        "1/MUG/1": [2, "CANCELLED", 5, "62.5000"],
        "1/CUP/1": [2, "CANCELLED", 1, "12.5000"],
        "2/POT/1": [1, "PLACED", 3, "9.9900"],
    }
    wait_for(lambda: own.orders() == expected, "the orders of the table")


def test_what_was_there_before_is_loaded_and_all_reconciles_to_the_cent(own: Own) -> None:
    loaded = load.load(own.stack, TableSource(own.stack))
    assert (loaded.items, loaded.sent, loaded.known, loaded.refused.total()) == (8, 3, 2, 0)
    assert loaded.left_out == {"test": 1, "no lines": 1, "entity": 1}
    wait_for(lambda: len(own.orders()) == 9, "what was loaded")
    result = own.reconcile()
    assert result.reconciled, result.examples
    assert (result.table_orders, result.lake_orders) == (9, 9)
    # Three pots, the cancelled item, and of the old ones 1 + 2 + 3 teas and three mugs.
    assert result.table_amount == result.lake_amount == Decimal("9.99") + 75 + Decimal("12.5") * 9
    assert result.left_out == {"test": 1, "no lines": 1, "entity": 1}
    assert result.log
    assert result.log.dropped == {"test": 1, "no lines": 1, "entity": 1}
    assert (result.failed, result.failed_records, result.in_flight) == (0, 0, 0)
    again = load.load(own.stack, TableSource(own.stack))
    assert again.sent == 0


def test_what_failed_for_the_mapping_is_redriven_by_a_better_one(own: Own) -> None:
    own.put(item("4", line("TEA"), line("MUG"), state={"S": "packed"}))
    wait_for(lambda: own.reconcile().failed_records, "the failed change")
    failed = own.reconcile()
    assert failed.reconciled, failed.examples
    assert (failed.failed, failed.failed_records) == (2, 1)
    own.use(documented().replace("paid: PLACED,", "paid: PLACED, packed: PLACED,"))
    redriven = redrive(own.stack)
    assert (redriven.found, redriven.redriven, redriven.left.total()) == (1, 1, 0)
    wait_for(lambda: "4/MUG/1" in own.orders(), "what was delivered again")
    result = own.reconcile()
    assert result.reconciled, result.examples
    assert (result.failed, result.failed_records, result.lake_orders) == (0, 0, 11)


def test_what_the_lake_lacks_or_has_too_much_is_named(own: Own) -> None:
    own.put(item("5", line("TEA")))
    wait_for(lambda: "5/TEA/1" in own.orders(), "the order")
    by_the_other = documented().replace("minor_units: 2", "minor_units: 1")
    (own.folder / "mapping.yaml").write_text(by_the_other)
    order_items.mapping.cache_clear()
    result = own.reconcile()
    assert not result.reconciled
    assert any("unit_price" in example for example in result.examples), (
        "another mapping than the deployed one"
    )


def test_a_table_of_ones_own_is_not_written_to(own: Own) -> None:
    with pytest.raises(SalescastError, match="a table of your own, and sample orders"):
        generate.run(own.stack, {"action": "tick", "time": "2026-11-20T10:00:00Z"})
    customer = run(own.stack, "SELECT max(customer_id) FROM orders").rows[0][0]
    with pytest.raises(SalescastError, match="orders of your table name the customer"):
        erase.run(own.stack, str(customer))
