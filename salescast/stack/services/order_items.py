"""Items of the table and their changes as orders; of a shop's own table by the transformer's code and
mapping.yaml.

One reading for the function and for all that looks at the table. Without the file, items are orders.
"""

import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from salescast.stack.errors import SalescastError
from salescast.stack.services.table_scan import Item
from salescast.stack.stack import Stack
from salescast.stack.state import PROJECT

if TYPE_CHECKING:
    from mapping import Mapping

TRANSFORMER = PROJECT / "src" / "transformer"
FILE = TRANSFORMER / "mapping.yaml"

NO_LINES = "no lines"
ABSENT = ({"NULL": True}, {"S": ""}, None)
_ORDER = {"S": "order"}
_A_TEST = {"BOOL": True}


@cache
def mapping() -> "Mapping | None":
    """The mapping of this checkout, None without one. Raises SalescastError for one that cannot be used."""
    if not FILE.exists():
        return None
    if str(TRANSFORMER) not in sys.path:
        sys.path.append(str(TRANSFORMER))
    from mapping import MappingError, load

    try:
        return load(FILE)
    except (MappingError, OSError) as error:
        raise SalescastError(str(error)) from error


def orders(item: Item) -> list[Item]:
    """The orders of an item of the table, by the attributes of the contract."""
    own = mapping()
    return [item] if own is None else own.orders(item)


def sifted(orders: list[Item]) -> tuple[list[Item], list[str]]:
    """Those of an item's orders that are for the lake, and why the others, or the whole item, are not."""
    reasons = [left_out(order) for order in orders]
    taken = [order for order, reason in zip(orders, reasons, strict=True) if not reason]
    return taken, list(filter(None, reasons)) if orders else [NO_LINES]


def left_out(order: Item) -> str:
    """Why an order is not for the lake (test, entity), empty where it is."""
    entity = order.get("entity")
    if entity not in ABSENT and entity != _ORDER:
        return "entity"
    return "test" if order.get("test") == _A_TEST else ""


def changes(change: Any) -> list[Any]:
    """The changes of orders that a change of an item makes; what is no change stays as it is."""
    own = mapping()
    return [change] if own is None else own.changes(change)


def refuse(stack: Stack, what: str) -> None:
    """Raises SalescastError where the stack reads a table that such orders are not of, or do not get to."""
    if mapping() is not None or stack.parameters.get("OrdersStreamArn"):
        raise SalescastError(
            f"the stack reads a table of your own, and {what} are items of the stack's: "
            "use a stack without OrdersStreamArn and src/transformer/mapping.yaml"
        )
