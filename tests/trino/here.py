"""The laptop's Athena without its services: expressions over no table, in .venv-emulator.

Reads a JSON list of statements from standard input; answers each with {"types", "rows"} or {"error"}.
"""

import json
import sys
from datetime import UTC, datetime
from typing import Any

import duckdb

from salescast.local.emulator.athena import dialect
from salescast.local.emulator.athena.engine import _reason
from salescast.local.emulator.athena.errors import QueryError
from salescast.local.emulator.athena.types import printed

OUTSIDE = "SET disabled_optimizers = 'common_subexpressions'"
"""As engine.py has it for a statement with TRY."""


def main() -> None:
    """Answer all statements."""
    database = duckdb.connect(":memory:")
    for statement in ("SET TimeZone = 'UTC'", "SET integer_division = true", OUTSIDE, *dialect.MACROS):
        database.execute(statement)
    json.dump([_answer(database, sql) for sql in json.load(sys.stdin)], sys.stdout)


def _answer(database: duckdb.DuckDBPyConnection, sql: str) -> dict[str, Any]:
    try:
        translation = dialect.translated(dialect.parsed(sql), {}, datetime.now(UTC))
        rows = database.execute(translation.sql).fetchall()
    except QueryError as error:
        return {"error": str(error)}
    except duckdb.Error as error:
        return {"error": _reason(error)}
    types = [str(kind) for kind in translation.kinds]
    return {"types": types, "rows": [[printed(value) for value in row] for row in rows]}


if __name__ == "__main__":
    main()
