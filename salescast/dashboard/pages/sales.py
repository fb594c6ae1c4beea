"""Sales: the trend with its projection, what it is made of, and the period before."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import streamlit as st

from salescast.dashboard import charts, formatting
from salescast.dashboard.answers import TEN_MINUTES, Question
from salescast.dashboard.view import View, command, empty, small

ALL = "all"
BREAKDOWNS = ("category", "country", "channel")
SPANS = {"7 days": 7, "28 days": 28, "90 days": 90, "own dates": 0}
TOP = 12
PERIOD = Question("sales_period", ("first_day", "last_day"))
COMPARISON = Question(
    "sales_comparison",
    (
        *("period", "breakdown", "name", "currency"),
        *("orders", "cancelled", "returned", "units", "net_revenue"),
    ),
)
PROJECTION = Question(
    "latest_projection",
    (
        *("series", "projected_date", "mean", "lo80", "hi80", "lo95", "hi95", "currency"),
        *("method", "run_date", "explanation"),
    ),
    TEN_MINUTES,
)
TOP_PRODUCTS = Question(
    "top_products", ("product_id", "product_name", "category", "currency", "units", "net_revenue")
)


def page(view: View) -> None:
    (period,) = view.ask(PERIOD)
    first, last = period.frame.row(0)
    if first is None:
        empty(
            "There are no orders yet.",
            f"Write some: {command('generate --days 120 --orders 2000', view.target)}",
        )
        return
    begin, end = _dates(date.fromisoformat(first), date.fromisoformat(last))
    days = (end - begin).days + 1
    span = {
        "from": begin.isoformat(),
        "before": (begin - timedelta(days=days)).isoformat(),
        "to": end.isoformat(),
    }
    (everything,) = view.ask(COMPARISON.where(span))
    chosen = _filters(everything.frame)
    frame = everything.frame
    if any(value != ALL for value in chosen.values()):
        (filtered,) = view.ask(COMPARISON.where(span | chosen))
        frame = filtered.frame
    if frame.is_empty():
        empty("Nothing was sold in these days with these filters.", "Choose other days, or fewer filters.")
        return
    currency = _currency(frame)
    frame = frame.filter(currency=currency)
    _totals(frame, currency, days)
    _trend(view, frame, currency, begin, end, chosen)
    st.header("Where it comes from", anchor=False)
    small("Tick across a bar: the period before.")
    columns = st.columns(3, gap="large")
    for column, breakdown in zip(columns, BREAKDOWNS, strict=True):
        with column:
            _breakdown(frame, breakdown, currency)
    _products(view, {"from": span["from"], "to": span["to"]} | chosen, currency)


def _dates(first: date, last: date) -> tuple[date, date]:
    """The chosen days. They end with the last whole day that has orders, or where the user says."""
    whole = min(last, datetime.now(UTC).date() - timedelta(days=1))
    latest = max(first, whole)
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    with left:
        span = st.segmented_control(
            "Days", list(SPANS), default="28 days", required=True, key="span", bind="query-params"
        )
    if days := SPANS[span or "28 days"]:
        return latest - timedelta(days=days - 1), latest
    with right:
        chosen = st.date_input(
            "From and to (UTC)",
            (max(first, latest - timedelta(days=27)), latest),
            key="own_dates",
            bind="query-params",
        )
    if not isinstance(chosen, tuple) or len(chosen) < 2:
        st.stop()
    return chosen[0], chosen[1]


def _filters(frame: pl.DataFrame) -> dict[str, str]:
    """One box for each breakdown, with what was sold in these days."""
    chosen = {}
    for column, what in zip(st.columns(3), ("country", "category", "channel"), strict=True):
        names = frame.filter(breakdown=what, period="period")["name"].drop_nulls().unique().sort().to_list()
        with column:
            chosen[what] = (
                st.selectbox(
                    what.capitalize(),
                    [ALL, *names],
                    format_func=lambda name: "All" if name == ALL else name,
                    key=what,
                    bind="query-params",
                )
                or ALL
            )
    return chosen


def _currency(frame: pl.DataFrame) -> str:
    """The currency to show: sums over several mean nothing."""
    main = formatting.main_currency(frame)
    others = sorted(set(frame["currency"]) - {main})
    if not others:
        return main
    return st.selectbox("Currency", [main, *others], key="currency") or main


def _totals(frame: pl.DataFrame, currency: str, days: int) -> None:
    of_days = frame.filter(breakdown="day")
    now, before = (of_days.filter(period=period) for period in ("period", "before"))

    def total(of: pl.DataFrame, name: str) -> float:
        return float(of[name].sum())

    def lost(of: pl.DataFrame) -> float | None:
        orders = total(of, "orders")
        return (total(of, "cancelled") + total(of, "returned")) / orders if orders else None

    with st.container(horizontal=True):
        for label, name in (("Net revenue", "net_revenue"), ("Orders", "orders"), ("Units", "units")):
            value = total(now, name)
            st.metric(
                label,
                formatting.money(value, currency) if name == "net_revenue" else formatting.count(value),
                formatting.change(value, total(before, name)),
                help=f"Compared with the {days} days before.",
                border=True,
                height="stretch",
            )
        share, share_before = lost(now), lost(before)
        st.metric(
            "Cancelled or returned",
            formatting.percent(share),
            None if share is None or share_before is None else f"{100 * (share - share_before):+.1f} points",
            delta_color="inverse",
            help="Of the orders placed in these days. Late days may still get worse: returns take weeks.",
            border=True,
            height="stretch",
        )


def _trend(
    view: View, frame: pl.DataFrame, currency: str, begin: date, end: date, chosen: dict[str, str]
) -> None:
    st.header("Revenue by day", anchor=False)
    days = (end - begin).days + 1
    by_day = frame.filter(breakdown="day")
    sums = {
        period: dict(by_day.filter(period=period).select("name", "net_revenue").iter_rows())
        for period in ("period", "before")
    }
    rows: list[tuple[str, str, float]] = []
    for number in range(days):
        day, earlier = begin + timedelta(days=number), begin + timedelta(days=number - days)
        rows.append((day.isoformat(), charts.SOLD, sums["period"].get(day.isoformat(), 0.0)))
        if sums["before"]:
            rows.append((day.isoformat(), charts.BEFORE, sums["before"].get(earlier.isoformat(), 0.0)))
    bounds = _projection(view, currency, end, chosen)
    rows += [(day, charts.PROJECTED, mean) for day, mean in bounds.select("day", "mean").iter_rows()]
    lines = pl.DataFrame(rows, schema=["day", "what", "value"], orient="row")
    unit = formatting.SYMBOLS.get(currency, currency)
    charts.show(
        charts.fan(lines, bounds, f"net revenue a day, {unit}"),
        f"Net revenue by day from {begin} to {end}, the period before, and the projection with its intervals",
    )


def _projection(view: View, currency: str, end: date, chosen: dict[str, str]) -> pl.DataFrame:
    """The latest projection of what is shown: the total, or the one breakdown that is filtered by."""
    filtered = [what for what, value in chosen.items() if value != ALL]
    schema = ["day", "mean", "lo80", "hi80", "lo95", "hi95"]
    nothing = pl.DataFrame(
        schema=dict.fromkeys(schema[:1], pl.String) | dict.fromkeys(schema[1:], pl.Float64)
    )
    if len(filtered) > 1:
        small(
            "Single countries, categories and channels are projected, not what they have in common: "
            "choose one filter to see it."
        )
        return nothing
    breakdown, series = (filtered[0], chosen[filtered[0]]) if filtered else ("total", "total")
    (answer,) = view.ask(PROJECTION.where({"breakdown": breakdown, "measure": "revenue"}))
    projected = answer.frame.filter(pl.col("series") == series, pl.col("currency") == currency).filter(
        pl.col("projected_date") > end.isoformat()
    )
    if projected.is_empty():
        if answer.frame.is_empty():
            small(f"There is no projection yet; make one with {command('project', view.target)}.")
        return nothing
    run = projected["run_date"][0]
    gap = (date.fromisoformat(projected["projected_date"][0]) - end).days
    if gap > 14:
        return nothing
    small(
        f"Projected on {run} from: {projected['method'][0]}. "
        "Bands hold 80 % and 95 % of the days, see Trust for how well they did. "
        f"{formatting.plain(projected['explanation'][0] or '')}"
    )
    return projected.rename({"projected_date": "day"}).select(schema)


def _breakdown(frame: pl.DataFrame, breakdown: str, currency: str) -> None:
    revenue = frame.filter(breakdown=breakdown).with_columns(pl.col("name").fill_null("(none)"))
    now = revenue.filter(period="period").select("name", value="net_revenue")
    before = revenue.filter(period="before").select("name", before="net_revenue")
    joined = now.join(before, on="name", how="left").sort("value", descending=True)
    shown = joined.head(TOP)
    unit = formatting.SYMBOLS.get(currency, currency)
    st.markdown(f"**By {breakdown}**")
    charts.show(
        charts.bars(shown, f"net revenue, {unit}"),
        f"Net revenue by {breakdown}: "
        + ", ".join(f"{name} {value:,.0f}" for name, value, _ in shown.iter_rows()),
    )
    if joined.height > TOP:
        small(f"and {joined.height - TOP} more")


def _products(view: View, parameters: dict[str, str], currency: str) -> None:
    (answer,) = view.ask(TOP_PRODUCTS.where(parameters))
    st.header("Top products", anchor=False)
    products = answer.frame.filter(currency=currency)
    st.dataframe(
        products.select("product_id", "product_name", "category", "units", "net_revenue"),
        hide_index=True,
        column_config={
            "product_id": "id",
            "product_name": "product",
            "units": st.column_config.NumberColumn("units", format="localized"),
            "net_revenue": st.column_config.ProgressColumn(
                f"net revenue, {formatting.SYMBOLS.get(currency, currency)}",
                format="accounting",
                min_value=0,
                max_value=max(1.0, float(products["net_revenue"].max() or 1)),  # type: ignore[arg-type]
            ),
        },
        alt="The products with the most revenue",
    )
