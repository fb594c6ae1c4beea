"""The tables of information_schema, made of the Glue Data Catalog when they are asked for."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from ministack.services import glue
from sqlglot import exp

from salescast.local.emulator.athena.errors import QueryError
from salescast.local.emulator.athena.sql import kinds
from salescast.local.emulator.athena.views import InvalidViewError, decode

_CATALOG = "awsdatacatalog"
_COLUMNS = {
    "schemata": ["catalog_name", "schema_name"],
    "tables": ["table_catalog", "table_schema", "table_name", "table_type"],
    "views": ["table_catalog", "table_schema", "table_name", "view_definition"],
    "columns": [
        "table_catalog", "table_schema", "table_name", "column_name", "ordinal_position", "column_default",
        "is_nullable", "data_type", "comment", "extra_info",
    ],
}  # fmt: skip


def relation(name: str, alias: str) -> exp.Expr:
    """A table of information_schema as a relation. Raises QueryError for one that there is not."""
    if name not in _COLUMNS:
        raise QueryError(
            f"TABLE_NOT_FOUND: line 1:1: Table '{_CATALOG}.information_schema.{name}' does not exist"
        )
    columns = _COLUMNS[name]
    rows = list(_rows(name)) or [[None] * len(columns)]
    values = exp.Values(
        expressions=[exp.Tuple(expressions=[exp.convert(value) for value in row]) for row in rows],
        alias=exp.TableAlias(
            this=exp.to_identifier("v"), columns=[exp.to_identifier(column) for column in columns]
        ),
    )
    typed = [
        exp.alias_(exp.cast(exp.column(c), "bigint" if c == "ordinal_position" else "varchar"), c)
        for c in columns
    ]
    return (
        exp.select(*typed).from_(values).where(exp.column(columns[0]).is_(exp.null()).not_()).subquery(alias)
    )


def _rows(name: str) -> Iterator[list[Any]]:
    if name == "schemata":
        yield from (
            [_CATALOG, database] for database in (*sorted(glue._databases.keys()), "information_schema")
        )
        return
    for key, table in sorted(glue._tables.items()):
        database = key.partition("/")[0]
        place = [_CATALOG, database, str(table["Name"])]
        view = table.get("TableType") == "VIRTUAL_VIEW"
        if name == "tables":
            yield [*place, "VIEW" if view else "BASE TABLE"]
        elif name == "views" and view:
            yield [*place, _definition(table)]
        elif name == "columns":
            keys = {str(column["Name"]) for column in table.get("PartitionKeys") or []}
            for number, (column, kind, comment) in enumerate(_columns(table), 1):
                extra = "partition key" if column in keys else None
                yield [*place, column, number, None, "YES", kind, comment, extra]


def _definition(table: dict[str, Any]) -> str | None:
    try:
        return decode(table.get("ViewOriginalText") or "").sql
    except InvalidViewError:
        return None


def _columns(table: dict[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    if table.get("TableType") == "VIRTUAL_VIEW":
        with suppress(InvalidViewError):
            yield from ((n, kind, None) for n, kind in decode(table.get("ViewOriginalText") or "").columns)
        return
    storage = table.get("StorageDescriptor") or {}
    for column in (*(storage.get("Columns") or []), *(table.get("PartitionKeys") or [])):
        kind = exp.DataType.build(str(column.get("Type") or "string"), dialect="hive")
        yield str(column["Name"]), str(kinds.of_type(kind)), column.get("Comment")
