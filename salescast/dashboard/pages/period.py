"""Which days a page shows, and which others they are compared with."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import streamlit as st

from salescast.dashboard import formatting

# Whole weeks, so that every period has as many Saturdays as the one it is compared with.
SPANS = {"7 days": 7, "28 days": 28, "90 days": 91, "A year": 364, "Own dates": 0}
USUAL = "28 days"
BEFORE, LAST_YEAR, NOTHING = "The days before", "Same weeks last year", "Nothing"
YEAR = timedelta(days=364)


@dataclass(frozen=True)
class Period:
    """Days from `first` to `last` (UTC), both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def between(self) -> dict[str, str]:
        """As parameters of a named query."""
        return {"from": self.first.isoformat(), "to": self.last.isoformat()}

    def day(self, number: int) -> date:
        return self.first + timedelta(days=number)

    def __str__(self) -> str:
        return formatting.days(self.first, self.last)


def compared(period: Period, how: str, begin: date) -> tuple[Period | None, str]:
    """The days to compare with, if the data, which begin at `begin`, know all of them; and what to say."""
    if how == NOTHING:
        return None, ""
    back = timedelta(days=period.days) if how == BEFORE else YEAR
    other = Period(period.first - back, period.last - back)
    if other.first < begin:
        return None, f"not compared: orders begin on {formatting.days(begin, begin)}, and {other} is wanted"
    return other, f"compared with {other}"


def choose(begin: date, end: date) -> Period:
    """Let the user choose days. They end with the last whole day that has orders (`end` is the last day with
    one), and never begin before `begin`.
    """
    latest = max(begin, min(end, datetime.now(UTC).date() - timedelta(days=1)))
    span = (
        st.segmented_control(
            "Days", list(SPANS), default=USUAL, required=True, key="span", bind="query-params", wrap=True
        )
        or USUAL
    )
    if days := SPANS[span]:
        return Period(max(begin, latest - timedelta(days=days - 1)), latest)
    chosen = st.date_input(
        "From and to (UTC)",
        (max(begin, latest - timedelta(days=27)), latest),
        key="own_dates",
        bind="query-params",
        width=260,
    )
    if not isinstance(chosen, tuple) or len(chosen) < 2:
        st.stop()
    return Period(chosen[0], chosen[1])


def comparison() -> str:
    """Let the user choose what to compare with."""
    ways = [BEFORE, LAST_YEAR, NOTHING]
    return st.selectbox("Compared with", ways, key="compared", bind="query-params", width=200) or BEFORE
