"""Dates as shops write them: every value in the file's one order of day and month, in UTC.

A library that guesses each date by itself (dateutil, pandas before PDEP-4) reads 13/03 day first and 12/03
month first in the same column. Here a text has at most two readings, the whole file decides which one it
means, and a file that contradicts itself is refused.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from salescast.stack.errors import SalescastError

DateOrder = Literal["day-first", "month-first"]
DateNumber = Literal["epoch", "epoch-ms", "excel"]
# A serial number of Excel counts days from here, from 1900-03-01 on (the leap day of 1900 that Excel has is
# behind it).
EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  local time of the shop
PIVOT = 69  # POSIX strptime: 69 to 99 are of the 20th century

_FLAGS = re.IGNORECASE | re.ASCII
_TIME = (
    r"(?:(?:T|,?\s+)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:\s*(?P<half>[ap])\.?m\.?)?(?:\s*(?P<zone>Z|UTC|GMT|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?))?)?"
)
_YEAR_FIRST = re.compile(
    rf"(?P<year>\d{{4}})(?P<mark>[-/.])(?P<first>\d{{1,2}})(?P=mark)(?P<then>\d{{1,2}}){_TIME}", _FLAGS
)
# Serial numbers and epochs have other lengths.
_COMPACT = re.compile(rf"(?P<year>(?:19|20)\d{{2}})(?P<first>\d{{2}})(?P<then>\d{{2}}){_TIME}", _FLAGS)
_YEAR_LAST = re.compile(
    rf"(?P<first>\d{{1,2}})(?P<mark>[-/.])(?P<then>\d{{1,2}})(?P=mark)(?P<year>\d{{4}}|\d{{2}}){_TIME}",
    _FLAGS,
)
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,?\s+)?"
_NAMED = re.compile(
    rf"{_WEEKDAY}(?P<day>\d{{1,2}})[-/.\s]+(?P<name>[a-z]{{3,9}})\.?[-/,\s]+(?P<year>\d{{4}}|\d{{2}}){_TIME}",
    _FLAGS,
)
_NAME_FIRST = re.compile(
    rf"{_WEEKDAY}(?P<name>[a-z]{{3,9}})\.?\s+(?P<day>\d{{1,2}}),?\s+(?P<year>\d{{4}}){_TIME}", _FLAGS
)
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?").fullmatch


class Dates(NamedTuple):
    """What a text may mean, each UTC with milliseconds and Z, or None where it is no date in that order."""

    month_first: str | None
    day_first: str | None
    dotted: bool = False


def timestamp(moment: datetime) -> str:
    """A moment as the data contract writes it: 2010-12-01T08:26:00.000Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def reader(zone: ZoneInfo, number: DateNumber | None = None) -> Callable[[str], Dates | None]:
    """A function from a text to what it may mean; None for what is no date in any form.

    A time without a zone is local time in `zone`: an hour that the clock skips is read as if it had not moved
    yet, one that it repeats as its first pass. `number`: what a bare number counts.
    """

    @lru_cache(maxsize=65_536)
    def read(text: str) -> Dates | None:
        if number and _NUMBER(text):
            return _counted(text, number, zone)
        if match := _YEAR_FIRST.fullmatch(text) or _COMPACT.fullmatch(text):
            value = _moment(match, int(match["first"]), int(match["then"]), zone)
            return Dates(value, value) if value else None
        if match := _YEAR_LAST.fullmatch(text):
            first, then = int(match["first"]), int(match["then"])
            dates = Dates(
                _moment(match, first, then, zone), _moment(match, then, first, zone), match["mark"] == "."
            )
            return dates if any(dates[:2]) else None
        if match := _NAMED.fullmatch(text) or _NAME_FIRST.fullmatch(text):
            value = _moment(match, _month(match["name"]), int(match["day"]), zone)
            return Dates(value, value) if value else None
        return None

    return read


def _month(name: str) -> int:
    name = name.lower()
    return next((n for n, month in enumerate(_MONTHS, 1) if name in (month, month[:3], month[:4])), 0)


def _moment(match: re.Match[str], month: int, day: int, zone: ZoneInfo) -> str | None:
    year, hour = int(match["year"]), int(match["hour"] or 0)
    if len(match["year"]) == 2:
        year += 1900 if year >= PIVOT else 2000
    if half := match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (half in "pP")
    microsecond = int((match["fraction"] or "0").ljust(9, "0")[:6])
    try:
        local = datetime(  # noqa: DTZ001  the zone follows
            year, month, day, hour, int(match["minute"] or 0), int(match["second"] or 0), microsecond
        )
        return timestamp(_aware(local, match["zone"], zone))
    except (ValueError, OverflowError):
        return None


def _aware(local: datetime, offset: str | None, zone: ZoneInfo) -> datetime:
    if offset is None:
        return local.replace(tzinfo=zone)
    if offset.upper() in ("Z", "UTC", "GMT"):
        return local.replace(tzinfo=UTC)
    digits = offset[1:].replace(":", "").ljust(4, "0")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return (local - ahead if offset[0] == "+" else local + ahead).replace(tzinfo=UTC)


def _counted(text: str, number: DateNumber, zone: ZoneInfo) -> Dates | None:
    try:
        if number == "excel":
            # To the second: a serial number is a float and has noise behind it.
            local = EXCEL_EPOCH + timedelta(seconds=round(float(text) * 86_400))
            value = timestamp(local.replace(tzinfo=zone))
        else:
            value = timestamp(
                datetime.fromtimestamp(float(text) / (1000 if number == "epoch-ms" else 1), UTC)
            )
    except (ValueError, OverflowError, OSError):
        return None
    return Dates(value, value)


@dataclass
class DateColumn:
    """What a file's dates say about their order of day and month. `order`: what the user said it is.

    `assumed` is the order for a file that does not show it; dates with points are day first then.
    """

    assumed: DateOrder = "month-first"
    order: DateOrder | None = None
    evidence: dict[DateOrder, tuple[int, str]] = field(default_factory=dict)
    ambiguous: str = ""
    unread: int = 0
    _ranges: dict[DateOrder | None, tuple[str, str]] = field(default_factory=dict)

    def see(self, line: int, text: str, dates: Dates | None) -> None:
        """Take a line's date into account."""
        if dates is None:
            self.unread += 1
            return
        if dates.month_first is None:
            self.evidence.setdefault("day-first", (line, text))
        elif dates.day_first is None:
            self.evidence.setdefault("month-first", (line, text))
        elif dates.month_first != dates.day_first:
            self.ambiguous = self.ambiguous or text
        orders: tuple[DateOrder | None, ...] = ("day-first", "month-first", None)
        for order in orders:
            if value := self._pick(dates, order):
                day = value[:10]
                first, last = self._ranges.get(order, (day, day))
                if not first <= day <= last or order not in self._ranges:
                    self._ranges[order] = min(first, day), max(last, day)

    def decide(self) -> None:
        """Settle the order. Raises SalescastError when the file contradicts itself and nobody said what
        counts.
        """
        if self.order:
            return
        if len(self.evidence) == 2:
            lines = " and ".join(
                f"line {line} ({text}) says {order}" for order, (line, text) in sorted(self.evidence.items())
            )
            raise SalescastError(
                f"the dates contradict each other: {lines}; nothing was written. Mend the file, or say what "
                "counts with --dates day-first or --dates month-first, and the others are listed as no orders"
            )
        self.order = next(iter(self.evidence), None)

    def value(self, dates: Dates) -> str | None:
        """The one reading of a text after the file has decided; None where it is no date in this order."""
        return self._pick(dates, self.order)

    @property
    def range(self) -> tuple[str, str]:
        """First and last order date (UTC, yyyy-MM-dd); empty if the file has none."""
        return self._ranges.get(self.order, ("", ""))

    @property
    def note(self) -> str:
        """How dates that could mean two days are read, and why; empty if none could."""
        if not self.ambiguous:
            return ""
        if self.order in self.evidence:
            line, text = self.evidence[self.order]
            return f"dates are read {self.order}, as line {line} ({text}) shows"
        if self.order:
            return f"dates are read {self.order}, as you said"
        dotted = "." in self.ambiguous
        order, other = (
            ("day-first", "month-first")
            if dotted or self.assumed == "day-first"
            else ("month-first", "day-first")
        )
        return (
            f"nothing shows whether {self.ambiguous} is day or month first: dates are read {order}; "
            f"--dates {other} reads them the other way"
        )

    def _pick(self, dates: Dates, order: DateOrder | None) -> str | None:
        if order is None:
            order = "day-first" if dates.dotted else self.assumed
            return (
                (dates.day_first if order == "day-first" else dates.month_first)
                or dates.month_first
                or dates.day_first
            )
        return dates.day_first if order == "day-first" else dates.month_first
