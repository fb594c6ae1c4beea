"""What answers are made of: exact money and ratios, the orders of a period, sums by group, order of rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
from polars import col
from polars import len as rows_

from tests.analytics.source import COUNTED
from tests.shop import Books

Parameters = dict[str, Any]
Rows = list[list[Any]]


def money(units: int) -> Decimal:
    """Ten-thousandths as the column's exact decimal."""
    return Decimal(units).scaleb(-4)


def ratio(top: int | Fraction, bottom: int | Fraction, places: int = 2) -> Decimal | None:
    """top / bottom, rounded once, half away from zero; None for a bottom of 0."""
    if not bottom:
        return None
    exact = Fraction(top) / Fraction(bottom) * 10**places
    units = math.floor(abs(exact) + Fraction(1, 2))
    return Decimal(units if exact >= 0 else -units).scaleb(-places)


def percent(top: int | Fraction, bottom: int | Fraction) -> Decimal | None:
    return ratio(top * 100, bottom)


def total(series: pl.Series) -> int:
    return int(series.sum())


def between(shop: Books, given: Parameters) -> pl.DataFrame:
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
