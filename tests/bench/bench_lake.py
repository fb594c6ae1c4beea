"""A month in the lake as Firehose writes it, before and after the job, beside one object per minute and date.

What is counted: objects and bytes, and the seconds of a query over the last 28 days by the engine of the
laptop's Athena, which reads files of this machine: on S3 every object costs some 20 ms and a request more.
The former layout is what dynamic partitioning by order_date wrote, and is asked through the same view.

SALESCAST_CHANGES=3000000 takes a busier shop (default: 289,456 changes, the generator's 120 orders an hour).
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.bench.month import DAYS, FIRST, month, write_arrivals, write_by_order_date
from tests.dates.athena import answers, table_file
from tests.template import ROOT, columns

Files = dict[str, str | list[str]]

DEFAULT_RATE = 120.0
CHANGES_AT_DEFAULT = 289_456
LAST = FIRST + dt.timedelta(days=DAYS - 1)
SINCE = f"{LAST - dt.timedelta(days=27):%Y-%m-%d}"
QUERY = (
    "SELECT order_date, count(*), sum(net_revenue) FROM orders "
    f"WHERE order_date >= '{SINCE}' GROUP BY 1 ORDER BY 1"
)
# The quicker run counts: machines are shared.
RUNS = 2


def main() -> int:
    changes = int(os.environ.get("SALESCAST_CHANGES", CHANGES_AT_DEFAULT))
    folder = Path(tempfile.mkdtemp(prefix="salescast-lake-"))
    try:
        return compare(changes, folder)
    finally:
        shutil.rmtree(folder)


def compare(changes: int, folder: Path) -> int:
    made = month(DEFAULT_RATE * changes / CHANGES_AT_DEFAULT)
    count = made.rows.num_rows
    print(f"{count:,} changes in {DAYS} days; {QUERY}")
    print(f"{'layout':<40}{'objects':>10}{'a million':>12}{'MB':>8}{'query, s':>10}{'ratio':>8}")
    empty = str(table_file(folder, "order_state", []))
    write_by_order_date(made, former := folder / "former")
    began, first = _line("an object a minute and order date", count, [former], _former(former, empty), None)
    shutil.rmtree(former)
    arrivals = folder / "curated" / "order_arrivals"
    write_arrivals(made, arrivals)
    _, second = _line("arrivals, nothing merged", count, [arrivals], _now(arrivals, [], empty), began)
    job = _job(folder)
    state = [row[0] for row in job["tables"]["order_state"] if row[2] >= SINCE]
    live = [Path(row[0]) for rows in job["tables"].values() for row in rows]
    _, third = _line("after the job", count, [arrivals, *live], _now(arrivals, state, empty), began)
    print(f"the job took {job['seconds']:.0f} s; the query read {len(state)} files of the state")
    alike = first == second == third
    print("the answers are the same" if alike else "THE ANSWERS DIFFER")
    return 0 if alike else 1


def _line(
    layout: str, count: int, places: Iterable[Path], files: Files, began: float | None
) -> tuple[float, list[Any]]:
    """Print what the objects of a layout are and what the query takes; its seconds and its answer."""
    objects = [path for place in places for path in (place.rglob("*.parquet") if place.is_dir() else [place])]
    size = sum(path.stat().st_size for path in objects)
    runs = answers(LAST, files, [(QUERY, [])] * RUNS)
    seconds = min(run["seconds"] for run in runs)
    print(
        f"{layout:<40}{len(objects):>10,}{len(objects) / count * 1e6:>12,.0f}{size / 1e6:>8.1f}"
        f"{seconds:>10.2f}{(began or seconds) / seconds:>8.1f}",
        flush=True,
    )
    return seconds, runs[0]["rows"]


def _former(folder: Path, empty: str) -> Files:
    """The order dates that the query names."""
    paths = [str(path) for path in folder.glob("*/*.parquet") if path.parent.name >= f"order_date={SINCE}"]
    return {"order_arrivals": paths, "order_state": empty}


def _now(arrivals: Path, state: str | list[str], empty: str) -> Files:
    """Arrivals, and what the job made of those that are gone."""
    paths = [str(path) for path in arrivals.rglob("*.parquet")]
    return {"order_arrivals": paths or empty, "order_state": state or empty}


def _job(folder: Path) -> dict[str, Any]:
    request = {"folder": str(folder), "columns": list(columns("order_arrivals").items())}
    path = os.pathsep.join(str(ROOT / part) for part in ("jobs", "tests/glue"))
    finished = subprocess.run(
        [ROOT / ".venv-glue" / "bin" / "python", ROOT / "tests" / "bench" / "lake_job.py"],
        input=json.dumps(request),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    answer: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return answer


if __name__ == "__main__":
    started = time.monotonic()
    status = main()
    print(f"{time.monotonic() - started:.0f} s in all")
    sys.exit(status)
