"""Now: what is sold at this moment, and whether it arrives."""

from datetime import UTC, datetime, timedelta

import polars as pl
import streamlit as st

from salescast.dashboard import charts, formatting
from salescast.dashboard.answers import MINUTE, TEN_MINUTES, Question
from salescast.dashboard.view import View, command, empty, small
from salescast.integrity import health

MINUTES = 60
BY_MINUTE = Question("orders_by_minute", ("minute", "currency", "orders", "net_revenue"))
SO_FAR = Question(
    "today_so_far",
    (
        *("currency", "orders", "net_revenue", "orders_before", "net_revenue_before"),
        *("closing_revenue", "lo80", "hi80", "projected_ts"),
    ),
)
LATEST = Question(
    "latest_orders",
    (
        *("order_id", "order_ts", "country", "channel", "product_name", "quantity", "amount", "currency"),
        "status",
    ),
)
FRESHNESS = Question("freshness", ("p95_seconds",), MINUTE)


def page(view: View) -> None:
    now = datetime.now(UTC)
    today, yesterday = f"{now:%Y-%m-%d}", f"{now - timedelta(days=1):%Y-%m-%d}"
    begin = now - timedelta(minutes=MINUTES)
    clock = {"day": today, "before": yesterday, "until": f"{now:%H:%M}:59"}
    minutes, so_far, latest, fresh, before = view.ask(
        BY_MINUTE.where({"from": f"{begin:%Y-%m-%d}", "to": today}, view.live),
        SO_FAR.where(clock, view.live),
        LATEST.where({"from": yesterday, "to": today}, view.live),
        FRESHNESS.where({"from": yesterday, "to": today}),
        BY_MINUTE.where({"from": yesterday, "to": yesterday}, TEN_MINUTES),
    )
    recent = minutes.frame.filter(pl.col("minute") >= f"{begin:%Y-%m-%d %H:%M}")
    sold = so_far.frame
    _figures(view, now, int(recent["orders"].sum()), sold, latest.frame, fresh.frame)
    left, right = st.columns(2, gap="large")
    with left:
        st.header("Orders a minute, last hour", anchor=False)
        if recent.is_empty():
            empty(
                "No order was placed in the last hour.",
                f"Write some: {command('generate --rate 5', view.target)}",
            )
        else:
            charts.show(
                charts.by_minute(_every_minute(recent, begin, now)),
                f"Orders a minute over the last hour: {recent['orders'].sum():,} orders",
            )
    with right:
        st.header("Today and its projected close", anchor=False)
        _close(now, sold, minutes.frame.filter(pl.col("minute") >= today), before.frame)
    st.header("Latest orders", anchor=False)
    _latest(latest.frame)


def _figures(
    view: View, now: datetime, recent: int, sold: pl.DataFrame, latest: pl.DataFrame, fresh: pl.DataFrame
) -> None:
    currency = formatting.main_currency(sold)
    row = sold.filter(currency=currency).row(0, named=True) if not sold.is_empty() else {}
    revenue, before = row.get("net_revenue", 0.0), row.get("net_revenue_before", 0.0)
    failing = health.failing(view.stack)
    with st.container(horizontal=True):
        st.metric("Orders, last hour", formatting.count(recent), border=True, height="stretch")
        st.metric(
            "Orders today",
            formatting.count(row.get("orders", 0)),
            formatting.change(row.get("orders", 0), row.get("orders_before", 0)),
            help="Compared with yesterday until this time of the day, UTC.",
            border=True,
            height="stretch",
        )
        st.metric(
            "Net revenue today",
            formatting.money(revenue, currency),
            formatting.change(revenue, before),
            help="Orders placed, shipped or delivered. Compared with yesterday until this time, UTC.",
            border=True,
            height="stretch",
        )
        close = row.get("closing_revenue")
        explanation = "The projector has not run today."
        if close is not None:
            bounds = f"{formatting.money(row['lo80'], currency)} to {formatting.money(row['hi80'], currency)}"
            explanation = f"80 % interval {bounds}, as projected at {row['projected_ts'][11:16]} UTC."
        shown = formatting.money(close, currency)
        if close is not None and revenue > close:
            # The day was projected before; it cannot close below what is sold.
            shown = f"over {formatting.money(revenue, currency)}"
        st.metric("Projected close", shown, help=explanation, border=True, height="stretch")
        st.metric(
            "Newest order",
            *_newest(now, latest, fresh),
            border=True,
            height="stretch",
            delta_color="off",
            delta_arrow="off",
        )
        failed = failing.errors + failing.dead_letters
        st.metric(
            "Failures waiting",
            formatting.count(failed),
            "see Trust" if failed else "none",
            delta_color="inverse" if failed else "off",
            delta_arrow="off",
            help="Objects under errors/ and messages in the dead-letter queue.",
            border=True,
            height="stretch",
        )
    if sold["currency"].n_unique() > 1:
        others = ", ".join(sorted(set(sold["currency"]) - {currency}))
        small(f"Revenue is that in {currency}; there are orders in {others} too.")


def _newest(now: datetime, latest: pl.DataFrame, fresh: pl.DataFrame) -> tuple[str, str]:
    """How old the newest order is, and how long changes take."""
    lag = f"95 % in {fresh['p95_seconds'][-1]:,} s" if not fresh.is_empty() else "nothing arrived"
    if latest.is_empty():
        return formatting.NONE, lag
    age = now.replace(tzinfo=None) - formatting.moment(latest["order_ts"][0])
    return f"{health.span(age.total_seconds())} ago", lag


def _every_minute(recent: pl.DataFrame, begin: datetime, now: datetime) -> pl.DataFrame:
    """All minutes of the hour, also those without an order."""
    first = begin.replace(second=0, microsecond=0)
    count = int((now - first).total_seconds() // 60) + 1
    minutes = pl.DataFrame(
        {"minute": [f"{first + timedelta(minutes=n):%Y-%m-%d %H:%M:00.000}" for n in range(count)]}
    )
    counted = recent.group_by("minute").agg(pl.col("orders").sum())
    return minutes.join(counted, on="minute", how="left").with_columns(pl.col("orders").fill_null(0))


def _close(now: datetime, sold: pl.DataFrame, minutes: pl.DataFrame, before: pl.DataFrame) -> None:
    currency = formatting.main_currency(sold)
    runs = [
        _run_up(minutes, currency, now.hour + now.minute / 60).with_columns(day=pl.lit("today")),
        _run_up(before, currency, 24.0).with_columns(day=pl.lit("yesterday")),
    ]
    closing = (
        sold.filter(pl.col("closing_revenue").is_not_null())
        .filter(currency=currency)
        .select(pl.lit(24.0).alias("hour"), pl.col("closing_revenue").alias("mean"), "lo80", "hi80")
    )
    if closing.is_empty() and all(run["value"].sum() == 0 for run in runs):
        empty(
            "Nothing was sold today or yesterday, and today's close is not projected.",
            "The projector runs daily.",
        )
        return
    unit = formatting.SYMBOLS.get(currency, currency)
    charts.show(
        charts.close(pl.concat(runs), closing, unit),
        "Net revenue run up over the hours of today and yesterday, with today's projected close",
    )
    if not closing.is_empty():
        low, high = (formatting.money(closing[name][0], currency) for name in ("lo80", "hi80"))
        mean = formatting.money(closing["mean"][0], currency)
        sold_so_far = sold.filter(currency=currency)["net_revenue"][0]
        beyond = " Today has passed that already." if sold_so_far > closing["hi80"][0] else ""
        small(
            formatting.escaped(f"◆ Projected close {mean}; in 4 of 5 cases between {low} and {high}.{beyond}")
        )


def _run_up(minutes: pl.DataFrame, currency: str, until: float) -> pl.DataFrame:
    """Revenue run up over the hours of a day, from its start until now or its end."""
    at = (
        pl.col("minute").str.slice(11, 2).cast(pl.Float64)
        + pl.col("minute").str.slice(14, 2).cast(pl.Float64) / 60
    )
    sold = (
        minutes.filter(currency=currency)
        .sort("minute")
        .select(hour=at, value=pl.col("net_revenue").cum_sum())
    )
    last = sold["value"][-1] if not sold.is_empty() else 0.0
    ends = [pl.DataFrame({"hour": [hour], "value": [value]}) for hour, value in ((0.0, 0.0), (until, last))]
    return pl.concat([ends[0], sold.filter(pl.col("hour") <= until), ends[1]])


def _latest(latest: pl.DataFrame) -> None:
    if latest.is_empty():
        small("None today or yesterday.")
        return
    st.dataframe(
        latest.with_columns(
            pl.col("order_ts").str.slice(0, 19),
            amount=pl.struct("amount", "currency").map_elements(
                lambda row: formatting.money(row["amount"], row["currency"]), return_dtype=pl.String
            ),
        ).select(
            "order_ts", "product_name", "quantity", "amount", "country", "channel", "status", "order_id"
        ),
        hide_index=True,
        height=320,
        column_config={
            "order_ts": "placed (UTC)",
            "product_name": "product",
            "quantity": st.column_config.NumberColumn("units"),
            "order_id": "order",
        },
        alt="The latest orders",
    )
