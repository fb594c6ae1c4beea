"""Stock: what there is, how long it lasts, what to order."""

import polars as pl
import streamlit as st

from salescast.dashboard import charts, formatting
from salescast.dashboard.answers import Question
from salescast.dashboard.view import View, empty, small

PACE_DAYS = "28"
SHOWN = 15
COVER = Question(
    "stock_cover", ("product_id", "product_name", "category", "stock", "units_sold", "days_of_cover")
)
REORDER = Question(
    "reorder_list",
    (
        *("product_id", "product_name", "stock", "reorder_level", "lead_time_days"),
        *("units_a_day", "stock_at_delivery"),
    ),
)
OUT = Question("stock_out_dates", ("product_id", "product_name", "stock", "early", "expected", "late"))
THROUGH = Question("sell_through", ("category", "sell_through_percent"))
PROJECTION = Question("latest_projection", ("projected_date",))


def page(view: View) -> None:
    cover, reorder, out, through, projected = (
        answer.frame
        for answer in view.ask(
            COVER.where({"days": PACE_DAYS}),
            REORDER.where({"days": PACE_DAYS}),
            OUT,
            THROUGH.where({"days": PACE_DAYS}),
            PROJECTION.where({"breakdown": "product", "measure": "units"}),
        )
    )
    if cover.is_empty():
        empty(
            "The lake knows no stock.",
            "The snapshot function copies it every hour; docs/operations.md says what to do when it fails.",
        )
        return
    with st.container(horizontal=True):
        st.metric("Products", formatting.count(cover.height), border=True, height="stretch")
        st.metric(
            "Units in stock",
            formatting.count(formatting.total(cover["stock"])),
            border=True,
            height="stretch",
        )
        st.metric(
            "Out of stock",
            formatting.count(cover.filter(pl.col("stock") <= 0).height),
            border=True,
            height="stretch",
        )
        st.metric(
            "To order now",
            formatting.count(reorder.height),
            help="At or below the reorder level, or gone before a delivery would arrive.",
            border=True,
            height="stretch",
        )
    left, right = st.columns(2, gap="large")
    with left:
        st.header("Projected to run out", anchor=False)
        if out.is_empty():
            small("Nothing in the projected days, of the products that are projected: those of most revenue.")
        else:
            _runs_out(out, str(projected["projected_date"].max()))
    with right:
        st.header("To order now", anchor=False)
        if reorder.is_empty():
            small("Nothing: every product lasts longer than its delivery takes.")
        else:
            st.dataframe(reorder, hide_index=True, alt="Products to order now")
        st.header(f"Sell-through, {PACE_DAYS} days", anchor=False)
        charts.show(
            charts.bars(
                through.select(
                    name="category", value="sell_through_percent", before=pl.lit(None, pl.Float64)
                ),
                "% of units sold and in stock that were sold",
            ),
            "Sell-through by category",
        )
    st.header("Cover", anchor=False)
    small(f"Days that the stock lasts at the pace of the last {PACE_DAYS} days.")
    st.dataframe(
        cover,
        hide_index=True,
        column_config={
            "product_id": "id",
            "product_name": "product",
            "stock": st.column_config.NumberColumn("in stock", format="localized"),
            "units_sold": st.column_config.NumberColumn(f"sold in {PACE_DAYS} days", format="localized"),
            "days_of_cover": st.column_config.ProgressColumn(
                "days of cover", format="%.0f", min_value=0, max_value=365
            ),
        },
        alt="Stock and days of cover by product",
    )


def _runs_out(out: pl.DataFrame, last: str) -> None:
    """`last` is the last projected day."""
    shown = out.head(SHOWN).select(
        "stock",
        "early",
        "expected",
        until=pl.col("late").fill_null(last),
        product=pl.col("product_id") + " " + pl.col("product_name"),
    )
    charts.show(
        charts.runs_out(shown),
        "When products run out: "
        + ", ".join(f"{row['product']} from {row['early']}" for row in shown.to_dicts()),
    )
    st.dataframe(
        out.head(SHOWN)
        .with_columns(pl.col("expected", "late").fill_null("later"))
        .select("product_name", "stock", "early", "expected", "late"),
        hide_index=True,
        column_config={
            "product_name": "product",
            "stock": "in stock",
            "early": "at the earliest",
            "expected": "expected",
            "late": "at the latest",
        },
        alt="When products run out",
    )
    small(f"Bar: the 80 % interval until {last}, as far as it is projected; ◆: the expected day.")
