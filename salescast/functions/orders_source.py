"""Where orders are that exist already: the stack's table itself, another of its kind, or an export to S3.

A source is read place by place (a segment of the table, a file of the export). What was read of a place is
told with each page, so that a reader may go on there.
"""

import zlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

import orjson
from botocore.exceptions import ClientError

from salescast.stack.errors import SalescastError
from salescast.stack.services import table_scan
from salescast.stack.services.table_scan import Item
from salescast.stack.stack import Stack

READ_BYTES = 1024 * 1024
PAGE_ITEMS = 2000
DONE = True
Position = Item | bool
"""The key behind which a place is still to be read, or DONE."""


class Page(NamedTuple):
    """Items, the place they are of, and what is read of it with them."""

    place: str
    items: list[Item]
    position: Position | None


class Source(Protocol):
    """Orders as DynamoDB JSON. `identity` tells one source from another, `total` how many items it has."""

    identity: str
    total: int | None

    def pages(self, read: Mapping[str, Position]) -> Iterator[Page]:
        """All pages but those that `read` (place: position) says were read."""
        ...


class TableSource:
    """The orders table, or another by its name or ARN, strongly consistent, in parallel segments."""

    def __init__(self, stack: Stack, table: str | None = None) -> None:
        """Raises SalescastError for a table that is not there."""
        self._stack, self._table = stack, table or stack.output("OrdersTable")
        try:
            described = stack.dynamodb.describe_table(TableName=self._table)["Table"]
        except stack.dynamodb.exceptions.ResourceNotFoundException as error:
            raise SalescastError(f"--table: there is no table {self._table} in {stack.region}") from error
        identity = described.get("TableId") or described["CreationDateTime"].isoformat()
        # Keys behind which to go on are those of so many segments.
        self.identity = f"{identity}-{table_scan.segments(stack)}"
        # Up to six hours old.
        self.total: int | None = described.get("ItemCount") or None

    def pages(self, read: Mapping[str, Position]) -> Iterator[Page]:
        starts: dict[int, Item | None] = {}
        for segment in range(table_scan.segments(self._stack)):
            position = read.get(str(segment))
            if position is not DONE:
                starts[segment] = position if isinstance(position, dict) else None
        for page in table_scan.pages(self._stack, self._table, starts=starts):
            yield Page(str(page.segment), page.items, page.last or DONE)


class ExportSource:
    """A full export of a table to S3 in DynamoDB JSON, named by the folder of its manifest.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
    """

    def __init__(self, stack: Stack, url: str) -> None:
        """Raises SalescastError for what is no such export."""
        scheme, _, path = url.partition("://")
        self._bucket, _, folder = path.partition("/")
        if scheme != "s3" or not folder:
            raise SalescastError(f"--export {url!r} is no folder such as s3://BUCKET/AWSDynamoDB/ID")
        self._stack, self._folder = stack, folder.rstrip("/")
        summary = self._manifest("manifest-summary.json")
        for name, wanted in (("outputFormat", "DYNAMODB_JSON"), ("exportType", "FULL_EXPORT")):
            if summary.get(name, wanted) != wanted:
                raise SalescastError(f"the export {url} has {name} {summary[name]}, and {wanted} can be read")
        self.identity = str(summary.get("exportArn") or url).replace("/", "-").replace(":", "-")
        self.total: int | None = int(summary["itemCount"])

    def pages(self, read: Mapping[str, Position]) -> Iterator[Page]:
        """Raises SalescastError for a file that does not hold what the manifest says."""
        for line in self._read("manifest-files.json").splitlines():
            file = orjson.loads(line)
            if read.get(file["dataFileS3Key"]) is not DONE:
                yield from self._items(file["dataFileS3Key"], int(file["itemCount"]))

    def _items(self, key: str, expected: int) -> Iterator[Page]:
        items: list[Item] = []
        count = 0
        try:
            for line in self._lines(key):
                items.append(orjson.loads(line)["Item"])
                count += 1
                if len(items) == PAGE_ITEMS:
                    yield Page(key, items, None)
                    items = []
        except (zlib.error, orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise SalescastError(
                f"s3://{self._bucket}/{key} is damaged at item {count + 1}: {error}"
            ) from error
        if count != expected:
            raise SalescastError(f"s3://{self._bucket}/{key} has {count} items, its manifest says {expected}")
        yield Page(key, items, DONE)

    def _lines(self, key: str) -> Iterator[bytes]:
        body = self._get(key)
        unpacked, rest = zlib.decompressobj(wbits=31), b""
        for chunk in body.iter_chunks(READ_BYTES):
            *lines, rest = (rest + unpacked.decompress(chunk)).split(b"\n")
            yield from filter(None, lines)
        if rest:
            yield rest
        if not unpacked.eof:
            raise zlib.error("it is cut off")

    def _manifest(self, name: str) -> dict[str, Any]:
        try:
            found = orjson.loads(self._read(name))
        except orjson.JSONDecodeError as error:
            raise SalescastError(f"s3://{self._bucket}/{self._folder}/{name} is no JSON: {error}") from error
        return dict(found)

    def _read(self, name: str) -> bytes:
        content: bytes = self._get(f"{self._folder}/{name}").read()
        return content

    def _get(self, key: str) -> Any:
        try:
            return self._stack.s3.get_object(Bucket=self._bucket, Key=key)["Body"]
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise SalescastError(f"s3://{self._bucket}/{key} cannot be read: {code}") from error
