"""The lake's job over a folder of arrivals, in .venv-glue: two runs, of which the second deletes.

Reads {folder, columns: [[name, type]]} from standard input; answers {seconds, tables: {name: [[path, first
order_date, last order_date]]}} in its last line.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from on_files import Folder, create_tables, session

import lake

DATABASE = "month"


def main() -> None:
    request = json.load(sys.stdin)
    home = Path(request["folder"])
    columns = [(name, kind) for name, kind in request["columns"]]
    with session(home, ("spark.driver.memory", "6g"), ("spark.sql.codegen.wholeStage", "true")) as spark:
        create_tables(spark, DATABASE, columns)
        store: Any = Folder(home)
        started = time.monotonic()
        for _ in range(2):
            lake.Job(spark, store, DATABASE, columns, 7, 0.0).run()
        seconds = time.monotonic() - started
        tables = {table: _files(spark, table) for table in (lake.LOG, lake.STATE)}
    print(json.dumps({"seconds": seconds, "tables": tables}))


def _files(spark: Any, table: str) -> list[list[str]]:
    bounds = "readable_metrics.order_date.lower_bound, readable_metrics.order_date.upper_bound"
    rows = spark.sql(f"SELECT file_path, {bounds} FROM lake.{DATABASE}.{table}.files").collect()
    return [[row[0].removeprefix("file:"), row[1], row[2]] for row in rows]


if __name__ == "__main__":
    main()
