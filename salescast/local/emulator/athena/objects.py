"""The objects of a table by partition, and copies of them that DuckDB can read.

MiniStack keeps objects in memory. Each is written once to a file, named by key and ETag, in a folder that
says its partition, and stays there for later queries.
"""

import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlparse

from ministack.services import glue, s3

from salescast.local.emulator.athena import iceberg, partition_projection
from salescast.local.emulator.athena.bounds import Bounds
from salescast.local.emulator.athena.catalog import Table
from salescast.local.emulator.athena.errors import QueryError

# How Hive, and so DuckDB, writes NULL as a folder's value.
NULL_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class StoredObject:
    """An object of the lake; size in bytes."""

    bucket: str
    key: str
    etag: str
    size: int


@dataclass(frozen=True)
class Partition:
    """The values of the partition keys, in their order, and the objects that lie there.

    Of an Iceberg table every data file is one, without values, with the bounds of its text columns.
    """

    values: tuple[str, ...]
    objects: tuple[StoredObject, ...]
    bounds: Bounds = ()


def projected(table: Table) -> bool:
    """Whether partition projection is on."""
    return partition_projection.enabled(table.parameters)


def partitions(table: Table, now: datetime) -> list[Partition]:
    """The table's partitions that hold objects, as Athena sees them.

    Projected tables know those in the projected range, whatever is registered; others the registered ones; a
    table without partition keys has one. Raises QueryError for projection properties that make no sense.
    """
    if iceberg.is_iceberg(table.parameters):
        return _data_files(table)
    if not table.keys:
        return _grouped([((), item) for item in _under(table.location)])
    if projected(table):
        return _projected(table, now)
    registered: list[dict[str, Any]] = glue._partitions.get(f"{table.database}/{table.name}") or []
    return _grouped(
        [
            (tuple(str(value) for value in partition.get("Values") or []), item)
            for partition in registered
            for item in _under(str((partition.get("StorageDescriptor") or {}).get("Location") or ""))
        ]
    )


def local_file(table: Table, partition: Partition, item: StoredObject, folder: Path) -> Path | None:
    """The copy of an object under `folder`, made now if need be; None if the object has gone meanwhile."""
    digest = hashlib.sha256(f"{item.key}\n{item.etag}".encode()).hexdigest()[:32]
    path = partition_folder(
        folder / _safe(item.bucket) / _safe(f"{table.database}.{table.name}"), table, partition.values
    )
    path = path / f"{digest}.{_safe(table.format)}"
    if not path.exists():
        data = s3._get_object_data(item.bucket, item.key)
        if data is None:
            return None
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{digest}.{os.urandom(4).hex()}")
        unfinished.write_bytes(data)
        unfinished.replace(path)
    return path


def partition_folder(folder: Path, table: Table, values: tuple[str, ...]) -> Path:
    """`folder`/key=value/... for the table's partition keys."""
    for (key, _), value in zip(table.keys, values, strict=True):
        folder = folder / f"{_safe(key)}={_safe(value)}"
    return folder


def _safe(name: str) -> str:
    return quote(name, safe="")


def _projected(table: Table, now: datetime) -> list[Partition]:
    keys = [key for key, _ in table.keys]
    try:
        pattern = partition_projection.location_pattern(table.parameters, table.location, keys)
        contains = [
            partition_projection.membership(table.parameters, key, now.astimezone(UTC)) for key in keys
        ]
    except partition_projection.ProjectionError as error:
        raise QueryError(f"HIVE_METASTORE_ERROR: {table.database}.{table.name}: {error}") from error
    template = table.parameters.get("storage.location.template", table.location)
    in_range: dict[tuple[str, ...], bool] = {}
    placed = []
    for item in _under(template.split("${")[0], whole_folder=False):
        match = pattern.match(f"s3://{item.bucket}/{item.key}")
        if match is None:
            continue
        values = tuple(match.group(f"p{index}") for index in range(len(keys)))
        if values not in in_range:
            in_range[values] = all(test(value) for test, value in zip(contains, values, strict=True))
        if in_range[values]:
            placed.append((values, item))
    return _grouped(placed)


def _data_files(table: Table) -> list[Partition]:
    source = iceberg.table(table.parameters)
    partitions = []
    snapshot = source.snapshot_at(table.moment) if table.moment else source.snapshot
    for file in source.files(snapshot):
        record = s3._buckets.get(file.bucket, {}).get("objects", {}).get(file.key)
        if record is None:
            raise QueryError(f"ICEBERG_CANNOT_OPEN_SPLIT: s3://{file.bucket}/{file.key} does not exist")
        found = StoredObject(file.bucket, file.key, str(record["etag"]), int(record["size"]))
        partitions.append(Partition((), (found,), file.bounds))
    return partitions


def _grouped(placed: list[tuple[tuple[str, ...], StoredObject]]) -> list[Partition]:
    groups: dict[tuple[str, ...], list[StoredObject]] = {}
    for values, item in placed:
        groups.setdefault(values, []).append(item)
    return [Partition(values, tuple(objects)) for values, objects in sorted(groups.items())]


def _under(location: str, whole_folder: bool = True) -> list[StoredObject]:
    """Objects under an s3:// location, without those that Hive skips (names that start with _ or .)."""
    place = urlparse(location)
    bucket, prefix = place.netloc, place.path.lstrip("/")
    if whole_folder and prefix and not prefix.endswith("/"):
        prefix += "/"
    stored = s3._buckets.get(bucket)
    if stored is None:
        return []
    return [
        StoredObject(bucket, key, str(record["etag"]), int(record["size"]))
        for key, record in list(stored["objects"].items())
        if key.startswith(prefix) and not key.endswith("/") and not _hidden(key[len(prefix) :])
    ]


def _hidden(relative: str) -> bool:
    return any(part.startswith(("_", ".")) for part in relative.split("/"))
