"""Unpleasant data through the whole pipeline and back: what Athena reads is what was written, exactly; what
the contract or a service refuses is told, with its reason, and never missing."""

from __future__ import annotations

import json
from base64 import b64decode
from collections import defaultdict
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest

from salescast.integrity import error_objects, failed_changes, reconcile
from salescast.integrity.dead_letter_queue import DeadLetter
from salescast.integrity.failed_change import FailedChange, everything
from salescast.integrity.failed_changes import Tally
from salescast.stack.services import athena
from tests.unpleasant.writing import (
    CLOCK_CHANGES,
    FITTING,
    HOT_VERSIONS,
    LONG_ID,
    ODD_ID,
    REFUSED,
    TEXTS,
    VERSIONS,
    Shop,
)


def _ask(shop: Shop, columns: str, name: str, source: str = "orders") -> list[list[Any]]:
    literal = shop.id(name).replace("'", "''")
    sql = f"SELECT {columns} FROM {source} WHERE order_id = '{literal}'"
    return [list(row) for row in athena.run(shop.stack, sql).rows]


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_comes_back_as_it_was(shop: Shop, name: str) -> None:
    text = TEXTS[name]  # an empty one is absent
    assert _ask(shop, "product_name, country", name) == [[text or None, text[:200] or "-"]]
    # Not what the result's way happens to keep, but what the engine itself sees.
    assert _ask(shop, "length(product_name)", name) == [[len(text) or None]]


@pytest.mark.parametrize("name", FITTING)
def test_a_number_that_fits_comes_back_exactly(shop: Shop, name: str) -> None:
    quantity, price, amount = FITTING[name]
    [[found_quantity, found_price, found_amount]] = _ask(
        shop, "quantity, CAST(unit_price AS varchar), CAST(amount AS varchar)", name
    )
    assert (str(found_quantity), Decimal(found_price), found_amount) == (quantity, Decimal(price), amount)


@pytest.fixture(scope="module")
def failed(shop: Shop) -> Tally:
    """What is under errors/ and in the dead-letter queue."""
    return failed_changes.tally(shop.stack)


@pytest.fixture(scope="module")
def error_lines(shop: Shop) -> dict[str, list[dict[str, Any]]]:
    """The lines under errors/ by order."""
    lines: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for key in error_objects.keys(shop.stack):
        error_object = error_objects.read(shop.stack, key, everything)
        assert error_object
        for line in map(json.loads, error_object.lines):
            order_id = json.loads(b64decode(line["rawData"]))["dynamodb"]["Keys"]["order_id"]["S"]
            lines[order_id].append(line)
    return lines


@pytest.mark.parametrize("name", [*REFUSED, "day-before-first", "day-after-last"])
def test_what_does_not_fit_is_under_errors_and_nowhere_else(
    shop: Shop, error_lines: dict[str, list[dict[str, Any]]], failed: Tally, name: str
) -> None:
    lines = error_lines[shop.id(name)]
    # Delivery is at least once, to errors/ too.
    assert {(line["errorCode"], line["attemptsMade"]) for line in lines} == {
        ("Lambda.ProcessingFailedStatus", 1)
    }
    assert len({line["rawData"] for line in lines}) == 1
    assert _ask(shop, "order_id", name, "order_changes") == []
    assert (shop.id(name), 1) in failed.changes


def test_the_reasons_are_in_the_log_without_the_values(shop: Shop) -> None:
    logs = shop.stack.session.client("logs", endpoint_url=shop.stack.endpoint, config=shop.stack.config)
    reasons = set[str]()
    for page in logs.get_paginator("filter_log_events").paginate(
        logGroupName="/aws/lambda/salescast-transformer"
    ):
        for event in page["events"]:
            assert "Ada Example" not in event["message"]
            assert "12.34567" not in event["message"]
            if '"records failed"' in event["message"]:
                reasons |= {item["reason"] for item in json.loads(event["message"])["failures"]}
    assert {
        "unit_price: must be a number that fits decimal(18,4)",
        "quantity: must be an integer other than 0, from -2147483648 to 2147483647 (32 bits)",
        "amount: quantity x unit_price - discount must fit decimal(20,4)",
    } <= reasons
    assert any(reason.startswith("order_ts: its date must lie between 2010-01-01") for reason in reasons)


@pytest.mark.parametrize("name", ["first-day", "last-day"])
def test_the_first_and_the_last_allowed_day_are_found(shop: Shop, name: str) -> None:
    [[order_date, order_ts]] = _ask(shop, "order_date, CAST(order_ts AS varchar)", name)
    assert order_ts.startswith(order_date)


@pytest.mark.parametrize("name", CLOCK_CHANGES)
def test_the_hours_around_a_clock_change_are_utc(shop: Shop, name: str) -> None:
    moment = CLOCK_CHANGES[name]
    [[order_date, order_ts]] = _ask(shop, "order_date, CAST(order_ts AS varchar)", name)
    assert order_date == moment[:10]
    assert order_ts == moment[:-1].replace("T", " ")


def test_two_currencies_of_one_invoice_stay_apart(shop: Shop) -> None:
    sql = f"""SELECT currency, CAST(sum(amount) AS varchar) FROM orders
        WHERE invoice_id = '{shop.id("i")}' GROUP BY currency ORDER BY currency"""
    found = [tuple(row) for row in athena.run(shop.stack, sql).rows]
    assert found == [("CHF", "20.1000"), ("JPY", "3000.0000")]


def test_an_order_with_many_versions_has_them_all_and_shows_the_last(shop: Shop) -> None:
    columns = "count(DISTINCT version), max(version), count(DISTINCT change_id)"
    assert _ask(shop, columns, "long-lived", "order_changes") == [[VERSIONS] * 3]
    assert _ask(shop, "version, status", "long-lived") == [[VERSIONS, "PLACED"]]


def test_a_thousand_changes_of_one_order_at_once_end_in_the_last(shop: Shop) -> None:
    columns = "count(DISTINCT version), count(DISTINCT change_id), max(quantity)"
    assert _ask(shop, columns, "hot", "order_changes") == [[HOT_VERSIONS] * 3]
    assert _ask(shop, "version, quantity, CAST(amount AS varchar)", "hot") == [
        [HOT_VERSIONS, HOT_VERSIONS, f"{HOT_VERSIONS * 1.5:.4f}"]
    ]
    # Many changes share a second, so that change_ts cannot order them; the versions do.
    [[seconds]] = _ask(shop, "count(DISTINCT change_ts)", "hot", "order_changes")
    assert int(str(seconds)) < HOT_VERSIONS / 10


def test_two_images_of_380_kilobytes_pass(shop: Shop) -> None:
    assert _ask(shop, "version, status, length(product_name)", "both-images") == [[2, "SHIPPED", 388520]]


@pytest.fixture(scope="module")
def pointed_at(shop: Shop) -> list[FailedChange]:
    """The changes that the dead letters name."""
    with closing(failed_changes.holders(shop.stack)) as holders:
        return [change for holder in holders if isinstance(holder, DeadLetter) for change in holder.changes]


def test_an_odd_order_id_is_found(shop: Shop) -> None:
    assert _ask(shop, "order_id, invoice_id", ODD_ID) == [[shop.id(ODD_ID), shop.id(ODD_ID)]]


@pytest.mark.parametrize(
    ("name", "version"), [("over", 1), ("over-later", 2), ("lost-removal", 2), (LONG_ID, 1)]
)
def test_what_kinesis_does_not_take_is_in_the_dead_letter_queue(
    shop: Shop, failed: Tally, pointed_at: list[FailedChange], name: str, version: int
) -> None:
    assert (shop.id(name), version) in [order[:2] for change in pointed_at for order in change.orders]
    assert (shop.id(name), version) in failed.changes
    stored = _ask(shop, "version", name, "order_changes")
    assert [version] not in stored


def test_what_comes_after_a_large_change_is_not_held_up(shop: Shop) -> None:
    assert _ask(shop, "version", "after-the-large-ones") == [[1]]


def test_reading_the_dead_letters_hides_them_from_nobody(shop: Shop, failed: Tally) -> None:
    first, second = failed, failed_changes.tally(shop.stack)
    assert (first.changes, first.removals, first.records) == (second.changes, second.removals, second.records)
    assert shop.id("lost-removal") in first.removals
    assert first.unreadable == 0


def test_an_archived_order_stays_in_the_view(shop: Shop) -> None:
    assert _ask(shop, "archived, CAST(amount AS varchar)", "archived") == [[True, "3.0000"]]


def test_reconcile_tells_failed_from_missing_and_unexpected(shop: Shop) -> None:
    result = reconcile.reconcile(shop.stack, settle=0)
    ours = [example for example in result.examples if shop.prefix in example]
    assert ours == [f"{shop.id('unremoved')}: is in the lake, the table has no such order"]
    assert result.unexpected >= 1
    assert result.archived >= 1
    # Refused for a number or a day, too large at once or later, an id too long, a removal not delivered.
    assert result.failed >= len(REFUSED) + 2 + 2 + 1 + 1
    assert result.failed_records >= shop.failed


def test_a_failure_that_nobody_kept_is_missing(shop: Shop) -> None:
    """The same orders, judged as if errors/ and the queue were empty: each of them would be missing."""
    result = reconcile.Reconciliation()
    comparison = reconcile._Comparison(shop.stack, 0.0, Tally(), result, lambda _: None)
    dates = sorted({"", "2025-06-01", "2009-12-31"})
    comparison.run(dates)
    named = {example.split(":")[0] for example in result.examples}
    missing = {shop.id(name) for name in ("five-places", "over", "over-later", "day-before-first")}
    assert missing <= named
    assert result.failed == 0
