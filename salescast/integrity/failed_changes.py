"""The one reader of failed changes: those under errors/ and those in the dead-letter queue.

`salescast reconcile` counts them and looks them up, `salescast redrive` delivers and settles them.
"""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field

from salescast.integrity import error_objects
from salescast.integrity.dead_letter_queue import DeadLetter, DeadLetterQueue
from salescast.integrity.error_objects import ErrorObject
from salescast.integrity.failed_change import Chosen, FailedChange, FailedOrder, everything
from salescast.integrity.originals import Originals
from salescast.stack.stack import Stack

# Who only looks hides messages from others for this long at the most, should it be killed.
PEEK_SECONDS = 30

Holder = ErrorObject | DeadLetter
"""What holds failed changes, and can be told which of them are settled."""


def holders(
    stack: Stack, chosen: Chosen = everything, hidden_seconds: int = PEEK_SECONDS
) -> Generator[Holder, None, None]:
    """Error objects, then dead letters, with those of their changes that are chosen.

    Changes that fail while this is read are not among them. Close it to show the messages to others again.
    Raises ClientError when S3, SQS or the table's stream refuse altogether, never for what an object or a
    message holds.
    """
    for key in list(error_objects.keys(stack)):
        error_object = error_objects.read(stack, key, chosen)
        if error_object and error_object.changes:
            yield error_object
    with DeadLetterQueue(stack, hidden_seconds) as queue:
        yield from queue.letters(chosen)


@dataclass
class Tally:
    """What failed. `changes` holds (order_id, version), `ids` the change ids, `removals` the ids of orders
    whose removal failed, `inserts` the version of those whose insert did.

    `records` counts all of it, also the `unreadable`: what names no order, or no version, or is gone from the
    table's stream.
    """

    records: int = 0
    unreadable: int = 0
    changes: set[tuple[str, int]] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    removals: set[str] = field(default_factory=set)
    inserts: dict[str, int] = field(default_factory=dict)
    orders: set[str] = field(default_factory=set)

    def add(self, change: FailedChange) -> None:
        self.records += 1
        self.ids |= change.change_ids
        readable = [self._add(order) for order in change.orders]
        self.unreadable += not readable or not all(readable)

    def _add(self, order: FailedOrder) -> bool:
        """Whether the change says of the order what there is to say."""
        if order.order_id is None:
            return False
        self.orders.add(order.order_id)
        if order.removal:
            self.removals.add(order.order_id)
            return True
        if order.version is None:
            return False
        self.changes.add((order.order_id, order.version))
        if order.kind == "INSERT":
            self.inserts[order.order_id] = order.version
        return True


def tally(stack: Stack) -> Tally:
    """Everything that failed and is still kept."""
    result = Tally()
    with closing(holders(stack)) as kept:
        changes = [change for holder in kept for change in holder.changes]
    # What a row says of itself is what the transformer made of the change.
    originals = Originals(stack).numbered(changes)
    for change in changes:
        result.add(originals.get(change, change))
    return result
