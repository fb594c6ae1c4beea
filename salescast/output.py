"""What the command prints: answers on stdout as table, CSV or JSON, everything else on stderr."""

import csv
import json
import sys
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from salescast import money
from salescast.athena import Result
from salescast.reconcile import Reconciliation

__all__ = [
    "Rate",
    "as_csv",
    "as_json",
    "as_table",
    "err",
    "escape",
    "out",
    "progress",
    "reconciliation",
    "rows_table",
    "step",
]

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def as_json(content: Any) -> None:
    """Print pure JSON. Decimals become strings, so that they stay exact."""
    sys.stdout.write(json.dumps(content, indent=2, default=_plain, ensure_ascii=False) + "\n")


def as_csv(result: Result) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([column.name for column in result.columns])
    writer.writerows(["" if value is None else _text(value) for value in row] for row in result.rows)
    _statistics(result)


def as_table(result: Result) -> None:
    """Print rows and, on stderr, their count, the bytes read and the time."""
    out.print(rows_table([column.name for column in result.columns], result.rows))
    _statistics(result)


def _statistics(result: Result) -> None:
    err.print(
        f"{len(result.rows):,} row(s), {result.bytes_scanned:,} bytes scanned, {result.milliseconds:,} ms; "
        f"Athena bills {result.dollars:.5f} USD for it",
        style="dim",
        soft_wrap=True,
    )


def reconciliation(result: Reconciliation) -> None:
    """Table and lake side by side, the verdict, and examples of what differs."""
    rows = [
        ("orders", f"{result.table_orders:,}", f"{result.lake_orders:,}"),
        ("changes", f"{result.table_versions:,}", f"{result.lake_versions:,}"),
        ("amount", money.shortest(result.table_amount), money.shortest(result.lake_amount)),
    ]
    table = rows_table(["", "orders table", "lake (orders view)"], rows, title="Reconciliation")
    for column in table.columns[1:]:
        column.justify = "right"
    out.print(table)
    verdict = "[green]reconciled[/]" if result.reconciled else "[red]not reconciled[/]"
    counts = ("missing", "unexpected", "in_flight", "failed", "archived")
    told = ", ".join(f"{getattr(result, name):,} {name.replace('_', ' ')}" for name in counts)
    out.print(
        f"{verdict}: {told}; {result.failed_records:,} record(s) under errors/ or dead-lettered",
        soft_wrap=True,
    )
    for example in result.examples:
        out.print(f"  {escape(example)}", soft_wrap=True)


def rows_table(names: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None) -> Table:
    """A table with numbers to the right."""
    rows = list(rows)
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for index, name in enumerate(names):
        numeric = any(isinstance(row[index], int | float | Decimal) for row in rows)
        table.add_column(escape(name), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else escape(_text(value)) for value in row))
    return table


def step(text: str) -> None:
    """Say what happens now."""
    err.print(f"[cyan]•[/] {escape(text)}", soft_wrap=True)


def progress(*, hidden: bool = False) -> Progress:
    """Progress bars on stderr, with counts and rates."""
    return Progress(
        TextColumn("  {task.description:<22}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        console=err,
        disable=hidden,
    )


class Rate:
    """Counts per second since the first one, as text."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def text(self, count: int) -> str:
        seconds = time.monotonic() - self._start
        return f"{count / seconds:,.0f}/s" if seconds > 0 and count else ""


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _text(value: Any) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)
