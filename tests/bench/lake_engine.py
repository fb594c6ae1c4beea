"""One query by the laptop's Athena, in .venv-emulator: the engine and the translation, over files.

Reads {sql, tables: {name: [path]}, views: {name: sql}, empty: {name: {column: type}}} from standard input;
answers {seconds, rows}. A table without files is empty; its columns are those of `empty`.
"""

import json
import sys
import time

import duckdb
import sqlglot


def main() -> None:
    request = json.load(sys.stdin)
    database = duckdb.connect(":memory:")
    database.execute("SET TimeZone = 'UTC'")
    started = time.monotonic()
    for name, paths in request["tables"].items():
        if paths:
            source = f"SELECT * FROM read_parquet({paths!r}, hive_partitioning = true)"
        else:
            columns = (f"CAST(NULL AS {kind}) AS {column}" for column, kind in request["empty"].items())
            source = f"SELECT {', '.join(columns)} LIMIT 0"
        database.execute(f"CREATE VIEW {name} AS {source}")
    for name, sql in request["views"].items():
        database.execute(f"CREATE VIEW {name} AS {_translated(sql)}")
    rows = database.execute(_translated(request["sql"])).fetchall()
    seconds = time.monotonic() - started
    json.dump({"seconds": seconds, "rows": [[str(value) for value in row] for row in rows]}, sys.stdout)


def _translated(sql: str) -> str:
    return sqlglot.transpile(sql, read="trino", write="duckdb")[0]


if __name__ == "__main__":
    main()
