"""Writing changes to the stack's Kinesis stream, as the Pipe does: partition key is the order's id."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from botocore.exceptions import ClientError

from salescast.stack.retry import ATTEMPTS, retry
from salescast.stack.stack import Stack

# Of one call (docs/aws-behaviour.md 1.9); AWS takes more bytes, the emulator and older limits 5 MiB.
MAX_ENTRIES = 500
MAX_BYTES = 5 * 1024 * 1024
MAX_KEY = 256
# A call refused for what is in it: half of it may pass.
ABOUT_RECORDS = frozenset(
    {
        "ValidationException",
        "InvalidArgumentException",
        "SerializationException",
        "RequestEntityTooLargeException",
        "413",
    }
)

T = TypeVar("T")


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
    for call in calls(fitting, lambda index: weight(changes[index].data, changes[index].order_id)):
        _put(stack, changes, call, refused)
    return refused


def calls(records: Iterable[T], size: Callable[[T], int]) -> Iterator[list[T]]:
    """Records by calls of PutRecords, in their order: at most 500 and 5 MiB; `size` says a record's bytes."""
    call, total = list[T](), 0
    for record in records:
        added = size(record)
        if call and (len(call) == MAX_ENTRIES or total + added > MAX_BYTES):
            yield call
            call, total = [], 0
        call.append(record)
        total += added
    if call:
        yield call


def weight(data: bytes, key: str) -> int:
    """Bytes that Kinesis counts for a record: its data and its partition key."""
    return len(data) + len(key.encode())


def _put(stack: Stack, changes: list[Change], call: list[int], refused: list[str | None]) -> None:
    """Write the changes of these indexes, noting in `refused` what is not taken."""
    name = stack.output("OrderStream")
    left = call

    def send() -> dict[int, str]:
        """Send what is left; index -> error code of what stays so."""
        nonlocal left
        answer = stack.kinesis.put_records(
            StreamName=name,
            Records=[{"Data": changes[i].data, "PartitionKey": changes[i].order_id} for i in left],
        )
        results = zip(left, answer["Records"], strict=True)
        codes = {index: result["ErrorCode"] for index, result in results if result.get("ErrorCode")}
        left = list(codes)
        return codes

    try:
        codes = retry(send, answer=bool)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in ABOUT_RECORDS:
            raise
        if len(left) == 1:
            refused[left[0]] = f"Kinesis refuses it: {error.response['Error'].get('Message') or code}"
            return
        middle = len(left) // 2
        _put(stack, changes, left[:middle], refused)
        _put(stack, changes, left[middle:], refused)
        return
    for index, code in codes.items():
        refused[index] = f"Kinesis refused it {ATTEMPTS} times: {code}"
