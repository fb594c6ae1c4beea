"""Transactions of new orders, what is said of orders that are there, and the pace of order dates."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, cast

import orjson
import pytest

from salescast.replay.order_line import Order
from salescast.replay.writer import Outcome, Writer
from salescast.stack.errors import SalescastError
from salescast.stack.services.dynamo import DynamoDB, DynamoDBError

COMPARED = ("customer_id", "product_name", "quantity")


class Table:
    """Answers TransactWriteItems and BatchGetItem as DynamoDB does."""

    def __init__(self, trouble: Sequence[str] = ()) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.trouble = list(trouble)
        self.calls: list[str] = []

    def call(self, operation: str, body: bytes) -> bytes:
        self.calls.append(operation)
        request = orjson.loads(body)
        if operation == "BatchGetItem":
            keys = [key["order_id"]["S"] for key in request["RequestItems"]["orders"]["Keys"]]
            assert len(set(keys)) == len(keys) <= 100
            items = [self.items[key] for key in keys if key in self.items]
            return orjson.dumps({"Responses": {"orders": items}, "UnprocessedKeys": {}})
        assert operation == "TransactWriteItems"
        puts = [one["Put"] for one in request["TransactItems"]]
        assert all(put["ConditionExpression"] == "attribute_not_exists(order_id)" for put in puts)
        ids = [put["Item"]["order_id"]["S"] for put in puts]
        assert len(set(ids)) == len(ids) <= 100
        codes = ["ConditionalCheckFailed" if one in self.items else "None" for one in ids]
        if self.trouble:
            codes[-1] = self.trouble.pop(0)
        if set(codes) != {"None"}:
            reasons: dict[str, Any] = {"CancellationReasons": [{"Code": code} for code in codes]}
            raise DynamoDBError("TransactionCanceledException", reasons)
        self.items.update(zip(ids, (put["Item"] for put in puts), strict=True))
        return b"{}"

    @property
    def quantities(self) -> dict[str, str]:
        return {order_id: item["quantity"]["N"] for order_id, item in self.items.items()}


def writer(table: Table) -> Writer:
    made = object.__new__(Writer)
    made._dynamodb = cast(DynamoDB, table)
    made._table = "orders"
    made._compared = sorted(COMPARED)
    made._put = b'{"Put":{"TableName":"orders","ConditionExpression":"attribute_not_exists(order_id)","Item":'
    return made


def orders(*contents: str) -> list[Order]:
    """Orders such as a:1 (base and quantity), from line 2 on."""
    made = []
    for number, content in enumerate(contents, 2):
        base, _, quantity = content.partition(":")
        item = {"quantity": {"N": quantity or "1"}, "customer_id": {"S": "7"}, "updated_ts": {"S": "now"}}
        made.append(Order(number, base, "2024-03-05", Decimal(1), orjson.dumps(item)))
    return made


def write(table: Table, *contents: str) -> tuple[int, int, list[tuple[int, str]]]:
    outcome = writer(table).write(orders(*contents))
    assert outcome.written + outcome.already + len(outcome.differing) == len(contents)
    return outcome.written, outcome.already, [(one.line, one.order_id) for one in outcome.differing]


def test_new_orders_take_one_request() -> None:
    table = Table()
    assert write(table, "a", "b") == (2, 0, [])
    assert table.calls == ["TransactWriteItems"]
    assert list(table.items) == ["a-1", "b-1"]


def test_the_same_contents_are_there_already() -> None:
    table = Table()
    write(table, "a", "c")
    assert write(table, "a", "b", "c") == (1, 2, [])
    assert list(table.items) == ["a-1", "c-1", "b-1"]
    assert table.calls.count("BatchGetItem") == 1


def test_other_contents_are_told() -> None:
    table = Table()
    write(table, "a:1", "b:1")
    assert write(table, "a:1", "b:2", "c:3") == (1, 1, [(3, "b-1")])
    assert table.quantities == {"a-1": "1", "b-1": "1", "c-1": "3"}


def test_the_attributes_that_differ_are_named() -> None:
    table = Table()
    write(table, "a:1")
    table.items["a-1"]["product_name"] = {"S": "TEA"}
    outcome = writer(table).write(orders("a:2"))
    assert outcome.differing[0].attributes == ("product_name", "quantity")


def test_numbers_and_absent_values_are_compared_by_what_they_are() -> None:
    table = Table()
    write(table, "a:100")
    table.items["a-1"] |= {
        "quantity": {"N": "1E+2"},
        "product_name": {"NULL": True},
        "stock_left": {"N": "3"},
    }
    assert write(table, "a:100") == (0, 1, [])
    table.items["a-1"]["product_name"] = {"S": ""}
    assert write(table, "a:100") == (0, 1, [])


def test_a_forgotten_customer_is_no_difference() -> None:
    table = Table()
    write(table, "a:1", "b:1", "b:2")
    for item in table.items.values():
        item["customer_id"] = {"S": "erased"}
    assert write(table, "a:1", "b:2", "b:1") == (0, 3, [])


@pytest.mark.parametrize(
    ("first", "then", "outcome", "quantities"),
    [
        # sorted otherwise
        (["a:1", "a:2"], ["a:2", "a:1"], (0, 2, []), ["1", "2"]),
        # exact duplicates stay two orders, also when the file comes again
        (["a:1", "a:1"], ["a:1", "a:1"], (0, 2, []), ["1", "1"]),
        # the whole after a part of it
        (["a:1"], ["a:2", "a:1"], (1, 1, []), ["1", "2"]),
        (["a:1"], ["a:1", "a:1"], (1, 1, []), ["1", "1"]),
        (["a:2", "a:3"], ["a:1", "a:2", "a:3", "a:4"], (2, 2, []), ["2", "3", "1", "4"]),
        # a part after the whole
        (["a:1", "a:2", "a:3"], ["a:3"], (0, 1, []), ["1", "2", "3"]),
        # a corrected copy
        (["a:1", "a:2"], ["a:1", "a:5"], (0, 1, [(3, "a-2")]), ["1", "2"]),
        (["a:1", "a:2"], ["a:5", "a:2"], (0, 1, [(2, "a-1")]), ["1", "2"]),
        (["a:1"], ["a:5", "a:6"], (0, 0, [(2, "a-1"), (3, "a-1")]), ["1"]),
        # two of the file, one of the table, and another one
        (["a:2", "a:1"], ["a:1", "a:1"], (0, 1, [(3, "a-1")]), ["2", "1"]),
    ],
)
def test_lines_that_share_an_id_are_compared_together(
    first: list[str], then: list[str], outcome: Any, quantities: list[str]
) -> None:
    table = Table()
    write(table, *first)
    assert write(table, *then) == outcome
    assert list(table.quantities.values()) == quantities


def test_more_lines_of_an_id_than_a_transaction_takes() -> None:
    table = Table()
    contents = [f"a:{n % 7 + 1}" for n in range(250)]
    assert write(table, *contents) == (250, 0, [])
    assert write(table, *reversed(contents)) == (0, 250, [])
    assert write(table, "a:9", *contents) == (1, 250, [])
    assert len(table.items) == 251


def test_numbers_go_on_behind_one_that_was_removed() -> None:
    table = Table()
    write(table, "a:1", "a:2", "a:3")
    del table.items["a-2"]
    assert write(table, "a:1", "a:3", "a:4") == (1, 2, [])
    assert table.quantities == {"a-1": "1", "a-3": "3", "a-4": "4"}


def test_a_conflict_is_tried_again() -> None:
    table = Table(["TransactionConflict", "ThrottlingError"])
    assert write(table, "a", "b") == (2, 0, [])
    assert len(table.calls) == 3


def test_a_refused_order_is_named() -> None:
    table = Table(["ValidationError"])
    with pytest.raises(SalescastError, match="order b-1: ValidationError"):
        write(table, "a", "b")


def test_endless_conflicts_end() -> None:
    table = Table(["TransactionConflict"] * 100)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.sleep", lambda seconds: None)
        with pytest.raises(SalescastError, match="another writer"):
            write(table, "a")


def test_an_outcome_is_empty_at_first() -> None:
    assert writer(Table()).write([]) == Outcome()
