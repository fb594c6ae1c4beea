"""Partition projection: which partition an object belongs to, from the table's properties alone.

Athena computes a projected table's partitions from `projection.<column>.*` and finds their objects under
`storage.location.template` (user guide, "Partition projection"). Here it goes the other way round, from the
objects that are there to the partition each lies in, which gives the same rows and does not grow with the
range.

Types: date, enum, integer. Left out: injected, and a date's zone other than UTC.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from salescast.local.emulator.athena import java_dates

Contains = Callable[[str], bool]

_NOW = re.compile(
    r"\s*NOW\s*(?:([+-])\s*([0-9]+)\s*(YEAR|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND)S?\s*)?", re.IGNORECASE
)
_UNITS = {"WEEK": 604800, "DAY": 86400, "HOUR": 3600, "MINUTE": 60, "SECOND": 1}
_MONTHS = {"MONTH": 1, "YEAR": 12}


class ProjectionError(ValueError):
    """The table's projection properties make no sense; Athena says so when the table is queried."""


def enabled(parameters: Mapping[str, str]) -> bool:
    """Whether the table is projected, which also means that registered partitions are ignored."""
    return parameters.get("projection.enabled", "false").strip().lower() == "true"


def location_pattern(parameters: Mapping[str, str], location: str, keys: list[str]) -> re.Pattern[str]:
    """A pattern for `s3://bucket/key` of the table's objects, with a group per partition key: p0, p1, ..."""
    template = parameters.get("storage.location.template")
    if template is None:
        template = location.rstrip("/") + "/" + "".join(f"{key}=${{{key}}}/" for key in keys)
    missing = [key for key in keys if f"${{{key}}}" not in template]
    if missing or not template.endswith("/"):
        raise ProjectionError(
            "storage.location.template must end with / and contain " + ", ".join(f"${{{k}}}" for k in keys)
        )
    pattern = re.escape(template)
    for index, key in enumerate(keys):
        place = re.escape(f"${{{key}}}")
        pattern = pattern.replace(place, f"(?P<p{index}>[^/]+)", 1).replace(place, f"(?P=p{index})")
    return re.compile(pattern)


def membership(parameters: Mapping[str, str], key: str, now: datetime) -> Contains:
    """A function that tells whether a partition value lies in the projected range of the column `key`.

    `now` is what NOW means, in UTC. Raises ProjectionError.
    """
    kind = _property(parameters, key, "type").lower()
    if kind == "date":
        return _dates(parameters, key, now)
    if kind == "enum":
        values = {value.strip() for value in _property(parameters, key, "values").split(",")}
        return values.__contains__
    if kind == "integer":
        return _integers(parameters, key)
    raise ProjectionError(f"projection.{key}.type is {kind}: only date, enum and integer are supported here")


def _property(parameters: Mapping[str, str], key: str, name: str, default: str | None = None) -> str:
    value = parameters.get(f"projection.{key}.{name}", default)
    if value is None:
        raise ProjectionError(f"the table has no property projection.{key}.{name}")
    return value


def _range(parameters: Mapping[str, str], key: str) -> tuple[str, str]:
    ends = _property(parameters, key, "range").split(",")
    if len(ends) != 2:
        raise ProjectionError(f"projection.{key}.range must be two values separated by a comma")
    return ends[0].strip(), ends[1].strip()


def _integers(parameters: Mapping[str, str], key: str) -> Contains:
    try:
        first, last = (int(end) for end in _range(parameters, key))
        step = int(_property(parameters, key, "interval", "1"))
        digits = int(_property(parameters, key, "digits", "0"))
    except ValueError as error:
        raise ProjectionError(f"projection.{key}: {error}") from error

    def contains(value: str) -> bool:
        if not value.isascii() or not value.isdigit() or value != f"{int(value):0{digits}d}":
            return False
        return first <= int(value) <= last and (int(value) - first) % step == 0

    return contains


def _dates(parameters: Mapping[str, str], key: str, now: datetime) -> Contains:
    layout = _property(parameters, key, "format")
    python = java_dates.to_python(layout)
    first, last = (_cut(_moment(end, python, key, now), python) for end in _range(parameters, key))
    step = int(_property(parameters, key, "interval", "1"))
    unit = _property(parameters, key, "interval.unit", _precision(layout)).upper().removesuffix("S")
    if unit not in _UNITS and unit not in _MONTHS:
        raise ProjectionError(f"projection.{key}.interval.unit is not a unit of time: {unit}")

    def on_step(moment: datetime) -> bool:
        if unit in _MONTHS:
            return ((moment.year - first.year) * 12 + moment.month - first.month) % (
                step * _MONTHS[unit]
            ) == 0
        return (moment - first) % timedelta(seconds=step * _UNITS[unit]) == timedelta(0)

    def contains(value: str) -> bool:
        try:
            moment = datetime.strptime(value, python).replace(tzinfo=UTC)
        except ValueError:
            return False
        return moment.strftime(python) == value and first <= moment <= last and on_step(moment)

    return contains


def _cut(moment: datetime, python: str) -> datetime:
    """`moment` without what the format does not show; steps are counted from there."""
    return datetime.strptime(moment.strftime(python), python).replace(tzinfo=UTC)


def _precision(layout: str) -> str:
    for letters, unit in (("ss", "SECOND"), ("mm", "MINUTE"), ("HH", "HOUR"), ("dd", "DAY"), ("MM", "MONTH")):
        if letters in layout:
            return unit
    return "YEAR"


def _moment(end: str, python: str, key: str, now: datetime) -> datetime:
    match = _NOW.fullmatch(end)
    if match is None:
        try:
            return datetime.strptime(end, python).replace(tzinfo=UTC)
        except ValueError as error:
            raise ProjectionError(f"projection.{key}.range: {error}") from error
    sign, amount, unit = match.groups()
    if unit is None:
        return now
    count = int(amount) * (1 if sign == "+" else -1)
    unit = unit.upper()
    if unit in _UNITS:
        return now + timedelta(seconds=count * _UNITS[unit])
    months = now.year * 12 + now.month - 1 + count * _MONTHS[unit]
    # A day past the month's end counts as its last day, as java.time does it.
    following = datetime((months + 1) // 12, (months + 1) % 12 + 1, 1, tzinfo=UTC)
    return now.replace(
        year=months // 12, month=months % 12 + 1, day=min(now.day, (following - timedelta(days=1)).day)
    )
