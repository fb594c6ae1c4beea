"""SHOW and DESCRIBE, which Athena answers from the catalog alone, in Hive's shapes.

DESCRIBE gives three columns and one text a row, with tabs in it, as Hive does. Left out: EXPLAIN, since a
plan of another engine would be no answer; SHOW FUNCTIONS; SHOW STATS.
"""

import re
from collections.abc import Callable
from typing import Any

from ministack.services import glue

from salescast.local.emulator.athena.catalog import Require, database_arns, table_arns
from salescast.local.emulator.athena.errors import QueryError
from salescast.local.emulator.athena.statements.names import NAME, PART, plain, split
from salescast.local.emulator.athena.views import InvalidViewError, decode

Result = tuple[list[str], list[list[str | None]]]

_IN = rf"(?:\s+(?:IN|FROM)\s+(?P<database>{PART}))?"
_LIKE = r"(?:\s+(?:LIKE\s+)?'(?P<pattern>[^']*)')?"
_STATEMENTS = {
    "databases": re.compile(rf"SHOW\s+(?:DATABASES|SCHEMAS){_LIKE}", re.IGNORECASE),
    "tables": re.compile(rf"SHOW\s+TABLES{_IN}{_LIKE}", re.IGNORECASE),
    "views": re.compile(rf"SHOW\s+VIEWS{_IN}{_LIKE}", re.IGNORECASE),
    "partitions": re.compile(rf"SHOW\s+PARTITIONS\s+(?P<table>{NAME})", re.IGNORECASE),
    "columns": re.compile(rf"SHOW\s+COLUMNS\s+(?:IN|FROM)\s+(?P<table>{NAME}){_IN}", re.IGNORECASE),
    "properties": re.compile(rf"SHOW\s+TBLPROPERTIES\s+(?P<table>{NAME})", re.IGNORECASE),
    "create view": re.compile(rf"SHOW\s+CREATE\s+VIEW\s+(?P<table>{NAME})", re.IGNORECASE),
    "create table": re.compile(rf"SHOW\s+CREATE\s+TABLE\s+(?P<table>{NAME})", re.IGNORECASE),
    "describe": re.compile(
        rf"(?:DESCRIBE|DESC)\s+(?:FORMATTED\s+|EXTENDED\s+)?(?P<table>{NAME})", re.IGNORECASE
    ),
}


def answer(sql: str, database: str, require: Require) -> Result | None:
    """Column names and rows of a SHOW or DESCRIBE statement; None for any other statement.

    Raises QueryError.
    """
    for kind, pattern in _STATEMENTS.items():
        match = pattern.fullmatch(sql.strip())
        if match:
            names = match.groupdict()
            place = plain(names.get("database") or database)
            matches = _matching(names.get("pattern"))
            if kind == "databases":
                require("glue:GetDatabases", database_arns("default")[0])
                return ["database_name"], [[name] for name in sorted(glue._databases.keys()) if matches(name)]
            if kind in ("tables", "views"):
                return _tables(kind, place, matches, require)
            return _of_table(kind, *split(names["table"], place), require)
    return None


def _matching(pattern: str | None) -> Callable[[str], bool]:
    """Hive's patterns: `*` stands for anything, `|` for or; others are regular expressions."""
    if not pattern:
        return lambda _: True
    whole = re.compile(
        "|".join(f"(?:{part.replace('*', '.*')})" for part in pattern.split("|")), re.IGNORECASE
    )
    return lambda name: whole.fullmatch(name) is not None


def _tables(kind: str, database: str, matches: Callable[[str], bool], require: Require) -> Result:
    require("glue:GetTables", *database_arns(database))
    if database not in glue._databases:
        raise QueryError(f"SCHEMA_NOT_FOUND: Database {database} not found")
    prefix = f"{database}/"
    names = [
        key.removeprefix(prefix)
        for key, table in sorted(glue._tables.items())
        if key.startswith(prefix) and (kind == "tables" or table.get("TableType") == "VIRTUAL_VIEW")
    ]
    return ["tab_name" if kind == "tables" else "views"], [[name] for name in names if matches(name)]


def _of_table(kind: str, database: str, name: str, require: Require) -> Result:
    require("glue:GetTable", *table_arns(database, name))
    table: dict[str, Any] | None = glue._tables.get(f"{database}/{name}")
    if table is None:
        raise QueryError(
            f"TABLE_NOT_FOUND: line 1:1: Table 'awsdatacatalog.{database}.{name}' does not exist"
        )
    keys = list(table.get("PartitionKeys") or [])
    columns = list((table.get("StorageDescriptor") or {}).get("Columns") or [])
    match kind:
        case "partitions":
            require("glue:GetPartitions", *table_arns(database, name))
            return ["partition"], [[place] for place in _partitions(database, name, keys)]
        case "columns":
            return ["field"], [[f"{column['Name']:<20}"] for column in (*columns, *keys)]
        case "properties":
            properties = sorted((table.get("Parameters") or {}).items())
            return ["prpt_name", "prpt_value"], [[f"{key}\t{value}"] for key, value in properties]
        case "create view":
            return ["Create View"], [[_create_view(database, name, table)]]
        case "create table":
            return ["createtab_stmt"], [[line] for line in _create_table(database, name, table)]
    return ["col_name", "data_type", "comment"], [[line] for line in _described(columns, keys)]


def _partitions(database: str, name: str, keys: list[dict[str, Any]]) -> list[str]:
    registered = glue._partitions.get(f"{database}/{name}") or []
    return [
        "/".join(f"{key['Name']}={value}" for key, value in zip(keys, one["Values"], strict=True))
        for one in registered
    ]


def _described(columns: list[dict[str, Any]], keys: list[dict[str, Any]]) -> list[str]:
    lines = [_line(column) for column in (*columns, *keys)]
    if keys:
        header = f"# {'col_name':<18}\t{'data_type':<20}\t{'comment':<20}"
        lines += ["\t \t ", "# Partition Information\t \t ", header, "\t \t ", *map(_line, keys)]
    return lines


def _line(column: dict[str, Any]) -> str:
    comment = str(column.get("Comment") or "")
    return f"{column['Name']:<20}\t{column.get('Type') or 'string':<20}\t{comment:<20}"


def _create_view(database: str, name: str, table: dict[str, Any]) -> str:
    if table.get("TableType") != "VIRTUAL_VIEW":
        raise QueryError(f"INVALID_VIEW: Relation '{database}.{name}' is a table, not a view")
    try:
        view = decode(table.get("ViewOriginalText") or "")
    except InvalidViewError as error:
        raise QueryError(f"INVALID_VIEW: Invalid view JSON: {database}.{name}: {error}") from error
    return f"CREATE VIEW {database}.{name} AS\n{view.sql}"


def _create_table(database: str, name: str, table: dict[str, Any]) -> list[str]:
    if table.get("TableType") == "VIRTUAL_VIEW":
        raise QueryError(f"SHOW CREATE TABLE: {database}.{name} is a view; use SHOW CREATE VIEW")
    storage = table.get("StorageDescriptor") or {}
    keys = table.get("PartitionKeys") or []
    lines = [f"CREATE EXTERNAL TABLE `{database}.{name}`("]
    lines += _declared(storage.get("Columns") or [])
    if keys:
        lines += ["PARTITIONED BY ( ", *_declared(keys)]
    serde = (storage.get("SerdeInfo") or {}).get("SerializationLibrary")
    for word, value in (
        ("ROW FORMAT SERDE", serde),
        ("STORED AS INPUTFORMAT", storage.get("InputFormat")),
        ("OUTPUTFORMAT", storage.get("OutputFormat")),
        ("LOCATION", storage.get("Location")),
    ):
        if value:
            lines += [f"{word} ", f"  '{value}'"]
    properties = sorted((table.get("Parameters") or {}).items())
    if properties:
        described = [f"  '{key}'='{value}'" for key, value in properties]
        lines += ["TBLPROPERTIES (", *(f"{line}, " for line in described[:-1]), f"{described[-1]})"]
    return lines


def _declared(columns: list[dict[str, Any]]) -> list[str]:
    lines = []
    for number, column in enumerate(columns, 1):
        comment = f" COMMENT '{column['Comment']}'" if column.get("Comment") else ""
        end = ")" if number == len(columns) else ", "
        lines.append(f"  `{column['Name']}` {column.get('Type') or 'string'}{comment}{end}")
    return lines
