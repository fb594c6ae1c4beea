"""What Firehose keeps under raw/: every record as it came, one after another with nothing between them."""

import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

import orjson
from botocore.exceptions import ClientError

from salescast.stack.stack import Stack

RAW = "raw/"
# What nests too deeply to be read does so for more characters than this, and no change begins among them.
DEEP = 500
_GZIP = b"\x1f\x8b"
_OBJECT = re.compile(r"\{\s*\"")
# Where a change of the pipe begins. Within a string the quotes would be escaped; within an image eventID
# would have an object for its value.
_BEGINNING = re.compile(rb'(?<=\})\s*(?=\{"eventID":")')


class RawObject(NamedTuple):
    """An object under raw/: when it was written, and how many bytes it has as it lies there."""

    key: str
    written: datetime
    size: int


class BrokenObjectError(ValueError):
    """It cannot be unpacked."""


def listed(stack: Stack, days: Iterable[date], since: datetime) -> list[RawObject]:
    """Objects that lie under these days and were written at `since` or later, oldest first.

    An object lies under the day on which its oldest record arrived.
    """
    bucket, pages = stack.output("Lake"), stack.s3.get_paginator("list_objects_v2")
    objects = [
        RawObject(summary["Key"], summary["LastModified"], summary.get("Size", 0))
        for day in sorted(days)
        for page in pages.paginate(Bucket=bucket, Prefix=f"{RAW}{day:%Y/%m/%d}/")
        for summary in page.get("Contents", [])
        # S3 says in whole seconds when an object was written.
        if summary["LastModified"] >= since.replace(microsecond=0)
    ]
    return sorted(objects, key=lambda item: (item.written, item.key))


def content(stack: Stack, key: str) -> bytes:
    """Unpacked; empty where the object's time was over just now. Raises BrokenObjectError."""
    try:
        packed = stack.s3.get_object(Bucket=stack.output("Lake"), Key=key)["Body"].read()
        return gzip.decompress(packed) if packed.startswith(_GZIP) else packed
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BrokenObjectError(key) from error
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        return b""


def records(content: bytes) -> Iterator[tuple[Any, bytes]]:
    """Each JSON object, read and as it lies there; what is none is passed over."""
    for piece in _BEGINNING.split(content):
        try:
            yield orjson.loads(piece), piece
        except ValueError:
            yield from _one_by_one(piece)


def _one_by_one(piece: bytes) -> Iterator[tuple[Any, bytes]]:
    """Objects among what is not one object alone."""
    text = piece.decode(errors="surrogateescape")
    decoder, position = json.JSONDecoder(), 0
    while start := _OBJECT.search(text, position):
        try:
            value, position = decoder.raw_decode(text, start.start())
        except ValueError:
            position = start.end()
            continue
        except RecursionError:
            position = start.start() + DEEP
            continue
        yield value, text[start.start() : position].encode(errors="surrogateescape")
