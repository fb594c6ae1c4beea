"""What reconciliation sums up and how it judges an order."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from attribute import NET_STATUSES
from change import Dropped, to_row
from contract import ChangeError
from moment import Moment
from salescast.integrity import orders_table
from salescast.integrity.failed_changes import Tally
from salescast.integrity.log import Log
from salescast.integrity.orders_table import COLUMNS, UNREADABLE, Order, _order
from salescast.integrity.reconcile import Day, Reconciliation, _Comparison
from salescast.stack.services import order_items
from salescast.stack.stack import Stack
from transformer_environment import Settings

NOW = datetime.now(UTC)
OLD = NOW - timedelta(hours=1)
DAY = "2026-11-01"


def an_order(version: int = 2, updated: datetime = OLD, day: str = DAY, **columns: str) -> Order:
    texts = {"order_id": "a", "version": str(version), "amount": "10.0000", "status": "PLACED"} | columns
    return Order("a", day, version, updated, tuple(texts.get(name, "") for name in COLUMNS))


GOOD, FALSIFIED = an_order().digest, an_order(status="SHIPPED").digest


def judge(
    order: Order, view: dict[str, Any], stored: set[tuple[str, int]], failed: Tally, first: int | None = None
) -> Reconciliation:
    result = Reconciliation()
    comparison = _Comparison(cast(Stack, None), 60.0, failed, result, lambda _: None)
    comparison._view, comparison._stored = view, stored
    comparison._first = {"a": first} if first else {}
    comparison._judge(order, NOW - timedelta(seconds=60))
    if comparison._false:
        result.examples.append("falsified")
    return result


def judged(order: Order, view: Any, stored: set[int], failed: set[int] | None = None) -> str:
    tally = Tally(changes={("a", version) for version in failed or set()})
    result = judge(order, {"a": view} if view else {}, {("a", version) for version in stored}, tally)
    counts = {name: getattr(result, name) for name in ("in_flight", "failed", "missing")}
    assert sum(counts.values()) <= 1
    assert bool(result.examples) == bool(result.missing)
    return next((name for name, count in counts.items() if count), "well")


def test_days_are_equal_only_if_every_order_is() -> None:
    days: dict[str, Day] = defaultdict(Day)
    days["one"].add(an_order())
    days["same"].add(an_order())
    for place, name in enumerate(COLUMNS):
        columns = list(an_order().columns)
        columns[place] = "7"
        days[f"other {name}"].add(an_order()._replace(columns=tuple(columns)))
    assert days["one"] == days["same"]
    assert all(days["one"] != day for name, day in days.items() if name.startswith("other"))
    assert len(days) == 2 + len(COLUMNS)
    assert days["one"].amount == Decimal("10")


def test_checksum_is_the_head_of_an_md5() -> None:
    # python3 -c 'print("\u241f".join(["a", "2"]), end="")' | md5sum
    assert orders_table.digest(("a", "2")) == "0c41abffa91b65e8141ed131f6c5685b"


@pytest.mark.parametrize(
    ("view", "stored", "failed", "expected"),
    [
        ((2, GOOD), {1, 2}, set(), "well"),
        ((1, GOOD), {1}, set(), "missing"),  # the latest change was lost
        ((2, GOOD), {2}, set(), "missing"),  # an earlier one was
        (None, set(), set(), "missing"),  # all of them
        ((2, FALSIFIED), {1, 2}, set(), "missing"),  # there, but wrong
        ((1, GOOD), {1}, {2}, "failed"),
        ((2, GOOD), {2}, {1}, "failed"),
        (None, set(), {1, 2}, "failed"),
        (None, set(), {2}, "missing"),  # errors/ has one of two
        ((2, FALSIFIED), {1, 2}, {2}, "missing"),
    ],
)
def test_old_differences(view: Any, stored: set[int], failed: set[int], expected: str) -> None:
    assert judged(an_order(), view, stored, failed) == expected


def test_young_differences_are_in_flight() -> None:
    assert judged(an_order(updated=NOW), (1, GOOD), {1}) == "in_flight"
    # A writer's clock may be a little ahead; what is ahead of it by a day would be young until then.
    assert judged(an_order(updated=NOW + timedelta(seconds=30)), (1, GOOD), {1}) == "in_flight"
    assert judged(an_order(updated=NOW + timedelta(days=1)), (1, GOOD), {1}) == "missing"


def test_an_order_may_begin_at_any_version() -> None:
    order = an_order(version=1002)
    view = {"a": (1002, order.digest)}
    changes = {("a", version) for version in (1000, 1001, 1002)}
    assert judge(order, view, changes, Tally(), first=1000).missing == 0
    assert judge(order, view, changes - {("a", 1001)}, Tally(), first=1000).missing == 1
    # Its insert was refused: so many changes are lacking, and that one is known.
    failed = Tally(changes={("a", 1000)}, inserts={"a": 1000})
    assert judge(order, view, changes - {("a", 1000)}, failed).failed == 1


def test_an_order_that_breaks_the_contract_must_be_under_errors() -> None:
    broken = Order("a", UNREADABLE, 0, OLD)
    assert judge(broken, {}, set(), Tally()).missing == 1
    assert judge(broken, {}, set(), Tally(orders={"a"})).failed == 1


def test_a_huge_version_takes_no_time() -> None:
    assert judged(an_order(version=2_000_000_000), None, set()) == "missing"


def test_reconciled_means_nothing_missing_and_nothing_unexpected() -> None:
    assert Reconciliation(in_flight=3, failed=2).reconciled
    assert not Reconciliation(missing=1).reconciled
    assert not Reconciliation(unexpected=1).reconciled
    assert Reconciliation(log=Log(OLD, NOW)).reconciled
    assert not Reconciliation(log=Log(OLD, NOW, missing=1)).reconciled
    assert Reconciliation(table_amount=Decimal("4397950.7610")).as_json()["table_amount"] == "4397950.761"


ITEM = {
    "order_id": {"S": "a"},
    "version": {"N": "2"},
    "order_ts": {"S": "2026-11-01T23:59:59.999Z"},
    "updated_ts": {"S": "2026-11-02T00:00:00.000Z"},
    "status": {"S": "CANCELLED"},
    "country": {"S": "Éire"},
    "channel": {"S": "WEB"},
    "product_id": {"S": "P1"},
    "quantity": {"N": "3"},
    "unit_price": {"N": "3.50"},
    "currency": {"S": "EUR"},
}
OPTIONAL = {
    "invoice_id": {"S": "i"},
    "customer_id": {"S": "c"},
    "product_name": {"S": "n"},
    "category": {"S": "k"},
    "promotion": {"S": "p"},
    "discount": {"N": "0.5"},
    "stock_left": {"N": "-2"},
}


def row(item: dict[str, Any]) -> dict[str, str]:
    """The texts of the row that the transformer makes of an item."""
    change = {
        "eventID": "1",
        "eventName": "INSERT",
        "dynamodb": {"SequenceNumber": "1", "Keys": {"order_id": item["order_id"]}, "NewImage": item},
    }
    made = to_row(change, Moment(Settings(first_order_date="2020-01-01"), NOW))
    texts = {name: "" if value is None else str(value) for name, value in made.items()}
    for name in ("order_ts", "updated_ts"):
        texts[name] = texts[name].replace("Z", "000")
    texts["net_revenue"] = texts["amount"] if texts["status"] in NET_STATUSES else "0"
    for name in ("unit_price", "discount", "amount", "net_revenue"):
        texts[name] = format(Decimal(texts[name]), ".4f")
    return texts


@pytest.mark.parametrize("status", ["PLACED", "CANCELLED"])
@pytest.mark.parametrize("optional", [{}, OPTIONAL, *({name: value} for name, value in OPTIONAL.items())])
def test_an_item_has_the_columns_of_the_transformers_row(optional: dict[str, Any], status: str) -> None:
    item = ITEM | optional | {"status": {"S": status}}
    order, expected = _order(item), row(item)
    assert dict(zip(COLUMNS, order.columns, strict=True)) == {name: expected[name] for name in COLUMNS}
    assert order[:4] == ("a", DAY, 2, datetime(2026, 11, 2, tzinfo=UTC))


NULL, EMPTY, HUGE = {"NULL": True}, {"S": ""}, {"N": "1E999999999"}
ALIKE: dict[str, list[dict[str, Any]]] = {
    "": [
        *({"test": NULL}, {"test": EMPTY}, {"test": {"BOOL": False}}),
        *({"entity": NULL}, {"entity": EMPTY}, {"entity": {"S": "order"}}),
        *({"discount": NULL}, {"stock_left": EMPTY}, {"discount": {"N": "1E-4"}}),
        *({"quantity": {"N": "3.0"}}, {"stock_left": {"N": "1E+2"}}, {"version": {"N": "2.0"}}),
        *({"version": {"N": "2147483647"}}, {"customer_id": {"S": " "}}),
        {"invoice_id": EMPTY, "customer_id": EMPTY},
    ],
    "test": [{"test": {"BOOL": True}}, {"test": {"BOOL": True}, "quantity": {"S": "many"}}],
    "entity": [{"entity": {"S": "Order"}}, {"entity": {"N": "1"}}, {"entity": {"SS": ["order"]}}],
    "test: must be a BOOL": [{"test": {"S": "true"}}, {"test": {"N": "1"}}],
    "version: must be an integer from 1 to 2147483647 (32 bits)": [
        *({"version": {"N": "1764057600000"}}, {"version": {"N": "2147483648"}}, {"version": {"N": "0"}}),
        *({"version": {"N": "1.5"}}, {"version": {"S": "1"}}, {"version": HUGE}),
    ],
    "version: is missing": [{"version": NULL}],
    "quantity: must be an integer other than 0, from -2147483648 to 2147483647 (32 bits)": [
        *({"quantity": {"N": "3000000000"}}, {"quantity": {"N": "-2147483649"}}, {"quantity": {"N": "0"}}),
        *({"quantity": {"N": "2.5"}}, {"quantity": HUGE}),
    ],
    "quantity: is missing": [{"quantity": NULL}, {"quantity": EMPTY}],
    "stock_left: must be an integer from -2147483648 to 2147483647 (32 bits)": [
        *({"stock_left": {"N": "5000000000"}}, {"stock_left": {"S": "5"}}),
    ],
    "discount: must be a number that fits decimal(18,4)": [
        *({"discount": {"S": "1"}}, {"discount": {"N": "0.00001"}}, {"discount": HUGE}),
    ],
    "customer_id: must be a string": [{"customer_id": {"N": "17850"}}, {"customer_id": {"M": {}}}],
    "country: is missing": [{"country": NULL}, {"country": EMPTY}],
}


@pytest.mark.parametrize(
    ("changes", "outcome"), [(changes, outcome) for outcome, kind in ALIKE.items() for changes in kind]
)
def test_an_item_is_read_alike_by_transformer_and_reconcile(changes: dict[str, Any], outcome: str) -> None:
    """What public reports had in their tables, and its neighbours."""
    item = ITEM | changes
    if outcome in ("", "test", "entity"):
        assert order_items.left_out(item) == outcome
    if outcome:
        with pytest.raises((ChangeError, Dropped)) as refused:
            row(item)
        assert str(refused.value) == outcome
    else:
        expected = row(item)
        columns = dict(zip(COLUMNS, _order(item).columns, strict=True))
        assert columns == {name: expected[name] for name in COLUMNS}


@pytest.mark.parametrize("name", OPTIONAL)
@pytest.mark.parametrize("absent", [{"NULL": True}, {"S": ""}])
def test_null_and_the_empty_string_mean_absent(name: str, absent: dict[str, Any]) -> None:
    assert _order(ITEM | {name: absent}) == _order(ITEM)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": {"S": "2"}},
        {"version": {"N": "1.5"}},
        {"order_ts": {"S": "yesterday"}},
        {"updated_ts": {"S": "2026-11-02T00:00:00Z"}},
        {"quantity": {"NULL": True}},
        {"unit_price": {"N": "0.00001"}},
        {"unit_price": {"N": "1E999999999"}},
        {"discount": {"S": "1"}},
        {"status": {"N": "1"}},
        {"customer_id": {"N": "1"}},
    ],
)
def test_an_item_that_breaks_the_contract(changes: dict[str, Any]) -> None:
    order = _order(ITEM | changes)
    assert (order.order_id, order.order_date, order.version, order.amount) == ("a", UNREADABLE, 0, "")
