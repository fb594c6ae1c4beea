"""Progress bars with counts, rates and the time that is left."""

import time

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class Bars(Progress):
    """Bars on a console, shown while it is entered; hidden ones print nothing."""

    def __init__(self, console: Console, *, hidden: bool = False) -> None:
        super().__init__(
            TextColumn("  {task.description:<22}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(compact=True),
            console=console,
            disable=hidden,
        )

    def counter(self, what: str, total: int | None = None) -> "Counter":
        """A bar more; `total` is the count at its end, if that is known."""
        return Counter(self, what, total)


class Counter:
    """One bar: a count, and how many a second there were since it began."""

    def __init__(self, bars: Bars, what: str, total: int | None) -> None:
        self._bars = bars
        self._task = bars.add_task(what, total=total, rate="")
        self._start = time.monotonic()

    def show(self, count: int, total: int | None = None) -> None:
        """Set the count, and the total when it is known by now."""
        seconds = time.monotonic() - self._start
        rate = f"{count / seconds:,.0f}/s" if seconds > 0 and count else ""
        self._bars.update(self._task, completed=count, total=total, rate=rate)

    def expect(self, total: int) -> None:
        """Set the total."""
        self._bars.update(self._task, total=total)
