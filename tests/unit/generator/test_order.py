"""Orders: determinism, subsets, lives."""

import datetime as dt
import hashlib
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import order
from catalogue import CATALOGUE_VERSION, MAX_QUANTITY, PRODUCTS
from order import FORGET, LAGS, LEAST_GAP, REMOVE, Basket, Order, Shop
from table import item

MINUTE = 29_898_615  # 2026-11-05T22:15Z
PROMOTED = MINUTE + 20 * 1440  # in a promotion
minutes = st.integers(min_value=28_401_120, max_value=31_000_000)  # from 2024-01-01 on
rates = st.floats(min_value=0.01, max_value=50_000, allow_nan=False)


def orders(baskets: list[Basket]) -> list[Order]:
    return [line for basket in baskets for line in basket.orders]


@given(minutes, rates, rates)
@settings(max_examples=60)
def test_a_lower_rate_selects_a_subset(minute: int, one: float, other: float) -> None:
    few = list(Shop(1).baskets(minute, min(one, other)))
    many = list(Shop(1).baskets(minute, max(one, other)))
    assert many[: len(few)] == few
    assert all(basket.needed > min(one, other) for basket in many[len(few) :])


def test_orders_are_the_same_in_every_process() -> None:
    """Another process has another hash seed, and has generated nothing before."""
    code = "from order import Shop; import json; print(json.dumps([repr(b.orders[0].life) + b.invoice_id + "
    code += f"str(b.customer) + b.country for b in Shop(7).baskets({MINUTE}, 9000)]))"
    here = [
        repr(b.orders[0].life) + b.invoice_id + str(b.customer) + b.country
        for b in Shop(7).baskets(MINUTE, 9000)
    ]
    for hash_seed in ("1", "2"):
        answer = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(Path(order.__file__).parent)},
            capture_output=True,
            check=True,
        )
        assert json.loads(answer.stdout) == here
    assert len(here) > 100


def test_the_orders_of_this_catalogue_version_stay_as_they_are() -> None:
    """Fails when generated orders change: then CATALOGUE_VERSION has to change with them."""
    digest = hashlib.blake2b(digest_size=8)
    for minute in (MINUTE, PROMOTED):
        for line in orders(list(Shop(42).baskets(minute, 6000))):
            attributes = {**item(line, 42, 0), "customer_name": None, "customer_email": None}
            digest.update(repr((sorted(attributes.items()), line.life)).encode())
    assert (CATALOGUE_VERSION, digest.hexdigest()) == (1, "942b19892dc5a87a")


def test_other_seeds_have_other_orders_and_ids() -> None:
    one = {line.order_id for line in orders(list(Shop(1).baskets(MINUTE, 9000)))}
    other = {line.order_id for line in orders(list(Shop(2).baskets(MINUTE, 9000)))}
    assert one.isdisjoint(other)


@given(minutes)
@settings(max_examples=40)
def test_lives(minute: int) -> None:
    """Versions count up by one, lags keep their distance, removal is last, ids are unique."""
    lines = orders(list(Shop(3).baskets(minute, 5000)))
    assert len({line.order_id for line in lines}) == len(lines)
    for line in lines:
        assert [step.version for step in line.life] == list(range(2, 2 + len(line.life)))
        assert all(step.lag in LAGS for step in line.life)
        assert all(after - before >= LEAST_GAP for before, after in pairwise([0, *lags(line)]))
        assert REMOVE not in [step.what for step in line.life[:-1]]
        assert line.version_at(minute) == 1
        assert line.version_at(minute + max(LAGS)) == 1 + len(line.life)
        statuses = [step.what for step in line.life if step.what not in (FORGET, REMOVE)]
        assert statuses in (
            [],
            ["CANCELLED"],
            ["SHIPPED"],
            ["SHIPPED", "DELIVERED"],
            ["SHIPPED", "DELIVERED", "RETURNED"],
        )
        assert statuses or line.removed


def lags(line: Order) -> list[int]:
    return [step.lag for step in line.life]


@given(minutes)
@settings(max_examples=40)
def test_baskets(minute: int) -> None:
    for basket in Shop(3).baskets(minute, 5000):
        products = [line.product.product_id for line in basket.orders]
        assert len(set(products)) == len(products) <= 4
        assert 0 <= basket.millisecond < 60_000
        for line in basket.orders:
            assert line.order_id.startswith(basket.invoice_id)
            assert 1 <= line.quantity <= MAX_QUANTITY
            assert (line.promotion is None) == (line.discount is None)
            if line.discount is not None:
                assert 0 < line.discount < line.quantity * line.product.unit_price
                assert line.discount.as_tuple().exponent == -2


@pytest.mark.no_cover
def test_a_month_looks_like_a_shop() -> None:
    """Shares of what is rare, over enough orders to see them."""
    shop = Shop(42)
    lines = [line for hour in range(500) for line in orders(list(shop.baskets(MINUTE + hour * 61, 3000)))]
    share = {
        what: sum(any(step.what == what for step in line.life) for line in lines) / len(lines)
        for what in ("CANCELLED", "RETURNED", FORGET, REMOVE)
    }
    assert share["CANCELLED"] == pytest.approx(0.04, abs=0.01)
    assert share["RETURNED"] == pytest.approx(0.05, abs=0.01)
    assert 0 < share[FORGET] < 0.03
    assert 0 < share[REMOVE] < 0.01
    assert 0 < sum(line.basket.test for line in lines) / len(lines) < 0.01
    sold = sorted((sum(line.product is product for line in lines) for product in PRODUCTS), reverse=True)
    assert sold[-1] > 0
    assert sold[0] > 5 * sold[len(sold) // 2]
    buyers = [line.basket.customer for line in lines]
    assert len(set(buyers)) < len(buyers) / 2


def test_timestamp() -> None:
    instant = dt.datetime(2026, 11, 20, 10, 15, 7, 42_000, dt.UTC)
    assert order.timestamp(int(instant.timestamp()) // 60, 7042) == "2026-11-20T10:15:07.042Z"
