"""Ask: the questions that are there, any SQL that reads, and the answer to look at and take away."""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import polars as pl
import streamlit as st
from botocore.exceptions import BotoCoreError, ClientError

from salescast.dashboard import charts
from salescast.dashboard.answers import TEN_MINUTES, Answer, Question
from salescast.dashboard.asking import Asking
from salescast.dashboard.formatting import plain
from salescast.dashboard.view import View, card, guarded, small
from salescast.stack.errors import SalescastError
from salescast.stack.services import athena
from salescast.stack.services.athena import NamedQuery, Result

PENDING = "question of the Ask page, to be asked"
RUNNING = "question of the Ask page, being asked"
ANSWER = "answer of the Ask page"
HISTORY = "questions asked before"
OWN = "query"  # what an answer to own SQL is called
FIRST = "top_products"
MOST_ROWS = 10_000
MOST_DRAWN = 400
REMEMBERED = 10
MOST_LABEL = 60
SOON = 1.0
LOOK_SECONDS = 0.5
EXAMPLE = """SELECT country, sum(net_revenue) AS revenue
FROM orders
WHERE order_date > CAST(date_add('day', -28, current_date) AS varchar)
GROUP BY country
ORDER BY revenue DESC"""
READS = ("select", "with", "show", "describe")
# What people ask of first; the others are what these are made of, and what the pipeline tells of itself.
TABLES = ("orders", "daily_sales", "customer_summary", "stock_on_hand", "sales_projections", "order_changes")
LISTS = {
    "breakdown": ["total", "country", "channel", "category", "product"],
    "measure": ["revenue", "units"],
}
NAMES = Question("sales_comparison", ("breakdown", "name"), TEN_MINUTES)
EVER = {"from": "2000-01-01", "before": "2000-01-01", "to": "2099-12-31"}
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TODAY = re.compile(r"today(?:([+-]\d+))?")
_NUMBER = re.compile(r"-?\d+")


@dataclass(frozen=True)
class Asked:
    """A named query with its parameters, or own SQL as `query`."""

    name: str
    sql: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.sql:
            return " ".join(self.sql.split())
        return ", ".join([self.name, *(f"{name} {value}" for name, value in self.parameters.items())])


def page(view: View) -> None:
    shelf = view.answers.shelf()
    main, side = st.columns([5, 2], gap="small")
    with main:
        with card("Question", "question"):
            named, own = st.tabs(["Ready-made", "Own SQL"])
            with named:
                _named(view, shelf)
            with own:
                _own()
        _start(view, shelf)
        if st.session_state.get(RUNNING):
            _wait(view)
        elif (kept := st.session_state.get(ANSWER)) and kept[0] == view.identity:
            with card(kept[1].name, "answer"):
                _answer(kept[1], kept[2], kept[3])
    with side, card("Tables and columns", "tables"), guarded(view.target):
        _tables(view)
    if st.session_state.get(HISTORY):
        with side, card("Asked before", "history"):
            _history()


def _named(view: View, shelf: Mapping[str, NamedQuery]) -> None:
    names = list(shelf)
    name = st.selectbox(
        "Query",
        names,
        index=names.index(FIRST) if FIRST in shelf else 0,
        key="query",
        bind="query-params",
    )
    query = shelf[name]
    st.markdown(query.description.replace("$", "\\$"))
    parameters = _parameters(view, query)
    st.button(
        "Run",
        type="primary",
        icon=":material/play_arrow:",
        key="run named",
        on_click=_ask,
        args=(Asked(name),),
    )
    with st.expander("Its SQL"):
        st.code(query.statement, language="sql")
    _fill(Asked(name), Asked(name, parameters=parameters))


def _ask(asked: Asked) -> None:
    """Notes a click before the page runs: a newer run may stop that one halfway, and what only it knew of
    would be lost.
    """
    if running := st.session_state.pop(RUNNING, None):
        running[1].cancel()
    st.session_state.pop(ANSWER, None)
    st.session_state[PENDING] = asked


def _fill(clicked: Asked, whole: Asked) -> None:
    """What is asked by a click is what the boxes hold when the page runs, not when the button was drawn."""
    if st.session_state.get(PENDING) == clicked:
        st.session_state[PENDING] = whole


def _parameters(view: View, query: NamedQuery) -> dict[str, str]:
    """A box for each parameter, fit for what it takes."""
    parameters = {}
    with st.container(horizontal=True, vertical_alignment="bottom", key="parameters"):
        for name, default in query.defaults.items():
            parameters[name] = _parameter(view, query.name, name, default)
    return parameters


def _parameter(view: View, query: str, name: str, default: str) -> str:
    key = f"{query} {name}"
    if (day := _day(default)) is not None:
        chosen = st.date_input(
            name, day, min_value=date(1900, 1, 1), max_value=date(2100, 12, 31), key=key, width=150
        )
        return (chosen if isinstance(chosen, date) else day).isoformat()
    if options := _options(view, name):
        start = options.index(default) if default in options else 0
        return st.selectbox(name, options, index=start, key=key, width=180) or default
    if _NUMBER.fullmatch(default):
        return str(st.number_input(name, value=int(default), step=1, key=key, width=150))
    return st.text_input(name, default, key=key, width=200)


def _day(default: str) -> date | None:
    """The day that a default names, None where it names none."""
    if match := _TODAY.fullmatch(default):
        return datetime.now(UTC).date() + timedelta(days=int(match.group(1) or 0))
    return date.fromisoformat(default) if _DATE.fullmatch(default) else None


def _options(view: View, name: str) -> list[str]:
    """What a parameter of this name can be, empty where that is open."""
    if name in LISTS:
        return LISTS[name]
    if name not in ("country", "channel", "category"):
        return []
    try:
        (answer,) = view.answers.ask(NAMES.where(EVER))
    except (SalescastError, BotoCoreError, ClientError):
        return []
    there = answer.frame.filter(breakdown=name)["name"].drop_nulls().unique().sort()
    return ["all", *there.to_list()]


def _own() -> None:
    sql = st.text_area("SQL (Athena engine 3)", EXAMPLE, height=180, key="sql")
    st.button(
        "Run",
        type="primary",
        icon=":material/play_arrow:",
        key="run own",
        on_click=_ask,
        args=(Asked(OWN),),
    )
    _fill(Asked(OWN), Asked(OWN, sql))


def reading(sql: str) -> str:
    """The statement, if it only reads. Raises SalescastError for one that would write."""
    words = re.findall(r"\w+", _COMMENT.sub(" ", sql).lower())[:1]
    if not words or words[0] not in READS:
        raise SalescastError(f"this page only reads; begin with one of {', '.join(READS).upper()}")
    return sql.strip().rstrip("; \n\t")


def _start(view: View, shelf: Mapping[str, NamedQuery]) -> None:
    """Ask what was clicked. An answer that comes soon is there at once."""
    asked: Asked | None = st.session_state.pop(PENDING, None)
    if asked is None:
        return
    history = [one for one in st.session_state.get(HISTORY, []) if one != asked]
    st.session_state[HISTORY] = [asked, *history][:REMEMBERED]
    try:
        if asked.name == OWN:
            sql, arguments = reading(asked.sql), []
        else:
            sql, arguments = shelf[asked.name].statement, shelf[asked.name].arguments(asked.parameters)
    except SalescastError as error:
        st.session_state[ANSWER] = (view.identity, asked, None, str(error))
        return
    stack = view.stack
    asking = Asking(lambda stopped: athena.run(stack, sql, arguments, stopped)).start()
    st.session_state[RUNNING] = (asked, asking)
    if asking.look(SOON):
        _keep(view, asked, asking)


def _keep(view: View, asked: Asked, asking: Asking) -> None:
    st.session_state.pop(RUNNING, None)
    st.session_state[ANSWER] = (view.identity, asked, asking.result, asking.error)


def _wait(view: View) -> None:
    """While it runs: for how long, and a way to end it."""
    drawn = False

    @st.fragment(run_every=LOOK_SECONDS)
    def waiting() -> None:
        nonlocal drawn
        running = st.session_state.get(RUNNING)
        if running is None:
            return
        asked, asking = running
        # Not while the page itself is drawn: it would end halfway, and what stood below, an answer to another
        # question, would stay.
        if drawn and asking.look():
            _keep(view, asked, asking)
            st.rerun()
        drawn = True
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"Asking Athena, {asking.seconds:.0f} s")
            st.button("Cancel", icon=":material/stop_circle:", on_click=asking.cancel)

    waiting()


def _answer(asked: Asked, result: Result | None, error: str) -> None:
    if result is None:
        st.error(error, icon=":material/error:")
        return
    if not result.rows:
        st.info("No rows.", icon=":material/info:")
        _cost(result)
        return
    drawing = drawn(result)
    if drawing is None:
        _rows(asked.name, result)
    else:
        table, chart = st.tabs(["Table", "Chart"])
        with table:
            _rows(asked.name, result)
        with chart:
            x, y, frame = drawing
            what = f"{y} by {x}"
            days = x == "day"
            charts.show(
                charts.lines(frame, "day", y, x) if days else charts.bars(frame, y), f"{asked.name}: {what}"
            )
    _cost(result)


def _rows(name: str, result: Result) -> None:
    shown = {
        column.name: [row[index] for row in result.rows[:MOST_ROWS]]
        for index, column in enumerate(result.columns)
    }
    st.dataframe(shown, hide_index=True, alt=f"Answer of {name}")
    if len(result.rows) > MOST_ROWS:
        small(f"The first {MOST_ROWS:,} of {len(result.rows):,} rows are shown; the download has all.")
    st.download_button(
        "Download CSV",
        as_csv(result),
        f"{name}.csv",
        "text/csv",
        on_click="ignore",
        icon=":material/download:",
    )


def _cost(result: Result) -> None:
    small(
        f"{len(result.rows):,} rows, {result.bytes_scanned / 1e6:,.2f} MB read, {result.milliseconds:,} ms; "
        f"{result.dollars:.5f} USD on AWS"
    )


def drawn(result: Result) -> tuple[str, str, pl.DataFrame] | None:
    """What to draw of an answer: names of both axes, and a frame for `charts.lines` (if the first is `day`)
    or `charts.bars`; None for what makes no chart.

    The first number is drawn over the first text or date. Rows that share both are parts: they are added up.
    """
    numbers = [
        column.name
        for column in result.columns
        if column.type in athena.INTEGERS | athena.FLOATS or column.type.startswith("decimal")
    ]
    texts = [column.name for column in result.columns if column.type in ("varchar", "date", "string")]
    if not numbers or not texts or not 2 <= len(result.rows) <= MOST_DRAWN:
        return None
    # Of figures that follow each other the last is what was asked: orders, units, net revenue.
    x, y = texts[0], numbers[-1]
    frame = Answer(result, datetime.now(UTC), (x, y)).frame.drop_nulls()
    summed = frame.group_by(x, maintain_order=True).agg(pl.col(y).cast(pl.Float64).sum())
    if all(_DATE.match(str(value)) for value in summed[x]) and summed.height > 1:
        days = summed.select(day=pl.col(x).str.slice(0, 10), value=y, what=pl.lit(y)).sort("day")
        return "day", y, days
    before = pl.lit(None, pl.Float64)
    return x, y, summed.head(40).select(name=x, value=y, before=before)


def _tables(view: View) -> None:
    found = view.answers.tables()
    order = [*(name for name in TABLES if name in found), *sorted(set(found) - set(TABLES))]
    for name in order:
        with st.expander(name):
            st.markdown("\n".join(f"- `{column}` :small[{kind}]" for column, kind in found[name]))


def _history() -> None:
    for number, asked in enumerate(st.session_state[HISTORY]):
        text = str(asked)
        st.button(
            plain(text if len(text) <= MOST_LABEL else f"{text[: MOST_LABEL - 1]}…"),
            key=f"again {number}",
            type="tertiary",
            icon=":material/history:",
            on_click=_ask,
            args=(asked,),
        )


def as_csv(result: Result) -> str:
    """The whole answer, as `salescast query --csv` writes it."""
    text = io.StringIO()
    result.write_csv(text)
    return text.getvalue()
