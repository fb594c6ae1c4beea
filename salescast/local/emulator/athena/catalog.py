"""Tables and views of a query, looked up in MiniStack's Glue under the caller's rights.

Every table of a statement is replaced by a relation with known columns, every view by its statement with each
column cast to the type it declares. Athena asks Glue for the database and the table as the caller (user
guide, "Fine-grained access to databases and tables"), so that is checked here: GetDatabase and GetTable on
catalog, database and each table and view.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import athena as ministack_athena
from ministack.services import glue
from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from salescast.local.emulator.athena import dialect, iceberg
from salescast.local.emulator.athena.dialect import Schema
from salescast.local.emulator.athena.errors import QueryError
from salescast.local.emulator.athena.statements import information_schema
from salescast.local.emulator.athena.views import InvalidViewError, decode

Require = Callable[..., None]
_DEEPEST_VIEW = 32
PATH = "$path"
"""A hidden column of every table: the file that a row is from."""


@dataclass(frozen=True)
class Table:
    """A table that holds data. Columns are (name, Hive type), the partition keys not among them."""

    database: str
    name: str
    location: str
    format: str
    columns: tuple[tuple[str, str], ...]
    keys: tuple[tuple[str, str], ...]
    parameters: dict[str, str]
    glue: dict[str, Any] = field(compare=False, repr=False)
    moment: datetime | None = None
    """The time that an Iceberg table is read as of, None for now."""
    paths: bool = False
    """Whether the hidden column PATH is asked for."""


@dataclass
class Resolved:
    """A statement over relations r0, r1, ... instead of tables.

    `entries` are Glue's, of all tables and views that it names, by database/name; `views` are the views'
    statements. It `lasts` as long as those do, unless it has the catalog itself in it.
    """

    query: exp.Query
    schema: Schema
    tables: dict[str, Table]
    entries: dict[str, dict[str, Any]]
    views: list[str]
    lasts: bool


def resolve(query: exp.Query, database: str, require: Require) -> Resolved:
    """Look up all tables and views of `query`; names without a database are in `database`.

    `require(action, *resources)` raises when the caller may not. Raises QueryError.
    """
    resolver = _Resolver(require, any(column.name == PATH for column in query.find_all(exp.Column)))
    expanded = resolver.expanded(query, database, ())
    return Resolved(
        expanded, resolver.schema, resolver.tables, resolver.entries, resolver.views, resolver.lasts
    )


def duckdb_type(hive_type: str) -> exp.DataType:
    """A column's type as sqlglot and DuckDB know it."""
    kind = exp.DataType.build(hive_type, dialect="hive")
    for inner in list(kind.find_all(exp.DataType)):
        if inner.this is exp.DType.TIMESTAMPTZ:
            inner.set("this", exp.DType.TIMESTAMP)
    return kind


@functools.cache
def duckdb_type_name(hive_type: str) -> str:
    """The type as DuckDB writes it."""
    return duckdb_type(hive_type).sql("duckdb")


def database_arns(database: str) -> tuple[str, str]:
    """The catalog's and the database's ARN."""
    prefix = f"arn:aws:glue:{get_region()}:{get_account_id()}"
    return f"{prefix}:catalog", f"{prefix}:database/{database}"


def table_arns(database: str, name: str) -> tuple[str, str, str]:
    """The ARNs that a right on a table is checked on: catalog, database, table."""
    prefix = f"arn:aws:glue:{get_region()}:{get_account_id()}"
    return *database_arns(database), f"{prefix}:table/{database}/{name}"


class _Resolver:
    def __init__(self, require: Require, paths: bool) -> None:
        self.require, self._paths = require, paths
        self.schema: Schema = {}
        self.tables: dict[str, Table] = {}
        self.entries: dict[str, dict[str, Any]] = {}
        self.views: list[str] = []
        self.lasts = True
        self._relations: dict[tuple[str, str, datetime | None], str] = {}

    def expanded(self, query: exp.Query, database: str, views: tuple[str, ...]) -> exp.Query:
        """`query` with its tables replaced; `views` are the views it stands in, outermost first."""
        for node in list(query.find_all(exp.Column, exp.CurrentCatalog)):
            if isinstance(node, exp.CurrentCatalog):
                node.replace(exp.Literal.string("awsdatacatalog"))
                continue
            assert isinstance(node, exp.Column)
            if node.name.lower() == "current_schema" and not node.table and not node.this.quoted:
                node.replace(exp.Literal.string(database))
            else:
                node.set("db", None)
                node.set("catalog", None)
        sources = [
            s for scope in traverse_scope(query) for s in scope.sources.values() if isinstance(s, exp.Table)
        ]
        for table in {id(source): source for source in sources}.values():
            self._replace(table, database, views)
        return query

    def _replace(self, node: exp.Table, default: str, views: tuple[str, ...]) -> None:
        if not isinstance(node.this, exp.Identifier):
            raise QueryError(
                f"FUNCTION_NOT_FOUND: line 1:1: Table function '{node.this.sql()}' not registered"
            )
        database, name = (node.db or default).lower(), node.name.lower()
        alias = node.alias or node.name
        if database == "information_schema":
            self.require("glue:GetDatabases", database_arns("default")[0])
            _replace(node, information_schema.relation(name, alias))
            self.lasts = False
            return
        entry = self._lookup(node.catalog.lower() or "awsdatacatalog", database, name)
        moment = _as_of(node.args.get("version"))
        if moment and not iceberg.is_iceberg(entry.get("Parameters") or {}):
            raise QueryError("NOT_SUPPORTED: line 1:1: This connector does not support versioned tables")
        if entry.get("TableType") == "VIRTUAL_VIEW":
            body = self._view(entry, database, name, (*views, f"{database}.{name}"))
            replacement: exp.Expr = body.subquery(alias, copy=False)
        else:
            replacement = exp.alias_(
                exp.to_table(self._relation(entry, database, name, moment)), alias, table=True
            )
        _replace(node, replacement)

    def _lookup(self, catalog: str, database: str, name: str) -> dict[str, Any]:
        if catalog != "awsdatacatalog":
            raise QueryError(f"CATALOG_NOT_FOUND: line 1:1: Catalog '{catalog}' not found")
        self.require("glue:GetDatabase", *database_arns(database))
        if database not in glue._databases:
            raise QueryError(f"SCHEMA_NOT_FOUND: line 1:1: Schema '{database}' does not exist")
        self.require("glue:GetTable", *table_arns(database, name))
        entry: dict[str, Any] | None = glue._tables.get(f"{database}/{name}")
        if entry is None:
            raise QueryError(
                f"TABLE_NOT_FOUND: line 1:1: Table 'awsdatacatalog.{database}.{name}' does not exist"
            )
        self.entries[f"{database}/{name}"] = entry
        return entry

    def _relation(
        self, entry: dict[str, Any], database: str, name: str, moment: datetime | None = None
    ) -> str:
        key = (database, name, moment)
        if key not in self._relations:
            relation = f"r{len(self._relations)}"
            table = replace(_table(entry, database, name), moment=moment, paths=self._paths)
            self._relations[key] = relation
            self.tables[relation] = table
            columns = (*table.columns, *table.keys, *([(PATH, "string")] if self._paths else []))
            self.schema[relation] = {column: duckdb_type(kind) for column, kind in columns}
        return self._relations[key]

    def _view(self, entry: dict[str, Any], database: str, name: str, views: tuple[str, ...]) -> exp.Select:
        label = f"awsdatacatalog.{database}.{name}"
        if len(views) > _DEEPEST_VIEW or views[-1] in views[:-1]:
            raise QueryError(f"VIEW_IS_RECURSIVE: line 1:1: View '{label}' is recursive")
        try:
            view = decode(entry.get("ViewOriginalText") or "")
        except InvalidViewError as error:
            raise QueryError(f"INVALID_VIEW: Invalid view JSON: {label}: {error}") from error
        self.views.append(view.sql)
        try:
            inner = self.expanded(dialect.parsed(view.sql), view.schema, views)
            inner = dialect.resolved(inner, self.schema)
        except QueryError as error:
            code, _, reason = str(error).partition(": ")
            if code not in ("SYNTAX_ERROR", "COLUMN_NOT_FOUND", "TABLE_NOT_FOUND"):
                raise
            raise QueryError(
                f"INVALID_VIEW: line 1:1: Failed analyzing stored view '{label}': {reason}"
            ) from error
        declared = [column for column, _ in view.columns]
        computed = [column.lower() for column in inner.named_selects]
        if computed != declared:
            raise QueryError(
                f"VIEW_IS_STALE: line 1:1: View '{label}' is stale or in invalid state: it declares "
                f"{', '.join(declared)} and computes {', '.join(computed)}"
            )
        casts = [
            exp.alias_(
                exp.cast(exp.column(column, "v", quoted=True), kind, dialect="athena"), column, quoted=True
            )
            for column, kind in view.columns
        ]
        return exp.select(*casts, copy=False).from_(inner.subquery("v", copy=False), copy=False)


def _replace(node: exp.Table, replacement: exp.Expr) -> None:
    """Put something in a table's place, with what is joined to it."""
    for key in ("joins", "sample"):
        if node.args.get(key):
            replacement.set(key, node.args[key])
    node.replace(replacement)


def _as_of(version: exp.Version | None) -> datetime | None:
    """The time of FOR TIMESTAMP AS OF TIMESTAMP '...'. Raises QueryError for what else may stand there."""
    if version is None:
        return None
    literal = version.expression.find(exp.Literal)
    text = literal.this.removesuffix(" UTC") if version.this == "TIMESTAMP" and literal else ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise QueryError(
            "NOT_SUPPORTED: the laptop's Athena travels to a TIMESTAMP '2026-11-20 10:15:00 UTC' only"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _table(entry: dict[str, Any], database: str, name: str) -> Table:
    storage = entry.get("StorageDescriptor") or {}

    def pairs(columns: list[dict[str, Any]] | None) -> tuple[tuple[str, str], ...]:
        return tuple((str(c["Name"]).lower(), str(c.get("Type") or "string")) for c in columns or [])

    parameters = {str(k): str(v) for k, v in (entry.get("Parameters") or {}).items()}
    of_iceberg = iceberg.is_iceberg(parameters)
    return Table(
        database=database,
        name=name,
        location=str(storage.get("Location") or ""),
        format="parquet" if of_iceberg else str(ministack_athena._data_format(entry)),
        # The metadata file says what an Iceberg table's columns are; Glue's copy is for people.
        columns=iceberg.table(parameters).columns if of_iceberg else pairs(storage.get("Columns")),
        keys=() if of_iceberg else pairs(entry.get("PartitionKeys")),
        parameters=parameters,
        glue=entry,
    )
