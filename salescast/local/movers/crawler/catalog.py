"""What a crawler writes to the Glue Data Catalog.

Keeps (docs/aws-behaviour.md 6.3): SchemaChangePolicy's UpdateBehavior (UPDATE_IN_DATABASE, LOG), a new table
either way; partitions with the table's columns; the parameters that a crawler sets.

Leaves out: DeleteBehavior other than LOG; a partition of its own schema (InheritFromTable is what happens
here always).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from salescast.local.movers.crawler.layout import CrawledTable
from salescast.local.movers.runner import absent

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

_SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
_INPUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
_OUTPUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
_BATCH = 100  # partitions a call

Columns = Sequence[tuple[str, str]]
Partitions = dict[tuple[str, ...], dict[str, Any]]  # by their values, as Glue has them


class Catalog:
    """One database. `say` takes a line for the crawler's log."""

    def __init__(
        self, glue: GlueClient, database: str, crawler: str, update: bool, say: Callable[[str], None]
    ) -> None:
        self._glue = glue
        self._database = database
        self._crawler = crawler
        self._update = update
        self._say = say

    def partitions(self, table: str) -> Partitions | None:
        """The registered partitions by their values, None when the table does not exist."""
        if not self._exists(table):
            return None
        pages = self._glue.get_paginator("get_partitions").paginate(
            DatabaseName=self._database, TableName=table
        )  # fmt: skip
        return {tuple(item["Values"]): dict(item) for page in pages for item in page["Partitions"]}

    def write(self, table: CrawledTable, columns: Columns, rows: int) -> None:
        """Creates or updates the table, and registers its partitions."""
        registered = self.partitions(table.name)
        wanted = self._table_input(table, columns, rows)
        if registered is None:
            self._glue.create_table(DatabaseName=self._database, TableInput=wanted)
            self._say(f"INFO : Created table {table.name} in database {self._database}")
        elif self._update:
            self._glue.update_table(DatabaseName=self._database, TableInput=wanted)
            self._say(f"INFO : Updated table {table.name} in database {self._database}")
        else:
            self._say(f"INFO : Table {table.name} was left as it is: UpdateBehavior is LOG")
        if table.partition_keys:
            self._register(table, columns, registered or {})

    def _register(self, table: CrawledTable, columns: Columns, registered: Partitions) -> None:
        wanted = [self._partition_input(table, columns, values) for values in table.partitions]
        new = [partition for partition in wanted if tuple(partition["Values"]) not in registered]
        changed = []
        for partition in wanted:
            before = registered.get(tuple(partition["Values"]))
            if before is not None and self._update and _differs(before, partition):
                changed.append({"PartitionValueList": partition["Values"], "PartitionInput": partition})
        where = {"DatabaseName": self._database, "TableName": table.name}
        for batch in _batches(new):
            _check(self._glue.batch_create_partition(**where, PartitionInputList=batch).get("Errors", []))
        for batch in _batches(changed):
            _check(self._glue.batch_update_partition(**where, Entries=batch).get("Errors", []))
        self._say(f"INFO : Table {table.name}: {len(new)} partitions created, {len(changed)} updated")
        gone = registered.keys() - table.partitions.keys()
        if gone:
            self._say(
                f"INFO : Table {table.name}: {len(gone)} partitions have no files; DeleteBehavior is LOG"
            )

    def _exists(self, name: str) -> bool:
        try:
            self._glue.get_table(DatabaseName=self._database, Name=name)
        except ClientError as error:
            if absent(error):
                return False
            raise
        return True

    def _table_input(self, table: CrawledTable, columns: Columns, rows: int) -> Any:
        objects = [item for items in table.partitions.values() for item in items]
        size = sum(item.size for item in objects)
        parameters = {
            "classification": "parquet",
            "compressionType": "none",
            "typeOfData": "file",
            "objectCount": str(len(objects)),
            "sizeKey": str(size),
            "recordCount": str(rows),
            "averageRecordSize": str(size // rows if rows else 0),
            "UPDATED_BY_CRAWLER": self._crawler,
        }
        return {
            "Name": table.name,
            "Owner": "owner",
            "TableType": "EXTERNAL_TABLE",
            "Parameters": parameters,
            "PartitionKeys": [{"Name": key, "Type": "string"} for key in table.partition_keys],
            "StorageDescriptor": _storage(table.location, columns),
        }

    def _partition_input(
        self, table: CrawledTable, columns: Columns, values: tuple[str, ...]
    ) -> dict[str, Any]:
        location = table.partition_location(values)
        return {"Values": list(values), "StorageDescriptor": _storage(location, columns)}


def _batches(items: list[dict[str, Any]]) -> Iterator[Any]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]


def _check(errors: Sequence[Mapping[str, Any]]) -> None:
    for error in errors:
        if error["ErrorDetail"]["ErrorCode"] != "AlreadyExistsException":
            raise OSError(f"a partition was not written: {error['ErrorDetail']}")


def _storage(location: str, columns: Columns) -> dict[str, Any]:
    return {
        "Location": location,
        "InputFormat": _INPUT,
        "OutputFormat": _OUTPUT,
        "SerdeInfo": {"SerializationLibrary": _SERDE, "Parameters": {"serialization.format": "1"}},
        "Columns": [{"Name": name, "Type": hive} for name, hive in columns],
    }


def _differs(before: dict[str, Any], after: dict[str, Any]) -> bool:
    old, new = before.get("StorageDescriptor", {}), after["StorageDescriptor"]
    columns = [(column["Name"], column["Type"]) for column in old.get("Columns", [])]
    return old.get("Location") != new["Location"] or columns != [
        (c["Name"], c["Type"]) for c in new["Columns"]
    ]
