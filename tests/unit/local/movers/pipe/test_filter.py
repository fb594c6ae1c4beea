"""FilterCriteria, on the event of an insert; the patterns are those of the guides and of peers' templates."""

from __future__ import annotations

import json
from typing import Any

import pytest

from salescast.local.movers.pipe.filter import UnsupportedFilterError, filter_of

EVENT: dict[str, Any] = {
    "eventName": "INSERT",
    "dynamodb": {
        "NewImage": {"entity": {"S": "order"}, "quantity": {"N": "5"}, "tags": {"SS": ["a", "b"]}},
        "SizeBytes": 120,
    },
}


@pytest.mark.parametrize(
    ("pattern", "passes"),
    [
        ({"eventName": ["INSERT", "MODIFY"]}, True),
        ({"eventName": ["REMOVE"]}, False),
        ({"dynamodb": {"NewImage": {"entity": {"S": ["order"]}}}}, True),
        ({"dynamodb": {"NewImage": {"entity": {"S": ["customer"]}}}}, False),
        ({"dynamodb": {"NewImage": {"quantity": {"N": ["5"]}}}}, True),
        ({"dynamodb": {"NewImage": {"quantity": {"N": [5]}}}}, False),  # N is a text
        ({"dynamodb": {"NewImage": {"tags": {"SS": ["b"]}}}}, True),
        ({"dynamodb": {"SizeBytes": [{"numeric": [">", 100, "<=", 120]}]}}, True),
        ({"dynamodb": {"SizeBytes": [{"numeric": [">", 120]}]}}, False),
        ({"dynamodb": {"SizeBytes": [120.0]}}, True),
        ({"eventName": [{"prefix": "IN"}]}, True),
        ({"eventName": [{"suffix": "FY"}]}, False),
        ({"eventName": [{"equals-ignore-case": "insert"}]}, True),
        ({"eventName": [{"anything-but": ["REMOVE", "MODIFY"]}]}, True),
        ({"eventName": [{"anything-but": {"prefix": "IN"}}]}, False),
        ({"dynamodb": {"OldImage": [{"exists": False}]}}, True),
        ({"dynamodb": {"NewImage": {"coupon": [{"exists": True}]}}}, False),
        ({"userIdentity": {"type": [{"anything-but": "Service"}]}}, False),  # it is not there
        ({"eventName": ["INSERT"], "dynamodb": {"SizeBytes": [1]}}, False),
    ],
)
def test_a_pattern(pattern: dict[str, Any], passes: bool) -> None:
    assert filter_of((json.dumps(pattern),))(EVENT) is passes


def test_one_of_several_patterns_is_enough_and_none_lets_all_pass() -> None:
    removals, inserts = ('{"eventName": ["REMOVE"]}', '{"eventName": ["INSERT"]}')
    assert filter_of((removals, inserts))(EVENT)
    assert not filter_of((removals,))(EVENT)
    assert filter_of(())(EVENT)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ('{"a": [{"cidr": "10.0.0.0/8"}]}', "cidr does not run here"),
        ('{"a": [{"wildcard": "x*"}]}', "wildcard does not run here"),
        ('{"$or": []}', r"\$or does not run here"),
        ('{"a": "x"}', "a must be a list or an object"),
        ("[1]", "is no JSON object"),
        ("{", "is no JSON"),
    ],
)
def test_what_does_not_run_is_refused_by_name(pattern: str, reason: str) -> None:
    with pytest.raises(UnsupportedFilterError, match=reason):
        filter_of((pattern,))


def test_pipes_takes_five_filters() -> None:
    with pytest.raises(UnsupportedFilterError, match="6 filters"):
        filter_of(("{}",) * 6)
