"""New orders into the table: 100 per transaction, none of them over one that exists."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

import orjson

from salescast.replay.order_line import Order
from salescast.stack.errors import SalescastError
from salescast.stack.retry import retry
from salescast.stack.services.dynamo import DynamoDB, DynamoDBError
from salescast.stack.stack import Stack

BATCH = 100  # TransactWriteItems and BatchGetItem take no more
MEMBERS = 10  # asked for at once
EXISTS = "ConditionalCheckFailed"
PASSING = frozenset({"None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
FORGOTTEN = "erased"

Item = dict[str, dict[str, Any]]
"""An item as DynamoDB JSON."""
Contents = tuple[tuple[str, Any], ...]


class Difference(NamedTuple):
    """An order that is in the table with other contents: its line, id, and the attributes that differ."""

    line: int
    order_id: str
    attributes: tuple[str, ...]


@dataclass
class Outcome:
    """What became of orders that were to be written: each is in exactly one of the three."""

    written: int = 0
    already: int = 0
    differing: list[Difference] = field(default_factory=list)


class _Offer(NamedTuple):
    """An order, and the running number of its id."""

    order: Order
    number: int

    @property
    def order_id(self) -> str:
        return self.order.order_id(self.number)


class Writer:
    """Writes orders that are not there yet. Safe to use from several threads.

    `compared`: the attributes by which an order of the table is the same as one of the file.
    """

    def __init__(self, stack: Stack, compared: Iterable[str]) -> None:
        self._dynamodb = DynamoDB(stack)
        self._table = stack.output("OrdersTable")
        self._compared = sorted(compared)
        self._put = (
            b'{"Put":{"TableName":%b,"ConditionExpression":"attribute_not_exists(order_id)","Item":'
            % orjson.dumps(self._table)
        )

    def write(self, orders: Sequence[Order]) -> Outcome:
        """Write orders that are new. All orders of a file that share a base must be among them.

        One that exists cancels its transaction; it is compared with what is there, and the others are
        written. Writing the same orders again is therefore harmless, also after an answer that was lost.
        """
        outcome = Outcome()
        numbers: dict[str, int] = {}
        offers = []
        for order in orders:
            number = numbers[order.base] = numbers.get(order.base, 0) + 1
            offers.append(_Offer(order, number))
        settled = _Settled(base for base, lines in numbers.items() if lines > 1)
        while offers:
            offers = self._offer(offers, outcome, settled)
        return outcome

    def _offer(self, offers: list[_Offer], outcome: Outcome, settled: "_Settled") -> list[_Offer]:
        """Write the first 100 orders, or settle those of them that exist; what is left is to be offered
        again.
        """
        batch = offers[:BATCH]
        existing: list[str] = []

        def attempt() -> bool:
            """Whether another writer keeps the orders from being written."""
            nonlocal existing
            try:
                self._dynamodb.call("TransactWriteItems", self._body(batch))
            except DynamoDBError as error:
                existing = _existing(batch, error)
                return not existing
            return False

        if retry(attempt, answer=bool):
            raise SalescastError(
                f"orders {batch[0].order_id} to {batch[-1].order_id} collide with another writer; "
                "run the command again"
            )
        if not existing:
            outcome.written += len(batch)
            for offer in batch if settled else ():
                if offer.order.base in settled:
                    settled.add(offer.order.base, self._contents(orjson.loads(offer.order.attributes)))
            return offers[BATCH:]
        there = self._get(existing)
        unlike = {
            offer.order.base
            for offer in batch
            if offer.order_id in there and self._differing(offer.order, there[offer.order_id])
        }
        left = [offer for offer in offers[BATCH:] if offer.order.base not in unlike]
        for offer in batch:
            if offer.order.base in unlike:
                continue
            if (item := there.get(offer.order_id)) is None:
                left.append(offer)
            else:
                outcome.already += 1
                settled.add(offer.order.base, self._contents(item))
        for base in sorted(unlike):
            same_base = [offer.order for offer in offers if offer.order.base == base]
            left += self._match(base, same_base, outcome, settled)
        return left

    def _match(self, base: str, orders: list[Order], outcome: Outcome, settled: "_Settled") -> list[_Offer]:
        """Orders of one base that do not agree with the table number by number: compare them as a whole.

        Those whose contents are there under any number are there already. The others are new when nothing of
        the table is left over, and get the next numbers; else they are other versions of what is left over.
        """
        members = self._members(base)
        taken = settled.of(base)
        unmatched = []
        for item in members:
            contents = self._contents(item)
            if taken[contents] > 0:
                taken[contents] -= 1
            else:
                unmatched.append(item)
        new = []
        for order in orders:
            same = next((item for item in unmatched if not self._differing(order, item)), None)
            if same is None:
                new.append(order)
            else:
                unmatched.remove(same)
                outcome.already += 1
                settled.add(base, self._contents(same))
        if not unmatched:
            last = int(members[-1]["order_id"]["S"].rpartition("-")[2]) if members else 0
            return [_Offer(order, number) for number, order in enumerate(new, last + 1)]
        for index, order in enumerate(new):
            other = unmatched[min(index, len(unmatched) - 1)]
            difference = Difference(order.line, other["order_id"]["S"], self._differing(order, other))
            outcome.differing.append(difference)
        return []

    def _members(self, base: str) -> list[Item]:
        """The table's orders of a base: those with the numbers from 1 on, as far as they go."""
        members: list[Item] = []
        first = 1
        while len(members) == first - 1:
            ids = [f"{base}-{number}" for number in range(first, first + MEMBERS)]
            items = self._get(ids)
            members += [items[order_id] for order_id in ids if order_id in items]
            first += MEMBERS
        return members

    def _get(self, ids: Sequence[str]) -> dict[str, Item]:
        """Items by order_id, as they are now."""
        items: dict[str, Item] = {}
        keys = [{"order_id": {"S": order_id}} for order_id in dict.fromkeys(ids)]
        while keys:
            request = {"RequestItems": {self._table: {"Keys": keys, "ConsistentRead": True}}}
            answer = orjson.loads(self._dynamodb.call("BatchGetItem", orjson.dumps(request)))
            for item in answer["Responses"].get(self._table, []):
                items[item["order_id"]["S"]] = item
            keys = (answer.get("UnprocessedKeys") or {}).get(self._table, {}).get("Keys", [])
        return items

    def _body(self, offers: Iterable[_Offer]) -> bytes:
        puts = (b"%b%b}}" % (self._put, offer.order.item(offer.number)) for offer in offers)
        return b'{"TransactItems":[%b]}' % b",".join(puts)

    def _differing(self, order: Order, item: Item) -> tuple[str, ...]:
        """The attributes that differ. That a customer was forgotten since is no difference."""
        ours = orjson.loads(order.attributes)
        differing = [name for name in self._compared if _plain(ours.get(name)) != _plain(item.get(name))]
        if item.get("customer_id") == {"S": FORGOTTEN} and "customer_id" in differing:
            differing.remove("customer_id")
        return tuple(differing)

    def _contents(self, item: Item) -> Contents:
        return tuple((name, _plain(item.get(name))) for name in self._compared)


class _Settled:
    """What one call of `write` has written or found, of the bases that more than one line has."""

    def __init__(self, bases: Iterable[str]) -> None:
        self._contents = {base: Counter[Contents]() for base in bases}

    def __bool__(self) -> bool:
        return bool(self._contents)

    def __contains__(self, base: str) -> bool:
        return base in self._contents

    def add(self, base: str, contents: Contents) -> None:
        if base in self:
            self._contents[base][contents] += 1

    def of(self, base: str) -> "Counter[Contents]":
        return Counter(self._contents.get(base, ()))


def _plain(value: dict[str, Any] | None) -> Any:
    """A value as it is compared: numbers by what they are, NULL and the empty string as absent."""
    if not value or "NULL" in value:
        return None
    if "N" in value:
        return Decimal(value["N"])
    return next(iter(value.values())) or None


def _existing(offers: Sequence[_Offer], error: DynamoDBError) -> list[str]:
    """The ids that exist, by a cancelled transaction. Raises SalescastError where trying again is in vain."""
    ids = f"{offers[0].order_id} to {offers[-1].order_id}"
    if error.code != "TransactionCanceledException":
        raise SalescastError(f"DynamoDB refused orders {ids}: {error}") from error
    reasons = error.body.get("CancellationReasons") or []
    if len(reasons) != len(offers):
        raise SalescastError(f"DynamoDB cancelled a transaction without saying why: {error}") from error
    existing = []
    for offer, reason in zip(offers, reasons, strict=True):
        code = reason.get("Code") or "None"
        if code == EXISTS:
            existing.append(offer.order_id)
        elif code not in PASSING:
            message = f"{code} {reason.get('Message', '')}"
            raise SalescastError(f"DynamoDB refused order {offer.order_id}: {message}") from error
    return existing
