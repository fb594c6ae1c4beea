"""The figures of a stack that is there: what it did lately, made into a month's."""

from __future__ import annotations

import gzip
import math
from typing import TYPE_CHECKING

from salescast.cost.usage import HOURS, Usage
from salescast.stack.errors import SalescastError
from salescast.stack.services import athena

if TYPE_CHECKING:
    from salescast.stack.stack import Stack

RAW = "raw/"
RUNS = {"DISABLED": 0.0}
_COUNTED = """
SELECT count(*) AS changes,
       date_diff('second', min(change_ts), max(change_ts)) AS seconds
FROM order_changes
"""


def usage(stack: Stack, days: float | None = None) -> Usage:
    """A month at the rate of the changes that the lake has, with the size that they have under raw/.

    `days`: how long it took to write them, for a stack that was filled faster than its orders came. Raises
    SalescastError where the lake is empty.
    """
    ((changes, seconds),) = athena.run(stack, _COUNTED).rows
    if not changes:
        raise SalescastError("the lake holds no change to measure; give --changes or --orders-per-hour")
    elapsed = days * 86_400 if days else float(seconds or 0)
    if elapsed <= 0:
        raise SalescastError("the lake's changes are of one moment; say with --days how long they took")
    # The laptop's schedules are off whatever one would choose on AWS.
    parameters = {} if stack.is_laptop else stack.parameters
    return Usage(
        changes=float(changes) / elapsed * 3600 * HOURS,
        change_bytes=change_bytes(stack),
        delivery_interval=float(parameters.get("DeliveryInterval", 60)),
        job_runs=RUNS.get(parameters.get("LakeJobSchedule", ""), 30.0),
        provisioned=parameters.get("StreamMode") == "PROVISIONED",
        retention_hours=float(parameters.get("StreamRetentionHours", 168)),
    ).watched()


def change_bytes(stack: Stack) -> float:
    """Mean bytes of a change as it came, in the newest object under raw/; without one the model's own."""
    lake = stack.output("Lake")
    objects = [
        item
        for page in stack.s3.get_paginator("list_objects_v2").paginate(Bucket=lake, Prefix=RAW)
        for item in page.get("Contents", [])
    ]
    if not objects:
        return Usage(0).change_bytes
    newest = max(objects, key=lambda item: item["LastModified"])
    content = gzip.decompress(stack.s3.get_object(Bucket=lake, Key=newest["Key"])["Body"].read())
    return math.ceil(len(content) / max(1, content.count(b'"eventSourceARN"')))
