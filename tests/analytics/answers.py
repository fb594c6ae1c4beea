"""What each named query must answer, computed from the shop's own tables with Polars.

An answer is a function of the shop's frames and the query's parameters; its rows are in the query's order.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import polars as pl
from polars import col
from polars import len as rows_

from tests.analytics.customers import (
    cohort_retention,
    customer_lifetime_value,
    customer_segments,
    new_and_returning_customers,
    sales_customers,
    top_customers,
)
from tests.analytics.figures import (
    Parameters,
    Rows,
    between,
    counted,
    first_by_name,
    grouped,
    money,
    ordered,
    percent,
    ratio,
    total,
)
from tests.analytics.source import COUNTED, UNIT
from tests.shop import Books


def sales_by_day(shop: Books, given: Parameters) -> Rows:
    found = grouped(between(shop, given), "order_date", "currency").sort("order_date", "currency")
    return [
        [r["order_date"], r["currency"], r["orders"], r["units"], money(r["net"])] for r in found.to_dicts()
    ]


def sales_by_hour(shop: Books, given: Parameters) -> Rows:
    frame = between(shop, given).with_columns(hour=col("order_ts").str.slice(11, 2).cast(pl.Int64))
    found = grouped(frame, "hour", "currency").sort("hour", "currency")
    return [[r["hour"], r["currency"], r["orders"], r["units"], money(r["net"])] for r in found.to_dicts()]


def _sales_by(what: str) -> Callable[[Books, Parameters], Rows]:
    def answer(shop: Books, given: Parameters) -> Rows:
        frame = between(shop, given)
        whole = total(frame["net"])
        return ordered(
            (
                [
                    r[what],
                    r["currency"],
                    r["orders"],
                    r["units"],
                    money(r["net"]),
                    percent(r["net"], whole),
                ]
                for r in grouped(frame, what, "currency").to_dicts()
            ),
            lambda row: (-row[4], row[0]),
        )

    return answer


def _two_periods(shop: Books, given: Parameters, *by: str) -> list[dict[str, Any]]:
    last = date.fromisoformat(given["to"])
    days = int(given["days"])
    middle = (last - timedelta(days=days)).isoformat()
    begin = (last - timedelta(days=2 * days)).isoformat()
    frame = shop.orders.filter((col("order_date") > begin) & (col("order_date") <= last.isoformat()))
    recent = pl.when(col("order_date") > middle)
    return (
        frame.group_by(by)
        .agg(
            now=recent.then(col("net")).otherwise(0).sum(), before=recent.then(0).otherwise(col("net")).sum()
        )
        .to_dicts()
    )


def sales_growth(shop: Books, given: Parameters) -> Rows:
    return [
        [r["currency"], money(r["now"]), money(r["before"]), percent(r["now"] - r["before"], r["before"])]
        for r in _two_periods(shop, given, "currency")
    ]


def falling_products(shop: Books, given: Parameters) -> Rows:
    return ordered(
        (
            [r["product_id"], r["product_name"], r["currency"]]
            + [money(value) for value in (r["now"], r["before"], r["now"] - r["before"])]
            for r in _two_periods(shop, given, "product_id", "product_name", "currency")
            if r["now"] < r["before"]
        ),
        lambda row: (row[5], row[0]),
        20,
    )


def average_order_value(shop: Books, given: Parameters) -> Rows:
    frame = counted(between(shop, given)).with_columns(month=col("order_date").str.slice(0, 7))
    found = (
        frame.group_by("month", "currency").agg(col("invoice_id").n_unique(), col("net").sum()).sort("month")
    )
    return [
        [r["month"], r["currency"], r["invoice_id"], money(r["net"]), ratio(r["net"], UNIT * r["invoice_id"])]
        for r in found.to_dicts()
    ]


def top_products(shop: Books, given: Parameters) -> Rows:
    found = grouped(between(shop, given), "product_id", "product_name", "category", "currency").to_dicts()
    return ordered(
        (
            [r["product_id"], r["product_name"], r["category"], r["currency"], r["units"], money(r["net"])]
            for r in found
        ),
        lambda row: (-row[5], row[0]),
        20,
    )


def returns_and_cancellations(shop: Books, given: Parameters) -> Rows:
    status = col("status")
    found = (
        between(shop, given)
        .group_by("category")
        .agg(orders=rows_(), cancelled=(status == "CANCELLED").sum(), returned=(status == "RETURNED").sum())
    )
    return ordered(
        (
            [
                r["category"],
                r["orders"],
                r["cancelled"],
                r["returned"],
                percent(r["cancelled"], r["orders"]),
                percent(r["returned"], r["orders"]),
            ]
            for r in found.to_dicts()
        ),
        lambda row: (-row[5], -row[4], row[0]),
    )


def promotion_uplift(shop: Books, given: Parameters) -> Rows:
    frame = counted(between(shop, given))
    days = frame["order_date"].n_unique()
    rows: Rows = []
    for code in sorted(frame["promotion"].drop_nulls().unique()):
        promoted = frame.filter(promotion=code)
        ran, products = set(promoted["order_date"]), set(promoted["product_id"])
        sold = frame.filter(col("product_id").is_in(list(products)))
        units_on = total(sold.filter(col("order_date").is_in(list(ran)))["quantity"])
        units_off = total(sold["quantity"]) - units_on
        without = days - len(ran)
        uplift = percent(units_on * without - units_off * len(ran), units_off * len(ran))
        a_day, otherwise = ratio(units_on, len(ran)), ratio(units_off, without)
        rows.append([code, len(ran), units_on, a_day, otherwise, uplift if without else None])
    return rows


def promotion_days(shop: Books, given: Parameters) -> Rows:
    found = between(shop, given).drop_nulls("promotion").group_by("promotion", "order_date").len()
    return [list(row) for row in found.sort("promotion", "order_date").iter_rows()]


def product_days(shop: Books, given: Parameters) -> Rows:
    frame = between(shop, given).filter(product_id=given["product_id"])
    found = frame.group_by("order_date", "currency").agg(
        rows_().alias("orders"),
        (col("status") == "RETURNED").sum().alias("returned"),
        col("units").sum(),
        col("net").sum(),
    )
    return [[*row[:-1], money(row[-1])] for row in found.sort("order_date", "currency").iter_rows()]


def sales_products(shop: Books, given: Parameters) -> Rows:
    recent = between(shop, given)
    earlier = between(shop, given | {"from": given["before"], "to": given["until"]})
    both = pl.concat([recent, earlier])
    names, categories = (dict(first_by_name(both, name).iter_rows()) for name in ("product_name", "category"))
    then = dict(
        earlier.group_by(pl.concat_list("product_id", "currency").list.join("|"))
        .agg(col("net").sum())
        .iter_rows()
    )
    rows: Rows = []
    for product_id, currency in both.select("product_id", "currency").unique().iter_rows():
        sold = recent.filter(product_id=product_id, currency=currency)
        rows.append(
            [
                product_id,
                names[product_id],
                categories[product_id],
                currency,
                sold.height,
                sold.filter(status="CANCELLED").height,
                sold.filter(status="RETURNED").height,
                total(sold["units"]),
                money(total(sold["net"])),
                money(then.get(f"{product_id}|{currency}", 0)),
            ]
        )
    return ordered(rows, lambda row: (-row[8], row[0], row[3]), 2000)


def _stock_and_sales(shop: Books, given: Parameters) -> list[dict[str, Any]]:
    begin = (shop.today - timedelta(days=int(given["days"]))).isoformat()
    sold = (
        counted(shop.orders)
        .filter(col("order_date") > begin)
        .group_by("product_id")
        .agg(col("quantity").sum())
    )
    units = dict(sold.iter_rows())
    return [product | {"sold": units.get(product["product_id"], 0)} for product in shop.stock.to_dicts()]


def stock_cover(shop: Books, given: Parameters) -> Rows:
    return ordered(
        (
            [
                p["product_id"],
                p["product_name"],
                p["category"],
                p["stock"],
                p["sold"],
                ratio(p["stock"] * int(given["days"]), p["sold"], 1),
            ]
            for p in _stock_and_sales(shop, given)
        ),
        lambda row: (row[5] is None, row[5] or 0, row[0]),
    )


def reorder_list(shop: Books, given: Parameters) -> Rows:
    rows: Rows = []
    for p in _stock_and_sales(shop, given):
        a_day = Fraction(p["sold"], int(given["days"]))
        left = p["stock"] - a_day * p["lead_time_days"]
        if p["stock"] <= p["reorder_level"] or left <= 0:
            rows.append(
                [
                    p["product_id"],
                    p["product_name"],
                    p["stock"],
                    p["reorder_level"],
                    p["lead_time_days"],
                    ratio(a_day, 1),
                    ratio(left, 1),
                ]
            )
    return ordered(rows, lambda row: (row[6], row[0]))


def sell_through(shop: Books, given: Parameters) -> Rows:
    categories: dict[str, list[int]] = {}
    for p in _stock_and_sales(shop, given):
        sums = categories.setdefault(p["category"], [0, 0])
        sums[0] += p["sold"]
        sums[1] += p["stock"]
    return ordered(
        ([name, sold, stock, percent(sold, sold + stock)] for name, (sold, stock) in categories.items()),
        lambda row: (-row[3], row[0]),
    )


def stock_plan(shop: Books, given: Parameters) -> Rows:
    begin = (shop.today - timedelta(days=int(given["days"]))).isoformat()
    recent = shop.orders.filter(col("order_date") > begin).sort("order_ts")
    newest = {
        r["product_id"]: (money(r["unit_price"]), r["currency"])
        for r in recent.group_by("product_id").agg(col("unit_price", "currency").last()).to_dicts()
    }
    names = ("product_id", "product_name", "category", "stock", "reorder_level", "lead_time_days", "sold")
    return [
        [*(p[name] for name in names), *newest.get(p["product_id"], (None, None))]
        for p in _stock_and_sales(shop, given)
    ]


def orders_by_status(shop: Books, given: Parameters) -> Rows:
    return ordered(
        (
            [r["status"], r["currency"], r["orders"], money(r["amount"]), money(r["net"])]
            for r in grouped(between(shop, given), "status", "currency").to_dicts()
        ),
        lambda row: (-row[2], row[0]),
    )


def orders_by_status_at(shop: Books, given: Parameters) -> Rows:
    written = col("updated_ts").str.replace("T", " ") <= f"{given['moment']}.000Z"
    newest = shop.changes.filter(written).sort("version").group_by("order_id").last()
    # An order that was removed later is not in the table.
    lines = newest.join(shop.orders["order_id", "currency", "amount"], on="order_id").with_columns(
        net=pl.when(col("status").is_in(COUNTED)).then(col("amount")).otherwise(0)
    )
    sums = lines.group_by("status", "currency").agg(
        rows_().alias("orders"), col("amount").sum(), col("net").sum()
    )
    return ordered(
        (
            [r["status"], r["currency"], r["orders"], money(r["amount"]), money(r["net"])]
            for r in sums.to_dicts()
        ),
        lambda row: (-row[2], row[0]),
    )


def order_history(shop: Books, given: Parameters) -> Rows:
    """Version, type and statuses; the other columns are constant over an order's life here."""
    found = shop.changes.filter(order_id=given["order_id"]).sort("version")
    (order,) = shop.orders.filter(order_id=given["order_id"]).to_dicts()
    return [
        [
            r["version"],
            r["type"],
            r["previous_status"],
            r["status"],
            r["updated_ts"].replace("T", " ")[:-1],
            money(order["amount"]),
            order["currency"],
        ]
        for r in found.to_dicts()
    ]


def lead_times(shop: Books, given: Parameters) -> Rows:
    frame = shop.changes.filter((col("type") == "MODIFY") & (col("status") != col("previous_status")))
    frame = frame.filter(
        col("order_ts").str.slice(0, 10).is_between(pl.lit(given["from"]), pl.lit(given["to"]))
    )
    minutes: dict[str, dict[str, int]] = {}
    for r in frame.to_dicts():
        took = datetime.fromisoformat(r["updated_ts"]) - datetime.fromisoformat(r["order_ts"])
        reached = minutes.setdefault(r["status"], {})
        value = int(took.total_seconds() // 60)
        reached[r["order_id"]] = min(value, reached.get(r["order_id"], value))
    return ordered(
        (
            [status, len(found), ratio(sum(found.values()), 60 * len(found)), ratio(max(found.values()), 60)]
            for status, found in minutes.items()
        ),
        lambda row: (row[2], row[0]),
    )


def data_quality(shop: Books, given: Parameters) -> Rows:
    frame = between(shop, given)
    known = set(shop.stock["category"])
    counts = (
        col("customer_id").is_null(),
        col("product_name").is_null(),
        col("category").is_null(),
        ~col("category").is_in(list(known)),
        col("unit_price") < 0,
        col("unit_price") == 0,
        col("quantity") < 0,
        (col("amount") < 0) & (col("quantity") > 0),
    )
    return [[frame.height, *(frame.filter(count).height for count in counts)]]


ANSWERS: dict[str, Callable[[Books, Parameters], Rows]] = {
    answer.__name__: answer
    for answer in (
        *(sales_by_day, sales_by_hour, sales_growth, average_order_value, top_products, falling_products),
        *(returns_and_cancellations, promotion_uplift, customer_segments, new_and_returning_customers),
        *(cohort_retention, customer_lifetime_value, top_customers, stock_cover, reorder_list, sell_through),
        *(sales_products, sales_customers, product_days, promotion_days, stock_plan),
        *(orders_by_status, orders_by_status_at, order_history, lead_times, data_quality),
    )
} | {f"sales_by_{what}": _sales_by(what) for what in ("category", "channel", "country")}
