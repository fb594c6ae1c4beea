"""Backfill: past dates with every order's whole life up to now, in order of date.

**Removed orders** are left out altogether. An order lives once; a backfill may be repeated or resumed at any
time, also when the order's removal has come in between, and must not bring it back. So an order that is
removed lives in live ticks only, and the orders of a backfill do not depend on when it runs.

**Number of orders.** A basket exists from a certain rate on (order.Basket.needed). `orders: N` takes the N
order lines that come first by it: what ticks would write at the rate that gives N, the last basket cut.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from math import sqrt
from typing import Any

import demand
from clock import Clock, iso, minute_of
from generator_environment import Settings
from generator_event import Backfill, EventError
from inventory import Inventory
from order import Basket, Shop
from table import Course, Orders
from tally import Tally

_EPOCH = dt.date(1970, 1, 1).toordinal()
_CHUNK = 300  # baskets between two looks at the remaining time


@dataclass(frozen=True, slots=True)
class Selection:
    """Baskets up to `rate`; of the one that needs exactly `rate`, the first `last` lines (None: all)."""

    rate: float
    last: int | None = None


def check(backfill: Backfill, settings: Settings, now: dt.datetime) -> None:
    """Raises EventError for dates outside the range in which orders may be."""
    if backfill.start < settings.first_order_date:
        raise EventError(
            "start", f"is before the first order date; give {settings.first_order_date} or later"
        )
    if backfill.end > now:
        yesterday = now.date() - dt.timedelta(days=1)
        raise EventError(
            "end", f"is in the future; give {yesterday} or earlier, or a UTC time such as {iso(now)}"
        )


def select(shop: Shop, backfill: Backfill, rate: float) -> Selection:
    """What to write. Takes time in proportion to minutes and orders, about 4 s for 730 days."""
    if backfill.orders is None:
        return Selection(backfill.rate_per_hour or rate)
    hours = 24 * sum(demand.day(shop.seed, number).factor for number in _days(backfill))
    generous = (backfill.orders + 5 * sqrt(backfill.orders) + 10) / hours
    while True:
        baskets = [
            (basket.needed, len(basket.orders))
            for number in _days(backfill)
            for basket in selected(shop, _minutes(number, backfill), Selection(generous))
        ]
        if sum(lines for _, lines in baskets) >= backfill.orders:
            break
        generous *= 1.5
    missing = backfill.orders
    for needed, lines in sorted(baskets):
        if lines >= missing:
            return Selection(needed, missing)
        missing -= lines
    raise AssertionError("unreachable: the baskets hold enough lines")


def run(
    backfill: Backfill, settings: Settings, clock: Clock, inventory: Inventory, orders: Orders, tally: Tally
) -> dict[str, Any]:
    """Write the range. Answer: counts, `done`, and if not done `resume` for the next invocation."""
    shop = Shop(settings.seed)
    date, skip = (backfill.resume.date, backfill.resume.basket) if backfill.resume else (backfill.start, 0)
    selection = select(shop, backfill, settings.rate)
    while date <= backfill.last:
        minutes = _minutes(date.toordinal() - _EPOCH, backfill)
        unfinished = _write_date(shop, minutes, skip, selection, clock, inventory, orders)
        if unfinished is not None:
            resume = {"date": date.isoformat(), "basket": unfinished}
            return {"action": "backfill", **tally.counts(), "done": False, "resume": resume}
        date, skip = date + dt.timedelta(days=1), 0
    return {"action": "backfill", **tally.counts(), "done": True}


def _write_date(
    shop: Shop,
    minutes: range,
    skip: int,
    selection: Selection,
    clock: Clock,
    inventory: Inventory,
    orders: Orders,
) -> int | None:
    """Write the baskets of a date's minutes from `skip` on.

    None: finished; else the first basket that may be unfinished.
    """
    baskets = sorted(
        selected(shop, minutes, selection),
        key=lambda basket: (basket.minute, basket.millisecond),
    )
    rest = iter(baskets[skip:])
    while chunk := list(islice(rest, _CHUNK)):
        past = minute_of(clock.now()) - 1
        courses = [Course(order, 1, order.version_at(past)) for basket in chunk for order in basket.orders]
        if not clock.has() or inventory.insert(chunk) or orders.advance(courses):
            return skip
        skip += len(chunk)
    return None


def selected(shop: Shop, minutes: range, selection: Selection) -> Iterator[Basket]:
    """Baskets of minutes since 1970-01-01T00:00Z without orders that are removed one day."""
    for minute in minutes:
        for basket in shop.baskets(minute, selection.rate):
            kept = [order for order in basket.orders if not order.removed]
            if basket.needed == selection.rate:
                kept = kept[: selection.last]
            if kept:
                yield replace(basket, orders=kept)


def _days(backfill: Backfill) -> range:
    """The dates, as days since 1970-01-01."""
    return range(backfill.start.toordinal() - _EPOCH, backfill.last.toordinal() - _EPOCH + 1)


def _minutes(number: int, backfill: Backfill) -> range:
    """The minutes of a date that are over at the backfill's end."""
    first = number * demand.MINUTES_PER_DAY
    return range(first, min(first + demand.MINUTES_PER_DAY, minute_of(backfill.end)))
