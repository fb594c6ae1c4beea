"""The catalogue, customers and stock arithmetic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import customer
from catalogue import CATEGORIES, MAX_QUANTITY, PRODUCTS, Product
from customer import COUNTRIES
from inventory import groups, sell
from order import Shop
from table import MAX_ACTIONS


def test_the_catalogue() -> None:
    assert len(PRODUCTS) == 60
    assert len(CATEGORIES) == 8
    assert len({product.product_id for product in PRODUCTS}) == 60
    assert len({product.product_name for product in PRODUCTS}) == 60
    assert sum(product.weight for product in PRODUCTS) == pytest.approx(1)
    for product in PRODUCTS:
        assert product.unit_price > 0
        assert product.unit_price.as_tuple().exponent == -2
        assert product.restock > MAX_QUANTITY
        assert product.lead_time_days > 0


@given(st.sampled_from(PRODUCTS), st.lists(st.integers(1, MAX_QUANTITY), max_size=400), st.randoms())
def test_stock_does_not_depend_on_the_order_of_sales(
    product: Product, sold: list[int], random: object
) -> None:
    def after(quantities: list[int]) -> int:
        stock, restocked = product.initial_stock, 0
        for quantity in quantities:
            stock, more = sell(stock, quantity, product)
            restocked += more
            assert product.restock_at < stock <= product.reorder_level + product.restock
        assert stock == product.initial_stock - sum(quantities) + restocked * product.restock
        return stock

    assert after(sold) == after(sorted(sold))


def test_customers_come_back_and_change() -> None:
    minute = 29_898_615
    later = minute + 400 * 1440
    now = {customer.number_of(minute, kind / 100, who / 100) for kind in range(100) for who in range(100)}
    then = {customer.number_of(later, kind / 100, who / 100) for kind in range(100) for who in range(100)}
    assert now & then, "regulars stay"
    assert now - then, "others go"
    assert then - now, "and new ones come"


def test_identity_is_stable_and_of_a_reserved_domain() -> None:
    for number, country in enumerate(COUNTRIES):
        name, email = customer.identity(42, number, country)
        customer.identity.cache_clear()
        assert customer.identity(42, number, country) == (name, email)
        assert email.endswith(f".{number}@example.com")
        assert email.isascii()


def test_groups_hold_whole_baskets_and_fit_a_transaction() -> None:
    baskets = list(Shop(1).baskets(29_898_615, 20_000))
    made = list(groups(baskets))
    assert [line for group in made for line in group] == [
        line for basket in baskets for line in basket.orders
    ]
    for group in made:
        assert len(group) + len({line.product.product_id for line in group}) <= MAX_ACTIONS
    invoices = [{line.basket.invoice_id for line in group} for group in made]
    assert sum(len(ids) for ids in invoices) == len(set().union(*invoices))
