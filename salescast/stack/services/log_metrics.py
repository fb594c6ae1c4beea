"""Metrics in the transformer's log (EMF lines): their sums over the last 24 hours, by one dimension.

A log of 24 hours is long, and a dashboard asks every few seconds. So each process remembers what it has read,
by the minute, and reads again only the last minutes, in which lines may still arrive.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Lock

from salescast.stack.stack import Stack

WINDOW_MS = 24 * 3_600_000
# CloudWatch Logs gives no order of arrival; a line that comes later than this is not counted.
LATE_MS = 5 * 60_000
MINUTE_MS = 60_000


class Sums:
    """The sums of one metric of one deployed stack, by the values of one dimension."""

    def __init__(self, metric: str, dimension: str) -> None:
        self.metric, self.dimension = metric, dimension
        self._lock = Lock()
        self._settled: dict[int, Counter[str]] = {}
        self._settled_to = 0

    def read(self, stack: Stack) -> Counter[str]:
        """Value -> sum over the last 24 hours. Reads the log from where it is not settled."""
        now = round(datetime.now(UTC).timestamp() * 1000)
        with self._lock:
            start = max(now - WINDOW_MS, self._settled_to)
            settles = (now - LATE_MS) // MINUTE_MS * MINUTE_MS
            minutes: dict[int, Counter[str]] = {}
            for moment, value, number in self._lines(stack, start):
                minutes.setdefault(moment // MINUTE_MS * MINUTE_MS, Counter())[value] += number
            kept = {minute: sums for minute, sums in self._settled.items() if minute >= now - WINDOW_MS}
            total = sum([*kept.values(), *minutes.values()], Counter[str]())
            self._settled = kept | {minute: sums for minute, sums in minutes.items() if minute < settles}
            self._settled_to = max(settles, self._settled_to)
        return total

    def _lines(self, stack: Stack, start: int) -> Iterator[tuple[int, str, int]]:
        configuration = stack.functions.get_function_configuration(
            FunctionName=stack.output("TransformerFunction")
        )
        pages = stack.logs.get_paginator("filter_log_events").paginate(
            logGroupName=configuration["LoggingConfig"]["LogGroup"],
            startTime=start,
            filterPattern=f'"{self.metric}"',
        )
        for event in (one for page in pages for one in page["events"]):
            try:
                line = json.loads(event["message"])
            except ValueError:
                continue
            if isinstance(line, dict) and self.metric in line and self.dimension in line:
                values = line[self.metric]
                number = sum(values) if isinstance(values, list) else values
                yield event["timestamp"], str(line[self.dimension]), round(number)


_remembered: dict[tuple[str, str, str], Sums] = {}


def sums(stack: Stack, metric: str, dimension: str) -> Counter[str]:
    """Value of the dimension -> sum of the metric over the last 24 hours, remembered by this process."""
    key = (str(stack.description["StackId"]), metric, dimension)
    return _remembered.setdefault(key, Sums(metric, dimension)).read(stack)


def unknown_attributes(stack: Stack) -> Counter[str]:
    """Attribute outside the data contract -> how many changes carried it."""
    return sums(stack, "UnknownAttributes", "attribute")


def refused(stack: Stack) -> Counter[str]:
    """Reason -> how many changes the transformer refused for it."""
    return sums(stack, "RecordsFailedByReason", "reason")
