"""A DynamoDB table, read in parallel segments."""

from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, NamedTuple

import orjson

from salescast.stack.services.dynamo import DynamoDB
from salescast.stack.stack import Stack

SEGMENTS = 8
# The emulator answers one request at a time and walks the whole table for each, so segments only cost there.
LAPTOP_SEGMENTS = 1

Item = dict[str, dict[str, Any]]
"""An item as DynamoDB JSON."""


class Page(NamedTuple):
    """Items of a segment, and the key that its next page begins after; None at its end."""

    segment: int
    items: list[Item]
    last: Item | None


def segments(stack: Stack) -> int:
    """How many segments suit the stack."""
    return LAPTOP_SEGMENTS if stack.is_laptop else SEGMENTS


def pages(
    stack: Stack,
    table: str,
    attributes: tuple[str, ...] = (),
    starts: Mapping[int, Item | None] | None = None,
) -> Iterator[Page]:
    """Pages as they come, strongly consistent; a segment's next is under way while one is worked on.

    `attributes` are those that are wanted, () all. `starts` says behind which key a segment begins (None: at
    its beginning); one that is not in it is not read. Without it all are.
    """
    dynamodb, count = DynamoDB(stack), segments(stack)
    request: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
    if attributes:
        names = {f"#{index}": name for index, name in enumerate(attributes)}
        request |= {"ProjectionExpression": ",".join(names), "ExpressionAttributeNames": names}

    def page(segment: int, start: Item | None) -> Page:
        body = dict(request)
        if count > 1:
            body |= {"Segment": segment, "TotalSegments": count}
        if start:
            body["ExclusiveStartKey"] = start
        answer = orjson.loads(dynamodb.call("Scan", orjson.dumps(body)))
        return Page(segment, answer["Items"], answer.get("LastEvaluatedKey"))

    begin = dict.fromkeys(range(count)) if starts is None else starts
    with ThreadPoolExecutor(count, thread_name_prefix="scan") as pool:
        pending: set[Future[Page]] = {pool.submit(page, segment, start) for segment, start in begin.items()}
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                found = future.result()
                if found.last:
                    pending.add(pool.submit(page, found.segment, found.last))
                yield found
