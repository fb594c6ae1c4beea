"""Ask: the named queries with their parameters, any SQL that reads, and the answer to take away."""

import io
import re

import streamlit as st

from salescast.dashboard.view import View, guarded, small
from salescast.stack.errors import SalescastError
from salescast.stack.services import athena
from salescast.stack.services.athena import NamedQuery, Result

ANSWER = "answer of the Ask page"
ASKED = "question of the Ask page"
OWN = "query"  # what an answer to own SQL is called
MOST_ROWS = 10_000
EXAMPLE = """SELECT country, sum(net_revenue) AS revenue
FROM orders
WHERE order_date > CAST(date_add('day', -28, current_date) AS varchar)
GROUP BY country
ORDER BY revenue DESC"""
READS = ("select", "with", "show", "describe", "explain", "values")
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def page(view: View) -> None:
    named, own = st.tabs(["Named queries", "Own SQL"])
    with named:
        _named(view)
    with own:
        _own(view)
    st.session_state.pop(ASKED, None)
    if (kept := st.session_state.get(ANSWER)) and kept[0] == view.identity:
        _answer(*kept[1:])


def _named(view: View) -> None:
    shelf = view.answers.shelf()
    name = st.selectbox("Query", list(shelf), key="query", bind="query-params")
    query = shelf[name]
    st.markdown(query.description.replace("$", "\\$"))
    with st.form(f"parameters of {name}", border=bool(query.defaults)):
        parameters = _parameters(query)
        st.form_submit_button(
            "Run", type="primary", icon=":material/play_arrow:", on_click=_ask, args=(name,)
        )
    with st.expander("Its SQL"):
        st.code(query.statement, language="sql")
    if st.session_state.get(ASKED) == name:
        with guarded(view.target), st.spinner("Asking Athena"):
            result = athena.run(view.stack, query.statement, query.arguments(parameters))
            st.session_state[ANSWER] = (view.identity, name, result)


def _ask(name: str) -> None:
    """Notes a click before the page runs: a newer run may stop that one halfway, and what only it knew of
    would be lost.
    """
    st.session_state[ASKED] = name


def _parameters(query: NamedQuery) -> dict[str, str]:
    parameters = {}
    if query.defaults:
        columns = st.columns(min(4, len(query.defaults)))
        for index, (name, default) in enumerate(query.defaults.items()):
            with columns[index % len(columns)]:
                parameters[name] = st.text_input(name, default, key=f"{query.name} {name}")
    return parameters


def _own(view: View) -> None:
    sql = st.text_area("SQL (Athena engine 3)", EXAMPLE, height=180, key="sql")
    small(
        "Tables and views: orders, daily_sales, customer_summary, stock_on_hand, order_changes, "
        "inventory, sales_projections, projection_accuracy."
    )
    st.button("Run", type="primary", icon=":material/play_arrow:", key="run own", on_click=_ask, args=(OWN,))
    if st.session_state.get(ASKED) == OWN:
        with guarded(view.target), st.spinner("Asking Athena"):
            st.session_state[ANSWER] = (view.identity, OWN, athena.run(view.stack, reading(sql)))


def reading(sql: str) -> str:
    """The statement, if it only reads. Raises SalescastError for one that would write."""
    words = re.findall(r"\w+", _COMMENT.sub(" ", sql).lower())[:4]
    if words[:2] == ["explain", "analyze"]:  # it runs what it explains
        words = words[3:] if words[2:3] == ["verbose"] else words[2:]
    if not words or words[0] not in READS:
        raise SalescastError(f"this page only reads; begin with one of {', '.join(READS).upper()}")
    return sql.strip().rstrip("; \n\t")


def _answer(name: str, result: Result) -> None:
    st.header(name, anchor=False)
    if not result.rows:
        st.info("No rows.", icon=":material/info:")
    else:
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
    small(
        f"{len(result.rows):,} rows, {result.bytes_scanned:,} bytes read, {result.milliseconds:,} ms; "
        f"{result.dollars:.5f} USD on AWS"
    )


def as_csv(result: Result) -> str:
    """The whole answer, as `salescast query --csv` writes it."""
    text = io.StringIO()
    result.write_csv(text)
    return text.getvalue()
