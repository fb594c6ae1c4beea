"""Changes as they arrived: what Firehose keeps under raw/, found by their eventID.

Firehose writes records one after another, with nothing between them.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta

from botocore.exceptions import ClientError

from salescast.integrity.failed_change import FailedChange
from salescast.stack.services.change_stream import Change
from salescast.stack.stack import Stack

RAW = "raw/"
# What nests too deeply to be read does so for more characters than this, and no change begins among them.
DEEP = 500
_GZIP = b"\x1f\x8b"
_OBJECT = re.compile(r"\{\s*\"")


class Originals:
    """The objects under raw/. `broken` are the keys of those that cannot be unpacked and were passed over."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.broken: list[str] = []

    def find(self, wanted: dict[str, datetime]) -> dict[str, Change]:
        """The changes whose eventID (mapped to their arrival) is wanted, as far as raw/ has them.

        Reads objects written from the first arrival on, oldest first, until all are there. An object lies
        under the day on which its oldest record arrived, which may be the day before.
        """
        originals: dict[str, Change] = {}
        if not wanted:
            return originals
        for key in self._keys(wanted):
            content = self._content(key)
            if any(change_id.encode() in content for change_id in wanted.keys() - originals.keys()):
                originals |= {name: change for name, change in _changes(content) if name in wanted}
            if len(originals) == len(wanted):
                break
        return originals

    def _keys(self, wanted: dict[str, datetime]) -> list[str]:
        # S3 says in whole seconds when an object was written.
        first = min(wanted.values()).replace(microsecond=0)
        days = {arrival.date() - timedelta(days=back) for arrival in wanted.values() for back in (0, 1)}
        bucket, pages = self._stack.output("Lake"), self._stack.s3.get_paginator("list_objects_v2")
        objects = [
            (summary["LastModified"], summary["Key"])
            for day in sorted(days)
            for page in pages.paginate(Bucket=bucket, Prefix=f"{RAW}{day:%Y/%m/%d}/")
            for summary in page.get("Contents", [])
            if summary["LastModified"] >= first
        ]
        return [key for _, key in sorted(objects)]

    def _content(self, key: str) -> bytes:
        """Unpacked; empty where there is nothing to be read."""
        if key in self.broken:
            return b""
        try:
            content = self._stack.s3.get_object(Bucket=self._stack.output("Lake"), Key=key)["Body"].read()
            return gzip.decompress(content) if content.startswith(_GZIP) else content
        except (EOFError, gzip.BadGzipFile, zlib.error):
            self.broken.append(key)
        except ClientError as error:
            # Its time under raw/ was over just now.
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
        return b""


def _changes(content: bytes) -> Iterator[tuple[str, Change]]:
    """eventID, order id and bytes of each change in an object; what is no change is passed over."""
    text = content.decode(errors="surrogateescape")
    decoder, position = json.JSONDecoder(), 0
    while start := _OBJECT.search(text, position):
        try:
            _, position = decoder.raw_decode(text, start.start())
        except ValueError:
            position = start.end()
            continue
        except RecursionError:
            position = start.start() + DEEP
            continue
        data = text[start.start() : position].encode(errors="surrogateescape")
        change = FailedChange.of(data, "", "", None)
        if change.change_id and change.order_id and change.data:
            yield change.change_id, Change(change.order_id, data)
