"""Statements that write: views, tables from queries, UNLOAD and INSERT, under the caller's rights.

Files are Parquet. Left out: other formats, buckets, INSERT into Iceberg tables and into partitioned or
projected ones, ALTER but for SET TBLPROPERTIES, MSCK, MERGE, UPDATE and DELETE: refused by name.
"""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlparse

from ministack.services import athena as ministack_athena
from ministack.services import glue, s3

from salescast.local.emulator.athena import iceberg, partition_projection
from salescast.local.emulator.athena.catalog import Require, database_arns, table_arns
from salescast.local.emulator.athena.errors import QueryError
from salescast.local.emulator.athena.sql.kinds import Kind
from salescast.local.emulator.athena.statements.names import NAME, PART, plain, split
from salescast.local.emulator.athena.views import View, encode

_WITH = r"(?:\s+WITH\s*\((?P<properties>(?:[^()']|'[^']*'|\([^()]*\))*)\))?"
_CREATE_VIEW = re.compile(
    rf"CREATE\s+(?P<replace>OR\s+REPLACE\s+)?(?:PROTECTED\s+)?VIEW\s+(?P<name>{NAME})\s+AS\s+(?P<query>.+)",
    re.IGNORECASE | re.DOTALL,
)
_DROP = re.compile(
    rf"DROP\s+(?P<what>VIEW|TABLE)\s+(?P<exists>IF\s+EXISTS\s+)?(?P<name>{NAME})", re.IGNORECASE
)
_CTAS = re.compile(
    rf"CREATE\s+TABLE\s+(?P<exists>IF\s+NOT\s+EXISTS\s+)?(?P<name>{NAME}){_WITH}\s+AS\s+(?P<query>.+?)"
    r"(?P<empty>\s+WITH\s+NO\s+DATA)?(?:\s+WITH\s+DATA)?",
    re.IGNORECASE | re.DOTALL,
)
_UNLOAD = re.compile(
    rf"UNLOAD\s*\((?P<query>.+)\)\s*TO\s+'(?P<location>s3://[^']+)'{_WITH}", re.IGNORECASE | re.DOTALL
)
_ALTER = re.compile(
    rf"ALTER\s+TABLE\s+(?P<name>{NAME})\s+SET\s+TBLPROPERTIES\s*\((?P<properties>.*)\)",
    re.IGNORECASE | re.DOTALL,
)
_PAIR = re.compile(r"'([^']+)'\s*=\s*'([^']*)'")
_INSERT = re.compile(
    rf"INSERT\s+INTO\s+(?P<name>{NAME})(?:\s*\((?P<columns>[^()]*)\))?\s+(?P<query>(?:SELECT|WITH|VALUES|\().+)",
    re.IGNORECASE | re.DOTALL,
)
_SCHEMA = re.compile(
    rf"CREATE\s+(?:SCHEMA|DATABASE)\s+(?P<exists>IF\s+NOT\s+EXISTS\s+)?(?P<name>{PART})", re.IGNORECASE
)
_TABLE_PROPERTIES = {
    "format",
    "external_location",
    "location",
    "partitioned_by",
    "write_compression",
    "parquet_compression",
    "table_type",
    "is_external",
}
_PROPERTY = re.compile(r"(?P<key>\w+)\s*=\s*(?:'(?P<text>[^']*)'|ARRAY\s*\[(?P<list>[^\]]*)\]|(?P<word>\w+))")
_HIVE = {"varchar": "string", "integer": "int", "real": "float", "varbinary": "binary"}
_SERDE = "org.apache.hadoop.hive.ql.io.parquet"


Files = list[tuple[tuple[str, ...], bytes]]
"""Parquet files, each with the values of the partition keys."""


@dataclass
class Selected:
    """A query that is ready to be written: names and kinds of its columns, and how to write its rows.

    `write(columns, keys, compression)` gives the files, their columns so named.
    """

    columns: tuple[str, ...]
    kinds: tuple[Kind, ...]
    write: Callable[[list[str], list[str], str], Files]


@dataclass
class Written:
    """What a statement wrote: the objects, and its type as Athena reports it."""

    kind: str
    objects: list[str] = field(default_factory=list)
    scanned: int = 0


Select = Callable[[str], Selected]


def answer(sql: str, database: str, output: str, select: Select, require: Require) -> Written | None:
    """Run a statement that writes; None for any other.

    `output` is where tables without a place of their own go; `select(sql)` readies a query.
    Raises QueryError.
    """
    for pattern, act in _ACTS:
        match = pattern.fullmatch(sql)
        if match:
            return act(match, database, output, select, require)
    ddl = ministack_athena._parse_ddl(sql)
    if isinstance(ddl, ministack_athena._CreateTable) and not ddl.iceberg:
        place = (ddl.database or database).lower()
        require("glue:CreateTable", *table_arns(place, ddl.table.lower()))
        try:
            ministack_athena._run_ddl(ddl, place)
        except ValueError as error:
            raise QueryError(f"FAILED: {error}") from error
        return Written("CREATE_TABLE")
    return None


def _create_view(match: re.Match[str], database: str, _: str, select: Select, require: Require) -> Written:
    place, name = split(match["name"], database)
    selected = select(match["query"])
    existing = _existing(place, name)
    require("glue:UpdateTable" if existing else "glue:CreateTable", *table_arns(place, name))
    if existing is not None and (not match["replace"] or existing.get("TableType") != "VIRTUAL_VIEW"):
        raise QueryError(
            f"TABLE_ALREADY_EXISTS: line 1:1: Table 'awsdatacatalog.{place}.{name}' already exists"
        )
    columns = tuple(
        (column, str(kind)) for column, kind in zip(selected.columns, selected.kinds, strict=True)
    )
    text = encode(View(match["query"].strip(), "awsdatacatalog", database, columns))
    table = {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "PartitionKeys": [],
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewOriginalText": text,
        "ViewExpandedText": "/* Presto View */",
        "StorageDescriptor": {"SerdeInfo": {}, "Columns": _hive_columns(selected)},
    }
    _glue("_update_table" if existing else "_create_table", DatabaseName=place, TableInput=table)
    return Written("CREATE_VIEW")


def _drop(match: re.Match[str], database: str, _: str, __: Select, require: Require) -> Written:
    place, name = split(match["name"], database)
    require("glue:GetTable", *table_arns(place, name))
    existing = _existing(place, name)
    what = match["what"].upper()
    is_view = existing is not None and existing.get("TableType") == "VIRTUAL_VIEW"
    if existing is None or is_view != (what == "VIEW"):
        if match["exists"] and existing is None:
            return Written(f"DROP_{what}")
        kind = "View" if what == "VIEW" else "Table"
        raise QueryError(f"TABLE_NOT_FOUND: line 1:1: {kind} 'awsdatacatalog.{place}.{name}' does not exist")
    require("glue:DeleteTable", *table_arns(place, name))
    _glue("_delete_table", DatabaseName=place, Name=name)
    return Written(f"DROP_{what}")


def _set_properties(match: re.Match[str], database: str, _: str, __: Select, require: Require) -> Written:
    place, name = split(match["name"], database)
    table = _existing(place, name)
    if table is None:
        raise QueryError(f"TABLE_NOT_FOUND: line 1:1: Table 'awsdatacatalog.{place}.{name}' does not exist")
    require("glue:UpdateTable", *table_arns(place, name))
    table["Parameters"] = (table.get("Parameters") or {}) | dict(_PAIR.findall(match["properties"]))
    return Written("ALTER_TABLE")


def _create_schema(match: re.Match[str], _: str, __: str, ___: Select, require: Require) -> Written:
    name = plain(match["name"])
    require("glue:CreateDatabase", *database_arns(name))
    if name in glue._databases:
        if match["exists"]:
            return Written("CREATE_DATABASE")
        raise QueryError(f"FAILED: Database {name} already exists")
    _glue("_create_database", DatabaseInput={"Name": name})
    return Written("CREATE_DATABASE")


def _ctas(match: re.Match[str], database: str, output: str, select: Select, require: Require) -> Written:
    place, name = split(match["name"], database)
    if _existing(place, name) is not None:
        if match["exists"]:
            return Written("CREATE_TABLE_AS_SELECT")
        raise QueryError(
            f"TABLE_ALREADY_EXISTS: line 1:1: Table 'awsdatacatalog.{place}.{name}' already exists"
        )
    properties = _properties(match["properties"], _TABLE_PROPERTIES)
    if str(properties.get("table_type", "hive")).lower() != "hive":
        raise QueryError("NOT_SUPPORTED: the laptop's Athena makes tables of table_type HIVE only")
    selected = select(match["query"])
    require("glue:CreateTable", *table_arns(place, name))
    keys = [plain(key) for key in properties.get("partitioned_by", [])]
    given = properties.get("external_location") or properties.get("location")
    location = str(given or f"{output}tables/{uuid.uuid4()}").rstrip("/") + "/"
    written = Written("CREATE_TABLE_AS_SELECT")
    files = [] if match["empty"] else _files(selected, keys, properties)
    if _under(location):
        raise QueryError(
            f"HIVE_PATH_ALREADY_EXISTS: Target directory for table '{place}.{name}' already exists: "
            f"{location}"
        )
    partitions = _put(files, keys, location, written, require)
    columns = [column for column in _hive_columns(selected) if column["Name"] not in keys]
    table = {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [column for column in _hive_columns(selected) if column["Name"] in keys],
        "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet", "has_encrypted_data": "false"},
        "StorageDescriptor": _storage(location, columns),
    }
    _glue("_create_table", DatabaseName=place, TableInput=table)
    if keys:
        require("glue:BatchCreatePartition", *table_arns(place, name))
        entries = [
            {"Values": list(values), "StorageDescriptor": _storage(folder, columns)}
            for values, folder in partitions.items()
        ]
        _glue("_batch_create_partition", DatabaseName=place, TableName=name, PartitionInputList=entries)
    return written


def _unload(match: re.Match[str], _: str, __: str, select: Select, require: Require) -> Written:
    properties = _properties(match["properties"], {"format", "compression", "partitioned_by"})
    if "format" not in properties:
        raise QueryError("SYNTAX_ERROR: line 1:1: UNLOAD wants a format: WITH (format = 'PARQUET')")
    selected = select(match["query"])
    location = match["location"].rstrip("/") + "/"
    if _under(location):
        raise QueryError(f"HIVE_PATH_ALREADY_EXISTS: Target directory '{location}' for UNLOAD is not empty")
    keys = [plain(key) for key in properties.get("partitioned_by", [])]
    written = Written("UNLOAD")
    _put(_files(selected, keys, properties), keys, location, written, require)
    return written


def _insert(match: re.Match[str], database: str, _: str, select: Select, require: Require) -> Written:
    place, name = split(match["name"], database)
    require("glue:GetTable", *table_arns(place, name))
    table = _existing(place, name)
    if table is None:
        raise QueryError(f"TABLE_NOT_FOUND: line 1:1: Table 'awsdatacatalog.{place}.{name}' does not exist")
    parameters = table.get("Parameters") or {}
    of_parquet = ministack_athena._data_format(table) == "parquet"
    plainly = not (iceberg.is_iceberg(parameters) or partition_projection.enabled(parameters))
    if (
        table.get("TableType") == "VIRTUAL_VIEW"
        or not of_parquet
        or not plainly
        or table.get("PartitionKeys")
    ):
        raise QueryError(
            "NOT_SUPPORTED: the laptop's Athena inserts into Parquet tables without partitions only"
        )
    declared = [str(column["Name"]).lower() for column in table["StorageDescriptor"]["Columns"]]
    named = [plain(column) for column in (match["columns"] or ",".join(declared)).split(",")]
    selected = select(match["query"])
    if len(named) != len(selected.columns) or set(named) - set(declared):
        raise QueryError(f"TYPE_MISMATCH: line 1:1: Insert query has mismatched column types: {named}")
    types = {str(c["Name"]).lower(): str(c["Type"]) for c in table["StorageDescriptor"]["Columns"]}
    for column, kind in zip(named, selected.kinds, strict=True):
        if _hive(kind) != types[column] and not (kind.name in _NUMBERS and types[column] in _NUMBERS):
            raise QueryError(
                f"TYPE_MISMATCH: line 1:1: Insert query has mismatched column types: column '{column}' is "
                f"{types[column]}, not {kind}; cast it"
            )
    renamed = Selected(tuple(named), selected.kinds, selected.write)
    written = Written("INSERT")
    location = str(table["StorageDescriptor"]["Location"]).rstrip("/") + "/"
    _put(_files(renamed, [], {}), [], location, written, require)
    return written


_NUMBERS = ("tinyint", "smallint", "int", "integer", "bigint")


def _files(selected: Selected, keys: list[str], properties: dict[str, Any]) -> Files:
    """The rows as Parquet, by the values of the keys. Raises QueryError for other formats."""
    form = str(properties.get("format", "PARQUET")).upper()
    if form != "PARQUET":
        raise QueryError(f"NOT_SUPPORTED: the laptop's Athena writes PARQUET, not {form}")
    if keys and list(selected.columns[-len(keys) :]) != keys:
        raise QueryError(
            "HIVE_COLUMN_ORDER_MISMATCH: Partition keys must be the last columns in the table and in the "
            f"same order as the table properties: {keys}"
        )
    for column, kind in zip(selected.columns, selected.kinds, strict=True):
        if kind.name in ("timestamp with time zone", "unknown") or kind.name.startswith("interval"):
            raise QueryError(f"NOT_SUPPORTED: Unsupported Hive type: {kind} (column '{column}')")
        if column.startswith("_col") and column[4:].isdigit():
            raise QueryError(
                f"MISSING_COLUMN_NAME: line 1:1: Column name not specified at position {int(column[4:]) + 1}"
            )
    named = properties.get("write_compression") or properties.get("parquet_compression")
    compression = str(named or properties.get("compression") or "GZIP").lower()
    if compression not in ("gzip", "snappy", "zstd", "none", "lz4"):
        raise QueryError(f"NOT_SUPPORTED: the laptop's Athena does not compress by {compression}")
    return selected.write(
        list(selected.columns), keys, {"none": "uncompressed"}.get(compression, compression)
    )


def _put(
    files: Files,
    keys: list[str],
    location: str,
    written: Written,
    require: Require,
) -> dict[tuple[str, ...], str]:
    """Write the files; the folders of the partitions."""
    folders: dict[tuple[str, ...], str] = {}
    bucket = urlparse(location).netloc
    if s3._buckets.get(bucket) is None:
        raise QueryError(f"INVALID_INPUT: Unable to verify/create output bucket {bucket}")
    for values, body in files:
        folder = location + "".join(f"{k}={quote(v, safe=' ')}/" for k, v in zip(keys, values, strict=True))
        folders[values] = folder
        key = urlparse(folder, allow_fragments=False).path.lstrip("/") + f"{uuid.uuid4().hex}.parquet"
        require("s3:PutObject", f"arn:aws:s3:::{bucket}/{key}")
        headers = {"content-type": "application/octet-stream", "content-length": str(len(body))}
        if s3._put_object(bucket, key, body, headers)[0] >= 300:
            raise QueryError(f"HIVE_WRITER_OPEN_ERROR: Error creating s3://{bucket}/{key}")
        written.objects.append(f"s3://{bucket}/{key}")
    return folders


def _under(location: str) -> bool:
    place = urlparse(location)
    stored = s3._buckets.get(place.netloc) or {"objects": {}}
    return any(key.startswith(place.path.lstrip("/")) for key in list(stored["objects"]))


def _properties(text: str | None, known: set[str]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for found in _PROPERTY.finditer(text or ""):
        key = found["key"].lower()
        if key not in known:
            raise QueryError(f"NOT_SUPPORTED: the laptop's Athena does not know the table property {key}")
        if found["list"] is not None:
            properties[key] = [part.strip().strip("'") for part in found["list"].split(",") if part.strip()]
        else:
            properties[key] = found["text"] if found["text"] is not None else found["word"]
    return properties


def _storage(location: str, columns: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "Columns": columns,
        "Location": location.rstrip("/"),
        "InputFormat": f"{_SERDE}.MapredParquetInputFormat",
        "OutputFormat": f"{_SERDE}.MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": f"{_SERDE}.serde.ParquetHiveSerDe", "Parameters": {}},
    }


def _hive_columns(selected: Selected) -> list[dict[str, str]]:
    pairs = zip(selected.columns, selected.kinds, strict=True)
    return [{"Name": column, "Type": _hive(kind)} for column, kind in pairs]


def _hive(kind: Kind) -> str:
    """The type as Hive and Glue name it."""
    if kind.name == "array":
        return f"array<{_hive(kind.parameters[0])}>"
    if kind.name == "map":
        return f"map<{_hive(kind.parameters[0])},{_hive(kind.parameters[1])}>"
    if kind.name == "row":
        fields = (
            f"{name or f'field{place}'}:{_hive(of)}" for place, (name, of) in enumerate(kind.parameters)
        )
        return f"struct<{','.join(fields)}>"
    if kind.name == "decimal":
        return f"decimal({kind.parameters[0]},{kind.parameters[1]})"
    return _HIVE.get(kind.name, kind.name)


def _exists(database: str, name: str) -> QueryError:
    return QueryError(
        f"TABLE_ALREADY_EXISTS: line 1:1: Table 'awsdatacatalog.{database}.{name}' already exists"
    )


def _existing(database: str, name: str) -> dict[str, Any] | None:
    if database not in glue._databases:
        raise QueryError(f"SCHEMA_NOT_FOUND: line 1:1: Schema '{database}' does not exist")
    table: dict[str, Any] | None = glue._tables.get(f"{database}/{name}")
    return table


def _glue(operation: str, **request: Any) -> None:
    status, _, body = getattr(glue, operation)(request)
    if status >= 300:
        raise QueryError(f"HIVE_METASTORE_ERROR: {body.decode() if isinstance(body, bytes) else body}")


_ACTS: tuple[tuple[re.Pattern[str], Callable[..., Written]], ...] = (
    (_CREATE_VIEW, _create_view),
    (_DROP, _drop),
    (_SCHEMA, _create_schema),
    (_CTAS, _ctas),
    (_UNLOAD, _unload),
    (_INSERT, _insert),
    (_ALTER, _set_properties),
)
