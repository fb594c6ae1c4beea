"""Now: what is sold today, against yesterday by this time and the projection, and what happens right now."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from salescast.dashboard import charts, day, formatting
from salescast.dashboard.answers import MINUTE, TEN_MINUTES, Answer, Question
from salescast.dashboard.clock import clock, local, offset
from salescast.dashboard.view import View, card, command, empty, figure, figures, loading, small

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
USUAL = Question("sales_by_hour", ("hour_of_day", "currency", "net_revenue"), TEN_MINUTES)
USUAL_DAYS = 28
PROJECTION = Question(
    "latest_projection", ("projected_date", "currency", "mean", "lo80", "hi80"), TEN_MINUTES
)


def page(view: View) -> None:
    now = datetime.now(UTC)
    # The first look of a browser takes what somebody saw lately; it is made anew seconds later.
    first = "now" not in st.session_state
    with loading("now", 560):
        so_far, minutes, latest, before, usual, ahead = (
            answer.frame for answer in asked(view, now, MINUTE if first else view.live)
        )
    currency = formatting.main_currency(so_far)
    sold = so_far.filter(currency=currency).row(0, named=True) if not so_far.is_empty() else {}
    today = minutes.filter(pl.col("minute") >= f"{now:%Y-%m-%d}", pl.col("currency") == currency)
    hour = now.hour + now.minute / 60
    shares = _shares(usual.filter(currency=currency))
    projected = _projected(now, sold, today, ahead.filter(currency=currency))
    course = day.course(projected, shares, hour, sold.get("net_revenue", 0.0)) if projected else []
    begin = now - timedelta(minutes=MINUTES)
    recent = minutes.filter(pl.col("minute") >= f"{begin:%Y-%m-%d %H:%M}")
    _figures(view, now, currency, sold, recent, course)
    if projected and sold.get("orders"):
        _against(sold["net_revenue"], day.by_now(projected, shares, hour), currency)
    left, right = st.columns([3, 2], gap="small")
    with left, card("Today, hour by hour", "today"):
        _chart(view, now, currency, (today, before), course)
    with right, card("Orders a minute, last hour", "minutes"):
        _minutes(view, now, recent, latest)
    with card("Latest orders", "latest"):
        _latest(latest, view.zone)
    _notes(view, now, so_far, currency)


def asked(view: View, now: datetime, age: float) -> list[Answer]:
    """What the page shows, not older than so many seconds where that matters."""
    today, yesterday = f"{now:%Y-%m-%d}", f"{now - timedelta(days=1):%Y-%m-%d}"
    begin = now - timedelta(minutes=MINUTES)
    usual = {"from": f"{now - timedelta(days=USUAL_DAYS):%Y-%m-%d}", "to": yesterday}
    return list(
        view.ask(
            SO_FAR.where({"day": today, "before": yesterday, "until": f"{now:%H:%M}:59"}, age),
            BY_MINUTE.where({"from": f"{begin:%Y-%m-%d}", "to": today}, age),
            LATEST.where({"from": yesterday, "to": today}, age),
            BY_MINUTE.where({"from": yesterday, "to": yesterday}, TEN_MINUTES),
            USUAL.where(usual),
            PROJECTION.where({"from": today}),
        )
    )


def _shares(usual: pl.DataFrame) -> list[float]:
    revenue = dict(usual.select("hour_of_day", "net_revenue").iter_rows())
    return day.profile([revenue.get(hour, 0.0) for hour in range(day.HOURS)])


def _projected(
    now: datetime, sold: dict[str, float], today: pl.DataFrame, ahead: pl.DataFrame
) -> day.Projected | None:
    """The close as projected today, else as projected for today before."""
    if sold.get("closing_revenue") is not None:
        made = str(sold["projected_ts"])
        earlier = today.filter(pl.col("minute") < made[:16])
        hour = int(made[11:13]) + int(made[14:16]) / 60
        return day.Projected(
            sold["closing_revenue"],
            sold["lo80"],
            sold["hi80"],
            hour,
            formatting.total(earlier["net_revenue"]),
        )
    for row in ahead.filter(projected_date=f"{now:%Y-%m-%d}").to_dicts():
        return day.Projected(row["mean"], row["lo80"], row["hi80"])
    return None


def _figures(
    view: View,
    now: datetime,
    currency: str,
    sold: dict[str, float],
    recent: pl.DataFrame,
    course: list[day.Expected],
) -> None:
    time = clock(now, view.zone)
    orders_before = sold.get("orders_before", 0)
    shown = (
        ("Sold today", "net_revenue", lambda value: formatting.money(value, currency)),
        ("Orders today", "orders", formatting.count),
    )
    with figures("now"):
        for label, name, written in shown:
            value, before = sold.get(name, 0), sold.get(f"{name}_before", 0)
            change = formatting.change_worth_saying(value, before, orders_before)
            told = f"{written(before)} yesterday by {time}"
            figure(label, written(value), f"on {told}" if change else told, change=change)
        end = course[-1] if course else None
        figure(
            "Projected close",
            formatting.money(end.mean if end else None, currency),
            f"{formatting.money(end.lo80, currency)} to {formatting.money(end.hi80, currency)}"
            if end
            else "not projected yet",
            explanation="What is sold already, and what the projection expects of the hours left. In 4 of 5 "
            "cases the day closes within these bounds.",
        )
        figure(
            "Orders, last hour",
            formatting.count(formatting.total(recent["orders"])),
            formatting.money(formatting.total(recent.filter(currency=currency)["net_revenue"]), currency),
        )


def _against(sold: float, expected: float, currency: str) -> None:
    """One sentence on the day and its projection."""
    gap = formatting.money(abs(sold - expected), currency)
    told = formatting.money(expected, currency)
    side = "ahead of" if sold >= expected else "behind"
    small(formatting.escaped(f"{gap} {side} the projection, which expected {told} by now."))


def _chart(
    view: View,
    now: datetime,
    currency: str,
    days: tuple[pl.DataFrame, pl.DataFrame],
    course: list[day.Expected],
) -> None:
    today, before = days
    runs = [
        _run_up(today, currency, now.hour + now.minute / 60).with_columns(day=pl.lit(charts.TODAY)),
        _run_up(before, currency, 24.0).with_columns(day=pl.lit(charts.YESTERDAY)),
    ]
    if not course and all(run["value"].sum() == 0 for run in runs):
        empty(
            "Nothing was sold today or yesterday, and today's close is not projected.",
            "The projector runs daily.",
        )
        return
    rows = pl.DataFrame(
        [(one.hour, one.mean, one.lo80, one.hi80) for one in course],
        schema={"hour": pl.Float64, "mean": pl.Float64, "lo80": pl.Float64, "hi80": pl.Float64},
        orient="row",
    )
    unit = formatting.SYMBOLS.get(currency, currency)
    charts.show(
        charts.close(pl.concat(runs), rows, f"net revenue so far, {unit}", offset(now, view.zone)),
        "Net revenue run up over the hours of today and yesterday, and what is expected until today's close",
    )


def _run_up(minutes: pl.DataFrame, currency: str, until: float) -> pl.DataFrame:
    """Revenue run up at each full hour of a day, from its start until now or its end."""
    at = (
        pl.col("minute").str.slice(11, 2).cast(pl.Float64)
        + pl.col("minute").str.slice(14, 2).cast(pl.Float64) / 60
    )
    sold = minutes.filter(currency=currency).select(at.alias("hour"), "net_revenue")
    hours = [float(hour) for hour in range(day.HOURS + 1) if hour < until] + [until]
    values = [formatting.total(sold.filter(pl.col("hour") < hour)["net_revenue"]) for hour in hours]
    values[-1] = formatting.total(sold.filter(pl.col("hour") <= until)["net_revenue"])
    return pl.DataFrame({"hour": hours, "value": values})


def _minutes(view: View, now: datetime, recent: pl.DataFrame, latest: pl.DataFrame) -> None:
    if not recent.is_empty():
        charts.show(
            charts.by_minute(_every_minute(recent, now, view.zone)),
            f"Orders a minute over the last hour: {recent['orders'].sum():,} orders",
        )
    elif latest.is_empty():
        empty(
            "No order was placed today or yesterday.",
            f"Write some: {command('generate --rate 5', view.target)}",
        )
    else:
        placed = local(latest["order_ts"][0], view.zone)
        small(f"None. The last order came at {placed:%H:%M} on {formatting.day(placed.date())}.")


def _every_minute(recent: pl.DataFrame, now: datetime, zone: ZoneInfo) -> pl.DataFrame:
    """All minutes of the last hour on the shop's clock, also those without an order."""
    counted = dict(recent.group_by("minute").agg(pl.col("orders").sum()).iter_rows())
    first = (now - timedelta(minutes=MINUTES)).replace(second=0, microsecond=0)
    minutes = [first + timedelta(minutes=number) for number in range(MINUTES + 1)]
    return pl.DataFrame(
        {
            "minute": [f"{minute.astimezone(zone):%Y-%m-%d %H:%M:00}" for minute in minutes],
            "orders": [counted.get(f"{minute:%Y-%m-%d %H:%M:00.000}", 0) for minute in minutes],
        }
    )


def _latest(latest: pl.DataFrame, zone: ZoneInfo) -> None:
    if latest.is_empty():
        small("None today or yesterday.")
        return
    rows = [
        {
            "placed": f"{local(row['order_ts'], zone):%H:%M:%S, %-d %b}",
            "product": row["product_name"],
            "units": row["quantity"],
            "amount": formatting.money(row["amount"], row["currency"]),
            "country": row["country"],
            "channel": formatting.word(row["channel"]),
            "status": formatting.word(row["status"]),
            "order": row["order_id"],
        }
        for row in latest.to_dicts()
    ]
    st.dataframe(
        pl.DataFrame(rows),
        hide_index=True,
        height=320,
        column_config={"amount": st.column_config.TextColumn(alignment="right")},
        alt="The latest orders",
    )


def _notes(view: View, now: datetime, so_far: pl.DataFrame, currency: str) -> None:
    others = sorted(set(so_far["currency"]) - {currency})
    if others:
        small(f"Revenue is that in {currency}; there are orders in {', '.join(others)} too.")
    if offset(now, view.zone):
        midnight = now.replace(hour=0, minute=0)
        small(f"A day is UTC's: it begins at {clock(midnight, view.zone)} on the shop's clock.")
