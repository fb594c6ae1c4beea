"""Java's date patterns (java.time in projections, Joda in format_datetime) as strftime writes them."""

import re
from collections.abc import Mapping

_PYTHON = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
_DUCKDB = {**_PYTHON, "EEEE": "%A", "EEE": "%a", "SSS": "%g"}
_TOKEN = re.compile(r"'((?:[^']|'')*)'|([a-zA-Z])\2*|%")


def to_python(pattern: str) -> str:
    """The format for datetime.strftime and strptime. Letters that it does not know stay as they are."""
    return _translated(pattern, _PYTHON)


def to_duckdb(pattern: str) -> str:
    """The format for DuckDB's strftime, which has names of days and milliseconds too."""
    return _translated(pattern, _DUCKDB)


def _translated(pattern: str, directives: Mapping[str, str]) -> str:
    def directive(token: re.Match[str]) -> str:
        quoted = token[1]
        if quoted is not None:
            return (quoted.replace("''", "'") or "'").replace("%", "%%")
        return "%%" if token[0] == "%" else directives.get(token[0], token[0])

    return _TOKEN.sub(directive, pattern)
