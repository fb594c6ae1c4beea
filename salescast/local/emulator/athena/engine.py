"""Runs a translated statement on DuckDB, reading only the files of partitions that can matter.

In two steps. First DuckDB plans the statement over stand-ins, empty files in folders named like the table's
partitions, and its plan tells which filters on partition keys it pushed down to each scan, through views,
joins and window functions alike. Then the statement runs over the objects of the partitions that pass those
filters. Their sizes, counted once per scan, are what the query scanned.
"""

import hashlib
import json
import re
import shutil
import threading
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import duckdb
from ministack.services import athena as ministack_athena

from salescast.local.emulator.athena import bounds, objects
from salescast.local.emulator.athena.catalog import PATH, Table, duckdb_type_name
from salescast.local.emulator.athena.dialect import one_line
from salescast.local.emulator.athena.errors import QueryError
from salescast.local.emulator.athena.objects import Partition, StoredObject
from salescast.local.emulator.athena.sql import macros
from salescast.local.emulator.athena.workers.pool import Loan, WorkerPool

_MEMORY = "800MB"
_DISK = "1GB"
_RAISED = re.compile(r"[\"']([A-Z_]{6,}: .+?)[\"'](?: to [A-Z0-9]+|,|$)")
# Optimizers that could empty a plan because the stand-ins are empty.
_NOT_FOR_PLANNING = "statistics_propagation,join_filter_pushdown,compressed_materialization"


@dataclass
class Scan:
    """One scan of a relation in a plan: the partitions it reads."""

    relation: str
    partitions: list[Partition]

    @property
    def objects(self) -> list[StoredObject]:
        """All objects of these partitions."""
        return [item for partition in self.partitions for item in partition.objects]


@dataclass
class Rows:
    """What DuckDB answered, printed as Athena prints it; `types` are DuckDB's names."""

    types: list[str]
    rows: list[list[str | None]]


class Engine:
    """What queries share: the files under `folder`, and processes with a DuckDB each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in ("objects", "schemas", "spill"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        # Writes empty files; what comes from outside runs elsewhere.
        self._database = duckdb.connect(":memory:")
        self._lock = threading.Lock()
        self._stand_ins: dict[Path, dict[tuple[str, ...], Path]] = {}
        settings = (
            "SET GLOBAL TimeZone = 'UTC'",
            "SET GLOBAL integer_division = true",
            f"SET memory_limit = '{_MEMORY}'",
            f"SET temp_directory = {_text(folder / 'spill')}",
            f"SET max_temp_directory_size = '{_DISK}'",
            # Files never change once written, so what was read of their footers holds.
            "SET parquet_metadata_cache = true",
            f"SET allowed_directories = [{_text(folder)}]",
            "SET enable_external_access = false",
        )
        self._workers = WorkerPool(settings)

    def session(self, tables: dict[str, Table], partitions: dict[str, list[Partition]]) -> "Session":
        """A session for one query over the relations in `tables`, whose partitions are `partitions`."""
        return Session(self, self._workers.take(), tables, partitions)

    def stand_ins(self, table: Table, places: Sequence[tuple[str, ...]]) -> list[Path]:
        """Empty files with the table's columns, one in the folder of each of the partitions `places`."""
        columns = [f'NULL::{duckdb_type_name(kind)} AS "{name}"' for name, kind in table.columns]
        select = f"SELECT {', '.join([*columns, f'NULL::INTEGER AS {_marker(table)}'])} LIMIT 0"
        folder = self.folder / "schemas" / hashlib.sha256(select.encode()).hexdigest()[:32]
        schema = folder / "schema.parquet"
        with self._lock:
            files = self._stand_ins.get(schema)
            if files is None:
                folder.mkdir(exist_ok=True)
                self._database.execute(f"COPY ({select}) TO {_text(schema)} (FORMAT parquet)")
                files = self._stand_ins[schema] = {}
            for values in set(places).difference(files):
                path = files[values] = objects.partition_folder(folder, table, values) / "schema.parquet"
                if path != schema:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.symlink_to(schema)
            return [files[values] for values in places]

    def stand_in(self, table: Table) -> Path:
        """The one that lies where all partition keys are NULL."""
        return self.stand_ins(table, [(objects.NULL_VALUE,) * len(table.keys)])[0]


class Session:
    """One query's use of the engine; close() it."""

    def __init__(
        self,
        engine: Engine,
        worker: Loan,
        tables: dict[str, Table],
        partitions: dict[str, list[Partition]],
    ) -> None:
        self._engine, self._worker, self._tables = engine, worker, tables
        self._partitions = partitions

    def close(self) -> None:
        """Give the session's process back."""
        self._worker.close()

    def interrupt(self) -> None:
        """Stop what runs, from another thread; nothing where the session is closed."""
        self._worker.stop()

    def scans(self, sql: str) -> list[Scan]:
        """The scans in the plan of `sql`; a table that is not Parquet is scanned as a whole."""
        self._run("; ".join([*macros.needed(sql), f"SET disabled_optimizers = '{_NOT_FOR_PLANNING}'"]))
        for relation, table in self._tables.items():
            places = [partition.values for partition in self._partitions[relation]]
            stand_ins = self._engine.stand_ins(table, places) or [self._engine.stand_in(table)]
            self._define(
                relation, _parquet(table, stand_ins, union=False) + f" WHERE {_marker(table)} IS NULL"
            )
        plan = self._run(f"EXPLAIN (FORMAT json) {sql}").rows[0][1] or "[]"
        self._run("SET disabled_optimizers = ''")
        scans = [scan for node in _scan_nodes(json.loads(plan)) for scan in self._scan(node)]
        scanned = {scan.relation for scan in scans if self._tables[scan.relation].format == "parquet"}
        others = [name for name, table in self._tables.items() if table.format != "parquet"]
        return [scan for scan in scans if scan.relation in scanned] + [
            Scan(relation, self._partitions[relation]) for relation in others
        ]

    def run(self, sql: str, scans: list[Scan]) -> Rows:
        """Run `sql` over the objects that `scans` name."""
        # What is calculated once for several places is calculated outside of TRY, which then is not heard.
        outside = "common_subexpressions" if "TRY(" in sql.upper() else ""
        self._run("; ".join([*macros.needed(sql), f"SET disabled_optimizers = '{outside}'"]))
        for relation, table in self._tables.items():
            wanted = dict.fromkeys(p for scan in scans if scan.relation == relation for p in scan.partitions)
            files = {
                path: f"s3://{item.bucket}/{item.key}"
                for partition in wanted
                for item in partition.objects
                if (path := objects.local_file(table, partition, item, self._engine.folder / "objects"))
            }
            paths = list(files)
            if table.format == "parquet":
                stand_in = self._engine.stand_in(table)
                self._define(relation, _parquet(table, [stand_in, *paths], union=True, places=files))
            else:
                self._define(relation, _other_format(table, [str(path) for path in paths]))
        return self._run(sql)

    def write(
        self, sql: str, scans: list[Scan], columns: list[str], keys: list[str], compression: str
    ) -> list[tuple[tuple[str, ...], bytes]]:
        """The rows of `sql` as Parquet files, each with the values of the `keys`, which are not in it."""
        folder = self._engine.folder / "written" / uuid.uuid4().hex
        folder.mkdir(parents=True)
        named = ", ".join(f'"{column}"' for column in columns)
        partitions = ", ".join(f'"{key}"' for key in keys)
        by = f", PARTITION_BY ({partitions})" if keys else ""
        target = folder if keys else folder / "rows.parquet"
        try:
            self.run(
                f"COPY (SELECT * FROM ({sql}) AS written({named})) TO {_text(target)} "  # noqa: S608
                f"(FORMAT parquet, COMPRESSION {compression}{by})",
                scans,
            )
            return [
                (
                    tuple(unquote(part.partition("=")[2]) for part in path.parent.relative_to(folder).parts),
                    path.read_bytes(),
                )
                for path in sorted(folder.rglob("*.parquet"))
            ]
        finally:
            shutil.rmtree(folder)

    def _define(self, relation: str, select: str) -> None:
        self._run(f"CREATE OR REPLACE TEMP VIEW {relation} AS {select}")

    def _run(self, sql: str) -> Rows:
        try:
            return Rows(*self._worker.execute(sql))
        except duckdb.Error as error:
            raise QueryError(_reason(error)) from error

    def _scan(self, node: dict[str, Any]) -> list[Scan]:
        """The scan that a plan's node is; scans of every relation where it cannot be told."""
        text = json.dumps(node, ensure_ascii=False).replace('\\"', '"')
        named = [relation for relation, table in self._tables.items() if _marker(table).strip('"') in text]
        return [Scan(relation, self._passing(relation, node)) for relation in named or self._tables]

    def _passing(self, relation: str, node: dict[str, Any]) -> list[Partition]:
        """The partitions that pass the filters that DuckDB wrote into the plan as SQL."""
        partitions, table = self._partitions[relation], self._tables[relation]
        if any(partition.bounds for partition in partitions):
            pushed = node.get("Filters") or []
            pushed = [pushed] if isinstance(pushed, str) else pushed
            return [partition for partition in partitions if bounds.may_match(partition.bounds, pushed)]
        filters = node.get("File Filters")
        if not filters or not partitions:
            return partitions
        condition = " AND ".join(filters) if isinstance(filters, list) else str(filters)
        columns = ", ".join(
            f'CAST(unnest(${index + 2}::VARCHAR[]) AS {duckdb_type_name(kind)}) AS "{key}"'
            for index, (key, kind) in enumerate(table.keys)
        )
        values = [[partition.values[i] for partition in partitions] for i in range(len(table.keys))]
        try:
            _, rows = self._worker.execute(
                f"SELECT i FROM (SELECT unnest($1::INTEGER[]) AS i, {columns}) WHERE {condition}",  # noqa: S608
                [list(range(len(partitions))), *values],
            )
        except duckdb.Error:
            return partitions
        return [partitions[index] for index in sorted(int(row[0] or 0) for row in rows)]


def _values(folder: Path) -> tuple[str, ...]:
    """Those that key=value/... says."""
    return tuple(unquote(part.partition("=")[2]) for part in folder.parts)


def _scan_nodes(plan: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in plan:
        info = node.get("extra_info") or {}
        if "READ_PARQUET" in (str(info.get("Function", "")), str(node.get("name", "")).strip()):
            yield info
        yield from _scan_nodes(node.get("children") or [])


def _parquet(table: Table, paths: list[Path], union: bool, places: dict[Path, str] | None = None) -> str:
    """What reads the files; `places` are where they lie in S3."""
    columns = [f'CAST("{name}" AS {duckdb_type_name(kind)}) AS "{name}"' for name, kind in table.columns]
    columns += [f'"{name}"' for name, _ in table.keys]
    types = ", ".join(f"'{name}': {duckdb_type_name(kind)}" for name, kind in table.keys)
    hive = (
        f"hive_partitioning = true, hive_types = {{{types}}}" if table.keys else "hive_partitioning = false"
    )
    if table.paths:
        local, stored = (", ".join(map(_text, side)) for side in (places or {}, (places or {}).values()))
        place = f"map([{local}], [{stored}])[filename]" if places else "NULL::VARCHAR"
        columns.append(f'{place} AS "{PATH}"')
        hive += ", filename = true"
    files = ", ".join(_text(path) for path in paths)
    reader = f"read_parquet([{files}], union_by_name = {str(union).lower()}, {hive})"
    # Names and types come from the catalog, paths are our own.
    return f"SELECT {', '.join(columns)} FROM {reader}"  # noqa: S608


def _other_format(table: Table, paths: list[str]) -> str:
    """MiniStack's own reader of CSV and JSON."""
    read = (
        ministack_athena._table_relation
        if paths
        else lambda glue_table, _: ministack_athena._empty_relation(glue_table)
    )
    return f"SELECT * FROM {read(table.glue, paths)}"  # noqa: S608


def _marker(table: Table) -> str:
    """A column that no table has, by which a plan tells whose scan it shows."""
    return f'"salescast relation {table.database}.{table.name}.{table.moment or ""}."'


def _text(path: Path | str) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _reason(error: duckdb.Error) -> str:
    text = one_line(str(error).split("\n\nLINE ")[0])
    if raised := _RAISED.search(text):  # by a macro, see sql/macros.py
        return raised[1]
    kind, _, detail = text.partition(": ")
    if "Map keys must be unique" in text:
        return "INVALID_FUNCTION_ARGUMENT: Duplicate map keys are not allowed"
    if unread := re.search(r'Could not parse string "(.*?)" according', text):
        return f'INVALID_FUNCTION_ARGUMENT: Invalid format: "{unread[1]}"'
    if "Overflow" in text or re.search(r"Type U?INT[0-9]+ with value", text):
        return f"NUMERIC_VALUE_OUT_OF_RANGE: {detail or kind}"
    if isinstance(error, duckdb.ConversionException | duckdb.OutOfRangeException):
        return f"INVALID_CAST_ARGUMENT: {detail or kind}"
    if isinstance(error, duckdb.CatalogException):
        return f"FUNCTION_NOT_FOUND: {detail or kind}"
    if isinstance(error, duckdb.BinderException | duckdb.ParserException):
        return f"SYNTAX_ERROR: {detail or kind}"
    return f"GENERIC_INTERNAL_ERROR: {text}"
