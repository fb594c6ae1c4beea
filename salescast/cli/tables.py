"""Tables that fit their terminal: numbers never fold, and what is too wide becomes a block for each row."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from io import StringIO
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from salescast.stack import money

LEAST_TEXT = 12  # columns that a text may be folded to
# As many rows as one looks through in a terminal; a pipe or a file gets all.
MOST_ROWS = 100
MOST_BLOCKS = 10

_WIDE = Console(file=StringIO(), width=1_000_000, color_system=None, highlight=False)


def table(names: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None) -> Table:
    """A table with numbers to the right, which are not folded."""
    rows = list(rows)
    drawn = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for index, name in enumerate(names):
        numeric = any(isinstance(row[index], int | float | Decimal) for row in rows)
        if numeric:
            drawn.add_column(escape(name), justify="right", no_wrap=True)
        else:
            longest = max([len(name), *(len(text(row[index])) for row in rows)])
            drawn.add_column(escape(name), overflow="fold", min_width=min(LEAST_TEXT, longest))
    for row in rows:
        drawn.add_row(*(escape(text(value)) for value in row))
    return drawn


def show(console: Console, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
    """Print rows as they fit: a table, else a block for each. Returns how many rows were shown."""
    if not console.is_terminal:
        drawn = table(names, rows)
        for line in _unfolded(drawn):
            console.print(line, markup=False, soft_wrap=True)
        return len(rows)
    drawn = table(names, rows[:MOST_ROWS])
    if Measurement.get(console, _WIDE.options, drawn).minimum <= console.width:
        console.print(drawn)
        return min(len(rows), MOST_ROWS)
    for line in _blocks(names, rows[:MOST_BLOCKS]):
        console.print(line, markup=False, soft_wrap=True)
    return min(len(rows), MOST_BLOCKS)


def text(value: Any) -> str:
    """A value as it is shown: nothing for NULL, decimals exact, doubles to four digits or to a hundredth."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.2f}" if abs(value) >= 1 or not value else f"{value:.4g}"
    return money.grouped(value) if isinstance(value, Decimal) else str(value)


def _unfolded(drawn: Table) -> list[str]:
    """The lines of a table as wide as it wants to be."""
    with _WIDE.capture() as capture:
        _WIDE.print(drawn)
    return [line.rstrip() for line in capture.get().splitlines()]


def _blocks(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    indent = max(map(len, names))
    for number, row in enumerate(rows, start=1):
        yield f"row {number}"
        for name, value in zip(names, row, strict=True):
            yield f"  {name:<{indent}}  {text(value)}".rstrip()
