"""Proves the log: every change that is kept as it came is in `order_changes`, or accounted for otherwise.

What came is summed up by the hour of its change_ts, as the query engine sums up the view; only the changes of
hours that differ are compared one by one. The view is read after the sources, so what it lacks is lost, has
failed or is on its way.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from salescast.integrity import failed_changes
from salescast.integrity.sources import Sources
from salescast.stack.services import athena
from salescast.stack.stack import Stack

HOURS_PER_QUERY = 500
IDS_PER_QUERY = 500
DIGITS = 8
_HOUR = "date_format(change_ts, '%Y-%m-%d %H')"
_STORED = "SELECT DISTINCT change_id, coalesce({hour}, '') AS hour FROM order_changes WHERE {where}"

Report = Callable[[str], None]


@dataclass
class Log:
    """The proof of the log, for the changes that came between `since` and `until`. Counts of changes.

    `dropped` counts by reason what is not for the lake; `objects` and `bytes` were read under raw/; `broken`
    are keys of those that cannot be unpacked. `proven_until` is where the next proof may begin.
    """

    since: datetime
    until: datetime
    changes: int = 0
    in_flight: int = 0
    failed: int = 0
    missing: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    objects: int = 0
    bytes: int = 0
    broken: list[str] = field(default_factory=list)

    @property
    def proven_until(self) -> datetime:
        return self.since if self.missing else self.until

    def __str__(self) -> str:
        dropped = ", ".join(f"{count:,} {reason}" for reason, count in sorted(self.dropped.items()))
        return (
            f"{self.changes:,} change(s) came; {self.missing:,} missing, {self.in_flight:,} in flight, "
            f"{self.failed:,} failed, {self.dropped.total():,} dropped" + (f" ({dropped})" if dropped else "")
        )

    def as_json(self) -> dict[str, Any]:
        times = {name: getattr(self, name).isoformat(timespec="seconds") for name in ("since", "until")}
        proven = {"proven_until": self.proven_until.isoformat(timespec="seconds")}
        return vars(self) | times | proven | {"dropped": dict(self.dropped)}


class Proof:
    """A proof of the log. `lost` maps what is missing to the hour of its change_ts."""

    def __init__(self, stack: Stack, since: datetime, settle: float) -> None:
        self._stack = stack
        self._settle = settle
        self.lost: dict[str, str] = {}
        # What is younger than `settle` may be on its way, so of a shorter period nothing is proven.
        self.log = Log(since, max(since, datetime.now(UTC) - timedelta(seconds=settle)))

    def run(self, report: Report) -> None:
        """Read what came, and look for it in the lake, under errors/ and in the dead-letter queue."""
        log = self.log
        sources = Sources(self._stack, log.since)
        report(
            f"reading what came since {log.since:%Y-%m-%d %H:%M} UTC: {sources.objects:,} object(s), "
            f"{sources.size / 1e6:.1f} MB, under raw/, and the table's stream"
        )
        came, dropped = _by_hour(sources)
        log.objects, log.bytes, log.broken = sources.objects, sources.size, sources.broken
        log.dropped = Counter(dropped.values())
        log.changes = sum(map(len, came.values())) + len(dropped)
        report("summing up the log by hour (Athena)")
        lacking = self._lacking(came)
        for change_id, (_, arrived) in list(lacking.items()):
            # Never young: a clock that is ahead must not hide anything for longer.
            if log.until.timestamp() < arrived:
                log.in_flight += 1
                del lacking[change_id]
        self._judge({change_id: hour for change_id, (hour, _) in lacking.items()})

    def look_again(self) -> None:
        """At what was missing: it may have been on its way, or it has failed meanwhile."""
        self._judge(self.lost)

    def _judge(self, lacking: dict[str, str]) -> None:
        log = self.log
        self.lost = {}
        if lacking:
            failed = failed_changes.tally(self._stack).ids
            left = {change_id: hour for change_id, hour in lacking.items() if change_id not in failed}
            log.failed += len(lacking) - len(left)
            there = set(self._there(left))
            self.lost = {change_id: hour for change_id, hour in left.items() if change_id not in there}
        log.missing = len(self.lost)

    def _lacking(self, came: dict[str, dict[str, float]]) -> dict[str, tuple[str, float]]:
        """What the lake does not have: hour and arrival by id."""
        stored = self._summed(came)
        differing = [hour for hour, arrivals in came.items() if _sums(arrivals) != stored.get(hour)]
        lacking = {change_id: (hour, at) for hour in differing for change_id, at in came[hour].items()}
        for chunk in _chunks(differing, HOURS_PER_QUERY):
            hours = ", ".join(f"'{hour}'" for hour in chunk)
            for change_id, _ in self._stored(f"coalesce({_HOUR}, '') IN ({hours}) AND {_between(chunk)}"):
                lacking.pop(str(change_id), None)
        return lacking

    def _summed(self, came: dict[str, dict[str, float]]) -> dict[str, tuple[int, int]]:
        """Count and checksum of the lake's changes by hour."""
        if not came:
            return {}
        sql = f"""WITH stored AS ({_STORED.format(hour=_HOUR, where=_between(came))})
            SELECT hour, CAST(count(*) AS varchar) AS changes, CAST(sum({CHECKSUM}) AS varchar) AS checksum
            FROM (SELECT hour, upper(to_hex(md5(to_utf8(change_id)))) AS digest FROM stored)
            GROUP BY hour"""  # noqa: S608, hours of our own
        rows = athena.run(self._stack, sql).rows
        return {str(hour): (int(str(count)), int(str(check))) for hour, count, check in rows}

    def _there(self, change_ids: Iterable[str]) -> Iterator[str]:
        """Those of the changes that the lake has, whatever their change_ts."""
        for chunk in _chunks(list(change_ids), IDS_PER_QUERY):
            quoted = ", ".join("'" + change_id.replace("'", "''") + "'" for change_id in chunk)
            for change_id, _ in self._stored(f"change_id IN ({quoted})"):
                yield str(change_id)

    def _stored(self, where: str) -> Iterator[list[athena.Value]]:
        return athena.stream(self._stack, _STORED.format(hour=_HOUR, where=where))


# The first hexadecimal digits of a column `digest`, as a number, by functions that every engine has.
CHECKSUM = " + ".join(
    f"{16 ** (DIGITS - 1 - place)} * (strpos('0123456789ABCDEF', substr(digest, {place + 1}, 1)) - 1)"
    for place in range(DIGITS)
)


def checksum(text: str) -> int:
    """What CHECKSUM is for the MD5 of a text."""
    digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return int(digest[:DIGITS], 16)


def _by_hour(sources: Sources) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
    """Latest arrival by id by hour, and why a change is dropped by its id."""
    came: dict[str, dict[str, float]] = defaultdict(dict)
    dropped: dict[str, str] = {}
    for change in sources.changes():
        if change.dropped:
            dropped[change.change_id] = change.dropped
        else:
            hour = came[change.hour]
            hour[change.change_id] = max(change.arrived, hour.get(change.change_id, 0.0))
    return came, dropped


def _sums(arrivals: dict[str, float]) -> tuple[int, int]:
    return len(arrivals), sum(map(checksum, arrivals))


def _between(hours: Iterable[str]) -> str:
    """A condition on change_ts that reads as little as possible and all of these hours."""
    named = sorted(hour for hour in hours if hour)
    unknown = "change_ts IS NULL"
    if not named:
        return unknown
    first, last = f"{named[0]}:00:00", f"{named[-1]}:59:59.999"
    within = f"change_ts BETWEEN TIMESTAMP '{first}' AND TIMESTAMP '{last}'"
    return f"({within} OR {unknown})" if "" in hours else within


def _chunks(items: list[str], size: int) -> Iterable[list[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))
