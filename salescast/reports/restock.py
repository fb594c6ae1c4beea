"""What to order, how many and by when.

The reorder point: a product is ordered again when its stock is what sells until a delivery arrives
(lead time x pace), or at its reorder level if that comes first. The pace is the mean of the last days. What
is ordered lasts for the lead time and `COVER_DAYS` after it.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

PACE_DAYS = 28
COVER_DAYS = 28
SOON_DAYS = 7
# Nothing is said of days further away than this.
FAR_DAYS = 3650


@dataclass(frozen=True)
class Need:
    """A product: its stock and pace (units a day), when it runs out at that pace, and what to order by when.

    `runs_out` and `order_by` are None for what does not sell or lasts for years. `order_by` is never in the
    past: today means now. `quantity` is what to order on that day.
    """

    product_id: str
    product_name: str
    category: str
    stock: int
    lead_time_days: int
    a_day: float
    runs_out: date | None
    order_by: date | None
    quantity: int


def needs(rows: Iterable[Mapping[str, Any]], today: date) -> list[Need]:
    """Every row of the named query stock_plan (asked for PACE_DAYS), the most urgent first."""
    found = [_need(row, today) for row in rows]
    return sorted(
        found, key=lambda need: (need.order_by or date.max, need.runs_out or date.max, need.product_id)
    )


def due(found: Iterable[Need], today: date, days: int = 0) -> list[Need]:
    """Those to order today, or within so many days."""
    return [need for need in found if need.order_by and need.order_by <= today + timedelta(days=days)]


def _need(row: Mapping[str, Any], today: date) -> Need:
    stock, lead = int(row["stock"]), int(row["lead_time_days"])
    a_day = max(0, int(row["units_sold"])) / PACE_DAYS
    runs_out = order_by = None
    lasts = math.floor(max(0, stock) / a_day) if a_day else math.inf
    if stock <= 0:
        lasts = 0
    if lasts <= FAR_DAYS:
        runs_out = today + timedelta(days=int(lasts))
        order_by = max(today, runs_out - timedelta(days=lead))
    if stock <= int(row["reorder_level"]):
        order_by = today
    left_then = stock - a_day * ((order_by - today).days if order_by else 0)
    wanted = max(math.ceil(a_day * (lead + COVER_DAYS)), int(row["reorder_level"]) + 1)
    return Need(
        str(row["product_id"]),
        str(row["product_name"]),
        str(row["category"]),
        stock,
        lead,
        a_day,
        runs_out,
        order_by,
        max(0, math.ceil(wanted - left_then)) if order_by else 0,
    )
