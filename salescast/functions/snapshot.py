"""A snapshot of the stock, out of turn: the function that the schedule calls every hour."""

from salescast.functions.invoke import Event, invoke
from salescast.stack.stack import Stack


def take(stack: Stack) -> Event:
    """Invoke the snapshot function for now and return its answer. Raises SalescastError when it fails."""
    return invoke(stack, "snapshot", {}, key="key", failure="the snapshot of the stock failed")
