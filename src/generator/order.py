"""Orders: the baskets of a minute, their lines, and each order's life.

An order is one line of a basket; lines of a basket share the invoice_id. All of it follows from seed,
catalogue version and minute, so a tick weeks later knows an order without reading it.
"""

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

import customer
import demand
import dice
from catalogue import CATALOGUE_VERSION, PRODUCTS, Product, cumulative

HOUR = 60
DAY = 24 * HOUR

# Minutes from the order to each later change. The set is small because a tick looks back at each of them.
CANCELLED_LAGS = (3 * HOUR, 17 * HOUR)
SHIPPED_LAGS = (8 * HOUR, 22 * HOUR, 46 * HOUR)
DELIVERED_LAGS = (3 * DAY, 4 * DAY, 6 * DAY)
RETURNED_LAGS = (13 * DAY, 20 * DAY, 27 * DAY)
FORGOTTEN_LAG = 35 * DAY
REMOVED_LAGS = (5 * HOUR, 26 * HOUR)
LAGS = tuple(
    sorted({*CANCELLED_LAGS, *SHIPPED_LAGS, *DELIVERED_LAGS, *RETURNED_LAGS, FORGOTTEN_LAG, *REMOVED_LAGS})
)

# Least number of minutes between an order and its first change and between two changes (tested). A tick may
# be late by less than this, or it would meet a later change's version, or a removed order, before its turn.
LEAST_GAP = 2 * HOUR

_TEST_SHARE = 0.005
_REMOVED_SHARE = 0.004
_CANCELLED_SHARE = 0.04
_RETURNED_SHARE = 0.05

_CHANNELS = ("WEB", "MOBILE", "STORE", "MARKETPLACE")
_CHANNEL_SHARES = cumulative([0.46, 0.27, 0.15, 0.12])
_QUANTITY_SHARES = cumulative([0.80, 0.13, 0.04, 0.02, 0.01])  # 1, 2, ... up to catalogue.MAX_QUANTITY

FORGET = "forget"
REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Step:
    """A later change: `lag` minutes after the order, writing `version`.

    `what` is the new status, FORGET (a MODIFY that takes the personal data out) or REMOVE.
    """

    lag: int
    version: int
    what: str


@dataclass(frozen=True, slots=True)
class Order:
    """One order line. `life` holds its later changes, oldest first; versions 2, 3, ..."""

    order_id: str
    basket: "Basket" = field(compare=False, repr=False)
    product: Product
    quantity: int
    promotion: str | None
    discount: Decimal | None
    life: tuple[Step, ...]

    @property
    def removed(self) -> bool:
        return bool(self.life) and self.life[-1].what == REMOVE

    def version_at(self, minute: int) -> int:
        """Version that the order has when the minute `minute` is over."""
        return 1 + sum(1 for step in self.life if self.basket.minute + step.lag <= minute)


@dataclass(frozen=True, slots=True)
class Basket:
    """One checkout. `minute` counts from 1970-01-01T00:00Z, `millisecond` is 0 to 59999 inside it.

    `needed` is the lowest rate (order lines per hour) at which this basket exists.
    """

    invoice_id: str
    minute: int
    millisecond: int
    needed: float
    customer: int
    country: str
    channel: str
    test: bool
    orders: list[Order]


def timestamp(minute: int, millisecond: int) -> str:
    """UTC ISO 8601 with milliseconds and Z."""
    return f"{_minute_prefix(minute)}{millisecond // 1000:02d}.{millisecond % 1000:03d}Z"


class Shop:
    """The orders of one seed. Another seed or catalogue version has other orders under other order_ids."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._baskets = dice.root("basket", seed, CATALOGUE_VERSION)
        self._lines = dice.root("line", seed, CATALOGUE_VERSION)
        self._tag = dice.root("id", seed, CATALOGUE_VERSION).hexdigest()[:4]

    def baskets(self, minute: int, rate: float) -> Iterator[Basket]:
        """Baskets of a minute at `rate` order lines per hour, in order of `needed`.

        The orders at a lower rate are among those at a higher one, unchanged.
        """
        day = demand.day(self.seed, minute // demand.MINUTES_PER_DAY)
        for index, needed, numbers in demand.candidates(self._baskets, self.seed, minute, rate):
            yield self._basket(day, minute, index, needed, numbers)

    def _basket(
        self, day: demand.Day, minute: int, index: int, needed: float, numbers: dice.Uniforms
    ) -> Basket:
        _, placed, kind, who, channel, lines, test, _ = numbers
        number = customer.number_of(minute, kind, who)
        country, forgotten = customer.home(self.seed, number)
        basket = Basket(
            invoice_id=f"{self._tag}-{_minute_label(minute)}-{index:04d}",
            minute=minute,
            millisecond=int(placed * 60_000),
            needed=needed,
            customer=number,
            country=country,
            channel=_CHANNELS[bisect_right(_CHANNEL_SHARES, channel)],
            test=test < _TEST_SHARE,
            orders=[],
        )
        taken: set[int] = set()
        for line in range(demand.line_count(lines)):
            drawn = dice.uniforms(self._lines, minute, index, line)
            chosen = day.product(drawn[0])
            while chosen in taken:
                chosen = (chosen + 1) % len(PRODUCTS)
            taken.add(chosen)
            basket.orders.append(_order(basket, line, PRODUCTS[chosen], day, drawn, forgotten))
        return basket


def _order(
    basket: Basket, line: int, product: Product, day: demand.Day, drawn: dice.Uniforms, forgotten: bool
) -> Order:
    quantity = bisect_right(_QUANTITY_SHARES, drawn[1]) + 1
    promotion = discount = None
    if day.promotion and product.category in day.promotion.categories:
        promotion = day.promotion.code
        # The price has 2 places and the percentage is whole: their exact product has 4, and is cut to 2.
        pence = int(product.unit_price * 100) * quantity * day.promotion.percent // 100
        discount = Decimal(pence).scaleb(-2)
    return Order(
        order_id=f"{basket.invoice_id}-{line + 1}",
        basket=basket,
        product=product,
        quantity=quantity,
        promotion=promotion,
        discount=discount,
        life=_life(drawn, forgotten),
    )


def _life(drawn: dice.Uniforms, forgotten: bool) -> tuple[Step, ...]:
    _, _, removed, outcome, first, second, third, fourth = drawn
    changes: list[tuple[int, str]]
    if outcome < _CANCELLED_SHARE:
        changes = [(_pick(CANCELLED_LAGS, first), "CANCELLED")]
    else:
        changes = [(_pick(SHIPPED_LAGS, first), "SHIPPED"), (_pick(DELIVERED_LAGS, second), "DELIVERED")]
        if outcome > 1 - _RETURNED_SHARE:
            changes.append((_pick(RETURNED_LAGS, third), "RETURNED"))
    if forgotten:
        changes.append((FORGOTTEN_LAG, FORGET))
    if removed < _REMOVED_SHARE:
        last = _pick(REMOVED_LAGS, fourth)
        changes = [*(change for change in changes if change[0] < last), (last, REMOVE)]
    return tuple(Step(lag, version, what) for version, (lag, what) in enumerate(changes, start=2))


def _pick(lags: tuple[int, ...], number: float) -> int:
    return lags[int(number * len(lags))]


@lru_cache(maxsize=4096)
def _minute_prefix(minute: int) -> str:
    return f"{dt.datetime.fromtimestamp(minute * 60, dt.UTC):%Y-%m-%dT%H:%M:}"


@lru_cache(maxsize=4096)
def _minute_label(minute: int) -> str:
    return f"{dt.datetime.fromtimestamp(minute * 60, dt.UTC):%Y%m%dT%H%M}"
