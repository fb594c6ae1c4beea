"""Sales: how a period went against another, what made the difference, and what is expected next."""

import io
from collections.abc import Callable
from datetime import date

import polars as pl
import streamlit as st

from salescast.dashboard import charts, formatting
from salescast.dashboard.answers import TEN_MINUTES, Question
from salescast.dashboard.pages import period as periods
from salescast.dashboard.pages import product
from salescast.dashboard.pages.period import Period
from salescast.dashboard.view import View, card, command, empty, figure, figures, loading, small

ALL = "all"
BREAKDOWNS = ("country", "category", "channel")
MOVERS = 8
# A projection that begins later than this after the days shown is drawn apart from them, so not at all.
FAR_AHEAD_DAYS = 14
TOP = 20
PERIOD = Question("sales_period", ("first_day", "last_day"))
COMPARISON = Question(
    "sales_comparison",
    ("breakdown", "name", "currency", "orders", "cancelled", "returned", "units", "net_revenue"),
)
PRODUCTS = Question(
    "sales_products",
    (
        *("product_id", "product_name", "category", "currency", "orders", "cancelled", "returned"),
        *("units", "net_revenue", "previous_net_revenue"),
    ),
)
CUSTOMERS = Question(
    "sales_customers",
    ("currency", "baskets", "net_revenue", "new_customers", "returning_customers", "returning_revenue"),
)
PROMOTIONS = Question("promotion_days", ("promotion", "order_date"), TEN_MINUTES)
PROJECTION = Question(
    "latest_projection",
    (
        *("series", "projected_date", "mean", "lo80", "hi80", "lo95", "hi95", "currency"),
        *("method", "run_date", "explanation"),
    ),
    TEN_MINUTES,
)


def page(view: View) -> None:
    (answer,) = view.ask(PERIOD)
    first, last = answer.frame.row(0)
    if first is None:
        empty(
            "There are no orders yet.",
            f"Write some: {command('generate --days 120 --orders 2000', view.target)}",
        )
        return
    begin = date.fromisoformat(first)
    if chosen_product := st.query_params.get(product.PARAMETER):
        product.page(view, chosen_product, begin, date.fromisoformat(last))
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
        shown = periods.choose(begin, date.fromisoformat(last))
        how = periods.comparison()
        other, told = periods.compared(shown, how, begin)
        with loading("sales filters", 40):
            (names,) = view.ask(COMPARISON.where(_only(shown)))
        chosen = _filters(names.frame)
    with loading("sales", 640):
        now, before, products, customers, promotions = _asked(view, shown, other, chosen)
    if now.is_empty():
        empty("Nothing was sold in these days with these filters.", "Choose other days, or fewer filters.")
        return
    currency = _currency(now)
    now, before, products, customers = (
        frame.filter(currency=currency) for frame in (now, before, products, customers)
    )
    small(f"{shown}, {shown.days} days" + (f", {told}." if told else "."))
    _totals(now, before, customers, currency)
    with card("Net revenue by day", "days"):
        _trend(view, (now, before), currency, (shown, other), chosen, promotions)
    left, right = st.columns(2, gap="small")
    if other:
        with left, card("What moved", "moved"):
            _movers(products, currency)
    with right if other else left, card("Where it comes from", "breakdowns"):
        for tab, what in zip(st.tabs(["Countries", "Categories", "Channels"]), BREAKDOWNS, strict=True):
            with tab:
                _breakdown(now, before, what, currency)
    with card("Products", "products"):
        _products(products, currency, compared=other is not None)


def _only(shown: Period) -> dict[str, str]:
    """Parameters for these days without any before them."""
    return shown.between | {"before": shown.first.isoformat()}


def _asked(
    view: View, shown: Period, other: Period | None, chosen: dict[str, str]
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Sums of the days, of those compared with, products, customers, and days of promotions."""
    # Without a comparison: days on which nothing was.
    then = other.between if other else {"from": "1900-01-01", "to": "1900-01-01"}
    questions = [
        COMPARISON.where(_only(shown) | chosen),
        PRODUCTS.where(shown.between | {"before": then["from"], "until": then["to"]} | chosen),
        CUSTOMERS.where(shown.between | chosen),
        PROMOTIONS.where(shown.between),
    ]
    if other:
        questions.append(COMPARISON.where(_only(other) | chosen))
    now, products, customers, promotions, *before = (answer.frame for answer in view.ask(*questions))
    return now, before[0] if before else now.clear(), products, customers, promotions


def _filters(names: pl.DataFrame) -> dict[str, str]:
    """One box for each breakdown, with what was sold in these days."""
    chosen = {}
    for what in BREAKDOWNS:
        options = names.filter(breakdown=what)["name"].drop_nulls().unique().sort().to_list()
        kept = st.session_state.get(what)
        chosen[what] = (
            st.selectbox(
                what.capitalize(),
                [ALL, *options, *([kept] if kept and kept not in (ALL, *options) else [])],
                format_func=lambda name: "All" if name == ALL else formatting.word(name),
                key=what,
                bind="query-params",
                width=150,
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


def _totals(now: pl.DataFrame, before: pl.DataFrame, customers: pl.DataFrame, currency: str) -> None:
    days, days_before = now.filter(breakdown="day"), before.filter(breakdown="day")
    orders = formatting.total(days_before["orders"])
    people = customers.row(0, named=True) if not customers.is_empty() else {}

    def lost(of: pl.DataFrame) -> float | None:
        placed = formatting.total(of["orders"])
        return formatting.total(of["cancelled"] + of["returned"]) / placed if placed else None

    with figures("sales"):
        written: tuple[tuple[str, str, Callable[[float], str]], ...] = (
            ("Net revenue", "net_revenue", lambda value: formatting.money(value, currency)),
            ("Orders", "orders", formatting.count),
            ("Units", "units", formatting.count),
        )
        for label, name, text in written:
            value, then = formatting.total(days[name]), formatting.total(days_before[name])
            change = formatting.change_worth_saying(value, then, orders)
            figure(label, text(value), f"on {text(then)}" if change else None, change=change)
        baskets = people.get("baskets", 0)
        figure(
            "Average basket",
            formatting.money(people["net_revenue"] / baskets if baskets else None, currency),
            f"{formatting.count(baskets)} baskets",
            explanation="Net revenue of what was bought together on one invoice.",
        )
        new, back = people.get("new_customers", 0), people.get("returning_customers", 0)
        figure(
            "New customers",
            formatting.count(new),
            f"{formatting.count(back)} came back",
            explanation="New: whose first order ever is in these days.",
        )
        share, then_share = lost(days), lost(days_before)
        points = None if share is None or then_share is None else f"{100 * (share - then_share):+.1f} points"
        figure(
            "Cancelled or returned",
            formatting.percent(share),
            f"on {formatting.percent(then_share)}" if points else None,
            change=points if orders >= formatting.FEW_ORDERS else None,
            inverse=True,
            explanation="Of the orders placed in these days. Late ones may still come back.",
        )


def _trend(
    view: View,
    sums: tuple[pl.DataFrame, pl.DataFrame],
    currency: str,
    days: tuple[Period, Period | None],
    chosen: dict[str, str],
    promotions: pl.DataFrame,
) -> None:
    shown, other = days
    sold, before = (
        dict(frame.filter(breakdown="day").select("name", "net_revenue").iter_rows()) for frame in sums
    )
    rows: list[tuple[str, str, float]] = []
    for number in range(shown.days):
        day = shown.day(number).isoformat()
        rows.append((day, charts.SOLD, sold.get(day, 0.0)))
        if other:
            rows.append((day, charts.BEFORE, before.get(other.day(number).isoformat(), 0.0)))
    bounds, told = _projection(view, currency, shown.last, chosen)
    rows += [(day, charts.PROJECTED, mean) for day, mean in bounds.select("day", "mean").iter_rows()]
    lines = pl.DataFrame(rows, schema=["day", "what", "value"], orient="row")
    unit = formatting.SYMBOLS.get(currency, currency)
    events = spans(promotions)
    charts.show(
        charts.fan(lines, bounds, f"net revenue a day, {unit}", events),
        f"Net revenue by day, {shown}, what it is compared with, and the projection with its intervals",
    )
    if told:
        small(told)
    download("Download these days", lines.pivot("what", index="day", values="value"), f"sales-{shown.last}")


def spans(promotions: pl.DataFrame) -> pl.DataFrame:
    """Each promotion's runs of days in a row: `promotion`, `first`, `last`."""
    days = promotions.with_columns(day=pl.col("order_date").str.to_date()).sort("promotion", "day")
    # A run goes on over a day or two on which nothing of it was sold.
    begins = pl.col("day").diff().over("promotion").dt.total_days().fill_null(99) > 3
    return (
        days.with_columns(run=begins.cum_sum().over("promotion"))
        .group_by("promotion", "run")
        .agg(first=pl.col("day").min().dt.to_string(), last=pl.col("day").max().dt.to_string())
        .sort("first")
        .select("promotion", "first", "last")
    )


def _projection(view: View, currency: str, end: date, chosen: dict[str, str]) -> tuple[pl.DataFrame, str]:
    """The latest projection of what is shown, the total or the one breakdown that is filtered by, and what to
    say of it.
    """
    filtered = [what for what, value in chosen.items() if value != ALL]
    schema = ["day", "mean", "lo80", "hi80", "lo95", "hi95"]
    nothing = pl.DataFrame(
        schema=dict.fromkeys(schema[:1], pl.String) | dict.fromkeys(schema[1:], pl.Float64)
    )
    if len(filtered) > 1:
        return nothing, (
            "Single countries, categories and channels are projected, not what they have in common: "
            "choose one filter to see it."
        )
    breakdown, series = (filtered[0], chosen[filtered[0]]) if filtered else ("total", "total")
    (answer,) = view.ask(PROJECTION.where({"breakdown": breakdown, "measure": "revenue"}))
    if answer.frame.is_empty():
        return nothing, f"There is no projection yet; make one with {command('project', view.target)}."
    mine = answer.frame.filter(series=series, currency=currency)
    if mine.is_empty():
        return nothing, "This is not projected on its own."
    projected = mine.filter(pl.col("projected_date") > end.isoformat())
    run = date.fromisoformat(answer.frame["run_date"][0])
    ahead = [(date.fromisoformat(day) - end).days for day in projected["projected_date"].head(1)]
    if not ahead or ahead[0] > FAR_AHEAD_DAYS:
        return nothing, f"The latest projection, of {formatting.days(run, run)}, does not follow these days."
    told = (
        f"Projected on {formatting.days(run, run)}; the bands hold 4 of 5 and 19 of 20 days. "
        f"{formatting.plain(projected['explanation'][0] or '')}"
    )
    return projected.rename({"projected_date": "day"}).select(schema), told


def _movers(products: pl.DataFrame, currency: str) -> None:
    """What rose and what fell most; a click opens the product's page."""
    moved = products.with_columns(difference=pl.col("net_revenue") - pl.col("previous_net_revenue"))
    up = moved.filter(pl.col("difference") > 0).sort("difference", descending=True).head(MOVERS)
    down = moved.filter(pl.col("difference") < 0).sort("difference").head(MOVERS)
    unit = formatting.SYMBOLS.get(currency, currency)
    for tab, key, frame in zip(st.tabs(["Rose most", "Fell most"]), ("up", "down"), (up, down), strict=True):
        with tab:
            if frame.is_empty():
                small("Nothing.")
                continue
            named = {
                f"now, {unit}": "net_revenue",
                f"then, {unit}": "previous_net_revenue",
                "difference": "difference",
            }
            table(
                frame.select("product_id", product="product_name", **named),
                f"Products that went {key}",
                key,
                product.open_one,
            )


def _breakdown(now: pl.DataFrame, before: pl.DataFrame, what: str, currency: str) -> None:
    unit = formatting.SYMBOLS.get(currency, currency)
    shown = now.filter(breakdown=what).select("name", value="net_revenue")
    then = before.filter(breakdown=what).select("name", then="net_revenue", orders_then="orders")
    joined = shown.join(then, on="name", how="left", nulls_equal=True).sort("value", descending=True)
    enough = pl.col("orders_then") >= formatting.FEW_ORDERS
    written = joined.select(
        pl.col("name").alias("id"),
        pl.col("name").map_elements(formatting.word, return_dtype=pl.String, skip_nulls=False).alias(what),
        pl.col("value").alias(f"net revenue, {unit}"),
        pl.when(enough)
        .then(100 * (pl.col("value") - pl.col("then")) / pl.col("then").abs())
        .alias("change, %"),
    )
    if before.is_empty():
        written = written.drop("change, %")
    table(written, f"Net revenue by {what}", f"by-{what}", _filter_by(what), bar=f"net revenue, {unit}")


def _filter_by(what: str) -> Callable[[str], None]:
    def act(name: str) -> None:
        st.session_state[what] = name

    return act


def _products(products: pl.DataFrame, currency: str, *, compared: bool) -> None:
    unit = formatting.SYMBOLS.get(currency, currency)
    sold = products.filter(pl.col("orders") > 0).sort("net_revenue", "product_id", descending=[True, False])
    shown = sold.select(
        "product_id",
        "category",
        "units",
        product="product_name",
        **{f"net revenue, {unit}": "net_revenue", f"then, {unit}": "previous_net_revenue"},
        returned=(100 * (pl.col("returned") + pl.col("cancelled")) / pl.col("orders")),
    ).rename({"returned": "back, %"})
    columns = [
        "product_id",
        "product",
        "category",
        "units",
        f"net revenue, {unit}",
        f"then, {unit}",
        "back, %",
    ]
    if not compared:
        columns.remove(f"then, {unit}")
    small("A click opens a product's own page. Back: cancelled or returned, of its orders.")
    table(
        shown.select(columns),
        "Products by net revenue",
        "products",
        product.open_one,
        bar=f"net revenue, {unit}",
        height=390,
    )
    download("Download all products", shown.select(columns), "products")


def table(
    frame: pl.DataFrame,
    told: str,
    key: str,
    act: Callable[[str], None],
    *,
    bar: str = "",
    height: int | None = None,
) -> None:
    """A table in which a click on a row calls `act` with its first column, which is not shown."""
    first, *columns = frame.columns
    ids = frame[first].to_list()
    state = f"clicked {key}"

    def clicked() -> None:
        selection = st.session_state[state].selection
        rows = [row for row, _ in selection.cells]
        if rows and ids[rows[0]] is not None:
            act(str(ids[rows[0]]))

    config = {
        name: st.column_config.NumberColumn(format=_format(name))
        for name, kind in zip(frame.columns, frame.dtypes, strict=True)
        if kind.is_numeric()
    }
    if bar:
        most = max(1.0, float(frame[bar].max() or 1))  # type: ignore[arg-type]
        config[bar] = st.column_config.ProgressColumn(format="localized", min_value=0, max_value=most)
    whole = [
        pl.col(name).round().cast(pl.Int64, strict=False)
        for name, kind in zip(frame.columns, frame.dtypes, strict=True)
        if kind.is_float() and not name.endswith("%")
    ]
    st.dataframe(
        frame.with_columns(whole).select(columns),
        hide_index=True,
        height=height or "auto",
        column_config=config,
        key=state,
        on_select=clicked,
        selection_mode="single-cell",
        alt=told,
    )


def _format(column: str) -> str:
    if column.startswith("change"):
        return "%+.0f %%"
    return "%.0f %%" if column.endswith("%") else "localized"


def download(label: str, frame: pl.DataFrame, name: str) -> None:
    """A button for what is shown, as CSV."""
    text = io.BytesIO()
    frame.write_csv(text)
    st.download_button(
        label,
        text.getvalue(),
        f"{name}.csv",
        "text/csv",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
    )
