"""The dashboard while 50 orders a second are written: delay, memory, load times. `make bench-dashboard`.

Uses the stack that `make demo` left. Nothing is asserted about times.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psutil
from playwright.sync_api import CDPSession

from salescast.stack.stack import Stack
from salescast.stack.state import DEFAULT
from tests.browser import chromium
from tests.browser.look import PATHS, Look
from tests.browser.served import SALESCAST, Served, served

RATE, SECONDS = 50, 60
AFTER = 30
PIECE = 10
WARM = 5
MB = 1e6


def main() -> None:
    stack = Stack.laptop(DEFAULT)
    log = Path(tempfile.mkdtemp()) / "dashboard.log"
    with served(stack.state.folder, log) as dashboard, chromium.launched() as browser:
        window = Look(browser, dashboard.url)
        loads(window)
        under_load(stack, dashboard, window)
        window.close()
        problems = [*window.problems, *re.findall("Traceback.*", log.read_text())]
    print(f"errors in the page or the dashboard's log: {problems or 'none'}")


def loads(window: Look) -> None:
    """Print how long each page takes by its address: first, and the median of what follows."""
    print(f"{'page':<12}{'first':>8}{'then':>8}   seconds until figures and charts stand; median of {WARM}")
    for title in PATHS:
        first = window.open(title)
        then = statistics.median(window.open(title) for _ in range(WARM))
        print(f"{title:<12}{first:8.2f}{then:8.2f}")


def under_load(stack: Stack, dashboard: Served, window: Look) -> None:
    """Print memory and delay while orders are written, and the rate that was reached."""
    process = psutil.Process(dashboard.pid)
    client = window.context.new_cdp_session(window.page)
    window.open("Now")
    window.page.wait_for_timeout(8000)
    start = shown(window)
    print(f"\n{'':<12}{'RSS, MB':>10}{'JS heap, MB':>13}{'on the page':>13}{'written':>9}")
    begin = time.monotonic()

    def line(name: str) -> None:
        count = len([one for one in placed(stack) if one >= epoch])
        print(
            f"{name:<12}{process.memory_info().rss / MB:10.0f}{heap(client):13.1f}"
            f"{shown(window) - start:13,}{count:9,}",
            flush=True,
        )

    epoch = datetime.now(UTC).timestamp()
    line("before")
    command = [str(SALESCAST), "generate", "--rate", str(RATE), "--seconds", str(SECONDS), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        samples: list[tuple[float, int]] = []
        for end in range(PIECE, SECONDS + AFTER + 1, PIECE):
            pause(window, begin + end, lambda: samples.append((time.time(), shown(window) - start)))
            line(f"{end} s")
        written = json.loads(writer.communicate()[0])
    print(f"\nwritten: {written['inserted']:,} orders in {written['seconds']:.1f} s, ", end="")
    print(f"{written['inserted'] / written['seconds']:.1f} orders/s")
    found = delays(sorted(one for one in placed(stack) if one >= epoch), samples)
    print(
        f"from order_ts to its count on the open page, {len(found):,} orders: median "
        f"{statistics.median(found):.1f} s, 95 % {statistics.quantiles(found, n=20)[-1]:.1f} s, "
        f"longest {max(found):.1f} s"
    )


def delays(times: list[float], samples: list[tuple[float, int]]) -> list[float]:
    """For each order, by its order_ts, how long until the page counted that many."""
    found = []
    for number, placed_at in enumerate(times, 1):
        seen = next((at for at, count in samples if count >= number), None)
        if seen is not None:
            found.append(seen - placed_at)
    return found


def pause(window: Look, until: float, sample: Callable[[], None]) -> None:
    while time.monotonic() < until:
        window.page.wait_for_timeout(200)
        sample()


def shown(window: Look) -> int:
    """What Now counts for the last hour."""
    return int(window.metric("Orders, last hour").inner_text().replace(",", "") or 0)


def heap(client: CDPSession) -> float:
    """The page's JavaScript heap after a collection, MB."""
    client.send("HeapProfiler.collectGarbage")
    return float(client.send("Runtime.getHeapUsage")["usedSize"]) / MB


def placed(stack: Stack) -> list[float]:
    """order_ts of the table's orders, epoch seconds."""
    pages = stack.dynamodb.get_paginator("scan").paginate(
        TableName=stack.output("OrdersTable"), ProjectionExpression="order_ts, test"
    )
    return [
        datetime.fromisoformat(item["order_ts"]["S"]).timestamp()
        for page in pages
        for item in page["Items"]
        if "test" not in item
    ]


if __name__ == "__main__":
    main()
