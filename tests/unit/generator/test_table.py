"""Items and changes as DynamoDB gets them."""

import datetime as dt
from decimal import Decimal

import pytest

from order import FORGET, REMOVE, Order, Shop
from table import change, item

MINUTE = 29_898_615


@pytest.fixture(scope="module")
def lines() -> list[Order]:
    november = [line for basket in Shop(42).baskets(MINUTE, 50_000) for line in basket.orders]
    promotion = MINUTE + 20 * 1440
    return [*november, *(line for basket in Shop(42).baskets(promotion, 50_000) for line in basket.orders)]


def test_items_keep_the_contract(lines: list[Order]) -> None:
    optional = {"promotion", "discount", "test"}
    required = {
        *("order_id", "version", "order_ts", "updated_ts", "status", "invoice_id", "customer_id"),
        *("customer_name", "customer_email", "country", "channel", "product_id", "product_name"),
        *("category", "quantity", "unit_price", "currency", "stock_left"),
    }
    seen: set[str] = set()
    for line in lines:
        attributes = item(line, 42, 17)
        assert required <= attributes.keys() <= required | optional
        seen |= attributes.keys()
        assert attributes["version"] == {"N": "1"}
        assert attributes["order_ts"] == attributes["updated_ts"]
        assert attributes["stock_left"] == {"N": "17"}
        price = Decimal(attributes["unit_price"]["N"])
        amount = price * int(attributes["quantity"]["N"]) - Decimal(
            attributes.get("discount", {"N": "0"})["N"]
        )
        assert amount > 0
    assert seen == required | optional


def test_changes(lines: list[Order]) -> None:
    seen = set()
    for line in lines:
        for step in line.life:
            ((kind, operation),) = change("orders", line, step).items()
            seen.add(step.what)
            assert kind == ("Delete" if step.what == REMOVE else "Update")
            values = operation["ExpressionAttributeValues"]
            assert values[":expected"] == {"N": str(step.version - 1)}
            if kind == "Update":
                assert values[":version"] == {"N": str(step.version)}
                assert ("REMOVE customer_name, customer_email" in operation["UpdateExpression"]) == (
                    step.what == FORGET
                )
                placed = dt.datetime.fromisoformat(item(line, 42, 0)["order_ts"]["S"])
                updated = dt.datetime.fromisoformat(values[":updated"]["S"])
                assert updated - placed == dt.timedelta(minutes=step.lag)
    assert seen == {"SHIPPED", "DELIVERED", "CANCELLED", "RETURNED", FORGET, REMOVE}
