"""New orders into the table: 100 per transaction, none of them over one that exists."""

from collections.abc import Iterable, Sequence

import orjson

from salescast.stack.errors import SalescastError
from salescast.stack.retry import retry
from salescast.stack.services.dynamo import DynamoDB, DynamoDBError
from salescast.stack.stack import Stack

BATCH = 100  # TransactWriteItems takes no more
EXISTS = "ConditionalCheckFailed"
PASSING = frozenset({"None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})

Item = tuple[str, bytes]
"""An order to write: its order_id and the item as DynamoDB JSON."""


class Writer:
    """Writes orders that are not there yet. Safe to use from several threads."""

    def __init__(self, stack: Stack) -> None:
        self._dynamodb = DynamoDB(stack)
        table = orjson.dumps(stack.output("OrdersTable"))
        self._put = (
            b'{"Put":{"TableName":%b,"ConditionExpression":"attribute_not_exists(order_id)","Item":' % table
        )

    def write(self, items: Sequence[Item]) -> int:
        """Write up to 100 orders in one transaction and return how many were new.

        One that exists cancels the transaction; it is left out and the others are written. Writing the same
        orders again is therefore harmless, also after an answer that was lost.
        """
        left, written = list(items), 0

        def attempt() -> list[Item]:
            """Write what is left; says what another writer keeps from being written."""
            nonlocal left, written
            while left:
                try:
                    self._dynamodb.call("TransactWriteItems", self._body(left))
                    left, written = [], len(left)
                except DynamoDBError as error:
                    new = _without_existing(left, error)
                    if len(new) == len(left):
                        break
                    left = new
            return left

        if retry(attempt, answer=bool):
            raise SalescastError(
                f"orders {left[0][0]} to {left[-1][0]} collide with another writer; run the command again"
            )
        return written

    def _body(self, items: Iterable[Item]) -> bytes:
        return b'{"TransactItems":[%b]}' % b",".join(b"%b%b}}" % (self._put, item) for _, item in items)


def _without_existing(items: Sequence[Item], error: DynamoDBError) -> list[Item]:
    """The items to offer again after a cancelled transaction. Raises SalescastError where that is in vain."""
    if error.code != "TransactionCanceledException":
        raise SalescastError(f"DynamoDB refused orders {items[0][0]} to {items[-1][0]}: {error}") from error
    reasons = error.body.get("CancellationReasons") or []
    if len(reasons) != len(items):
        raise SalescastError(f"DynamoDB cancelled a transaction without saying why: {error}") from error
    left = []
    for item, reason in zip(items, reasons, strict=True):
        code = reason.get("Code") or "None"
        if code == EXISTS:
            continue
        if code not in PASSING:
            raise SalescastError(
                f"DynamoDB refused order {item[0]}: {code} {reason.get('Message', '')}"
            ) from error
        left.append(item)
    return left
