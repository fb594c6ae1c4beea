"""The laptop's Athena without its services, on any date: statements over files, in .venv-emulator.

Reads a request as JSON from standard input and answers on standard output, see tests/dates/athena.py.
"""

import json
import sys
import time
from datetime import datetime
from typing import Any

import duckdb
from ministack.services import glue

from salescast.local.emulator.athena import catalog, dialect
from salescast.local.emulator.athena.sql.column_types import column_type
from salescast.local.emulator.athena.types import printed

DATABASE = "salescast"


def main() -> None:
    """{now, tables: {name: TableInput}, files: {table: path}, queries: [[sql, [argument]]]} -> [Answer].

    A table of one path is read at once, one of a list of paths by each query.
    """
    request = json.load(sys.stdin)
    now = datetime.fromisoformat(request["now"])
    glue._databases[DATABASE] = {"Name": DATABASE}
    for name, described in request["tables"].items():
        glue._tables[f"{DATABASE}/{name}"] = described
    database = duckdb.connect(":memory:")
    for statement in ("SET TimeZone = 'UTC'", "SET integer_division = true", *dialect.MACROS):
        database.execute(statement)
    for name, path in request["files"].items():
        kind = "VIEW" if isinstance(path, list) else "TABLE"
        database.execute(f"CREATE {kind} {name} AS SELECT * FROM read_parquet({path!r})")
    json.dump([_answer(database, now, sql, arguments) for sql, arguments in request["queries"]], sys.stdout)


def _answer(
    database: duckdb.DuckDBPyConnection, now: datetime, sql: str, arguments: list[str]
) -> dict[str, Any]:
    """{columns: [[name, type as Hive writes it]], rows: [[text or null]], seconds: number}."""
    started = time.monotonic()
    query = dialect.parsed(dialect.with_parameters(sql, arguments))
    resolved = catalog.resolve(query, DATABASE, lambda *_: None)
    for relation, table in resolved.tables.items():
        database.execute(f"CREATE OR REPLACE TEMP VIEW {relation} AS SELECT * FROM {table.name}")
    translation = dialect.translated(resolved.query, resolved.schema, now)
    result = database.execute(translation.sql)
    types = [column_type(kind) for kind in translation.kinds]
    names = [f"{kind}({kind.precision},{kind.scale})" if kind == "decimal" else str(kind) for kind in types]
    rows = [[printed(value) for value in row] for row in result.fetchall()]
    return {
        "columns": list(zip(translation.columns, names, strict=True)),
        "rows": rows,
        "seconds": time.monotonic() - started,
    }


if __name__ == "__main__":
    main()
