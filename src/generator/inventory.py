"""Stock: every order takes its quantity in the transaction that inserts it.

The order's `stock_left` is therefore true, and an order that exists cannot take stock again. A sale that
would leave `restock_at` or less brings the product's fixed restock quantity in the same write. So a product's
stock is always in (restock_at, reorder_level + restock] and equals initial - sold + k * restock: it does not
depend on the order in which ticks run. Cancelled, returned and removed orders give nothing back: returned
goods are not sold as new. Test orders take stock as any other order does: they try the whole path.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from catalogue import BY_ID, Product
from clock import Clock, iso
from generator_environment import Settings
from order import Basket, Order
from table import FAILED_CONDITION, MAX_ACTIONS, Action, Patience, insertion, item, transact
from tally import Tally

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def sell(stock: int, quantity: int, product: Product) -> tuple[int, bool]:
    """Stock after a sale, and whether the product was restocked. `quantity` is below `product.restock`."""
    left = stock - quantity
    if left > product.restock_at:
        return left, False
    return left + product.restock, True


def groups(baskets: Iterable[Basket]) -> Iterator[list[Order]]:
    """Orders of whole baskets, as many as fit into one transaction with one stock update per product."""
    group: list[Order] = []
    products: set[str] = set()
    for basket in baskets:
        wanted = products | {order.product.product_id for order in basket.orders}
        if len(group) + len(basket.orders) + len(wanted) > MAX_ACTIONS:
            yield group
            group = []
            wanted = {order.product.product_id for order in basket.orders}
        group.extend(basket.orders)
        products = wanted
    if group:
        yield group


class Inventory:
    """The inventory table, and the inserts that change it. Stock read or written once is remembered."""

    def __init__(self, dynamodb: "DynamoDBClient", settings: Settings, clock: Clock, tally: Tally) -> None:
        self._dynamodb = dynamodb
        self._settings = settings
        self._clock = clock
        self._tally = tally
        self._stock: dict[str, int] = {}

    def insert(self, baskets: Iterable[Basket]) -> int:
        """Insert the baskets' orders, leaving out those that exist.

        Returns the number of orders left when the time was over.
        """
        return sum(self._insert(group) for group in groups(baskets))

    def _insert(self, group: list[Order]) -> int:
        patience = Patience(self._clock)
        while group and self._clock.has():
            self._know({order.product.product_id for order in group})
            actions, after, restocked = self._plan(group)
            reasons = transact(self._dynamodb, actions)
            if reasons is None:
                self._stock |= after
                self._tally.inserted += len(group)
                self._tally.test += sum(order.basket.test for order in group)
                self._tally.restocked += restocked
                return 0
            present = {
                order.order_id
                for order, reason in zip(group, reasons, strict=False)
                if reason["Code"] == FAILED_CONDITION
            }
            stale = any(reason["Code"] != "None" for reason in reasons[len(group) :])
            self._tally.repeated += len(present)
            group = [order for order in group if order.order_id not in present]
            if group and (stale or not present):
                patience.wait()
                # Read again only now: what was read before the pause would be outdated once more.
                for product_id in after:
                    del self._stock[product_id]
        return len(group)

    def _plan(self, group: list[Order]) -> tuple[list[Action], dict[str, int], int]:
        """Actions (orders first, then one stock update per product), stock after them, restocks."""
        stock: dict[str, int] = {}
        restocks = 0
        actions = []
        for order in group:
            product = order.product
            before = stock.get(product.product_id, self._stock[product.product_id])
            stock[product.product_id], restocked = sell(before, order.quantity, product)
            restocks += restocked
            attributes = item(order, self._settings.seed, stock[product.product_id])
            actions.append(insertion(self._settings.orders_table, attributes))
        now = iso(self._clock.now())
        actions += [self._update(product_id, after, now) for product_id, after in stock.items()]
        return actions, stock, restocks

    def _update(self, product_id: str, after: int, now: str) -> Action:
        return {
            "Update": {
                "TableName": self._settings.inventory_table,
                "Key": {"product_id": {"S": product_id}},
                "ConditionExpression": "stock = :before",
                "UpdateExpression": "SET stock = :after, updated_ts = :now",
                "ExpressionAttributeValues": {
                    ":before": {"N": str(self._stock[product_id])},
                    ":after": {"N": str(after)},
                    ":now": {"S": now},
                },
            }
        }

    def _know(self, product_ids: set[str]) -> None:
        """Read the stock of products not met before; a product without an item gets one."""
        unknown = product_ids - self._stock.keys()
        if not unknown:
            return
        missing = unknown - self._read(unknown)
        for product_id in missing:
            self._create(BY_ID[product_id])
        if missing:
            self._read(missing)

    def _read(self, product_ids: set[str]) -> set[str]:
        table = self._settings.inventory_table
        found: set[str] = set()
        keys: list[Any] = [{"product_id": {"S": product_id}} for product_id in sorted(product_ids)]
        patience = Patience(self._clock)
        while keys:
            answer = self._dynamodb.batch_get_item(
                RequestItems={
                    table: {
                        "Keys": keys,
                        "ConsistentRead": True,
                        "ProjectionExpression": "product_id, stock",
                    }
                }
            )
            for row in answer["Responses"].get(table, []):
                self._stock[row["product_id"]["S"]] = int(row["stock"]["N"])
                found.add(row["product_id"]["S"])
            left = answer["UnprocessedKeys"].get(table)
            keys = list(left["Keys"]) if left else []
            if keys:
                patience.wait()
        return found

    def _create(self, product: Product) -> None:
        try:
            self._dynamodb.put_item(
                TableName=self._settings.inventory_table,
                Item={
                    "product_id": {"S": product.product_id},
                    "product_name": {"S": product.product_name},
                    "category": {"S": product.category},
                    "stock": {"N": str(product.initial_stock)},
                    "reorder_level": {"N": str(product.reorder_level)},
                    "lead_time_days": {"N": str(product.lead_time_days)},
                    "updated_ts": {"S": iso(self._clock.now())},
                },
                ConditionExpression="attribute_not_exists(product_id)",
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            return  # another writer was first; its stock is read next
