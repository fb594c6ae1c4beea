"""Iceberg tables as Athena reads them: from the metadata to the data files and the bounds of their values.

A table's entry in Glue names its metadata file; that names the snapshots, a snapshot its manifest list, that
its manifests, those the data files, each with the least and the greatest value of its columns (the format's
specification, version 2). Data files that hold no row a query asks for are left out by these bounds; they are
at least as narrow as the partition's value, so partitions need no look of their own.

Left out: delete files (the tables are copy-on-write; a table that has some is refused), renamed columns,
bounds of columns that are not text, branches and tags other than main, FOR VERSION AS OF.
"""

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlparse

from ministack.services import s3

from salescast.local.emulator.athena.bounds import Bounds
from salescast.local.emulator.athena.errors import QueryError

Json = dict[str, Any]
_LIVE = (0, 1)  # status of a manifest entry: existing, added; 2 is deleted
_DATA = 0  # content of a data file; others are delete files


@dataclass(frozen=True)
class DataFile:
    """A data file: its key in the bucket and what is known of its values."""

    bucket: str
    key: str
    bounds: Bounds


@dataclass(frozen=True)
class IcebergTable:
    """A table's metadata file, read. `objects` are (bucket, key) of all that was read to know its files."""

    metadata: Json
    location: tuple[str, str]
    _files: dict[int, list[DataFile]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Columns of the current schema: (name, Hive type)."""
        return tuple((f["name"], hive_type(f["type"])) for f in self._schema()["fields"])

    @property
    def snapshot(self) -> int | None:
        """The current snapshot, None for a table that never held a row."""
        current = self.metadata.get("current-snapshot-id")
        return None if current in (None, -1) else int(current)

    def snapshot_at(self, moment: datetime) -> int:
        """The snapshot that was current then. Raises QueryError when the table's history begins later."""
        milliseconds = moment.timestamp() * 1000
        log = [e for e in self.metadata.get("snapshot-log", []) if e["timestamp-ms"] <= milliseconds]
        if not log:
            raise QueryError(f"INVALID_ARGUMENTS: No version history table at or before {moment.isoformat()}")
        return int(log[-1]["snapshot-id"])

    def files(self, snapshot: int | None) -> list[DataFile]:
        """The data files of a snapshot. Raises QueryError for one that is not there or has delete files."""
        if snapshot is None:
            return []
        if snapshot not in self._files:
            self._files[snapshot] = list(self._read(snapshot))
        return self._files[snapshot]

    def _read(self, snapshot: int) -> Iterable[DataFile]:
        found = [s for s in self.metadata.get("snapshots", []) if s["snapshot-id"] == snapshot]
        if not found:
            raise QueryError(f"INVALID_ARGUMENTS: Iceberg snapshot ID does not exists: {snapshot}")
        names = {
            f["id"]: f["name"]
            for f in self._schema(found[0].get("schema-id"))["fields"]
            if f["type"] == "string"
        }
        for manifest in _avro(found[0]["manifest-list"]):
            if manifest.get("content", _DATA) != _DATA:
                raise QueryError("NOT_SUPPORTED: the laptop's Athena reads copy-on-write tables only")
            for entry in _avro(manifest["manifest_path"]):
                if entry["status"] in _LIVE:
                    yield _data_file(entry["data_file"], names)

    def _schema(self, schema_id: int | None = None) -> Json:
        wanted = self.metadata["current-schema-id"] if schema_id is None else schema_id
        schemas: list[Json] = self.metadata["schemas"]
        return next(schema for schema in schemas if schema["schema-id"] == wanted)


_read: dict[tuple[str, str], IcebergTable] = {}


def is_iceberg(parameters: Mapping[str, str]) -> bool:
    """Whether a table's parameters in Glue say that it is an Iceberg table."""
    return parameters.get("table_type", "").upper() == "ICEBERG"


def table(parameters: Mapping[str, str]) -> IcebergTable:
    """The Iceberg table of an entry in Glue. Raises QueryError when its metadata cannot be read."""
    place = _place(parameters.get("metadata_location", ""))
    if place not in _read:  # a metadata file never changes
        try:
            _read[place] = IcebergTable(json.loads(_object(*place)), place)
        except ValueError as error:
            raise QueryError(f"ICEBERG_INVALID_METADATA: s3://{'/'.join(place)}: {error}") from error
    return _read[place]


def hive_type(kind: str) -> str:
    """An Iceberg type as Glue and Athena call it."""
    named = {"long": "bigint", "timestamptz": "timestamp"}
    return named.get(kind, kind).replace(", ", ",")


def _data_file(data_file: Json, names: Mapping[int, str]) -> DataFile:
    if data_file.get("content", _DATA) != _DATA:
        raise QueryError("NOT_SUPPORTED: the laptop's Athena reads copy-on-write tables only")
    least, greatest = (_texts(data_file.get(f"{side}_bounds"), names) for side in ("lower", "upper"))
    bounds = tuple((column, least[column], greatest[column]) for column in least if column in greatest)
    return DataFile(*_place(data_file["file_path"]), bounds)


def _texts(bounds: list[Json] | None, names: Mapping[int, str]) -> dict[str, str]:
    return {
        names[entry["key"]]: entry["value"].decode(errors="replace")
        for entry in bounds or []
        if entry["key"] in names
    }


def _avro(url: str) -> list[Json]:
    # It is on the emulator's own path only, and nobody else reads manifests.
    import fastavro

    records: list[Json] = list(fastavro.reader(io.BytesIO(_object(*_place(url)))))
    return records


def _object(bucket: str, key: str) -> bytes:
    data: bytes | None = s3._get_object_data(bucket, key) if bucket in s3._buckets else None
    if data is None:
        raise QueryError(f"ICEBERG_MISSING_METADATA: s3://{bucket}/{key} does not exist")
    return data


def _place(url: str) -> tuple[str, str]:
    place = urlparse(url)
    return place.netloc, place.path.lstrip("/")
