"""The dashboard's pages and what surrounds them. Streamlit runs this file for every look at a page."""

import sys
from collections.abc import Callable

import streamlit as st

from salescast.dashboard.pages import ask, customers, now, sales, stock, trust
from salescast.dashboard.target import Target
from salescast.dashboard.view import View, guarded
from salescast.stack.errors import SalescastError

WATCH_SECONDS = 3
SHOWN = "identity of the stack whose figures are on the page"

target = Target.from_arguments(sys.argv[1:])


def framed(title: str, body: Callable[[View], None], *, live: bool = False) -> Callable[[], None]:
    """A page: its title, a word when the stack is gone, its content, where the figures are from."""

    def shown() -> None:
        st.title(title, anchor=False)
        st.markdown(f":small[Salescast {target.title}]")
        try:
            st.session_state[SHOWN] = target.open()[0]
        except SalescastError:
            st.session_state[SHOWN] = ""
        watch()
        if live:
            # What refreshes itself shall not fade every few seconds.
            st.html("<style>[data-stale=true] {opacity: 1 !important}</style>")
        if st.session_state[SHOWN]:
            st.fragment(content, run_every=target.refresh if live else None)()

    def content() -> None:
        try:
            view = View.open(target)
        except SalescastError:
            return  # watch tells, and brings the page back
        with guarded(target):
            body(view)
            view.footer()

    shown.__name__ = title.lower()
    return shown


@st.fragment(run_every=WATCH_SECONDS)
def watch() -> None:
    """Tell when the stack is gone; show the page anew when one is there again."""
    try:
        identity, _ = target.open()
    except SalescastError as error:
        st.error(f"{str(error).rstrip('.')}. This page comes back by itself.", icon=":material/cloud_off:")
        return
    if identity != st.session_state[SHOWN]:
        st.rerun()


st.set_page_config(page_title="Salescast", page_icon="📈", layout="wide")
st.html(
    "<style>.block-container {padding-top: 4.2rem; padding-bottom: 2rem} "
    "[data-testid=stMetric] {min-width: 8.5rem} "
    "[data-testid=stMetricValue] {font-variant-numeric: tabular-nums} "
    # Streamlit writes white on the primary colour, also on the light one that stands out in the dark.
    "[kind^=primary] {color: light-dark(#FFFFFF, #12161B)}</style>"
)
chosen = st.navigation(
    [
        st.Page(framed("Now", now.page, live=True), title="Now", icon=":material/bolt:", default=True),
        st.Page(framed("Sales", sales.page), title="Sales", icon=":material/trending_up:", url_path="sales"),
        st.Page(
            framed("Customers", customers.page),
            title="Customers",
            icon=":material/group:",
            url_path="customers",
        ),
        st.Page(framed("Stock", stock.page), title="Stock", icon=":material/inventory_2:", url_path="stock"),
        st.Page(framed("Trust", trust.page), title="Trust", icon=":material/verified:", url_path="trust"),
        st.Page(framed("Ask", ask.page), title="Ask", icon=":material/database_search:", url_path="ask"),
    ],
    position="top",
)
chosen.run()
