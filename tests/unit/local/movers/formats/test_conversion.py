# ruff: noqa: DTZ001 - Hive timestamps, and what Hypothesis draws, carry no zone
"""JSON into columns: the OpenX rules, exactness, and that the quick way and the careful way agree."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from salescast.local.movers.formats import conversion
from salescast.local.movers.formats.conversion import MALFORMED, PARSE_ERROR, Converter, Deserializer
from salescast.local.movers.formats.hive import UnsupportedTypeError, from_arrow, to_arrow
from salescast.local.movers.formats.openx import MisfitError, fit


def _one(hive: str, text: str) -> Any:
    """The value that the JSON text becomes in a column of this type; raises MisfitError."""
    table, failures = Converter([("c", hive)]).convert([b'{"c":%b}' % text.encode()])
    if failures:
        raise MisfitError(failures[0].code)
    return table.column("c")[0].as_py()


@pytest.mark.parametrize(
    ("hive", "text", "value"),
    [
        ("decimal(18,4)", '"12.5"', Decimal("12.5")),
        ("decimal(18,4)", "12.5", Decimal("12.5")),
        ("decimal(18,4)", "0.1", Decimal("0.1")),
        ("decimal(18,4)", "99999999999999.9999", Decimal("99999999999999.9999")),
        ("decimal(18,4)", '"-0.00010000"', Decimal("-0.0001")),
        ("decimal(18,4)", "7", Decimal(7)),
        (
            "decimal(38,0)",
            "12345678901234567890123456789012345678",
            Decimal("12345678901234567890123456789012345678"),
        ),
        ("decimal", "7", Decimal(7)),
        ("int", "7", 7),
        ("int", '"7"', 7),
        ("int", "7.0", 7),
        ("bigint", "9223372036854775807", 2**63 - 1),
        ("double", '"1.5"', 1.5),
        ("double", "3", 3.0),
        ("boolean", '"TRUE"', True),
        ("string", "12345678901234567890123", "12345678901234567890123"),
        ("string", "1.50", "1.50"),
        ("string", "true", "true"),
        ("string", '{"A": {"B": 1}}', '{"a":{"b":1}}'),
        ("string", "null", None),
        ("date", '"2026-11-20"', date(2026, 11, 20)),
        ("timestamp", '"2026-11-20T10:15:00.123Z"', datetime(2026, 11, 20, 10, 15, 0, 123000)),
        ("timestamp", '"2026-11-20T10:15:00Z"', datetime(2026, 11, 20, 10, 15)),
        ("timestamp", '"2026-1-2 10:15:00.5"', datetime(2026, 1, 2, 10, 15, 0, 500000)),
        ("timestamp", "1795169700", datetime(2026, 11, 20, 10, 15)),
        ("timestamp", "1795169700123", datetime(2026, 11, 20, 10, 15, 0, 123000)),
        ("timestamp", '"1795169700123"', datetime(2026, 11, 20, 10, 15, 0, 123000)),
        ("timestamp", "1795169700.5", datetime(2026, 11, 20, 10, 15, 0, 500000)),
        ("array<int>", "7", [7]),
        ("array<string>", '["a", 1]', ["a", "1"]),
        ("map<string,int>", '{"K": 1}', [("k", 1)]),
        ("struct<a:int,b:decimal(4,2)>", '{"A": "1", "b": 1.25}', {"a": 1, "b": Decimal("1.25")}),
    ],
)
def test_a_value_fits_its_column(hive: str, text: str, value: Any) -> None:
    assert _one(hive, text) == value


@pytest.mark.parametrize(
    ("hive", "text"),
    [
        ("decimal(18,4)", '"1.00001"'),
        ("decimal(18,4)", "1.00001"),
        ("decimal(18,4)", '"100000000000000"'),
        ("decimal(18,4)", '"oops"'),
        ("decimal(18,4)", '"NaN"'),
        ("decimal(18,4)", '""'),
        ("decimal(18,4)", "true"),
        ("decimal(18,4)", "1e400"),
        ("int", "1.5"),
        ("int", "2147483648"),
        ("int", "true"),
        ("int", '"1_0"'),
        ("boolean", "1"),
        ("date", '"2026-13-01"'),
        ("timestamp", '"2026-11-20T10:15:00+00:00"'),
        ("timestamp", '"2026-11-20"'),
        ("timestamp", '"2026-02-30T00:00:00Z"'),
        ("timestamp", "true"),
        ("timestamp", "99999999999999999999"),
        ("timestamp", "1E999999999"),
        ("timestamp", '"1E999999999"'),
        ("timestamp", '"1E-999999999999999999999"'),
        ("int", "9223372036854775808"),
        ("bigint", '"1E99999999999999999999"'),
        ("map<string,int>", "[1]"),
        ("struct<a:int>", "42"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_never_changed(hive: str, text: str) -> None:
    with pytest.raises(MisfitError, match=MALFORMED):
        _one(hive, text)


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (b"", MALFORMED),
        (b" \n", MALFORMED),
        (b"{", PARSE_ERROR),
        (b"oops", PARSE_ERROR),
        (b'{"c": NaN}', PARSE_ERROR),
        (b'{"c": "\xff"}', PARSE_ERROR),
        (b'{"c": "\\ud800"}', PARSE_ERROR),
        (b'[{"c": 1}]', MALFORMED),
        (b"1", MALFORMED),
        (b'{"c": 1} [', PARSE_ERROR),
        (b'{"c": 1} 2', MALFORMED),
    ],
)
def test_an_unreadable_record_fails_alone(record: bytes, code: str) -> None:
    table, failures = Converter([("c", "int")]).convert([b'{"c":1}', record, b'{"c":3}'])
    assert table.column("c").to_pylist() == [1, 3]
    assert [(failure.record, failure.code) for failure in failures] == [(1, code)]


def test_a_misfit_takes_its_whole_record_with_it() -> None:
    columns = [("a", "int"), ("b", "string")]
    records = [b'{"a":1,"b":"x"}{"a":"no","b":"y"}', b'{"a":2,"b":"z"} {"a":3,"b":"w"}']
    table, failures = Converter(columns).convert(records)
    assert table.to_pylist() == [{"a": 2, "b": "z"}, {"a": 3, "b": "w"}]
    assert [failure.record for failure in failures] == [0]


def test_keys_are_matched_as_configured() -> None:
    record = b'{"ID": "1", "My.Time": 5, "other": 9}'
    columns = [("id", "string"), ("my_time", "int"), ("absent", "int")]
    table, _ = Converter(columns, Deserializer(dots_to_underscores=True)).convert([record])
    assert table.to_pylist() == [{"id": "1", "my_time": 5, "absent": None}]
    table, _ = Converter(columns, Deserializer(case_insensitive=False)).convert([record])
    assert table.to_pylist() == [{"id": None, "my_time": None, "absent": None}]
    table, _ = Converter(columns, Deserializer(mappings={"absent": "other"})).convert([record])
    assert table.column("absent").to_pylist() == [9]


def test_messages_repeat_no_value() -> None:
    _, failures = Converter([("c", "int")]).convert([b'{"c":"jane.doe@example.com"}'])
    assert "jane" not in failures[0].message


_numbers = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**16), max_value=10**16).map(str),
)
_texts = st.one_of(
    _numbers,
    st.text(max_size=8),
    st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)).map(lambda d: f"{d.isoformat()}Z"),
    st.dates().map(str),
    st.sampled_from(["true", "false", "NaN", "1e3", "+1", ".5", "1.", "-0", "0x1", "\uff11"]),
)
_values = st.one_of(st.none(), st.booleans(), st.integers(-(2**64), 2**64), _texts)


@settings(max_examples=300)
@given(
    hive=st.sampled_from(
        ["string", "int", "bigint", "decimal(18,4)", "timestamp", "boolean", "date", "double"]
    ),
    values=st.lists(_values, min_size=1, max_size=6),
)
def test_a_column_at_once_is_what_its_values_are_one_by_one(hive: str, values: list[Any]) -> None:
    target: Any = to_arrow(hive)
    whole = conversion._at_once(values, target)
    if whole is not None:
        assert whole.to_pylist() == pa.array([fit(value, target) for value in values], target).to_pylist()
    table, failures = Converter([("c", hive)]).convert([json.dumps({"c": v}).encode() for v in values])
    assert table.num_rows + len(failures) == len(values)


@example(Decimal("4.895200007541532774203146E-19"))  # Arrow makes 0.0000 of it
@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_arrives_exactly_or_not_at_all(number: Decimal) -> None:
    for text in (f'"{number}"', str(number)):
        try:
            assert _one("decimal(20,4)", text) == number
        except MisfitError:
            scaled = abs(number).as_tuple()
            assert isinstance(scaled.exponent, int)
            digits = "".join(map(str, scaled.digits)).rstrip("0")
            shift = len(scaled.digits) - len(digits) + scaled.exponent
            assert shift < -4 or number.adjusted() >= 16


@pytest.mark.parametrize(
    "hive",
    ["string", "tinyint", "decimal(38,10)", "timestamp", "array<map<string,struct<a:int,b:array<date>>>>"],
)
def test_hive_types_survive_the_way_to_arrow_and_back(hive: str) -> None:
    assert from_arrow(to_arrow(hive)) == hive


def test_an_unknown_type_is_named() -> None:
    with pytest.raises(UnsupportedTypeError, match="uniontype"):
        to_arrow("uniontype<int,string>")


def test_what_nobody_foresaw_takes_one_record_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fit_or_burst(value: Any, target: Any) -> Any:
        if value == "bursts":
            raise OverflowError
        return fit(value, target)

    monkeypatch.setattr(conversion, "fit", fit_or_burst)
    monkeypatch.setattr(conversion, "_CHUNK", 8)
    records = [b'{"c":"bursts"}' if number in (3, 9) else b'{"c":"%d"}' % number for number in range(12)]
    table, failures = Converter([("c", "int")]).convert(records)
    assert table.column("c").to_pylist() == [number for number in range(12) if number not in (3, 9)]
    message = "The record could not be converted (OverflowError)."
    assert failures == [(3, MALFORMED, message), (9, MALFORMED, message)]
