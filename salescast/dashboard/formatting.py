"""What pages write: the words of reports, and texts and sums as Streamlit and Polars take them."""

import re

import polars as pl

from salescast.reports.words import FEW_ORDERS as FEW_ORDERS
from salescast.reports.words import MINUS as MINUS
from salescast.reports.words import NONE as NONE
from salescast.reports.words import SYMBOLS as SYMBOLS
from salescast.reports.words import WORDS as WORDS
from salescast.reports.words import change as change
from salescast.reports.words import change_worth_saying as change_worth_saying
from salescast.reports.words import count as count
from salescast.reports.words import day as day
from salescast.reports.words import days as days
from salescast.reports.words import moment as moment
from salescast.reports.words import money as money
from salescast.reports.words import percent as percent
from salescast.reports.words import word as word


def total(values: pl.Series) -> float:
    """The sum, 0 of nothing."""
    return float(values.sum())


def escaped(text: str) -> str:
    """Text for Streamlit's Markdown, in which a pair of $ is a formula."""
    return text.replace("$", "\\$")


def plain(text: str) -> str:
    """Text that somebody gave, such as the name of an event, for Streamlit's Markdown: shown as it is."""
    return re.sub(r"([\\`*_~$:#<>|\[\]])", r"\\\1", " ".join(text.split()))


def main_currency(frame: pl.DataFrame, weight: str = "orders") -> str:
    """The currency with the most of `weight`; empty when there are no rows."""
    if frame.is_empty():
        return ""
    weights = (
        frame.group_by("currency")
        .agg(pl.col(weight).sum())
        .sort(weight, "currency", descending=[True, False])
    )
    return str(weights["currency"][0])
