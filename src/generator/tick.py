"""One tick: the orders of one minute, and the changes that earlier orders get in it.

A tick at `time` is the UTC minute that ends then, so nothing is written before it has happened. Repeated,
late and shuffled ticks write nothing twice: every insert and change is conditional. The tick knows which
earlier orders change by making them again: their changes come at few fixed lags (order.LAGS).
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import demand
from clock import iso, minute_of
from generator_environment import Settings
from generator_event import EventError, Tick
from inventory import Inventory
from order import LAGS, Shop
from table import Course, Orders
from tally import Tally

_CLOCK_SKEW = dt.timedelta(seconds=5)


def check(tick: Tick, settings: Settings, now: dt.datetime) -> int:
    """The minute of the tick. Raises EventError for one that is too old or not over yet."""
    minute = minute_of(tick.time) - 1
    over = dt.datetime.fromtimestamp(minute * 60 + tick.to_second, dt.UTC)
    if over > now + _CLOCK_SKEW:
        raise EventError(
            "time",
            f"the tick lasts until {iso(over)}, which is in the future; send a time that has passed, "
            "or a to_second that has",
        )
    if now - tick.time > settings.max_event_age:
        seconds = int(settings.max_event_age.total_seconds())
        raise EventError(
            "time",
            f"is more than {seconds} seconds ago, the maximum event age; orders placed then may have been "
            "removed since and must not come back; use the action backfill for past dates",
        )
    return minute


def run(
    tick: Tick, minute: int, settings: Settings, inventory: Inventory, orders: Orders, tally: Tally
) -> dict[str, Any]:
    """Write the tick. Answer: counts, `done`, and if not done `left`: what another try still has to write."""
    shop = Shop(settings.seed)
    earlier = tick.rate_per_hour or settings.rate
    rate = earlier
    if tick.orders_per_second is not None:
        rate = tick.orders_per_second * 3600 / demand.demand(settings.seed, minute)
    placed = range(tick.from_second * 1000, tick.to_second * 1000)
    baskets = [basket for basket in shop.baskets(minute, rate) if basket.millisecond in placed]
    baskets.sort(key=lambda basket: basket.millisecond)
    left = {"orders": inventory.insert(baskets)}
    left["changes"] = orders.advance(changes(shop, minute, earlier)) if tick.from_second == 0 else 0
    answer: dict[str, Any] = {"action": "tick", "time": iso(tick.time), **tally.counts()}
    answer["done"] = not any(left.values())
    if not answer["done"]:
        answer["left"] = left
    return answer


def changes(shop: Shop, minute: int, rate: float) -> Iterator[Course]:
    """The changes that fall into the minute; each order has at most one."""
    for lag in LAGS:
        for basket in shop.baskets(minute - lag, rate):
            for order in basket.orders:
                for step in order.life:
                    if step.lag == lag:
                        yield Course(order, step.version - 1, step.version)
