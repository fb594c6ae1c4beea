"""The orders table: items, later changes, and the transactions that write them.

Transactions of up to 100 writes cost twice the write units of single ones and are several times faster; what
matters more, a cancelled one says for every write what stood in its way (CancellationReasons).
"""

import math
import random
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

import customer
from catalogue import CURRENCY
from clock import Clock
from generator_environment import Settings
from order import FORGET, REMOVE, Order, Step, timestamp
from tally import Tally

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_ACTIONS = 100  # of one TransactWriteItems: DynamoDB quota

_LANES = 4  # transactions of later changes under way at once: they are of distinct orders

Reason = dict[str, Any]
Action = dict[str, Any]
Attributes = dict[str, Any]

FAILED_CONDITION = "ConditionalCheckFailed"
_PASSING = {
    "None",
    FAILED_CONDITION,
    "TransactionConflict",
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
}
_BUSY = {
    "TransactionInProgressException",
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
}
_ATTEMPTS = 20
_LONGEST_PAUSE = 2.0


class ContentionError(RuntimeError):
    """Other writers were in the way too often. Nothing is half done: the same event may be invoked again."""


class Patience:
    """Bounded waiting for other writers and capacity: exponential pauses, full jitter, reset by progress."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0

    def progress(self) -> None:
        self._failures = 0

    def wait(self) -> None:
        """Raises ContentionError when it has been in vain too often."""
        self._failures += 1
        if self._failures >= _ATTEMPTS:
            raise ContentionError(
                f"gave up after {self._failures} attempts against other writers or throttling: "
                "invoke the same event again"
            )
        self._clock.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.01 * 2**self._failures)))


def transact(dynamodb: "DynamoDBClient", actions: Sequence[Action]) -> list[Reason] | None:
    """Write all actions or none. None: written. Else a reason for each action, in their order.

    Reasons are conditions that failed (with the item, where the action asks for it), conflicts and
    throttling; anything else raises botocore's ClientError.
    """
    try:
        dynamodb.transact_write_items(TransactItems=actions)  # type: ignore[arg-type]
    except dynamodb.exceptions.TransactionCanceledException as error:
        reasons = cast("list[Reason]", error.response["CancellationReasons"])
        if any(reason["Code"] not in _PASSING for reason in reasons):
            raise
        return reasons
    except ClientError as error:
        if error.response["Error"]["Code"] not in _BUSY:
            raise
        return [{"Code": "ThrottlingError"} for _ in actions]
    return None


def item(order: Order, seed: int, stock_left: int) -> Attributes:
    """Attribute map of the order as it is inserted: version 1, PLACED."""
    basket, product = order.basket, order.product
    placed = timestamp(basket.minute, basket.millisecond)
    name, email = customer.identity(seed, basket.customer, basket.country)
    attributes: Attributes = {
        "order_id": {"S": order.order_id},
        "version": {"N": "1"},
        "order_ts": {"S": placed},
        "updated_ts": {"S": placed},
        "status": {"S": "PLACED"},
        "invoice_id": {"S": basket.invoice_id},
        "customer_id": {"S": customer.customer_id(basket.customer)},
        "customer_name": {"S": name},
        "customer_email": {"S": email},
        "country": {"S": basket.country},
        "channel": {"S": basket.channel},
        "product_id": {"S": product.product_id},
        "product_name": {"S": product.product_name},
        "category": {"S": product.category},
        "quantity": {"N": str(order.quantity)},
        "unit_price": {"N": str(product.unit_price)},
        "currency": {"S": CURRENCY},
        "stock_left": {"N": str(stock_left)},
    }
    if order.promotion is not None:
        attributes["promotion"] = {"S": order.promotion}
        attributes["discount"] = {"N": str(order.discount)}
    if basket.test:
        attributes["test"] = {"BOOL": True}
    return attributes


def insertion(table: str, attributes: Attributes) -> Action:
    """Put of a new order; fails where the order exists."""
    return {
        "Put": {
            "TableName": table,
            "Item": attributes,
            "ConditionExpression": "attribute_not_exists(order_id)",
        }
    }


def change(table: str, order: Order, step: Step) -> Action:
    """Update or Delete for one later change; fails unless the order has the version before it."""
    operation: dict[str, Any] = {
        "TableName": table,
        "Key": {"order_id": {"S": order.order_id}},
        "ConditionExpression": "version = :expected",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    values: Attributes = {":expected": {"N": str(step.version - 1)}}
    operation["ExpressionAttributeValues"] = values
    if step.what == REMOVE:
        return {"Delete": operation}
    values[":version"] = {"N": str(step.version)}
    values[":updated"] = {"S": timestamp(order.basket.minute + step.lag, order.basket.millisecond)}
    if step.what == FORGET:
        values[":erased"] = {"S": customer.ERASED}
        operation["UpdateExpression"] = (
            "SET version = :version, updated_ts = :updated, customer_id = :erased "
            "REMOVE customer_name, customer_email"
        )
    else:
        values[":status"] = {"S": step.what}
        operation["UpdateExpression"] = "SET version = :version, updated_ts = :updated, #status = :status"
        operation["ExpressionAttributeNames"] = {"#status": "status"}
    return {"Update": operation}


@dataclass(slots=True)
class Course:
    """An order on its way to version `target`; `version` is what the table is believed to hold."""

    order: Order
    version: int
    target: int

    @property
    def step(self) -> Step:
        return self.order.life[self.version - 1]


class Orders:
    """Later changes of orders, in transactions of distinct orders."""

    def __init__(self, dynamodb: "DynamoDBClient", settings: Settings, clock: Clock, tally: Tally) -> None:
        self._dynamodb = dynamodb
        self._table = settings.orders_table
        self._clock = clock
        self._tally = tally

    def advance(self, courses: Iterable[Course]) -> int:
        """Write the changes that each order lacks up to its target, one version after the other.

        Every write is conditional on the version before it, so what the table holds decides: an order that
        is further is left alone (`repeated`), one that is not there is left out (`absent`), one that is
        behind gets the missing changes first. Returns the number of orders left when the time was over.
        """
        queue = deque(course for course in courses if course.version < course.target)
        patience = Patience(self._clock)
        with ThreadPoolExecutor(_LANES) as pool:
            while queue and self._clock.has():
                batches = [
                    [queue.popleft() for _ in range(min(MAX_ACTIONS, len(queue)))]
                    for _ in range(min(_LANES, math.ceil(len(queue) / MAX_ACTIONS)))
                ]
                moved = False
                for batch, reasons in zip(batches, pool.map(self._write, batches), strict=True):
                    if reasons is None:
                        queue.extend(course for course in batch if self._written(course))
                        moved = True
                        continue
                    queue.extend(
                        course
                        for course, reason in zip(batch, reasons, strict=True)
                        if self._open(course, reason)
                    )
                    moved = moved or any(reason["Code"] == FAILED_CONDITION for reason in reasons)
                if moved:
                    patience.progress()
                else:
                    patience.wait()
        return len(queue)

    def _write(self, batch: list[Course]) -> list[Reason] | None:
        return transact(self._dynamodb, [change(self._table, course.order, course.step) for course in batch])

    def _written(self, course: Course) -> bool:
        """Count a written change; whether more are to come."""
        if course.step.what == REMOVE:
            self._tally.removed += 1
        else:
            self._tally.changed += 1
        course.version += 1
        return course.version < course.target

    def _open(self, course: Course, reason: Reason) -> bool:
        """Whether the order still lacks its target, after a transaction that was cancelled."""
        if reason["Code"] != FAILED_CONDITION:
            return True
        stored = reason.get("Item")
        if not stored:
            self._tally.absent += 1
            return False
        course.version = int(stored["version"]["N"])
        if course.version >= course.target:
            self._tally.repeated += 1
            return False
        return True
