"""What the named queries about customers must answer."""

from __future__ import annotations

import polars as pl
from polars import col
from polars import len as rows_

from tests.analytics.figures import (
    Parameters,
    Rows,
    between,
    counted,
    money,
    ordered,
    percent,
    ratio,
    total,
)
from tests.analytics.source import UNIT
from tests.shop import Books


def _customers(shop: Books) -> pl.DataFrame:
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


def customer_segments(shop: Books, given: Parameters) -> Rows:
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
    return ordered(
        (
            [name, "GBP", len(nets), money(sum(nets)), ratio(sum(nets), UNIT * len(nets))]
            for name, nets in segments.items()
        ),
        lambda row: -row[3],
    )


def new_and_returning_customers(shop: Books, given: Parameters) -> Rows:
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
                money(total(first["net"])),
                money(total(later["net"])),
            ]
        )
    return rows


def sales_customers(shop: Books, given: Parameters) -> Rows:
    known = shop.orders.filter(col("customer_id") != "erased", col("order_date") <= given["to"])
    firsts = dict(known.group_by("customer_id").agg(col("order_date").min()).iter_rows())
    rows: Rows = []
    for (currency,), group in counted(between(shop, given)).group_by("currency"):
        people = group.filter(col("customer_id") != "erased").with_columns(
            new=col("customer_id").replace_strict(firsts, default=None) >= given["from"]
        )
        new, back = people.filter(col("new")), people.filter(~col("new"))
        rows.append(
            [
                currency,
                group["invoice_id"].n_unique(),
                total(group["quantity"]),
                money(total(group["net"])),
                new["customer_id"].n_unique(),
                back["customer_id"].n_unique(),
                money(total(new["net"])),
                money(total(back["net"])),
            ]
        )
    return ordered(rows, lambda row: (-row[3], row[0]))


def cohort_retention(shop: Books, given: Parameters) -> Rows:
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


def customer_lifetime_value(shop: Books, given: Parameters) -> Rows:
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


def top_customers(shop: Books, given: Parameters) -> Rows:
    frame = between(shop, given).filter(col("customer_id") != "erased")
    found = frame.group_by("customer_id", "currency").agg(
        col("invoice_id").n_unique(), col("units").sum(), col("net").sum(), col("order_date").max()
    )
    return ordered(
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
