"""One product: how it sells, what is expected of it, and until when its stock lasts."""

from datetime import date

import polars as pl
import streamlit as st

from salescast.dashboard import charts, formatting
from salescast.dashboard.answers import TEN_MINUTES, Question
from salescast.dashboard.pages import period as periods
from salescast.dashboard.view import View, card, empty, figure, figures, loading, small

PARAMETER = "product"
DAYS = Question("product_days", ("order_date", "currency", "orders", "returned", "units", "net_revenue"))
STOCK = Question(
    "stock_plan",
    ("product_id", "product_name", "category", "stock", "lead_time_days", "units_sold"),
)
OUT = Question("stock_out_dates", ("product_id", "early", "expected"))
PROJECTION = Question(
    "latest_projection",
    ("series", "projected_date", "mean", "lo80", "hi80", "lo95", "hi95", "run_date", "explanation"),
    TEN_MINUTES,
)


def open_one(product_id: str) -> None:
    """Show the product's page instead of that of all sales."""
    st.query_params[PARAMETER] = product_id


def close() -> None:
    """Go back to all sales."""
    st.query_params.pop(PARAMETER, None)


def page(view: View, product_id: str, begin: date, end: date) -> None:
    """`begin` and `end` are the first and the last day with orders of any product."""
    st.button("All sales", icon=":material/arrow_back:", on_click=close)
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
        shown = periods.choose(begin, end)
        other, told = periods.compared(shown, periods.comparison(), begin)
    questions = [
        DAYS.where(shown.between | {"product_id": product_id}),
        STOCK,
        OUT,
        PROJECTION.where({"breakdown": "product", "measure": "units"}),
    ]
    if other:
        questions.append(DAYS.where(other.between | {"product_id": product_id}))
    with loading(f"product {product_id}", 480):
        days, stock, out, projected, *more = (answer.frame for answer in view.ask(*questions))
    before = more[0] if more else days.clear()
    stock, out = stock.filter(product_id=product_id), out.filter(product_id=product_id)
    name = stock["product_name"][0] if not stock.is_empty() else product_id
    st.header(formatting.plain(name), anchor=False)
    if days.is_empty() and before.is_empty() and stock.is_empty():
        empty(f"There is no product {formatting.plain(product_id)}.", "Choose one on the page of all sales.")
        return
    small(f"{product_id}. {shown}, {shown.days} days" + (f", {told}." if told else "."))
    _figures(days, before, stock, out)
    projected = projected.filter(
        pl.col("series") == product_id, pl.col("projected_date") > shown.last.isoformat()
    )
    with card("Units by day", "units"):
        _trend(shown, other, days, before, projected)


def _figures(days: pl.DataFrame, before: pl.DataFrame, stock: pl.DataFrame, out: pl.DataFrame) -> None:
    currency = formatting.main_currency(days)
    days, before = days.filter(currency=currency), before.filter(currency=currency)
    orders, orders_before = formatting.total(days["orders"]), formatting.total(before["orders"])
    with figures("product"):
        for label, column in (("Net revenue", "net_revenue"), ("Units sold", "units")):
            value, then = formatting.total(days[column]), formatting.total(before[column])
            written, was = (
                formatting.money(one, currency) if column == "net_revenue" else formatting.count(one)
                for one in (value, then)
            )
            change = formatting.change_worth_saying(value, then, orders_before)
            figure(label, written, f"on {was}" if change else None, change=change)
        back = formatting.total(days["returned"])
        figure(
            "Returned",
            formatting.percent(back / orders if orders else None),
            f"{formatting.count(back)} of {formatting.count(orders)} orders",
        )
        if not stock.is_empty():
            row = stock.row(0, named=True)
            figure(
                "In stock",
                formatting.count(row["stock"]),
                f"a delivery takes {formatting.count(row['lead_time_days'])} days",
            )
            figure("Runs out", *_runs_out(out))


def _runs_out(out: pl.DataFrame) -> tuple[str, str]:
    if out.is_empty():
        return formatting.NONE, "not in the projected days"
    early, expected = out.select("early", "expected").row(0)
    soonest = formatting.day(date.fromisoformat(early))
    if expected is None:
        return f"from {soonest}", "at the earliest"
    return formatting.day(date.fromisoformat(expected)), f"at the earliest {soonest}"


def _trend(
    shown: periods.Period,
    other: periods.Period | None,
    days: pl.DataFrame,
    before: pl.DataFrame,
    projected: pl.DataFrame,
) -> None:
    sold, then = (
        dict(frame.group_by("order_date").agg(pl.col("units").sum()).iter_rows()) for frame in (days, before)
    )
    rows: list[tuple[str, str, float]] = []
    for number in range(shown.days):
        day = shown.day(number).isoformat()
        rows.append((day, charts.SOLD, float(sold.get(day, 0))))
        if other:
            rows.append((day, charts.BEFORE, float(then.get(other.day(number).isoformat(), 0))))
    bounds = projected.rename({"projected_date": "day"})
    rows += [(day, charts.PROJECTED, mean) for day, mean in bounds.select("day", "mean").iter_rows()]
    lines = pl.DataFrame(rows, schema=["day", "what", "value"], orient="row")
    charts.show(
        charts.fan(lines, bounds, "units a day"),
        f"Units sold by day, {shown}, what that is compared with, and the projection",
    )
    if bounds.is_empty():
        small("This product is not projected: the ones of most revenue are.")
    else:
        small(formatting.plain(bounds["explanation"][0] or ""))
