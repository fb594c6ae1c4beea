"""What a crawler makes of keys and schemas."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salescast.local.movers.crawler.config import split_path, table_level
from salescast.local.movers.crawler.layout import Object, exclusion, merge_columns, table_name, tables


def _objects(*keys: str) -> list[Object]:
    return [Object(key, 10) for key in keys]


def test_one_table_at_the_target_with_its_partitions() -> None:
    objects = _objects("c/t/day=1/a", "c/t/day=2/b", "c/t/day=2/c")
    [table] = tables("b", "c/t/", objects, [], None, "crawled_")
    assert (table.name, table.location, table.partition_keys) == ("crawled_t", "s3://b/c/t/", ["day"])
    assert {values: len(items) for values, items in table.partitions.items()} == {("1",): 1, ("2",): 2}
    assert table.partition_location(("2",)) == "s3://b/c/t/day=2/"


def test_the_table_level_divides_a_target() -> None:
    objects = _objects("curated/orders/day=1/a", "curated/stock/2026/11/b", "curated/loose")
    crawled = tables("b", "curated/", objects, [], 3, "")
    assert [(table.name, table.partition_keys) for table in crawled] == [
        ("orders", ["day"]), ("stock", ["partition_0", "partition_1"]),
    ]  # fmt: skip


def test_what_is_no_data_is_passed_over() -> None:
    objects = [
        Object("t/_SUCCESS", 1),
        Object("t/.x", 1),
        Object("t/empty", 0),
        *_objects("t/x/skip.csv", "t/y"),
    ]
    [table] = tables("b", "t/", objects, ["**.csv"], None, "")
    assert [item.key for items in table.partitions.values() for item in items] == ["t/y"]


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("*.csv", "a.csv", "x/a.csv"),
        ("**.csv", "x/y/a.csv", "a.json"),
        ("year=20{19,20}/**", "year=2019/m=1/a", "year=2021/a"),
        ("a?.[ch]", "ab.c", "a/.c"),
        ("[!a]*", "b1", "a1"),
        ("x/**/z*", "x/y/w/z1", "x/z"),
    ],
)
def test_exclusions_are_globs(pattern: str, matching: str, other: str) -> None:
    assert exclusion(pattern).fullmatch(matching)
    assert not exclusion(pattern).fullmatch(other)


@given(st.text(alphabet="abc./-_=", max_size=20))
def test_a_pattern_without_a_wildcard_matches_itself_only(text: str) -> None:
    assert exclusion(text).fullmatch(text)
    assert not exclusion(text).fullmatch(f"{text}x")


@pytest.mark.parametrize(
    ("types", "merged"),
    [
        (["int", "bigint"], "bigint"),
        (["double", "int"], "double"),
        (["decimal(18,4)", "decimal(20,2)"], "decimal(22,4)"),
        (["int", "string"], "string"),
        (["timestamp", "timestamp"], "timestamp"),
    ],
)
def test_a_column_of_two_types_gets_one_that_holds_both(types: list[str], merged: str) -> None:
    assert merge_columns([[("A", kind)] for kind in types]) == [("a", merged)]


def test_columns_keep_the_order_in_which_they_are_seen() -> None:
    schemas = [[("b", "int"), ("a", "int")], [("c", "int"), ("a", "int")]]
    assert [name for name, _ in merge_columns(schemas)] == ["b", "a", "c"]


def test_names_paths_and_levels() -> None:
    assert table_name("my-bucket", "", "p_") == "p_my_bucket"
    assert table_name("b", "x/Order Changes/", "") == "order_changes"
    assert split_path("s3://b/x/y") == ("b", "x/y/")
    assert split_path("s3://b") == ("b", "")
    assert table_level("") is None
    assert table_level(json.dumps({"Version": 1.0, "Grouping": {"TableLevelConfiguration": 3}})) == 3
