"""Charts in one look. Colours come from the theme, and nothing is told by colour alone."""

from typing import Any

import altair as alt
import polars as pl
import streamlit as st

HEIGHT = 300
SOLD, BEFORE, PROJECTED = "sold", "then", "projected"
TODAY, YESTERDAY = "today", "yesterday"
# A legend of lines: strokes, with the dashes that tell them apart without colours.
_LINES: dict[str, Any] = {
    "orient": "top",
    "symbolType": "stroke",
    "symbolSize": 300,
    "symbolStrokeWidth": 2.5,
}
_DASHES = {SOLD: [1, 0], PROJECTED: [6, 3], BEFORE: [2, 3], TODAY: [1, 0], YESTERDAY: [2, 3]}


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
    """Bars of `orders` by `minute`, a text of the shop's clock."""
    return (
        alt.Chart(frame.with_columns(local("minute")), height=HEIGHT - 20)
        .mark_bar()
        .encode(
            x=alt.X(
                "minute:T", title=None, timeUnit="yearmonthdatehoursminutes", axis=alt.Axis(format="%H:%M")
            ),
            y=alt.Y("orders:Q", title="orders a minute", axis=alt.Axis(format=",d", tickMinStep=1)),
            tooltip=[
                alt.Tooltip("minute:T", title="minute", format="%H:%M"),
                alt.Tooltip("orders:Q", format=","),
            ],
        )
    )


def close(hours: pl.DataFrame, course: pl.DataFrame, title: str, offset: float) -> Any:
    """Revenue run up (`value`) by `hour` of a `day` (today, yesterday), and what is expected from now on
    (`mean`, `lo80`, `hi80` by `hour`). Hours are UTC's; the axis has the shop's, `offset` ahead.
    """
    days = [TODAY, YESTERDAY, *([] if course.is_empty() else [PROJECTED])]
    x = alt.X(
        "hour:Q",
        title=None,
        scale=alt.Scale(domain=[0, 24]),
        axis=alt.Axis(
            values=list(range(0, 25, 3)),
            labelExpr=f"format((datum.value + {offset % 24}) % 24, '02d') + ':00'"
            if offset % 1 == 0
            else "format(datum.value, '02d') + ':00 UTC'",
        ),
    )
    expected = course.select("hour", value="mean", day=pl.lit(PROJECTED))
    drawn = pl.concat([hours.select("hour", "value", "day"), expected])
    colour = alt.Color("day:N", title=None, sort=days, scale=alt.Scale(domain=days))
    dash = alt.Scale(domain=days, range=[_DASHES[day] for day in days])
    lines = (
        alt.Chart(drawn)
        .mark_line(interpolate="linear", strokeWidth=2.4)
        .encode(
            x=x,
            y=alt.Y("value:Q", title=title, axis=alt.Axis(format=",.0f")),
            color=colour.legend(**_LINES),
            strokeDash=alt.StrokeDash(
                "day:N", title=None, sort=days, scale=dash, legend=alt.Legend(**_LINES)
            ),
            tooltip=[
                alt.Tooltip("day:N", title=" "),
                alt.Tooltip("hour:Q", title="hours into the day", format=".1f"),
                alt.Tooltip("value:Q", title=title, format=",.0f"),
            ],
        )
    )
    if course.is_empty():
        return lines.properties(height=HEIGHT - 20)
    band = (
        alt.Chart(course.with_columns(day=pl.lit(PROJECTED)))
        .mark_area(opacity=0.2)
        .encode(x=x, y="lo80:Q", y2="hi80:Q", color=colour.legend(None))
    )
    layered = alt.layer(band, lines).properties(height=HEIGHT - 20)
    return layered.resolve_legend(color="independent", strokeDash="independent")


def fan(lines: pl.DataFrame, bounds: pl.DataFrame, title: str, events: pl.DataFrame | None = None) -> Any:
    """Lines of `value` by `day` for each `what`, and the bounds of projected days: lo80, hi80, lo95, hi95.

    `events` are strips behind them: `promotion` with its `first` and `last` day.
    """
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
    marks = [] if events is None or events.is_empty() else _events(events)
    if bounds.is_empty():
        return alt.layer(*marks, drawn).properties(height=HEIGHT)
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
    layered = alt.layer(*marks, outer, inner, join, drawn).properties(height=HEIGHT)
    # The legend is that of the lines; shared with the areas it would show their faint colours.
    return layered.resolve_legend(color="independent", strokeDash="independent")


def _events(events: pl.DataFrame) -> list[Any]:
    """A strip behind the lines for each event, and its name."""
    # To the end of its last day.
    days = events.with_columns(
        local("first"), until=(pl.col("last").str.to_date() + pl.duration(days=1)).dt.to_string()
    ).with_columns(local("until"))
    tips = [
        alt.Tooltip("promotion:N", title="promotion"),
        alt.Tooltip("first:T", title="from", format="%d %b"),
        alt.Tooltip("last:N", title="to"),
    ]
    base = alt.Chart(days).encode(x=alt.X("first:T", title=None), tooltip=tips)
    strip = base.mark_rect(opacity=0.14, color="#B88A00").encode(x2="until:T")
    names = base.mark_text(align="left", baseline="top", dx=3, dy=3, fontSize=10).encode(
        text="promotion:N", y=alt.value(0)
    )
    return [strip, names]


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
