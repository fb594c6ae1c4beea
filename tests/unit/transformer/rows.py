"""What a row must be, told by the template and by plain arithmetic, not by the transformer."""

from __future__ import annotations

import json
import re
from datetime import datetime
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

from tests.template import ROOT, columns

EVENTS = ROOT / "events"
EXACT = Context(prec=200)
STATUSES = {"PLACED", "SHIPPED", "DELIVERED", "CANCELLED", "RETURNED"}


def change(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EVENTS / "changes" / f"{name}.json").read_text())
    return loaded


def all_changes() -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(Path(EVENTS / "changes").glob("*.json"))]


def assert_valid(row: dict[str, Any]) -> None:
    """Every column there and of its type, exactly; the amount right; nothing personal."""
    declared = columns("order_arrivals")
    assert set(row) == set(declared)
    for name, kind in declared.items():
        value = row[name]
        if value is None:
            assert name not in REQUIRED, name
        elif kind == "string":
            assert isinstance(value, str), name
        elif kind == "int":
            assert type(value) is int, name
            assert -(2**31) <= value < 2**31, name
        elif kind == "timestamp":
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value, re.ASCII), name
            datetime.fromisoformat(value)
        else:
            match = re.fullmatch(r"decimal\((\d+),(\d+)\)", kind)
            assert match, kind
            precision, scale = map(int, match.groups())
            number = Decimal(value)
            assert number == number.quantize(Decimal(1).scaleb(-scale), context=EXACT), name
            assert abs(number) < Decimal(10) ** (precision - scale), name
    product = EXACT.multiply(Decimal(row["quantity"]), Decimal(row["unit_price"]))
    assert Decimal(row["amount"]) == EXACT.subtract(product, Decimal(row["discount"]))
    assert row["order_date"] == row["order_ts"][:10]
    assert len(row["sequence_number"]) == 40
    assert row["quantity"] != 0
    assert row["version"] >= 1
    assert row["change_type"] in {"INSERT", "MODIFY", "REMOVE", "EXPIRE"}
    assert row["status"] in STATUSES
    assert row["channel"] in {"WEB", "STORE", "MOBILE", "MARKETPLACE"}
    if row["change_type"] == "INSERT":
        assert row["previous_status"] is None
    elif row["change_type"] == "MODIFY":  # None where the image before had none: a repair
        assert row["previous_status"] in {None, *STATUSES}
    else:
        assert row["previous_status"] == row["status"]


REQUIRED = {
    *(
        "change_id",
        "change_type",
        "sequence_number",
        "version",
        "order_id",
        "order_ts",
        "updated_ts",
        "status",
    ),
    *(
        "invoice_id",
        "country",
        "channel",
        "product_id",
        "quantity",
        "unit_price",
        "discount",
        "amount",
        "currency",
    ),
    "processed_ts",
    "order_date",
}
