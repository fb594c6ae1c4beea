"""AWS::Glue::Table with OpenTableFormatInput: Glue writes the table's first metadata file.

Gap closed: MiniStack ignores IcebergTableInput, so that a table declared by it has neither columns nor
metadata. Here, as in Glue, the first metadata file (format version 2) is written under the table's location,
and the entry in the catalog names it: table_type ICEBERG, metadata_location.

Left out: changes of an existing table (AWS updates schema and properties; here the deployment says that it
cannot), and everything of OpenTableFormatInput but IcebergTableInput.
"""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlparse

from ministack.services import glue, s3
from ministack.services.cloudformation import provisioners

from salescast.local.emulator import patching
from salescast.local.emulator.athena import iceberg

Json = dict[str, Any]
Created = tuple[str, Json]

_TABLE = "AWS::Glue::Table"


def apply() -> None:
    """Wrap MiniStack's handler of Glue tables."""
    for name in ("_create_table", "_tables"):
        patching.target(glue, name)
    for name in ("_put_object", "_buckets"):
        patching.target(s3, name)
    handler: Json = patching.target(provisioners, "_RESOURCE_HANDLERS")[_TABLE]
    handler["create"] = _creating(handler["create"])
    handler["update"] = _updating(handler["update"])


def _creating(original: Callable[..., Created]) -> Callable[..., Created]:
    def create(logical_id: str, properties: Json, stack_name: str) -> Created:
        declared = _declared(properties)
        if declared is None:
            return original(logical_id, properties, stack_name)
        name = str(properties.get("Name") or "")
        if not name or properties.get("TableInput"):
            raise ValueError(f"{_TABLE} with IcebergTableInput wants Name, and no TableInput")
        _create(str(properties["DatabaseName"]), name, declared)
        return name, {}

    return create


def _updating(original: Callable[..., Created]) -> Callable[..., Created]:
    def update(physical_id: str, old: Json, new: Json, *rest: Any, **more: Any) -> Created:
        declared = _declared(new)
        if declared is None:
            return original(physical_id, old, new, *rest, **more)
        if declared != _declared(old) or old.get("DatabaseName") != new.get("DatabaseName"):
            raise ValueError(
                f"the laptop changes no Iceberg table ({physical_id}) in place: salescast down, then up"
            )
        return physical_id, {}

    return update


def _declared(properties: Json) -> Json | None:
    table_input: Json | None = ((properties.get("OpenTableFormatInput") or {}).get("IcebergInput") or {}).get(
        "IcebergTableInput"
    )
    return table_input


def _create(database: str, name: str, declared: Json) -> None:
    location = str(declared["Location"]).rstrip("/")
    content = metadata(declared, location, str(uuid.uuid4()), int(time.time() * 1000))
    place = urlparse(location)
    bucket, folder = place.netloc, place.path.lstrip("/")
    if s3._buckets.get(bucket) is None:
        raise ValueError(f"the bucket of {location} does not exist")
    key = f"{folder}/metadata/00000-{uuid.uuid4()}.metadata.json"
    body = json.dumps(content).encode()
    s3._put_object(bucket, key, body, {"content-type": "application/json", "content-length": str(len(body))})
    columns = [
        {"Name": f["name"], "Type": iceberg.hive_type(f["type"]), "Comment": f.get("doc", "")}
        for f in content["schemas"][0]["fields"]
    ]
    status, _headers, answer = glue._create_table(
        {
            "DatabaseName": database,
            "TableInput": {
                "Name": name,
                "TableType": "EXTERNAL_TABLE",
                "Parameters": {"table_type": "ICEBERG", "metadata_location": f"s3://{bucket}/{key}"},
                "StorageDescriptor": {"Location": location, "Columns": columns},
            },
        }
    )
    if status >= 400:
        raise ValueError(f"{_TABLE} create failed: {answer!r}")


def metadata(declared: Json, location: str, table_uuid: str, milliseconds: int) -> Json:
    """The first metadata file of a table declared by an IcebergTableInput (format version 2)."""
    fields = [
        {
            "id": int(f["Id"]),
            "name": f["Name"],
            "required": str(f["Required"]).lower() == "true",
            "type": f["Type"].replace(",", ", ").replace(",  ", ", "),
            **({"doc": f["Doc"]} if f.get("Doc") else {}),
        }
        for f in declared["Schema"]["Fields"]
    ]
    parts = [
        {
            "source-id": int(f["SourceId"]),
            "field-id": int(f.get("FieldId", 1000 + number)),
            "transform": f["Transform"],
            "name": f["Name"],
        }
        for number, f in enumerate((declared.get("PartitionSpec") or {}).get("Fields") or [])
    ]
    sorting = [
        {
            "source-id": int(f["SourceId"]),
            "transform": f["Transform"],
            "direction": f["Direction"],
            "null-order": f["NullOrder"],
        }
        for f in (declared.get("WriteOrder") or {}).get("Fields") or []
    ]
    return {
        "format-version": 2,
        "table-uuid": table_uuid,
        "location": location,
        "last-sequence-number": 0,
        "last-updated-ms": milliseconds,
        "last-column-id": max(f["id"] for f in fields),
        "current-schema-id": 0,
        "schemas": [{"type": "struct", "schema-id": 0, "fields": fields}],
        "default-spec-id": 0,
        "partition-specs": [{"spec-id": 0, "fields": parts}],
        "last-partition-id": max((p["field-id"] for p in parts), default=999),
        "default-sort-order-id": 1 if sorting else 0,
        "sort-orders": [{"order-id": 1, "fields": sorting} if sorting else {"order-id": 0, "fields": []}],
        "properties": dict(declared.get("Properties") or {}),
        "current-snapshot-id": -1,
        "refs": {},
        "snapshots": [],
        "statistics": [],
        "partition-statistics": [],
        "snapshot-log": [],
        "metadata-log": [],
    }
