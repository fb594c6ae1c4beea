"""Customers: who buys, who comes back, who is about to leave. Pseudonyms only: names never reach the lake."""

from datetime import UTC, datetime, timedelta

import polars as pl
import streamlit as st

from salescast.dashboard import charts, formatting
from salescast.dashboard.answers import TEN_MINUTES, Question
from salescast.dashboard.view import View, command, empty

RECENT_DAYS = 90
SEGMENTS = Question(
    "customer_segments",
    ("segment", "currency", "customers", "net_revenue", "revenue_per_customer"),
    TEN_MINUTES,
)
MONTHS = Question(
    "new_and_returning_customers", ("month", "currency", "new_revenue", "returning_revenue"), TEN_MINUTES
)
COHORTS = Question(
    "cohort_retention", ("cohort", "months_later", "customers", "retained_percent"), TEN_MINUTES
)
TOP = Question(
    "top_customers",
    ("customer_id", "currency", "invoices", "units", "net_revenue", "last_order_date"),
    TEN_MINUTES,
)
INVOICES = Question("average_order_value", ("currency", "average_order_value"), TEN_MINUTES)


def page(view: View) -> None:
    since = (datetime.now(UTC).date() - timedelta(days=RECENT_DAYS)).isoformat()
    segments, months, cohorts, top, values = (
        answer.frame for answer in view.ask(SEGMENTS, MONTHS, COHORTS, TOP.where({"from": since}), INVOICES)
    )
    if segments.is_empty():
        empty(
            "No customer has bought yet.",
            f"Write orders: {command('generate --days 120 --orders 2000', view.target)}",
        )
        return
    currency = formatting.main_currency(segments, "customers")
    segments, months, values = (frame.filter(currency=currency) for frame in (segments, months, values))
    unit = formatting.SYMBOLS.get(currency, currency)
    _totals(segments, months, values, currency)
    left, right = st.columns(2, gap="large")
    with left:
        st.header("New and returning, by month", anchor=False)
        parts = [
            months.select("month", value=name, what=pl.lit(what))
            for what, name in (("new", "new_revenue"), ("returning", "returning_revenue"))
        ]
        charts.show(
            charts.stacked(pl.concat(parts), "month", ["new", "returning"], f"net revenue, {unit}"),
            "Net revenue of new and of returning customers by month",
        )
    with right:
        st.header("Segments", anchor=False)
        charts.show(
            charts.bars(
                segments.select(name="segment", value="net_revenue", before=pl.lit(None, pl.Float64)),
                f"net revenue, {unit}",
            ),
            "Net revenue by segment of customers",
        )
        st.dataframe(
            segments.select("segment", "customers", "revenue_per_customer"),
            hide_index=True,
            column_config={
                "customers": st.column_config.NumberColumn(format="localized"),
                "revenue_per_customer": st.column_config.NumberColumn(
                    f"revenue each, {unit}", format="accounting"
                ),
            },
            alt="Customers and revenue per customer by segment",
        )
    left, right = st.columns(2, gap="large")
    with left:
        st.header("Who comes back", anchor=False)
        shares = cohorts.filter(pl.col("months_later") > 0).select(
            "months_later", "customers", cohort=pl.col("cohort").str.slice(0, 7), retained="retained_percent"
        )
        if shares.is_empty():
            empty("No month has passed since the first orders.", "Come back in a month.")
        else:
            charts.show(
                charts.cohorts(shares),
                "Percent of each month's new customers who bought again in later months",
            )
    with right:
        st.header(f"Top customers of {RECENT_DAYS} days", anchor=False)
        st.dataframe(
            top.filter(currency=currency).select(
                "customer_id", "invoices", "units", "net_revenue", "last_order_date"
            ),
            hide_index=True,
            height=330,
            column_config={
                "customer_id": "customer",
                "net_revenue": st.column_config.NumberColumn(f"net revenue, {unit}", format="accounting"),
                "last_order_date": "last order",
            },
            alt="The customers with the most revenue",
        )


def _totals(segments: pl.DataFrame, months: pl.DataFrame, values: pl.DataFrame, currency: str) -> None:
    customers = int(segments["customers"].sum())
    risk = segments.filter(segment="at risk")
    new, returning = formatting.total(months["new_revenue"]), formatting.total(months["returning_revenue"])
    with st.container(horizontal=True):
        st.metric("Customers", formatting.count(customers), border=True, height="stretch")
        st.metric(
            "Revenue from returning",
            formatting.percent(returning / (new + returning) if new + returning else None),
            help="Share of all net revenue that came after a customer's first month.",
            border=True,
            height="stretch",
        )
        st.metric(
            "Average invoice, this month",
            formatting.money(values["average_order_value"][-1] if not values.is_empty() else None, currency),
            border=True,
            height="stretch",
        )
        st.metric(
            "At risk",
            formatting.count(formatting.total(risk["customers"])),
            help="Bought often or much, but not lately.",
            border=True,
            height="stretch",
        )
