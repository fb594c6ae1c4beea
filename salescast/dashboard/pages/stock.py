"""Stock: what to order, how many and by when; what the stock is worth, and how long it lasts."""

from datetime import UTC, datetime

import polars as pl
import streamlit as st

from salescast.dashboard import charts, formatting
from salescast.dashboard.answers import Question
from salescast.dashboard.pages.sales import download
from salescast.dashboard.view import View, card, empty, figure, figures, loading, small
from salescast.reports import restock
from salescast.reports.restock import Need

SHOWN = 12
PLAN = Question(
    "stock_plan",
    (
        *("product_id", "product_name", "category", "stock", "reorder_level", "lead_time_days"),
        *("units_sold", "unit_price", "currency"),
    ),
)
OUT = Question("stock_out_dates", ("product_id", "product_name", "stock", "early", "expected", "late"))
PROJECTION = Question("latest_projection", ("projected_date",))


def page(view: View) -> None:
    with loading("stock", 560):
        plan, out, projected = (
            answer.frame
            for answer in view.ask(
                PLAN.where({"days": str(restock.PACE_DAYS)}),
                OUT,
                PROJECTION.where({"breakdown": "product", "measure": "units"}),
            )
        )
    if plan.is_empty():
        empty(
            "The lake knows no stock.",
            "The snapshot function copies it every hour; docs/operations.md says what to do when it fails.",
        )
        return
    today = datetime.now(UTC).date()
    needs = restock.needs(plan.to_dicts(), today)
    now, soon = restock.due(needs, today), restock.due(needs, today, restock.SOON_DAYS)
    _totals(plan, len(now), len(soon) - len(now))
    with card("What to order", "order"):
        if soon:
            _orders(soon, len(now))
        else:
            small(f"Nothing within {restock.SOON_DAYS} days: all products last longer than a delivery takes.")
    if not out.is_empty():
        with card("When best sellers run out, as projected", "runs-out"):
            _runs_out(out, str(projected["projected_date"].max()))
    with card("All products", "all"):
        _all(needs, plan)


def _totals(plan: pl.DataFrame, now: int, soon: int) -> None:
    worth = plan.filter(pl.col("unit_price").is_not_null())
    currency = formatting.main_currency(worth, "stock")
    worth = worth.filter(currency=currency)
    with figures("stock"):
        figure("To order now", formatting.count(now), f"{soon} more within {restock.SOON_DAYS} days")
        figure("Out of stock", formatting.count(plan.filter(pl.col("stock") <= 0).height))
        figure(
            "Stock value",
            formatting.money(formatting.total(worth["stock"] * worth["unit_price"]), currency),
            f"{worth.height} of {plan.height} products",
            explanation="At the price each product sold for last, without discounts; of products that sold "
            f"in the last {restock.PACE_DAYS} days.",
        )
        figure(
            "Units in stock",
            formatting.count(formatting.total(plan["stock"])),
            f"{formatting.count(formatting.total(plan['units_sold']))} sold in {restock.PACE_DAYS} days",
        )


def _orders(soon: list[Need], now: int) -> None:
    rows = pl.DataFrame(
        [
            {
                "product": need.product_name,
                "order": need.quantity,
                "by": "now" if index < now or need.order_by is None else formatting.day(need.order_by),
                "in stock": need.stock,
                "sells a day": need.a_day,
                "runs out": formatting.day(need.runs_out) if need.runs_out else formatting.NONE,
                "delivery, days": need.lead_time_days,
            }
            for index, need in enumerate(soon)
        ]
    )
    small(
        f"At the pace of the last {restock.PACE_DAYS} days. What is ordered lasts until it is delivered and "
        f"{restock.COVER_DAYS} days more."
    )
    st.dataframe(
        rows,
        hide_index=True,
        height=min(38 + 35 * rows.height, 430),
        column_config={"sells a day": st.column_config.NumberColumn(format="%.1f")},
        alt="Products to order",
    )
    download("Download the list", rows, "to-order")


def _runs_out(out: pl.DataFrame, last: str) -> None:
    """`last` is the last projected day."""
    shown = out.head(SHOWN).select(
        "stock",
        "early",
        "expected",
        until=pl.col("late").fill_null(last),
        product=pl.col("product_name"),
    )
    charts.show(
        charts.runs_out(shown),
        "When products run out: "
        + ", ".join(f"{row['product']} from {row['early']}" for row in shown.to_dicts()),
    )
    small("◆ the expected day; the bar holds it in 4 of 5 cases, as far as sales are projected.")


def _all(needs: list[Need], plan: pl.DataFrame) -> None:
    sold = dict(plan.select("product_id", "units_sold").iter_rows())
    rows = pl.DataFrame(
        [
            {
                "product": need.product_name,
                "category": need.category,
                "in stock": need.stock,
                f"sold in {restock.PACE_DAYS} days": sold[need.product_id],
                "lasts, days": need.stock / need.a_day if need.a_day else None,
            }
            for need in needs
        ],
        schema_overrides={"lasts, days": pl.Float64},
    )
    st.dataframe(
        rows,
        hide_index=True,
        height=400,
        column_config={
            "in stock": st.column_config.NumberColumn(format="localized"),
            "lasts, days": st.column_config.ProgressColumn(format="%.0f", min_value=0, max_value=120),
        },
        alt="Stock and how long it lasts by product",
    )
