# ruff: noqa: DTZ001 - Hive timestamps, and what Hypothesis draws, carry no zone
"""Firehose's prefixes, against the examples of its developer guide and its rules."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salescast.local.movers.firehose.prefix import Prefix, PrefixError, format_timestamp, object_name

_MOMENT = datetime(2026, 1, 9, 14, 5, 6, 789000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a/!{timestamp:yyyy/MM/dd/HH}/", "a/2026/01/09/14/"),
        ("!{timestamp:'year='yyyy'/month='MM}/", "year=2026/month=01/"),
        ("fixed/", "fixed/2026/01/09/14/"),
        ("", "2026/01/09/14/"),
    ],
)
def test_a_prefix_is_evaluated(text: str, expected: str) -> None:
    assert Prefix(text).evaluate(_MOMENT) == expected


def test_an_error_prefix_names_the_type_of_error() -> None:
    prefix = Prefix("errors/!{firehose:error-output-type}/!{timestamp:yyyy}/", error=True)
    assert prefix.evaluate(_MOMENT, "processing-failed") == "errors/processing-failed/2026/"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("errors/!{timestamp:yyyy}/", True),  # lacks error-output-type
        ("data/!{partitionKeyFromLambda:dt}/", False),
        ("data/!{firehose:error-output-type}/", False),
        ("data/!{partitionKeyFromQuery:dt}/", False),
        ("data/!{unknown:x}/", False),
        ("data/!{timestamp:QQ}/", False),
        ("data/!{timestamp:yyyy'}/", False),
    ],
)
def test_an_expression_where_it_may_not_stand_is_refused(text: str, error: bool) -> None:
    with pytest.raises(PrefixError):
        Prefix(text, error=error)


def test_a_random_string_has_eleven_letters_and_digits() -> None:
    assert re.fullmatch(r"x/[a-zA-Z0-9]{11}/", Prefix("x/!{firehose:random-string}/").evaluate(_MOMENT))


def test_an_evaluated_prefix_has_at_most_512_characters() -> None:
    assert len(Prefix("x" * 507 + "!{timestamp:yyyy}/").evaluate(_MOMENT)) == 512
    for text in ("x" * 508 + "!{timestamp:yyyy}/", "x" * 500):  # 14 characters of a date are appended
        with pytest.raises(PrefixError, match="longer than 512"):
            Prefix(text)


@given(st.datetimes(min_value=datetime(1000, 1, 1), max_value=datetime(9999, 12, 31)))
def test_numeric_letters_agree_with_strftime(moment: datetime) -> None:
    text = format_timestamp("yyyy-MM-dd'T'HH:mm:ss.SSS D", moment)
    expected = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d} {moment.timetuple().tm_yday}"
    assert text == expected


@given(st.text(alphabet="abc=/-_{}!", max_size=20))
def test_literals_come_out_as_they_are(literal: str) -> None:
    assert Prefix(f"{literal}|!{{timestamp:yyyy}}|").evaluate(_MOMENT) == f"{literal}|2026|"


def test_an_object_is_named_as_firehose_names_it() -> None:
    name = object_name("orders", "3", _MOMENT, ".parquet")
    assert re.fullmatch(r"orders-3-2026-01-09-14-05-06-[0-9a-f-]{36}\.parquet", name)
