"""Record format conversion: JSON records into an Arrow table of a Glue table's columns.

Keeps (docs/aws-behaviour.md 4.2): key matching (case-insensitive, mappings, dots), several objects in one
record, undeclared fields dropped, absent ones null; a record that does not fit fails alone, with ParseError
or MalformedData. Values by openx.py.

Most columns hold values of one plain kind, which Arrow converts as a whole; a column with anything else goes
through openx.py value by value, on the record parsed again with exact numbers. Both ways give the same table
(tested).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from salescast.local.movers.formats.hive import to_arrow
from salescast.local.movers.formats.openx import MisfitError, fit

PARSE_ERROR = "DataFormatConversion.ParseError"
MALFORMED = "DataFormatConversion.MalformedData"

_CHUNK = 4000
_ISO = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$"
# Of longer texts and of exponents Arrow may lose digits without a word.
_PLAIN_DECIMAL = r"^-?[0-9]{1,18}(\.[0-9]{1,18})?$"
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=lambda name: _refuse(name))

# Kinds that Arrow takes for these types as they are. Not more: it would cut 1.5 to 1 for an integer column.
_PLAIN = ((int, pa.types.is_integer), (bool, pa.types.is_boolean), (float, pa.types.is_float64))

Fields = dict[str, Any]
Array = Any  # pyarrow-stubs type every kind of array apart


class Failure(NamedTuple):
    """A record that was not converted."""

    record: int  # its index
    code: str
    message: str


class _UnreadableError(ValueError):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Deserializer:
    """OpenXJsonSerDe's parameters."""

    case_insensitive: bool = True
    dots_to_underscores: bool = False
    mappings: Mapping[str, str] = field(default_factory=dict)  # column name -> JSON key


class Converter:
    """Converts records to the columns of one Glue table: pairs of name and Hive type, in order."""

    def __init__(self, columns: Sequence[tuple[str, str]], deserializer: Deserializer | None = None) -> None:
        self._deserializer = deserializer or Deserializer()
        self.schema = pa.schema([pa.field(name, to_arrow(hive)) for name, hive in columns])
        keys = [self._deserializer.mappings.get(name, name) for name, _ in columns]
        self._keys = [key.lower() for key in keys] if self._deserializer.case_insensitive else keys
        self._known = frozenset(self._keys)

    def convert(self, records: Sequence[bytes]) -> tuple[pa.Table, list[Failure]]:
        """The rows that fit, in order, and a failure for every record that does not."""
        tables: list[pa.Table] = []
        failures: list[Failure] = []
        for start in range(0, len(records), _CHUNK):
            table, failed = self._safely(records[start : start + _CHUNK])
            tables.append(table)
            failures += [failure._replace(record=failure.record + start) for failure in failed]
        return pa.concat_tables(tables) if tables else self.schema.empty_table(), failures

    def _safely(self, records: Sequence[bytes]) -> tuple[pa.Table, list[Failure]]:
        """A chunk, or, where that raises what nobody foresaw, half by half: the culprit fails alone."""
        try:
            return self._chunk(records)
        except Exception as error:
            if len(records) == 1:
                message = f"The record could not be converted ({type(error).__name__})."
                return self.schema.empty_table(), [Failure(0, MALFORMED, message)]
        middle = len(records) // 2
        first, failed = self._safely(records[:middle])
        second, more = self._safely(records[middle:])
        failed += [failure._replace(record=failure.record + middle) for failure in more]
        return pa.concat_tables([first, second]), failed

    def _chunk(self, records: Sequence[bytes]) -> tuple[pa.Table, list[Failure]]:
        failures: dict[int, Failure] = {}
        rows: list[Fields] = []
        sources: list[int] = []  # the record of each row
        for index, record in enumerate(records):
            try:
                for fields in self._parse(record):
                    rows.append(fields)
                    sources.append(index)
            except _UnreadableError as error:
                failures[index] = Failure(index, error.code, str(error))
        columns = [
            self._column(number, rows, records, sources, failures) for number in range(len(self._keys))
        ]
        table = pa.Table.from_arrays(columns, schema=self.schema)
        if failures:
            table = table.filter(pa.array([source not in failures for source in sources], pa.bool_()))
        return table, [failures[index] for index in sorted(failures)]

    def _column(
        self,
        number: int,
        rows: list[Fields],
        records: Sequence[bytes],
        sources: list[int],
        failures: dict[int, Failure],
    ) -> Array:
        key = self._keys[number]
        target: Any = self.schema.field(number).type
        values = [row.get(key) for row in rows]
        column = _at_once(values, target)
        if column is not None:
            return column
        fitted = []
        for row, value in enumerate(values):
            try:
                if isinstance(value, float | dict | list):
                    value = self._exactly(records[sources[row]], sources, row).get(key)
                fitted.append(fit(value, target))
            except (MisfitError, RecursionError) as error:
                fitted.append(None)
                message = f"{error}, column {self.schema.field(number).name}"
                failures.setdefault(sources[row], Failure(sources[row], MALFORMED, message))
        return pa.array(fitted, target)

    def _parse(self, record: bytes) -> list[Fields]:
        try:
            fields = orjson.loads(record)
        except orjson.JSONDecodeError:
            return self._parse_exactly(record)
        if not isinstance(fields, dict):
            raise _not_an_object(fields)
        return [fields] if fields.keys() <= self._known else [self._matched(fields)]

    def _parse_exactly(self, record: bytes) -> list[Fields]:
        """All objects of a record, numbers as int and Decimal."""
        if not record.strip():
            raise _UnreadableError(MALFORMED, "The record was empty or contained only whitespace.")
        objects = []
        try:
            text = record.decode().strip()
            position = 0
            while position < len(text):
                value, position = _DECODER.raw_decode(text, position)
                json.dumps(value, ensure_ascii=False, default=str).encode()  # lone surrogates end here
                if not isinstance(value, dict):
                    raise _not_an_object(value)
                objects.append(self._matched(value))
                while position < len(text) and text[position].isspace():
                    position += 1
        except (ValueError, RecursionError) as error:
            if isinstance(error, _UnreadableError):
                raise
            raise _UnreadableError(PARSE_ERROR, "Encountered malformed JSON.") from None
        return objects

    def _exactly(self, record: bytes, sources: list[int], row: int) -> Fields:
        first = row
        while first and sources[first - 1] == sources[row]:
            first -= 1
        return self._parse_exactly(record)[row - first]

    def _matched(self, fields: Fields) -> Fields:
        if self._deserializer.dots_to_underscores:
            fields = {key.replace(".", "_"): value for key, value in fields.items()}
        if self._deserializer.case_insensitive:
            fields = {key.lower(): value for key, value in fields.items()}
        return fields


def _at_once(values: list[Any], target: Any) -> Array | None:
    """The column converted as a whole, None unless its values are of the one kind that is exact that way."""
    kinds = set(map(type, values))
    kinds.discard(type(None))
    types = pa.types
    try:
        if not kinds:
            return pa.array(values, target)
        if kinds == {str}:
            if types.is_string(target):
                return pa.array(values, target)
            if types.is_decimal(target):
                text = pa.array(values, pa.string())
                if pc.all(pc.match_substring_regex(text, _PLAIN_DECIMAL)).as_py():
                    return text.cast(target)
            if types.is_timestamp(target):
                text = pa.array(values, pa.string())
                if pc.all(pc.match_substring_regex(text, _ISO)).as_py():
                    return text.cast(pa.timestamp("us", tz="UTC")).cast(target)
        elif any(kinds == {kind} and fits(target) for kind, fits in _PLAIN):
            return pa.array(values, target)
    except (
        pa.ArrowInvalid,
        OverflowError,
    ):  # Arrow lets Python's own error through for integers above 64 bits
        pass
    return None


def _not_an_object(value: Any) -> _UnreadableError:
    kind = "an array" if isinstance(value, list) else "a primitive"
    return _UnreadableError(
        MALFORMED, f"The input JSON contained {kind} at the top level. It must be an object."
    )


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
