"""Transactions of new orders, and the pace of order dates."""

from collections.abc import Sequence
from typing import Any, cast

import orjson
import pytest

from salescast.replay.writer import Item, Writer
from salescast.stack.errors import SalescastError
from salescast.stack.services.dynamo import DynamoDB, DynamoDBError


class Table:
    """Answers TransactWriteItems as DynamoDB does."""

    def __init__(self, existing: set[str], trouble: Sequence[str] = ()) -> None:
        self.existing = existing
        self.trouble = list(trouble)
        self.calls = 0

    def call(self, operation: str, body: bytes) -> bytes:
        self.calls += 1
        assert operation == "TransactWriteItems"
        puts = [one["Put"] for one in orjson.loads(body)["TransactItems"]]
        assert all(put["ConditionExpression"] == "attribute_not_exists(order_id)" for put in puts)
        ids = [put["Item"]["order_id"]["S"] for put in puts]
        codes = ["ConditionalCheckFailed" if one in self.existing else "None" for one in ids]
        if self.trouble:
            codes[-1] = self.trouble.pop(0)
        if set(codes) != {"None"}:
            reasons: dict[str, Any] = {"CancellationReasons": [{"Code": code} for code in codes]}
            raise DynamoDBError("TransactionCanceledException", reasons)
        self.existing.update(ids)
        return b"{}"


def writer(table: Table) -> Writer:
    made = object.__new__(Writer)
    made._dynamodb = cast(DynamoDB, table)
    made._put = b'{"Put":{"TableName":"orders","ConditionExpression":"attribute_not_exists(order_id)","Item":'
    return made


def items(*ids: str) -> list[Item]:
    return [(one, orjson.dumps({"order_id": {"S": one}})) for one in ids]


def test_new_orders_take_one_request() -> None:
    table = Table(set())
    assert writer(table).write(items("a", "b")) == 2
    assert table.calls == 1


def test_existing_orders_are_left_out() -> None:
    table = Table({"a", "c"})
    assert writer(table).write(items("a", "b", "c")) == 1
    assert table.existing == {"a", "b", "c"}
    assert table.calls == 2


def test_nothing_is_written_twice() -> None:
    table = Table(set())
    assert writer(table).write(items("a", "b")) == 2
    assert writer(table).write(items("a", "b")) == 0


def test_a_conflict_is_tried_again() -> None:
    table = Table(set(), ["TransactionConflict", "ThrottlingError"])
    assert writer(table).write(items("a", "b")) == 2
    assert table.calls == 3


def test_a_refused_order_is_named() -> None:
    table = Table(set(), ["ValidationError"])
    with pytest.raises(SalescastError, match="order b: ValidationError"):
        writer(table).write(items("a", "b"))


def test_endless_conflicts_end() -> None:
    table = Table(set(), ["TransactionConflict"] * 100)
    made = writer(table)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.sleep", lambda seconds: None)
        with pytest.raises(SalescastError, match="another writer"):
            made.write(items("a"))
