"""Changes as they arrived: what Firehose keeps under raw/, found by their eventID.

Firehose writes records one after another, with nothing between them.
"""

import gzip
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from salescast.stack.stack import Stack

RAW = "raw/"
_GZIP = b"\x1f\x8b"
_OBJECT = re.compile(r"\{\s*\"")


def find(stack: Stack, wanted: dict[str, datetime]) -> dict[str, tuple[str, bytes]]:
    """Order id and bytes of the changes whose eventID (mapped to their arrival) is wanted, as far as found.

    Reads objects written from the first arrival on, oldest first, until all are found. An object lies under
    the day on which its oldest record arrived, which may be the day before.
    """
    found: dict[str, tuple[str, bytes]] = {}
    if not wanted:
        return found
    # S3 says in whole seconds when an object was written.
    first = min(wanted.values()).replace(microsecond=0)
    days = {arrival.date() - timedelta(days=back) for arrival in wanted.values() for back in (0, 1)}
    bucket, pages = stack.output("Lake"), stack.s3.get_paginator("list_objects_v2")
    objects = [
        (one["LastModified"], one["Key"])
        for day in sorted(days)
        for page in pages.paginate(Bucket=bucket, Prefix=f"{RAW}{day:%Y/%m/%d}/")
        for one in page.get("Contents", [])
        if one["LastModified"] >= first
    ]
    for _, key in sorted(objects):
        content = stack.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        content = gzip.decompress(content) if content.startswith(_GZIP) else content
        if any(name.encode() in content for name in wanted.keys() - found.keys()):
            found |= {name: (order, data) for name, order, data in _changes(content) if name in wanted}
        if len(found) == len(wanted):
            break
    return found


def _changes(content: bytes) -> Iterator[tuple[str, str, bytes]]:
    """eventID, order id and bytes of each change in an object; what is no change is passed over."""
    text = content.decode(errors="surrogateescape")
    decoder, position = json.JSONDecoder(), 0
    while start := _OBJECT.search(text, position):
        try:
            value, position = decoder.raw_decode(text, start.start())
        except ValueError:
            position = start.end()
            continue
        named = _names(value)
        if named:
            yield *named, text[start.start() : position].encode(errors="surrogateescape")


def _names(value: Any) -> tuple[str, str] | None:
    try:
        return str(value["eventID"]), str(value["dynamodb"]["Keys"]["order_id"]["S"])
    except (KeyError, TypeError):
        return None
