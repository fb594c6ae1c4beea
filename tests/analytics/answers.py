"""What each named query must answer, computed from the shop's own tables with Polars.

An answer is a function of the shop's frames and the query's parameters; its rows are in the query's order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import polars as pl
from polars import col
from polars import len as rows_

from tests.analytics.source import COUNTED, UNIT
from tests.shop import Shop

Parameters = dict[str, Any]
Rows = list[list[Any]]


def money(units: int) -> Decimal:
    """Ten-thousandths as the column's exact decimal."""
    return Decimal(units).scaleb(-4)


def ratio(top: int | Decimal, bottom: int | Decimal, places: int = 2) -> Decimal | None:
    """top / bottom, rounded half up; None for a bottom of 0."""
    if not bottom:
        return None
    exact = Fraction(top) / Fraction(bottom)
    digits = Decimal(exact.numerator * 10 ** (places + 12) // exact.denominator).scaleb(-places - 12)
    return digits.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def percent(top: int | Decimal, bottom: int | Decimal) -> Decimal | None:
    return ratio(top * 100, bottom)


def _sum(series: pl.Series) -> int:
    return int(series.sum())


def _between(shop: Shop, given: Parameters) -> pl.DataFrame:
    found = shop.orders.filter(col("order_date").is_between(pl.lit(given["from"]), pl.lit(given["to"])))
    chosen = {
        name: given[name] for name in ("country", "channel", "category") if given.get(name, "all") != "all"
    }
    return found.filter(**chosen) if chosen else found


def _counted(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(col("status").is_in(COUNTED))


def _grouped(frame: pl.DataFrame, *by: str) -> pl.DataFrame:
    return frame.group_by(by).agg(
        rows_().alias("orders"),
        col("units").sum(),
        col("net").sum(),
        col("quantity").sum(),
        col("amount").sum(),
    )


def _first(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """The product's name or category at its last order."""
    return frame.sort("order_ts").group_by("product_id").agg(col(name).last())


def _sorted(rows: Iterable[list[Any]], key: Callable[[list[Any]], Any], most: int | None = None) -> Rows:
    return sorted(rows, key=key)[:most]


def sales_by_day(shop: Shop, given: Parameters) -> Rows:
    found = _grouped(_between(shop, given), "order_date", "currency").sort("order_date", "currency")
    return [
        [r["order_date"], r["currency"], r["orders"], r["units"], money(r["net"])] for r in found.to_dicts()
    ]


def sales_by_hour(shop: Shop, given: Parameters) -> Rows:
    frame = _between(shop, given).with_columns(hour=col("order_ts").str.slice(11, 2).cast(pl.Int64))
    found = _grouped(frame, "hour", "currency").sort("hour", "currency")
    return [[r["hour"], r["currency"], r["orders"], r["units"], money(r["net"])] for r in found.to_dicts()]


def _sales_by(what: str) -> Callable[[Shop, Parameters], Rows]:
    def answer(shop: Shop, given: Parameters) -> Rows:
        frame = _between(shop, given)
        total = _sum(frame["net"])
        return _sorted(
            (
                [r[what], r["currency"], r["orders"], r["units"], money(r["net"]), percent(r["net"], total)]
                for r in _grouped(frame, what, "currency").to_dicts()
            ),
            lambda row: (-row[4], row[0]),
        )

    return answer


def _two_periods(shop: Shop, given: Parameters, *by: str) -> list[dict[str, Any]]:
    last = datetime.now(UTC).date() if given["to"] == "today" else date.fromisoformat(given["to"])
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


def sales_growth(shop: Shop, given: Parameters) -> Rows:
    return [
        [r["currency"], money(r["now"]), money(r["before"]), percent(r["now"] - r["before"], r["before"])]
        for r in _two_periods(shop, given, "currency")
    ]


def falling_products(shop: Shop, given: Parameters) -> Rows:
    return _sorted(
        (
            [r["product_id"], r["product_name"], r["currency"]]
            + [money(value) for value in (r["now"], r["before"], r["now"] - r["before"])]
            for r in _two_periods(shop, given, "product_id", "product_name", "currency")
            if r["now"] < r["before"]
        ),
        lambda row: (row[5], row[0]),
        20,
    )


def average_order_value(shop: Shop, given: Parameters) -> Rows:
    frame = _counted(_between(shop, given)).with_columns(month=col("order_date").str.slice(0, 7))
    found = (
        frame.group_by("month", "currency").agg(col("invoice_id").n_unique(), col("net").sum()).sort("month")
    )
    return [
        [r["month"], r["currency"], r["invoice_id"], money(r["net"]), ratio(r["net"], UNIT * r["invoice_id"])]
        for r in found.to_dicts()
    ]


def top_products(shop: Shop, given: Parameters) -> Rows:
    found = _grouped(_between(shop, given), "product_id", "product_name", "category", "currency").to_dicts()
    return _sorted(
        (
            [r["product_id"], r["product_name"], r["category"], r["currency"], r["units"], money(r["net"])]
            for r in found
        ),
        lambda row: (-row[5], row[0]),
        20,
    )


def returns_and_cancellations(shop: Shop, given: Parameters) -> Rows:
    status = col("status")
    found = (
        _between(shop, given)
        .group_by("category")
        .agg(orders=rows_(), cancelled=(status == "CANCELLED").sum(), returned=(status == "RETURNED").sum())
    )
    return _sorted(
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


def promotion_uplift(shop: Shop, given: Parameters) -> Rows:
    frame = _counted(_between(shop, given))
    days = frame["order_date"].n_unique()
    rows: Rows = []
    for code in sorted(frame["promotion"].drop_nulls().unique()):
        promoted = frame.filter(promotion=code)
        ran, products = set(promoted["order_date"]), set(promoted["product_id"])
        sold = frame.filter(col("product_id").is_in(list(products)))
        units_on = _sum(sold.filter(col("order_date").is_in(list(ran)))["quantity"])
        units_off = _sum(sold["quantity"]) - units_on
        a_day, otherwise = ratio(units_on, len(ran)), ratio(units_off, days - len(ran))
        uplift = (
            percent(a_day - otherwise, otherwise) if a_day is not None and otherwise is not None else None
        )
        rows.append([code, len(ran), units_on, a_day, otherwise, uplift])
    return rows


def _customers(shop: Shop) -> pl.DataFrame:
    return (
        shop.orders.filter(col("customer_id") != "erased")
        .group_by("customer_id", "currency")
        .agg(
            first=col("order_ts").min(),
            last=col("order_ts").max(),
            invoices=col("invoice_id").n_unique(),
            net=col("net").sum(),
        )
    )


def _fifth(frame: pl.DataFrame, by: str) -> dict[str, int]:
    """customer -> 1 to 5; where the number does not divide, the first fifths have one more."""
    customers = frame.sort(by, "customer_id")["customer_id"].to_list()
    size, more = divmod(len(customers), 5)
    ends = [size * (n + 1) + min(n + 1, more) for n in range(5)]
    return {
        customer: next(n + 1 for n, end in enumerate(ends) if place < end)
        for place, customer in enumerate(customers)
    }


def customer_segments(shop: Shop, given: Parameters) -> Rows:
    frame = _customers(shop)
    recency, frequency, monetary = (_fifth(frame, by) for by in ("last", "invoices", "net"))
    segments: dict[str, list[int]] = {}
    for customer in frame.to_dicts():
        r, f, m = (scores[customer["customer_id"]] for scores in (recency, frequency, monetary))
        if min(r, f, m) >= 4:
            name = "champions"
        elif r >= 4 and f <= 2:
            name = "new or rare"
        elif r <= 2 and max(f, m) >= 4:
            name = "at risk"
        else:
            name = "lost" if r <= 2 else "regular"
        segments.setdefault(name, []).append(customer["net"])
    return _sorted(
        (
            [name, "GBP", len(nets), money(sum(nets)), ratio(sum(nets), UNIT * len(nets))]
            for name, nets in segments.items()
        ),
        lambda row: -row[3],
    )


def new_and_returning_customers(shop: Shop, given: Parameters) -> Rows:
    frame = shop.orders.filter(col("customer_id") != "erased").with_columns(
        month=col("order_date").str.slice(0, 7)
    )
    frame = frame.with_columns(first=col("month").min().over("customer_id"))
    frame = frame.filter(col("month").is_between(pl.lit(given["from"]), pl.lit(given["to"])))
    new, rows = col("month") == col("first"), []
    for (month, currency), group in frame.sort("month").group_by("month", "currency", maintain_order=True):
        first, later = group.filter(new), group.filter(~new)
        rows.append(
            [
                month,
                currency,
                first["customer_id"].n_unique(),
                later["customer_id"].n_unique(),
                money(_sum(first["net"])),
                money(_sum(later["net"])),
            ]
        )
    return rows


def cohort_retention(shop: Shop, given: Parameters) -> Rows:
    frame = shop.orders.filter(col("customer_id") != "erased").select(
        "customer_id",
        month=col("order_date").str.slice(0, 4).cast(pl.Int64) * 12
        + col("order_date").str.slice(5, 2).cast(pl.Int64)
        - 1,
    )
    frame = frame.unique().with_columns(cohort=col("month").min().over("customer_id"))
    sizes = {
        r["cohort"]: r["len"]
        for r in frame.filter(col("month") == col("cohort")).group_by("cohort").len().to_dicts()
    }
    found = frame.group_by("cohort", "month").len().sort("cohort", "month").to_dicts()
    return [
        [
            f"{r['cohort'] // 12}-{r['cohort'] % 12 + 1:02d}-01",
            r["month"] - r["cohort"],
            r["len"],
            percent(r["len"], sizes[r["cohort"]]),
        ]
        for r in found
    ]


def customer_lifetime_value(shop: Shop, given: Parameters) -> Rows:
    frame = _customers(shop).with_columns(cohort=col("first").str.slice(0, 7) + "-01")
    found = frame.group_by("cohort", "currency").agg(rows_(), col("net").sum(), col("invoices").sum())
    return [
        [
            r["cohort"],
            r["currency"],
            r["len"],
            money(r["net"]),
            ratio(r["net"], UNIT * r["len"]),
            ratio(r["invoices"], r["len"]),
        ]
        for r in found.sort("cohort").to_dicts()
    ]


def top_customers(shop: Shop, given: Parameters) -> Rows:
    frame = _between(shop, given).filter(col("customer_id") != "erased")
    found = frame.group_by("customer_id", "currency").agg(
        col("invoice_id").n_unique(), col("units").sum(), col("net").sum(), col("order_date").max()
    )
    return _sorted(
        (
            [
                r["customer_id"],
                r["currency"],
                r["invoice_id"],
                r["units"],
                money(r["net"]),
                r["order_date"],
            ]
            for r in found.to_dicts()
        ),
        lambda row: (-row[4], row[0]),
        20,
    )


def _stock_and_sales(shop: Shop, given: Parameters) -> list[dict[str, Any]]:
    begin = (datetime.now(UTC).date() - timedelta(days=int(given["days"]))).isoformat()
    sold = (
        _counted(shop.orders)
        .filter(col("order_date") > begin)
        .group_by("product_id")
        .agg(col("quantity").sum())
    )
    units = dict(sold.iter_rows())
    return [product | {"sold": units.get(product["product_id"], 0)} for product in shop.stock.to_dicts()]


def stock_cover(shop: Shop, given: Parameters) -> Rows:
    return _sorted(
        (
            [
                p["product_id"],
                p["product_name"],
                p["category"],
                p["stock"],
                p["sold"],
                ratio(Decimal(p["stock"]) * int(given["days"]), p["sold"], 1),
            ]
            for p in _stock_and_sales(shop, given)
        ),
        lambda row: (row[5] is None, row[5] or 0, row[0]),
    )


def reorder_list(shop: Shop, given: Parameters) -> Rows:
    rows: Rows = []
    for p in _stock_and_sales(shop, given):
        a_day = ratio(p["sold"], int(given["days"]))
        assert a_day is not None
        left = p["stock"] - a_day * p["lead_time_days"]
        if p["stock"] <= p["reorder_level"] or left <= 0:
            rows.append(
                [
                    p["product_id"],
                    p["product_name"],
                    p["stock"],
                    p["reorder_level"],
                    p["lead_time_days"],
                    a_day,
                    left,
                ]
            )
    return _sorted(rows, lambda row: (row[6], row[0]))


def sell_through(shop: Shop, given: Parameters) -> Rows:
    categories: dict[str, list[int]] = {}
    for p in _stock_and_sales(shop, given):
        sums = categories.setdefault(p["category"], [0, 0])
        sums[0] += p["sold"]
        sums[1] += p["stock"]
    return _sorted(
        ([name, sold, stock, percent(sold, sold + stock)] for name, (sold, stock) in categories.items()),
        lambda row: (-row[3], row[0]),
    )


def orders_by_status(shop: Shop, given: Parameters) -> Rows:
    return _sorted(
        (
            [r["status"], r["currency"], r["orders"], money(r["amount"]), money(r["net"])]
            for r in _grouped(_between(shop, given), "status", "currency").to_dicts()
        ),
        lambda row: (-row[2], row[0]),
    )


def order_history(shop: Shop, given: Parameters) -> Rows:
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


def lead_times(shop: Shop, given: Parameters) -> Rows:
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
    return _sorted(
        (
            [status, len(found), ratio(sum(found.values()), 60 * len(found)), ratio(max(found.values()), 60)]
            for status, found in minutes.items()
        ),
        lambda row: (row[2], row[0]),
    )


def data_quality(shop: Shop, given: Parameters) -> Rows:
    frame = _between(shop, given)
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


ANSWERS: dict[str, Callable[[Shop, Parameters], Rows]] = {
    answer.__name__: answer
    for answer in (
        *(sales_by_day, sales_by_hour, sales_growth, average_order_value, top_products, falling_products),
        *(returns_and_cancellations, promotion_uplift, customer_segments, new_and_returning_customers),
        *(cohort_retention, customer_lifetime_value, top_customers, stock_cover, reorder_list, sell_through),
        *(orders_by_status, order_history, lead_times, data_quality),
    )
} | {f"sales_by_{what}": _sales_by(what) for what in ("category", "channel", "country")}
