"""Writing changes to the stack's Kinesis stream, as the Pipe does: partition key is the order's id."""

import random
import time
from collections.abc import Iterator
from typing import NamedTuple

from botocore.exceptions import ClientError

from salescast.stack.stack import Stack

# Of one call (docs/aws-behaviour.md 1.9); AWS takes more bytes, the emulator and older limits 5 MiB.
MAX_ENTRIES = 500
MAX_BYTES = 5 * 1024 * 1024
MAX_KEY = 256
ATTEMPTS = 8
# A call refused for what is in it: half of it may pass.
ABOUT_RECORDS = ("ValidationException", "InvalidArgumentException", "SerializationException", "413")


class Change(NamedTuple):
    """A change of an order, as the Pipe writes it: JSON in bytes."""

    order_id: str
    data: bytes


def put(stack: Stack, changes: list[Change]) -> list[str | None]:
    """Write changes; says for each why it was refused in the end, None when Kinesis took it.

    Entries refused singly are sent again, with growing pauses. Raises ClientError when the stream itself
    cannot be written to (no permission, no stream).
    """
    refused: list[str | None] = [None] * len(changes)
    fitting = []
    for index, change in enumerate(changes):
        if len(change.order_id) > MAX_KEY:
            refused[index] = (
                f"the order's id is longer than a partition key of Kinesis ({MAX_KEY} characters)"
            )
        else:
            fitting.append(index)
    for call in _calls(changes, fitting):
        _put(stack, changes, call, refused)
    return refused


def _calls(changes: list[Change], indexes: list[int]) -> Iterator[list[int]]:
    call, size = list[int](), 0
    for index in indexes:
        weight = len(changes[index].data) + len(changes[index].order_id.encode())
        if call and (len(call) == MAX_ENTRIES or size + weight > MAX_BYTES):
            yield call
            call, size = [], 0
        call.append(index)
        size += weight
    if call:
        yield call


def _put(stack: Stack, changes: list[Change], call: list[int], refused: list[str | None]) -> None:
    name = stack.output("OrderStream")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            answer = stack.kinesis.put_records(
                StreamName=name,
                Records=[{"Data": changes[i].data, "PartitionKey": changes[i].order_id} for i in call],
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in ABOUT_RECORDS:
                raise
            if len(call) == 1:
                refused[call[0]] = f"Kinesis refuses it: {error.response['Error'].get('Message') or code}"
                return
            middle = len(call) // 2
            _put(stack, changes, call[:middle], refused)
            _put(stack, changes, call[middle:], refused)
            return
        results = zip(call, answer["Records"], strict=True)
        again = {index: result["ErrorCode"] for index, result in results if result.get("ErrorCode")}
        if not again:
            return
        if attempt < ATTEMPTS:
            call = list(again)
            time.sleep(random.uniform(0, min(5.0, 0.1 * 2**attempt)))
    for index, code in again.items():
        refused[index] = f"Kinesis refused it {ATTEMPTS} times: {code}"
