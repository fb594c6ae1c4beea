"""Trino's functions that the laptop's Athena has, by name; all others are refused by name."""

from salescast.local.emulator.athena.sql.functions import aggregates, collections, numbers, text, times
from salescast.local.emulator.athena.sql.functions.elsewhere import NAMES as ELSEWHERE
from salescast.local.emulator.athena.sql.signatures import Signature, declared

SCALARS: dict[str, list[Signature]] = {}
for _table in (text.TABLE, numbers.TABLE, times.TABLE, collections.TABLE):
    for _name, _signatures in declared(_table).items():
        # A name such as concat stands in several tables.
        _known = SCALARS.setdefault(_name, [])
        for _one in _signatures:
            _known.append(Signature(_one.name, _one.parameters, _one.returns, _one.body, len(_known)))
AGGREGATES = declared(aggregates.AGGREGATES)
WINDOWS = declared(aggregates.WINDOWS)
SPECIAL = (
    "array_join",
    "at_timezone",
    "avg",
    "ceil",
    "ceiling",
    "coalesce",
    "concat_ws",
    "date_format",
    "date_parse",
    "floor",
    "format",
    "format_datetime",
    "grouping",
    "if",
    "listagg",
    "mod",
    "now",
    "nullif",
    "parse_datetime",
    "regexp_extract",
    "regexp_replace",
    "round",
    "sign",
    "sum",
    "truncate",
    "try",
    "typeof",
    "with_timezone",
    "map",
)
"""What no line of a table says: their kinds depend on digits, on a literal, or on all arguments."""

__all__ = ["AGGREGATES", "ELSEWHERE", "SCALARS", "SPECIAL", "WINDOWS"]
