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

from change import Dropped, to_row
from contract import ATTRIBUTES, REQUIRED, ChangeError
from moment import Moment, iso_millis
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


@pytest.mark.parametrize("attribute", [name for name in ATTRIBUTES if name in REQUIRED])
def test_a_missing_attribute_is_named(attribute: str) -> None:
    with pytest.raises(ChangeError, match=f"^{attribute}: is missing$"):
        to_row(with_image(**{attribute: None}))


@pytest.mark.parametrize("attribute", [name for name in ATTRIBUTES if name not in REQUIRED])
def test_an_optional_attribute_may_be_null(attribute: str) -> None:
    assert to_row(with_image(**{attribute: {"NULL": True}}), FIXED) == to_row(
        with_image(**{attribute: None}), FIXED
    )


OPTIONAL_TEXTS = ["invoice_id", "customer_id", "product_name", "category", "promotion", "entity"]


@pytest.mark.parametrize("attribute", [*OPTIONAL_TEXTS, "discount", "stock_left", "test"])
@pytest.mark.parametrize("name", ["insert", "modify", "remove"])
def test_an_empty_string_is_absent(attribute: str, name: str) -> None:
    which = "OldImage" if name == "remove" else "NewImage"
    assert to_row(with_image(name, which, **{attribute: {"S": ""}}), FIXED) == to_row(
        with_image(name, which, **{attribute: None}), FIXED
    )


@pytest.mark.parametrize("attribute", sorted(REQUIRED))
def test_a_required_attribute_that_says_nothing_is_missing(attribute: str) -> None:
    for nothing in ({"NULL": True}, {"S": ""}):
        with pytest.raises(ChangeError, match=f"^{attribute}: is missing$"):
            to_row(with_image(**{attribute: nothing}))


@pytest.mark.parametrize(
    ("attribute", "value", "bound"),
    [
        ("version", "1764057600000", "from 1 to 2147483647"),
        ("version", "2147483648", "from 1 to 2147483647"),
        ("quantity", "3000000000", "from -2147483648 to 2147483647"),
        ("quantity", "-2147483649", "from -2147483648 to 2147483647"),
        ("stock_left", "5000000000", "from -2147483648 to 2147483647"),
        ("stock_left", "1E+10", "from -2147483648 to 2147483647"),
    ],
)
def test_the_width_of_a_column_is_named(attribute: str, value: str, bound: str) -> None:
    with pytest.raises(ChangeError, match=f"^{attribute}: must be an integer.* {bound}.*32 bits"):
        to_row(with_image(**{attribute: {"N": value}}))


@pytest.mark.parametrize("value", ["2147483647", "2147483647.0", "2.147483647E9"])
def test_the_widest_integers_fit(value: str) -> None:
    row = to_row(with_image(quantity={"N": value}, version={"N": value}, stock_left={"N": value}))
    assert (row["quantity"], row["version"], row["stock_left"]) == (2**31 - 1,) * 3


@pytest.mark.parametrize("value", ["3.0000000000000000000001", "2147483646.9999999999999", "1e-130"])
def test_an_integer_is_never_rounded(value: str) -> None:
    for attribute in ("quantity", "version", "stock_left"):
        with pytest.raises(ChangeError, match=f"^{attribute}: must be an integer"):
            to_row(with_image(**{attribute: {"N": value}}))


BROKEN = [{"S": "2026-11-20T10:15:07Z"}, {"S": "1999-01-01T00:00:00.000Z"}, {"N": "5"}, {"NULL": True}, None]


@pytest.mark.parametrize("value", BROKEN)
def test_an_order_date_that_broke_the_contract_may_be_mended(value: Any) -> None:
    row = to_row(with_image("modify", "OldImage", order_ts=value))
    assert_valid(row)
    assert (row["change_type"], row["previous_status"]) == ("MODIFY", "PLACED")


@pytest.mark.parametrize("value", [{"S": "placed"}, {"S": ""}, {"N": "1"}, None])
def test_a_status_that_broke_the_contract_may_be_mended(value: Any) -> None:
    row = to_row(with_image("modify", "OldImage", status=value))
    assert_valid(row)
    assert row["previous_status"] is None


@pytest.mark.parametrize("attribute", sorted(REQUIRED - {"order_id"}))
def test_whatever_broke_the_contract_before_may_be_mended(attribute: str) -> None:
    forms: list[Any] = [None, {"NULL": True}, {"M": {}}, "text"]
    for broken in forms:
        assert_valid(to_row(with_image("modify", "OldImage", **{attribute: broken})))


def test_a_mark_of_a_trial_that_was_no_mark_may_be_mended() -> None:
    assert_valid(to_row(with_image("modify", "OldImage", test={"S": "yes"}, entity={"N": "5"})))
    trial = with_image("modify", "OldImage", test={"S": "yes"})
    trial["dynamodb"]["NewImage"]["test"] = {"BOOL": True}
    with pytest.raises(Dropped, match=r"^test$"):
        to_row(trial)
    assert_valid(to_row(with_image("modify", "OldImage", test={"NULL": True})))


def test_an_amount_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ChangeError, match=r"^amount: .*decimal\(20,4\)"):
        to_row(with_image(quantity={"N": "2000000000"}, unit_price={"N": "99999999999999"}))


def test_order_dates_are_bounded() -> None:
    moment = Moment(Settings(), datetime(2026, 11, 20, 23, 59, tzinfo=UTC))

    def placed(day: str) -> Change:
        return with_image(order_ts={"S": f"{day}T10:15:07.250Z"})

    assert to_row(placed("2000-01-01"), moment)
    assert to_row(placed("2026-11-21"), moment)
    for day in ("1999-12-31", "2026-11-22"):
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
    for entity in ({"N": "5"}, {"SS": ["order"]}, "order"):
        with pytest.raises(Dropped, match=r"^entity$"):
            to_row(with_image(entity=entity, status=None))
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


@pytest.mark.parametrize("attribute", [name for name in ATTRIBUTES if name != "entity"])
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
