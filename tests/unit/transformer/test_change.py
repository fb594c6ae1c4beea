"""to_row: one change, one row, by the data contract."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from change import Dropped, Moment, iso_millis, to_row
from contract import ATTRIBUTES, ChangeError
from tests.template import ROOT, columns
from tests.unit.transformer.rows import all_changes, assert_valid, change
from transformer_environment import Settings

Change = dict[str, Any]
FIXED = Moment(Settings(), datetime(2026, 11, 20, 12, tzinfo=UTC))


def with_image(name: Any = "insert", which: Any = "NewImage", **attributes: Any) -> Change:
    """The change ``name`` with attributes of its image replaced, or left out where the value is None."""
    changed = copy.deepcopy(change(name))
    image = changed["dynamodb"][which]
    for attribute, value in attributes.items():
        if value is None:
            image.pop(attribute, None)
        else:
            image[attribute] = value
    return changed


def test_columns_are_those_of_the_glue_table() -> None:
    assert set(to_row(change("insert"))) == set(columns("order_arrivals"))
    assert len(columns("order_arrivals")) == 26


def test_insert() -> None:
    row = to_row(change("insert"), Moment(Settings(), datetime(2026, 11, 20, 10, 16, 0, 123456, UTC)))
    assert_valid(row)
    assert row["change_type"] == "INSERT"
    assert row["amount"] == "67.47"
    assert row["change_ts"] == "2026-11-20T10:15:07.000Z"
    assert row["processed_ts"] == "2026-11-20T10:16:00.123Z"
    assert row["sequence_number"] == "44215845000000000174390001".zfill(40)


def test_modify_takes_the_previous_status_from_the_old_image() -> None:
    row = to_row(change("modify"))
    assert (row["previous_status"], row["status"], row["version"]) == ("PLACED", "SHIPPED", 2)


def test_remove_takes_the_old_image() -> None:
    row = to_row(change("remove"))
    assert_valid(row)
    assert (row["change_type"], row["status"], row["amount"]) == ("REMOVE", "SHIPPED", "67.47")


@pytest.mark.parametrize(
    "identity",
    [
        {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
        {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"},
    ],
)
def test_a_deletion_by_ttl_is_archiving(identity: Change) -> None:
    assert to_row({**change("remove"), "userIdentity": identity})["change_type"] == "EXPIRE"


def test_a_deletion_by_somebody_else_is_a_removal() -> None:
    removed = {**change("remove"), "userIdentity": {"type": "User", "principalId": "AIDAEXAMPLE"}}
    assert to_row(removed)["change_type"] == "REMOVE"


def test_personal_data_stays_behind() -> None:
    for name in ("insert", "modify", "remove", "expire"):
        text = json.dumps(to_row(change(name)))
        assert "Ada" not in text
        assert "@" not in text


def test_what_absent_attributes_mean() -> None:
    row = to_row(change("credit"))
    assert_valid(row)
    assert row["discount"] == "0"
    assert row["customer_id"] is row["promotion"] is row["category"] is row["stock_left"] is None
    assert row["amount"] == "-27.5"
    assert to_row(with_image(invoice_id=None))["invoice_id"] == "20261120T1015-0003-1"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1795169707, "2026-11-20T10:15:07.000Z"),
        (1795169707.0, "2026-11-20T10:15:07.000Z"),
        ("1795169707", "2026-11-20T10:15:07.000Z"),
        ("1795169707.0", "2026-11-20T10:15:07.000Z"),
        (1795169707250, "2026-11-20T10:15:07.250Z"),
        ("2026-11-20T10:15:07Z", "2026-11-20T10:15:07.000Z"),
        ("2026-11-20T11:15:07+01:00", "2026-11-20T10:15:07.000Z"),
        (None, None),
    ],
)
def test_every_form_of_the_creation_time(value: Any, expected: str | None) -> None:
    changed = change("insert")
    changed["dynamodb"]["ApproximateCreationDateTime"] = value
    assert to_row(changed)["change_ts"] == expected
    if value is None:
        del changed["dynamodb"]["ApproximateCreationDateTime"]
        assert to_row(changed)["change_ts"] is None


@pytest.mark.parametrize("value", ["yesterday", [], {}, True, "nan", "1e400"])
def test_no_form_of_a_creation_time(value: Any) -> None:
    changed = change("insert")
    changed["dynamodb"]["ApproximateCreationDateTime"] = value
    with pytest.raises(ChangeError, match="ApproximateCreationDateTime"):
        to_row(changed)


@pytest.mark.parametrize(
    ("quantity", "price", "discount", "amount"),
    [
        ("3", "0.1", "0", "0.3"),
        ("1", "0", "0", "0"),
        ("2", "-5.25", "0", "-10.50"),
        ("-12", "19.9999", "0.0001", "-239.9989"),
        ("1", "99999999999999.9999", "0", "99999999999999.9999"),
        ("100", "99999999999999.9999", "0", "9999999999999999.9900"),
        ("1", "1E+2", "2.50000", "97.5"),
        ("3.0", "0.00010", "0", "0.0003"),
    ],
)
def test_amounts_are_exact(quantity: str, price: str, discount: str, amount: str) -> None:
    row = to_row(with_image(quantity={"N": quantity}, unit_price={"N": price}, discount={"N": discount}))
    assert row["amount"] == amount
    assert Decimal(row["unit_price"]) == Decimal(price)
    assert Decimal(row["discount"]) == Decimal(discount)
    assert_valid(row)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("quantity", {"N": "0"}),
        ("quantity", {"N": "1.5"}),
        ("quantity", {"N": "2147483648"}),
        ("quantity", {"N": "1_000"}),
        ("quantity", {"S": "3"}),
        ("quantity", {"N": 3}),
        ("unit_price", {"N": "24.99999"}),
        ("unit_price", {"N": "100000000000000"}),
        ("unit_price", {"N": "NaN"}),
        ("unit_price", {"N": "1e999999999"}),
        ("unit_price", {"N": "\u0661"}),
        ("discount", {"N": "0.00001"}),
        ("discount", "free"),
        ("version", {"N": "0"}),
        ("version", {"N": "-1"}),
        ("order_ts", {"S": "2026-11-20T10:15:07Z"}),
        ("order_ts", {"S": "2026-13-20T10:15:07.250Z"}),
        ("order_ts", {"S": "2026-11-20 10:15:07.250"}),
        ("order_ts", {"S": "2026-11-20T10:15:07.250+00:00"}),
        ("updated_ts", {"S": ""}),
        ("updated_ts", {"S": "2026-11-20T25:15:07.250Z"}),
        ("status", {"S": "LOST"}),
        ("channel", {"S": "web"}),
        ("currency", {"S": "Pounds"}),
        ("currency", {"S": "ÄÖÜ"}),
        ("country", {"NULL": True}),
        ("country", {"S": ""}),
        ("product_id", {"M": {}}),
        ("product_name", {"N": "5"}),
        ("stock_left", {"N": "many"}),
        ("customer_id", []),
        ("invoice_id", {"S": None}),
    ],
)
def test_a_broken_attribute_is_named(attribute: str, value: Any) -> None:
    with pytest.raises(ChangeError, match=f"^{attribute}: "):
        to_row(with_image(**{attribute: value}))


@pytest.mark.parametrize("attribute", [name for name, rule in ATTRIBUTES.items() if rule[1]])
def test_a_missing_attribute_is_named(attribute: str) -> None:
    with pytest.raises(ChangeError, match=f"^{attribute}: is missing$"):
        to_row(with_image(**{attribute: None}))


@pytest.mark.parametrize("attribute", [name for name, rule in ATTRIBUTES.items() if not rule[1]])
def test_an_optional_attribute_may_be_null(attribute: str) -> None:
    assert to_row(with_image(**{attribute: {"NULL": True}}), FIXED) == to_row(
        with_image(**{attribute: None}), FIXED
    )


def test_an_amount_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ChangeError, match=r"^amount: .*decimal\(20,4\)"):
        to_row(with_image(quantity={"N": "2000000000"}, unit_price={"N": "99999999999999"}))


def test_order_dates_are_bounded() -> None:
    moment = Moment(Settings(), datetime(2026, 11, 20, 23, 59, tzinfo=UTC))

    def placed(day: str) -> Change:
        return with_image(order_ts={"S": f"{day}T10:15:07.250Z"})

    assert to_row(placed("2024-01-01"), moment)
    assert to_row(placed("2026-11-21"), moment)
    for day in ("2023-12-31", "2026-11-22"):
        with pytest.raises(ChangeError, match=r"^order_ts: its date"):
            to_row(placed(day), moment)


def test_first_order_date_is_a_setting() -> None:
    moment = Moment(Settings.read({"FIRST_ORDER_DATE": "2010-12-01"}))
    assert to_row(with_image(order_ts={"S": "2010-12-01T00:00:00.000Z"}), moment)
    with pytest.raises(ChangeError, match=r"2010-12-01"):
        to_row(with_image(order_ts={"S": "2010-11-30T23:59:59.999Z"}), moment)


def test_tomorrow_is_counted_in_utc() -> None:
    tomorrow = iso_millis(datetime.now(UTC) + timedelta(days=1))
    assert to_row(with_image(order_ts={"S": tomorrow}))["order_ts"] == tomorrow


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("order_ts", {"S": "2026-11-19T10:15:07.250Z"}), ("test", {"BOOL": True}), ("entity", {"S": "quote"})],
)
def test_what_is_fixed_at_insert_may_not_change(attribute: str, value: Any) -> None:
    with pytest.raises(ChangeError, match=f"^{attribute}: was changed"):
        to_row(with_image("modify", **{attribute: value}))
    with pytest.raises(ChangeError, match=f"^{attribute}: was changed"):
        to_row(with_image("modify", "OldImage", **{attribute: value}))


def test_trial_orders_and_other_entities_are_dropped() -> None:
    for name, reason in (("test-order", "test"), ("other-entity", "entity")):
        with pytest.raises(Dropped) as dropped:
            to_row(change(name))
        assert dropped.value.args == (reason,)
    assert to_row(with_image(test={"BOOL": False}, entity={"S": "order"}))
    with pytest.raises(ChangeError, match=r"^test: "):
        to_row(with_image(test={"S": "yes"}))


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("eventID",), None, "eventID"),
        (("eventName",), "UPSERT", "eventName"),
        (("dynamodb",), None, "dynamodb"),
        (("dynamodb", "SequenceNumber"), 5, "SequenceNumber"),
        (("dynamodb", "SequenceNumber"), "4" * 41, "SequenceNumber"),
        (("dynamodb", "NewImage"), None, "NewImage"),
        (("dynamodb", "OldImage"), None, "OldImage"),
        (("dynamodb", "Keys"), {"order_id": {"S": "another"}}, "Keys"),
    ],
)
def test_a_record_that_is_no_change_is_named(path: tuple[str, ...], value: Any, reason: str) -> None:
    changed = change("modify")
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(ChangeError, match=f"^{reason}"):
        to_row(changed)


@pytest.mark.parametrize("value", [None, 5, "text", [], {}, [[]]])
def test_what_is_no_record_at_all(value: Any) -> None:
    with pytest.raises(ChangeError):
        to_row(value)


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_reasons_hold_no_values(attribute: str) -> None:
    secret = "ada.secret@example.com"
    for value in ({"X": secret}, {"B": secret}, [secret]):
        with pytest.raises(ChangeError) as error:
            to_row(with_image(**{attribute: value}))
        assert secret not in str(error.value)


def test_importable_without_environment() -> None:
    """Importable with an empty environment, as the contract demands."""
    script = "import transformer; print(transformer.handler({'records': []}, None)['records'])"
    environment = {"PYTHONPATH": str(ROOT / "src" / "transformer"), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1:] == ["[]"], done.stderr


def test_every_documented_change_is_known() -> None:
    assert len(all_changes()) == 10
