"""Firehose's S3 prefixes and object names.

Keeps (docs/aws-behaviour.md 3): `!{timestamp:...}` with Java's DateTimeFormatter letters,
`!{firehose:random-string}`, `!{firehose:error-output-type}`; a prefix without an expression gets
`yyyy/MM/dd/HH/` appended, one with an expression gets nothing; where each namespace may stand, and the 512
characters.

Leaves out: partition keys (no dynamic partitioning here) and DateTimeFormatter's text letters other than
those in _LETTERS.
"""

from __future__ import annotations

import re
import secrets
import string
import uuid
from collections.abc import Callable
from datetime import datetime

MAX_EVALUATED = 512
ERROR_TYPE = "error-output-type"
LONGEST_ERROR_TYPE = "format-conversion-failed"

_EXPRESSION = re.compile(r"!\{([^:{}]*):([^{}]*)\}")
_PATTERN = re.compile(r"'((?:[^']|'')*)'|([a-zA-Z])\2*|[^a-zA-Z']+")
_LETTERS: dict[str, Callable[[datetime, int], str]] = {
    "y": lambda moment, width: f"{moment.year % 100:02d}" if width == 2 else f"{moment.year:0{width}d}",
    "u": lambda moment, width: f"{moment.year % 100:02d}" if width == 2 else f"{moment.year:0{width}d}",
    "M": lambda moment, width: _month(moment, width),
    "d": lambda moment, width: f"{moment.day:0{width}d}",
    "D": lambda moment, width: f"{moment.timetuple().tm_yday:0{width}d}",
    "H": lambda moment, width: f"{moment.hour:0{width}d}",
    "h": lambda moment, width: f"{(moment.hour + 11) % 12 + 1:0{width}d}",
    "m": lambda moment, width: f"{moment.minute:0{width}d}",
    "s": lambda moment, width: f"{moment.second:0{width}d}",
    "S": lambda moment, width: f"{moment.microsecond:06d}".ljust(width, "0")[:width],
    "a": lambda moment, _width: "AM" if moment.hour < 12 else "PM",
}
_RANDOM = string.ascii_letters + string.digits
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


class PrefixError(ValueError):
    """The prefix breaks a rule of Firehose's, or uses an expression that is left out here."""


class Prefix:
    """A parsed prefix. Raises PrefixError for one that Firehose, or this stand-in, does not take."""

    def __init__(self, text: str, *, error: bool = False) -> None:
        if not _EXPRESSION.search(text):
            text += "!{timestamp:yyyy/MM/dd/HH/}"
        elif error and f"!{{firehose:{ERROR_TYPE}}}" not in text:
            raise PrefixError(f"ErrorOutputPrefix {text!r} must contain !{{firehose:{ERROR_TYPE}}}")
        self._parts: list[tuple[str, str]] = []
        position = 0
        for match in _EXPRESSION.finditer(text):
            self._parts.append(("literal", text[position : match.start()]))
            self._parts.append(_checked(match[1], match[2], error))
            position = match.end()
        self._parts.append(("literal", text[position:]))
        if len(self.evaluate(datetime(2026, 11, 20), LONGEST_ERROR_TYPE)) > MAX_EVALUATED:  # noqa: DTZ001
            raise PrefixError(f"the evaluated prefix is longer than {MAX_EVALUATED} characters")

    def evaluate(self, arrival: datetime, error_type: str = "") -> str:
        """The prefix of an object whose oldest record arrived then."""
        text = ""
        for kind, value in self._parts:
            match kind, value:
                case "literal", _:
                    text += value
                case "timestamp", _:
                    text += format_timestamp(value, arrival)
                case "firehose", "random-string":
                    text += "".join(secrets.choice(_RANDOM) for _ in range(11))
                case _:
                    text += error_type
        return text


def format_timestamp(pattern: str, moment: datetime) -> str:
    """Formats a time by a DateTimeFormatter pattern. Raises PrefixError for a letter left out here."""
    text = ""
    position = 0
    while position < len(pattern):
        match = _PATTERN.match(pattern, position)
        if match is None:
            raise PrefixError(f"timestamp pattern {pattern!r} has an unclosed quote")
        if match[1] is not None:
            text += match[1].replace("''", "'") or "'"
        elif match[2]:
            if match[2] not in _LETTERS:
                raise PrefixError(f"timestamp pattern {pattern!r}: letter {match[2]!r} does not run here")
            text += _LETTERS[match[2]](moment, len(match[0]))
        else:
            text += match[0]
        position = match.end()
    return text


def object_name(stream: str, version: str, moment: datetime, extension: str) -> str:
    """The part of a key after the prefix, as Firehose names objects (`moment` is UTC)."""
    return f"{stream}-{version}-{moment:%Y-%m-%d-%H-%M-%S}-{uuid.uuid4()}{extension}"


def _checked(namespace: str, value: str, error: bool) -> tuple[str, str]:
    if namespace == "timestamp":
        format_timestamp(value, datetime(2026, 11, 20))  # noqa: DTZ001 - only tried, never used
    elif namespace == "firehose" and (value == "random-string" or (value == ERROR_TYPE and error)):
        pass
    else:
        where = "ErrorOutputPrefix" if error else "Prefix"
        raise PrefixError(f"!{{{namespace}:{value}}} may not stand in a {where} here")
    return namespace, value


def _month(moment: datetime, width: int) -> str:
    return _MONTHS[moment.month - 1] if width == 3 else f"{moment.month:0{width}d}"
