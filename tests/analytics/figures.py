"""What answers are made of: exact money and ratios, the orders of a period, sums by group, order of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import polars as pl
from polars import col
from polars import len as rows_

from tests.analytics.source import COUNTED
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


def total(series: pl.Series) -> int:
    return int(series.sum())


def between(shop: Shop, given: Parameters) -> pl.DataFrame:
    found = shop.orders.filter(col("order_date").is_between(pl.lit(given["from"]), pl.lit(given["to"])))
    chosen = {
        name: given[name] for name in ("country", "channel", "category") if given.get(name, "all") != "all"
    }
    return found.filter(**chosen) if chosen else found


def counted(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(col("status").is_in(COUNTED))


def grouped(frame: pl.DataFrame, *by: str) -> pl.DataFrame:
    return frame.group_by(by).agg(
        rows_().alias("orders"),
        col("units").sum(),
        col("net").sum(),
        col("quantity").sum(),
        col("amount").sum(),
    )


def first_by_name(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """The product's name or category at its last order."""
    return frame.sort("order_ts").group_by("product_id").agg(col(name).last())


def ordered(rows: Iterable[list[Any]], key: Callable[[list[Any]], Any], most: int | None = None) -> Rows:
    return sorted(rows, key=key)[:most]
