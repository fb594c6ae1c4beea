"""What the command prints: answers on stdout as table, CSV or JSON, everything else on stderr."""

import csv
import json
import sys
import textwrap
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TextIO

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from salescast.integrity import health
from salescast.integrity.health import Stage
from salescast.integrity.reconcile import Reconciliation
from salescast.integrity.redrive import Redrive
from salescast.stack import money
from salescast.stack.athena import NamedQuery, Result

if TYPE_CHECKING:
    from salescast.replay.replay import Problem

__all__ = [
    "Rate",
    "as_csv",
    "as_json",
    "as_table",
    "err",
    "escape",
    "lines",
    "out",
    "problems",
    "progress",
    "queries",
    "reconciliation",
    "redrive",
    "result",
    "rows_table",
    "stages",
    "step",
    "write_csv",
]

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def as_json(content: Any) -> None:
    """Print pure JSON. Decimals become strings, so that they stay exact."""
    sys.stdout.write(json.dumps(content, indent=2, default=_plain, ensure_ascii=False) + "\n")


def as_csv(result: Result) -> None:
    write_csv(result, sys.stdout)
    _statistics(result)


def write_csv(result: Result, file: TextIO) -> None:
    """Write an answer as CSV: decimals exact, nothing for NULL."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([column.name for column in result.columns])
    writer.writerows(["" if value is None else _text(value) for value in row] for row in result.rows)


def as_table(result: Result) -> None:
    """Print rows and, on stderr, their count, the bytes read and the time."""
    out.print(rows_table([column.name for column in result.columns], result.rows))
    _statistics(result)


def result(found: Result, *, in_json: bool, in_csv: bool) -> None:
    """The answer to a query."""
    if in_json:
        as_json(
            {
                "columns": [vars(column) for column in found.columns],
                "rows": found.rows,
                "bytes_scanned": found.bytes_scanned,
                "milliseconds": found.milliseconds,
            }
        )
    elif in_csv:
        as_csv(found)
    else:
        as_table(found)


def queries(named: Iterable[NamedQuery], *, in_json: bool) -> None:
    """What can be asked by name."""
    if in_json:
        as_json(
            [{"name": one.name, "description": one.description, "parameters": one.defaults} for one in named]
        )
        return
    rows = [
        [one.name, one.description, ", ".join(f"{name}={value}" for name, value in one.defaults.items())]
        for one in named
    ]
    out.print(rows_table(["query", "answers", "parameters"], rows))


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


def stages(found: Iterable[Stage]) -> None:
    """The health of each stage, details in a column of their own, and the verdict on all."""
    found = list(found)
    colours = {health.OK: "green", health.WARNING: "yellow", health.DOWN: "red"}
    indent = 9 + max(len(stage.name) for stage in found) + 2
    # A pipe or a file gets one line for each stage, whatever its length.
    width = max(30, out.width - indent) if out.is_terminal else sys.maxsize
    for stage in found:
        first, *rest = textwrap.wrap(stage.detail, width, break_on_hyphens=False) or [""]
        mark = f"[{colours[stage.health]}]{stage.health:<9}[/]"
        out.print(f"{mark}{stage.name:<{indent - 9}}{escape(first)}", soft_wrap=True)
        for line in rest:
            out.print(" " * indent + escape(line), soft_wrap=True)
    worst, text = health.verdict(found)
    out.print(f"[{colours[worst]}]{escape(text)}[/]", soft_wrap=not out.is_terminal)


def problems(found: "Iterable[Problem]") -> None:
    """Lines of a file that could not become orders."""
    for problem in found:
        err.print(f"line {problem.line}: {problem.field} {problem.reason}", markup=False, soft_wrap=True)


def lines(texts: Iterable[str]) -> None:
    """Texts as they are."""
    for text in texts:
        out.print(text, markup=False, soft_wrap=True)


def redrive(done: Redrive) -> None:
    """What was delivered again, and why the rest was not."""
    verb = "would be delivered again" if done.dry_run else "delivered again"
    out.print(
        f"{done.found:,} failed change(s) found, {done.redriven:,} {verb}, {done.left.total():,} left; "
        f"{done.objects:,} error object(s) and {done.messages:,} dead letter(s) settled",
        soft_wrap=True,
    )
    for reason, count in done.left.most_common():
        out.print(f"  {count:,} left: {escape(reason)}", soft_wrap=True)
    for place in done.places:
        out.print(f"  lost: {escape(place)}", soft_wrap=True)


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
