"""The dashboard's pages and what surrounds them. Streamlit runs this file for every look at a page."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import streamlit as st

from salescast.dashboard.clock import clock
from salescast.dashboard.pages import ask, customers, now, sales, stock, trust
from salescast.dashboard.target import Target
from salescast.dashboard.view import View, guarded
from salescast.integrity import health
from salescast.stack.errors import SalescastError

WATCH_SECONDS = 3
SHOWN = "identity of the stack whose figures are on the page"

target = Target.from_arguments(sys.argv[1:])


def framed(title: str, body: Callable[[View], None], *, live: bool = False) -> Callable[[], None]:
    """A page: its content below the head, and where the figures are from."""

    def shown() -> None:
        st.title(title, anchor=False)
        if live:
            # What refreshes itself shall not fade every few seconds.
            st.html("<style>[data-stale=true] {opacity: 1 !important}</style>")
        if st.session_state[SHOWN]:
            st.fragment(content, run_every=target.refresh if live else None)()

    def content() -> None:
        try:
            view = View.open(target)
        except SalescastError:
            return  # the head tells, and brings the page back
        with guarded(target):
            body(view)
            view.footer()

    shown.__name__ = title.lower()
    return shown


@st.fragment(run_every=WATCH_SECONDS)
def head() -> None:
    """Whose figures these are and how they are; tells when the stack is gone, shows the page anew when one is
    there again.
    """
    try:
        view = View.open(target)
    except SalescastError as error:
        st.error(f"{str(error).rstrip('.')}. This page comes back by itself.", icon=":material/cloud_off:")
        return
    if view.identity != st.session_state[SHOWN]:
        st.rerun()
    st.html(_head(view))


def _head(view: View) -> str:
    moment = datetime.now(UTC)
    beat = view.pulse.beat()
    light, sentence = (beat.health, beat.sentence) if beat else ("unknown", "Looking how everything is")
    parts = [
        f'<span class="shop">{escape(view.stack.name.capitalize())}</span>',
        f'<span><span class="light {light}"></span>{sentence}</span>',
    ]
    if beat:
        age = f"{health.span((moment - beat.newest).total_seconds())} ago" if beat.newest else "none lately"
        parts.append(f"<span>Newest order: {age}</span>")
    parts.append(f"<span>{clock(moment, view.zone)} {escape(str(view.zone))}, {target.place}</span>")
    return f'<div class="head" role="status" aria-live="off">{"".join(parts)}</div>'


st.set_page_config(page_title="Salescast", page_icon="📈", layout="wide")
st.html(f"<style>{Path(__file__).with_name('look.css').read_text()}</style>")
pages = [
    st.Page(framed("Now", now.page, live=True), title="Now", icon=":material/bolt:", default=True),
    st.Page(framed("Sales", sales.page), title="Sales", icon=":material/trending_up:", url_path="sales"),
    st.Page(
        framed("Customers", customers.page), title="Customers", icon=":material/group:", url_path="customers"
    ),
    st.Page(framed("Stock", stock.page), title="Stock", icon=":material/inventory_2:", url_path="stock"),
    st.Page(framed("Trust", trust.page), title="Trust", icon=":material/verified:", url_path="trust"),
    st.Page(framed("Ask", ask.page), title="Ask", icon=":material/database_search:", url_path="ask"),
]
chosen = st.navigation(pages, position="hidden")
with st.container(horizontal=True, key="pages", gap="small"):
    for page in pages:
        st.page_link(page, width="content")
try:
    st.session_state[SHOWN] = target.open()[0]
except SalescastError:
    st.session_state[SHOWN] = ""
head()
chosen.run()
