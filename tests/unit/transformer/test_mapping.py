"""A shop's own table: its changes as rows, what a mapping may say, and what is said of one that may not."""

from __future__ import annotations

import base64
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mapping
import transformer
from batch_metrics import Batch
from change import Dropped, to_row
from contract import ATTRIBUTES, REQUIRED, ChangeError
from mapping import Mapping, MappingError, load
from moment import Moment, utc
from tests import own_shop
from tests.own_shop import change, documented, item, line
from tests.unit.transformer.mutation import mutate
from tests.unit.transformer.rows import all_changes, assert_valid
from transformer_environment import Settings

MOMENT = Moment(Settings())
PLAIN = "\n".join(f"  {name}: {{column: {name}}}" for name in sorted(REQUIRED - {"order_id"}))


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Mapping:
    return of(documented(), tmp_path_factory.mktemp("own"))


def of(text: str, folder: Path) -> Mapping:
    path = folder / "mapping.yaml"
    path.write_text(text)
    return load(path)


def rows(own: Mapping, *changes: Any) -> list[dict[str, Any]]:
    return [
        orjson.loads(transformer._encode(r.row)) for c in changes for r in own.read(orjson.dumps(c), MOMENT)
    ]


def test_lines_become_rows(own: Mapping) -> None:
    lines = line("TEA", 2, rebate={"N": "0.5"}), line("A/B"), line("TEA", 1, 99)
    made = rows(own, change(item("1001", *lines)))
    for row in made:
        assert_valid(row)
    assert [row["order_id"] for row in made] == ["1001/TEA/1", "1001/A%2FB/1", "1001/TEA/2"]
    assert [row["change_id"] for row in made] == [f"{'e' * 32}-{number}" for number in (1, 2, 3)]
    assert [row["amount"] for row in made] == ["24.5", "12.5", "0.99"]
    (first, *_) = made
    assert first["invoice_id"] == "1001"
    assert first["order_ts"] == "2026-11-20T10:20:00.000Z"
    assert first["updated_ts"] == "2026-11-20T11:01:00.000Z"
    assert (first["country"], first["channel"], first["currency"]) == ("FR", "WEB", "EUR")
    assert first["customer_id"]
    assert "ann@" not in str(made)
    assert "Ann" not in str(made)


def test_lines_that_come_stay_and_go(own: Mapping) -> None:
    old, new = item("1", line("TEA"), line("MUG")), item("1", line("MUG", 3), line("POT"), rev=2)
    made = {row["order_id"]: row for row in rows(own, change(new, old))}
    assert {order_id: row["change_type"] for order_id, row in made.items()} == {
        "1/MUG/1": "MODIFY",
        "1/POT/1": "INSERT",
        "1/TEA/1": "REMOVE",
    }
    assert made["1/MUG/1"]["previous_status"] == "PLACED"
    assert [made[order_id]["version"] for order_id in ("1/MUG/1", "1/POT/1", "1/TEA/1")] == [2, 2, 1]


def test_an_item_that_goes_takes_its_lines_with_it(own: Mapping) -> None:
    gone = change(None, item("1", line("TEA"), line("MUG")))
    assert [row["change_type"] for row in rows(own, gone)] == ["REMOVE", "REMOVE"]
    ended = {"userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"}}
    assert [row["change_type"] for row in rows(own, gone | ended)] == ["EXPIRE", "EXPIRE"]


@pytest.mark.parametrize(
    ("others", "reason"),
    [
        ({"type": {"S": "CUSTOMER"}}, "entity"),
        ({"type": {"S": "CUSTOMER"}, "items": None, "orderNumber": None}, "entity"),
        ({"sandbox": {"BOOL": True}}, "test"),
        ({"items": {"L": []}}, "no lines"),
    ],
)
def test_what_is_left_out(own: Mapping, others: Any, reason: str) -> None:
    with pytest.raises(Dropped, match=reason):
        rows(own, change(item("1", line()) | others))


def test_a_line_that_is_no_order_is_left_out_alone(tmp_path: Path) -> None:
    own = of(documented().replace("column: type, values", "column: [items.kind, type], values"), tmp_path)
    made = rows(own, change(item("1", line("TEA"), line("POST", kind={"S": "shipping"}))))
    assert [row["order_id"] for row in made] == ["1/TEA/1"]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (item("1", line(), items={"S": "[]"}), "product_id (items.sku): is missing"),
        (item("1", items=None), "product_id (items.sku): is missing"),
        (item("1", line(), items={"L": [{"S": "TEA"}]}), "product_id (items.sku): is missing"),
        (
            item("1", line("TEA"), line("MUG", qty=0)),
            "quantity (items.qty): must be an integer other than 0, ",
        ),
        (item("1", line(), state={"S": "lost"}), "status (cancelledAt, state): must be one of CANCELLED, "),
        (item("1", line(), state={"M": {}}), "status (cancelledAt, state): must be one of CANCELLED, "),
        (item("1", line(), placedAt={"S": "yesterday"}), "order_ts (placedAt): must be UTC ISO 8601 "),
        (
            item("1", line(cents=125000001), currency={"S": "€"}),
            "currency (currency): must be an ISO 4217 code",
        ),
        (item("", line("")), "order_id (orderNumber, items.sku): is missing"),
    ],
)
def test_one_line_that_breaks_the_contract_fails_all(own: Mapping, broken: Any, reason: str) -> None:
    with pytest.raises(ChangeError) as error:
        rows(own, change(broken))
    assert str(error.value).startswith(reason)


def test_what_broke_the_contract_can_be_mended(own: Mapping) -> None:
    for old in (item("1", line("TEA", 0), line("MUG")), item("1", items=None), item("1", placedAt=None)):
        made = rows(own, change(item("1", line("MUG"), rev=2), old))
        assert [(row["order_id"], row["change_type"]) for row in made][:1] == [
            ("1/MUG/1", "MODIFY" if "MUG" in str(old) else "INSERT")
        ]
        assert "REMOVE" not in [row["change_type"] for row in made if row["order_id"] == "1/TEA/1"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"N": "1795170000"}, "2026-11-20T10:20:00.000Z"),
        ({"N": "1795170000123"}, "2026-11-20T10:20:00.123Z"),
        ({"S": "1795170000"}, "2026-11-20T10:20:00.000Z"),
        ({"S": "2026-11-20"}, "2026-11-20T00:00:00.000Z"),
        ({"S": "2026-11-20 10:20:00"}, "2026-11-20T10:20:00.000Z"),
        ({"S": "2026-11-20T10:20:00.123456789Z"}, "2026-11-20T10:20:00.123Z"),
        ({"S": "2026-11-20T11:20:00+01:00"}, "2026-11-20T10:20:00.000Z"),
    ],
)
def test_forms_of_times(own: Mapping, written: Any, read: str) -> None:
    (row,) = rows(own, change(item("1", line(), placedAt=written)))
    assert row["order_ts"] == read


def test_strings_and_numbers_are_taken_for_each_other(own: Mapping) -> None:
    bought = {"M": line()["M"] | {"sku": {"N": "17.0"}, "qty": {"S": " 2 "}, "cents": {"S": "1E+3"}}}
    (row,) = rows(own, change(item("1", bought) | {"orderNumber": {"N": "1001"}, "rev": {"S": "3"}}))
    assert (row["order_id"], row["product_id"], row["amount"], row["version"]) == ("1001/17/1", "17", "20", 3)


def test_a_flat_table_keeps_ids_and_change_ids(tmp_path: Path) -> None:
    own = of(f"id: [pk]\nattributes:\n{PLAIN}", tmp_path)
    for original in all_changes():
        changed = orjson.loads(orjson.dumps(original))
        for image in ("NewImage", "OldImage"):
            if order_id := changed["dynamodb"].get(image, {}).pop("order_id", None):
                changed["dynamodb"][image]["pk"] = order_id
        changed["dynamodb"]["Keys"] = {"pk": changed["dynamodb"]["Keys"]["order_id"]}
        try:
            expected = to_row(original, MOMENT)
        except (ChangeError, Dropped):
            continue  # attributes that this mapping does not name may be why
        optional: dict[str, Any] = dict.fromkeys(set(ATTRIBUTES) - REQUIRED & set(expected))
        optional |= {"invoice_id": expected["order_id"], "discount": "0"}
        amount = Decimal(expected["quantity"]) * Decimal(expected["unit_price"])
        (row,) = rows(own, changed)
        assert row == expected | optional | {"amount": str(amount)}


def encoded(*changes: Any) -> list[dict[str, Any]]:
    records = []
    for number, content in enumerate(changes):
        data = content if isinstance(content, bytes) else orjson.dumps(content)
        records.append({"recordId": str(number), "data": base64.b64encode(data).decode()})
    return records


def test_one_record_stays_one_record(own: Mapping) -> None:
    batch = Batch(MOMENT)
    several = change(item("1", line("TEA"), line("MUG")))
    answers = transformer.transform(
        encoded(several, change(item("2", items=None)), change(item("3", items={"L": []})), b"no"), batch, own
    )
    assert [answer["result"] for answer in answers] == [
        "Ok",
        "ProcessingFailed",
        "Dropped",
        "ProcessingFailed",
    ]
    data = base64.b64decode(answers[0]["data"])
    assert data.count(b"}{") == 1
    assert (batch.ok, batch.dropped.total(), batch.failed.total()) == (2, 1, 2)


@given(st.randoms(use_true_random=False))
def test_damage_never_raises_and_never_hurts_the_next(own: Mapping, rng: Any) -> None:
    damaged = mutate(
        change(item("1", line("TEA"), line("MUG"), rev=2), item("1", line("TEA"), line("POT"))), rng
    )
    answers = transformer.transform(encoded(damaged, change(item("2", line()))), Batch(MOMENT), own)
    assert [answer["recordId"] for answer in answers] == ["0", "1"]
    assert answers[1]["result"] == "Ok"
    for row in _objects(answers[0].get("data", "")):
        assert_valid(row)


def _objects(data: str) -> list[Any]:
    text = base64.b64decode(data)
    return orjson.loads(b"[" + text.replace(b"}{", b"},{") + b"]") if text else []


skus = st.lists(st.sampled_from(["TEA", "MUG", "POT", "a/b", "a%2Fb", "é"]), max_size=5)


@given(st.lists(skus, min_size=1, max_size=6), st.booleans())
def test_the_newest_rows_are_the_orders_of_the_item(
    own: Mapping, states: list[list[str]], counted: bool
) -> None:
    """As the views take them: by version, then sequence number; without what was removed."""
    old, newest = None, dict[str, Any]()
    ids = set[str]()
    for number, products in enumerate(states, 1):
        new = item("1", *(line(sku, number) for sku in products), rev=number if counted else 1)
        changed = change(new, old, event_id=f"e{number}")
        changed["dynamodb"]["SequenceNumber"] = str(number)
        try:
            made = rows(own, changed)
        except Dropped:
            made = []
        for row in made:
            newest[row["order_id"]] = max(
                newest.get(row["order_id"], row),
                row,
                key=lambda row: (row["version"], row["sequence_number"]),
            )
        assert not ids & {row["change_id"] for row in made}
        ids |= {row["change_id"] for row in made}
        old = new
    there = {order_id: row for order_id, row in newest.items() if row["change_type"] != "REMOVE"}
    assert {order_id: row["quantity"] for order_id, row in there.items()} == {
        order["order_id"]["S"]: int(order["quantity"]["N"]) for order in own.orders(old or {})
    }


parts = st.text(st.sampled_from("ab/%2F"), min_size=1, max_size=6)


@given(st.tuples(parts, parts), st.tuples(parts, parts))
def test_an_id_has_one_meaning(own: Mapping, one: tuple[str, str], other: tuple[str, str]) -> None:
    ids = [own.orders(item(number, line(sku)))[0]["order_id"]["S"] for number, sku in (one, other)]
    assert (ids[0] == ids[1]) == (one == other)


VALID = f"id: [pk]\nattributes:\n{PLAIN}\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expected `object`, got `null`"),
        ("id: [a", "is no YAML"),
        (
            VALID + "lines: items\n",
            "lines: nothing that an order must have comes of a line alone; a column items.NAME",
        ),
        (VALID.replace("id: [pk]", "id: []"), "id: names no attributes or columns"),
        (VALID.replace("id: [pk]\n", ""), "missing required field `id`"),
        (VALID + "line: items\n", "contains unknown field `line`"),
        (
            VALID.replace("  version: {column: version}\n", ""),
            "version: is missing; it needs a column or a constant; of",
        ),
        (VALID.replace("quantity", "quantiti", 1), "orders have no attribute quantiti; is it quantity?"),
        (VALID + "  order_id: {column: a}\n", "orders have no attribute order_id"),
        (VALID + "  customer_name: {column: a}\n", "orders have no attribute customer_name"),
        (VALID + "  discount: {colum: a}\n", "attributes.discount: Object contains unknown field `colum`"),
        (VALID + "  discount: a\n", "attributes.discount: Expected "),
        (VALID + "  discount: {}\n", "discount: needs either a column or a constant"),
        (VALID + "  discount: []\n", "discount: comes from nowhere"),
        (VALID + "  discount: {column: a, constant: 1}\n", "discount: needs either a column or a constant"),
        (
            VALID + "  discount: {constant: much}\n",
            "discount: must be a number that fits decimal(18,4), and 'much'",
        ),
        (VALID + "  test: {column: a, values: {x: perhaps}}\n", "test: must be a BOOL, and 'perhaps' is not"),
        (
            VALID + "  stock_left: {column: a, minor_units: 2}\n",
            "stock_left: minor_units is for unit_price and",
        ),
        (VALID + "  discount: {column: a, minor_units: 9}\n", "discount: minor_units is for"),
        (VALID + "  category: {column: a, pseudonym: true}\n", "category: pseudonym is for customer_id"),
    ],
)
def test_a_mapping_is_checked_when_it_is_loaded(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(MappingError) as error:
        of(text, tmp_path)
    assert str(tmp_path / "mapping.yaml") in str(error.value)
    assert reason in str(error.value)


def test_without_a_file_the_contract_is_the_mapping() -> None:
    assert not mapping.PATH.exists(), "the repository comes without a mapping"
    assert mapping.declared() is None


def test_the_shop_of_the_tests_is_of_today() -> None:
    assert utc(own_shop.item()["placedAt"]["N"]) == "2026-11-20T10:20:00.000Z"
