"""SHOW and DESCRIBE, which Athena answers from the catalog alone."""

import re
from typing import Any

from ministack.services import glue

from salescast.local.emulator.athena.catalog import Require, database_arns, table_arns
from salescast.local.emulator.athena.errors import QueryError

Result = tuple[list[str], list[list[str | None]]]

_NAME = r'[`"]?(?P<{0}>\w+)[`"]?'
_TABLE = rf"(?:{_NAME.format('database')}\.)?{_NAME.format('table')}"
_STATEMENTS = {
    "databases": re.compile(r"SHOW\s+(?:DATABASES|SCHEMAS)", re.IGNORECASE),
    "tables": re.compile(rf"SHOW\s+TABLES(?:\s+IN\s+{_NAME.format('database')})?", re.IGNORECASE),
    "partitions": re.compile(rf"SHOW\s+PARTITIONS\s+{_TABLE}", re.IGNORECASE),
    "describe": re.compile(rf"(?:DESCRIBE|DESC|SHOW\s+COLUMNS\s+(?:IN|FROM))\s+{_TABLE}", re.IGNORECASE),
}


def answer(sql: str, database: str, require: Require) -> Result | None:
    """Column names and rows of a SHOW or DESCRIBE statement; None for any other statement.

    Raises QueryError.
    """
    for kind, pattern in _STATEMENTS.items():
        match = pattern.fullmatch(sql.strip())
        if match:
            names = match.groupdict()
            return _answer(
                kind, (names.get("database") or database).lower(), (names.get("table") or "").lower(), require
            )
    return None


def _answer(kind: str, database: str, name: str, require: Require) -> Result:
    if kind == "databases":
        require("glue:GetDatabases", database_arns("default")[0])
        return ["database_name"], [[db] for db in sorted(glue._databases.keys())]
    if kind == "tables":
        require("glue:GetTables", *database_arns(database))
        prefix = f"{database}/"
        return ["tab_name"], [
            [key.removeprefix(prefix)] for key in sorted(glue._tables.keys()) if key.startswith(prefix)
        ]
    require("glue:GetTable", *table_arns(database, name))
    table: dict[str, Any] | None = glue._tables.get(f"{database}/{name}")
    if table is None:
        raise QueryError(
            f"TABLE_NOT_FOUND: line 1:1: Table 'awsdatacatalog.{database}.{name}' does not exist"
        )
    keys = [str(key["Name"]) for key in table.get("PartitionKeys") or []]
    if kind == "partitions":
        require("glue:GetPartitions", *table_arns(database, name))
        registered = glue._partitions.get(f"{database}/{name}") or []
        return ["partition"], [
            ["/".join(f"{key}={value}" for key, value in zip(keys, partition["Values"], strict=True))]
            for partition in registered
        ]
    columns = [
        *((table.get("StorageDescriptor") or {}).get("Columns") or []),
        *(table.get("PartitionKeys") or []),
    ]
    return ["col_name", "data_type", "comment"], [
        [str(c["Name"]), str(c.get("Type") or "string"), str(c.get("Comment") or "")] for c in columns
    ]
