"""Charts in one look. Colours come from the theme, and nothing is told by colour alone."""

from typing import Any

import altair as alt
import polars as pl
import streamlit as st

HEIGHT = 300
SOLD, BEFORE, PROJECTED = "sold", "period before", "projected"
# A legend of lines: strokes, with the dashes that tell them apart without colours.
_LINES: dict[str, Any] = {
    "orient": "top",
    "symbolType": "stroke",
    "symbolSize": 300,
    "symbolStrokeWidth": 2.5,
}
_DASHES = {SOLD: [1, 0], PROJECTED: [6, 3], BEFORE: [2, 3]}


def show(chart: Any, description: str) -> None:
    """Put a chart on the page. `description` is what it says to those who cannot see it."""
    # The theme's grey of labels is too faint on white; the page's own text colour suits light and dark.
    text = {"labelColor": "currentColor", "titleColor": "currentColor"}
    chart = chart.configure_axis(**text).configure_legend(**text)
    chart = chart.configure_view(strokeWidth=0).configure_mark(aria=False)
    st.altair_chart(chart, width="stretch", alt=description)


def local(column: str) -> pl.Expr:
    """A date or timestamp text as the browser takes it for that very time, in whatever time zone it is."""
    text = pl.col(column).str.replace(" ", "T")
    return pl.when(text.str.len_chars() == 10).then(text + "T00:00:00").otherwise(text).alias(column)


def by_minute(frame: pl.DataFrame) -> Any:
    """Bars of `orders` by `minute`."""
    return (
        alt.Chart(frame.with_columns(local("minute")), height=260)
        .mark_bar()
        .encode(
            x=alt.X(
                "minute:T",
                title="minute (UTC)",
                timeUnit="yearmonthdatehoursminutes",
                axis=alt.Axis(format="%H:%M"),
            ),
            y=alt.Y("orders:Q", title="orders a minute", axis=alt.Axis(format=",d", tickMinStep=1)),
            tooltip=[
                alt.Tooltip("minute:T", title="minute", format="%H:%M"),
                alt.Tooltip("orders:Q", format=","),
            ],
        )
    )


def close(hours: pl.DataFrame, closing: pl.DataFrame, unit: str) -> Any:
    """Revenue run up (`value`) by `hour` of `day` (today, yesterday), and today's projected close."""
    lines = (
        alt.Chart(hours)
        .mark_line(interpolate="step-after", strokeWidth=2.5)
        .encode(
            x=alt.X(
                "hour:Q",
                title="hour (UTC)",
                scale=alt.Scale(domain=[0, 24]),
                axis=alt.Axis(values=list(range(0, 25, 3))),
            ),
            y=alt.Y("value:Q", title=f"net revenue so far, {unit}", axis=alt.Axis(format=",.0f")),
            color=alt.Color("day:N", title=None, sort=["today", "yesterday"], legend=alt.Legend(**_LINES)),
            strokeDash=alt.StrokeDash(
                "day:N", title=None, sort=["today", "yesterday"], legend=alt.Legend(**_LINES)
            ),
            tooltip=[
                "day:N",
                alt.Tooltip("hour:Q"),
                alt.Tooltip("value:Q", title="net revenue", format=",.2f"),
            ],
        )
    )
    end = alt.Chart(closing).encode(x="hour:Q")
    tips = [alt.Tooltip(f"{name}:Q", format=",.0f") for name in ("mean", "lo80", "hi80")]
    bounds = end.mark_rule(strokeWidth=6, opacity=0.45).encode(y="lo80:Q", y2="hi80:Q", tooltip=tips)
    point = end.mark_point(size=110, filled=True, shape="diamond").encode(y="mean:Q", tooltip=tips)
    return alt.layer(lines, bounds, point).properties(height=260)


def fan(lines: pl.DataFrame, bounds: pl.DataFrame, title: str) -> Any:
    """Lines of `value` by `day` for each `what`, and the bounds of projected days: lo80, hi80, lo95, hi95."""
    order = [SOLD, PROJECTED, BEFORE]
    there = [what for what in order if what in set(lines["what"])]
    colour = alt.Color("what:N", title=None, sort=order, scale=alt.Scale(domain=there))
    dash = alt.Scale(domain=there, range=[_DASHES[what] for what in there])
    drawn = (
        alt.Chart(lines.with_columns(local("day")))
        .mark_line(strokeWidth=2.2, point=alt.OverlayMarkDef(size=18))
        .encode(
            x=alt.X("day:T", title=None, axis=alt.Axis(format="%d %b", labelOverlap=True)),
            y=alt.Y("value:Q", title=title, axis=alt.Axis(format=",.0f")),
            color=colour.legend(**_LINES),
            strokeDash=alt.StrokeDash(
                "what:N", title=None, sort=order, scale=dash, legend=alt.Legend(**_LINES)
            ),
            tooltip=[
                alt.Tooltip("day:T", format="%a %d %b %Y"),
                alt.Tooltip("what:N", title=" "),
                alt.Tooltip("value:Q", title=title, format=",.2f"),
            ],
        )
    )
    if bounds.is_empty():
        return drawn.properties(height=HEIGHT)
    days = bounds.with_columns(local("day"), what=pl.lit(PROJECTED))
    # The line of what is projected goes on from the last sold day.
    last, first = lines.filter(what=SOLD).sort("day").tail(1), days.sort("day").head(1)
    joint = last.with_columns(local("day"), what=pl.lit(PROJECTED), until=first["day"], mean=first["mean"])
    join = (
        alt.Chart(joint)
        .mark_rule(strokeWidth=2.2, strokeDash=_DASHES[PROJECTED])
        .encode(x="day:T", x2="until", y="value:Q", y2="mean", color=colour.legend(None))
    )
    base = alt.Chart(days).encode(x="day:T", color=colour.legend(None))
    outer = base.mark_area(opacity=0.16).encode(y="lo95:Q", y2="hi95:Q")
    inner = base.mark_area(opacity=0.28).encode(y="lo80:Q", y2="hi80:Q")
    layered = alt.layer(outer, inner, join, drawn).properties(height=HEIGHT)
    # The legend is that of the lines; shared with the areas it would show their faint colours.
    return layered.resolve_legend(color="independent", strokeDash="independent")


def bars(frame: pl.DataFrame, title: str) -> Any:
    """Bars of `value` by `name`, the greatest first, with a tick where `before` was."""
    tips = [alt.Tooltip("name:N", title=" "), alt.Tooltip("value:Q", title=title, format=",.2f")]
    compared = frame["before"].is_not_null().any()
    if compared:
        tips.append(alt.Tooltip("before:Q", title=BEFORE, format=",.2f"))
    base = alt.Chart(frame, height=alt.Step(26)).encode(
        y=alt.Y("name:N", title=None, sort="-x", axis=alt.Axis(labelLimit=150)), tooltip=tips
    )
    axis = alt.Axis(format=",.0f", tickCount=4)
    values = base.mark_bar(height=16).encode(x=alt.X("value:Q", title=title, axis=axis))
    if not compared:
        return values
    ticks = base.mark_tick(thickness=3, size=22, color="#D55E00", opacity=1).encode(x="before:Q")
    return alt.layer(values, ticks)


def stacked(frame: pl.DataFrame, x: str, what: list[str], title: str) -> Any:
    """Bars of `value` by `x`, one part for each `what`."""
    return (
        alt.Chart(frame, height=HEIGHT)
        .mark_bar()
        .encode(
            x=alt.X(f"{x}:N", title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("value:Q", title=title, axis=alt.Axis(format=",.0f")),
            color=alt.Color("what:N", title=None, sort=what, legend=alt.Legend(orient="top")),
            order=alt.Order("what:N"),
            tooltip=[
                f"{x}:N",
                alt.Tooltip("what:N", title=" "),
                alt.Tooltip("value:Q", title=title, format=",.2f"),
            ],
        )
    )


def cohorts(frame: pl.DataFrame) -> Any:
    """A table of shares by `cohort` and `months_later`, the number written into each field."""
    base = alt.Chart(frame, height=alt.Step(28)).encode(
        x=alt.X("months_later:O", title="months after the first purchase", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("cohort:O", title="first bought in"),
        tooltip=[
            "cohort:O",
            "months_later:O",
            "customers:Q",
            alt.Tooltip("retained:Q", title="% buying", format=".1f"),
        ],
    )
    field = base.mark_rect().encode(
        color=alt.Color(
            "retained:Q", title="% buying again", scale=alt.Scale(domain=[0, 40], clamp=True), legend=None
        )
    )
    dark = alt.condition("datum.retained > 18", alt.value("#FFFFFF"), alt.value("#16202A"))
    return alt.layer(field, base.mark_text().encode(text=alt.Text("retained:Q", format=".0f"), color=dark))


def runs_out(frame: pl.DataFrame) -> Any:
    """For each `product` the days between which it runs out (`early`, `until`) and the `expected` one."""
    frame = frame.with_columns(*(local(name) for name in ("early", "expected", "until")))
    base = alt.Chart(frame, height=alt.Step(28)).encode(
        y=alt.Y("product:N", title=None, sort=alt.EncodingSortField("early"), axis=alt.Axis(labelLimit=190)),
        tooltip=[
            "product:N",
            alt.Tooltip("stock:Q", title="in stock", format=","),
            *(alt.Tooltip(f"{name}:T", format="%d %b") for name in ("early", "expected")),
        ],
    )
    days = alt.X("early:T", title="day", axis=alt.Axis(format="%d %b", tickCount=6))
    span = base.mark_bar(height=12, opacity=0.45).encode(x=days, x2="until:T")
    expected = base.mark_point(filled=True, size=90, shape="diamond").encode(x="expected:T")
    return alt.layer(span, expected)


def lines(frame: pl.DataFrame, x: str, title: str, x_title: str) -> Any:
    """Lines of `value` by `x` (`day`, or a number), one for each `what`."""
    temporal = x == "day"
    kind = "T" if temporal else "Q"
    return (
        alt.Chart(frame.with_columns(local("day")) if temporal else frame, height=HEIGHT - 60)
        .mark_line(point=True, strokeWidth=2.2)
        .encode(
            x=alt.X(
                f"{x}:{kind}",
                title=x_title,
                axis=alt.Axis(format="%d %b" if temporal else "d", tickMinStep=1),
            ),
            y=alt.Y("value:Q", title=title, axis=alt.Axis(format=",.0f")),
            color=alt.Color("what:N", title=None, legend=alt.Legend(**_LINES)),
            strokeDash=alt.StrokeDash("what:N", title=None, legend=alt.Legend(**_LINES)),
            tooltip=[
                alt.Tooltip(f"{x}:{kind}", title=x_title),
                alt.Tooltip("what:N", title=" "),
                alt.Tooltip("value:Q", title=title, format=",.0f"),
            ],
        )
    )
