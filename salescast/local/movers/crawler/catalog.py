"""What a crawler writes to the Glue Data Catalog.

Keeps (docs/aws-behaviour.md 6.3): SchemaChangePolicy's UpdateBehavior (UPDATE_IN_DATABASE, LOG), a new table
either way; partitions with the table's columns; the parameters that a crawler sets.

Leaves out: DeleteBehavior other than LOG; a partition of its own schema (InheritFromTable is what happens
here always).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from salescast.local.movers.crawler.layout import Found
from salescast.local.movers.runner import absent

_SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
_INPUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
_OUTPUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
_BATCH = 100  # partitions a call

Columns = Sequence[tuple[str, str]]


class Catalog:
    """One database. `say` takes a line for the crawler's log."""

    def __init__(
        self, glue: Any, database: str, crawler: str, update: bool, say: Callable[[str], None]
    ) -> None:
        self._glue = glue
        self._database = database
        self._crawler = crawler
        self._update = update
        self._say = say

    def partitions(self, table: str) -> dict[tuple[str, ...], dict[str, Any]] | None:
        """The registered partitions by their values, None when the table does not exist."""
        if self._table(table) is None:
            return None
        pages = self._glue.get_paginator("get_partitions").paginate(
            DatabaseName=self._database, TableName=table
        )  # fmt: skip
        return {tuple(item["Values"]): item for page in pages for item in page["Partitions"]}

    def write(self, found: Found, columns: Columns, rows: int) -> None:
        """Creates or updates the table, and registers its partitions."""
        known = self.partitions(found.name)
        wanted = self._table_input(found, columns, rows)
        if known is None:
            self._glue.create_table(DatabaseName=self._database, TableInput=wanted)
            self._say(f"INFO : Created table {found.name} in database {self._database}")
        elif self._update:
            self._glue.update_table(DatabaseName=self._database, TableInput=wanted)
            self._say(f"INFO : Updated table {found.name} in database {self._database}")
        else:
            self._say(f"INFO : Table {found.name} was left as it is: UpdateBehavior is LOG")
        if found.partition_keys:
            self._register(found, columns, known or {})

    def _register(self, found: Found, columns: Columns, known: dict[tuple[str, ...], dict[str, Any]]) -> None:
        wanted = [self._partition_input(found, columns, values) for values in found.partitions]
        new = [partition for partition in wanted if tuple(partition["Values"]) not in known]
        changed = []
        for partition in wanted:
            before = known.get(tuple(partition["Values"]))
            if before is not None and self._update and _differs(before, partition):
                changed.append({"PartitionValueList": partition["Values"], "PartitionInput": partition})
        where = {"DatabaseName": self._database, "TableName": found.name}
        for some in _batches(new):
            _check(self._glue.batch_create_partition(**where, PartitionInputList=some))
        for some in _batches(changed):
            _check(self._glue.batch_update_partition(**where, Entries=some))
        self._say(f"INFO : Table {found.name}: {len(new)} partitions created, {len(changed)} updated")
        gone = known.keys() - found.partitions.keys()
        if gone:
            self._say(
                f"INFO : Table {found.name}: {len(gone)} partitions have no files; DeleteBehavior is LOG"
            )

    def _table(self, name: str) -> dict[str, Any] | None:
        try:
            table: dict[str, Any] = self._glue.get_table(DatabaseName=self._database, Name=name)["Table"]
            return table
        except ClientError as error:
            if absent(error):
                return None
            raise

    def _table_input(self, found: Found, columns: Columns, rows: int) -> dict[str, Any]:
        objects = [item for items in found.partitions.values() for item in items]
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
            "Name": found.name,
            "Owner": "owner",
            "TableType": "EXTERNAL_TABLE",
            "Parameters": parameters,
            "PartitionKeys": [{"Name": key, "Type": "string"} for key in found.partition_keys],
            "StorageDescriptor": _storage(found.location, columns),
        }

    def _partition_input(self, found: Found, columns: Columns, values: tuple[str, ...]) -> dict[str, Any]:
        location = found.partition_location(values)
        return {"Values": list(values), "StorageDescriptor": _storage(location, columns)}


def _batches(items: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]


def _check(answer: dict[str, Any]) -> None:
    for error in answer.get("Errors", []):
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
