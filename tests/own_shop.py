"""A shop with a table of its own: its items, and the mapping of docs/your-own-orders.md that reads them."""

from __future__ import annotations

import re
from typing import Any

from tests.template import ROOT

Item = dict[str, Any]


def documented() -> str:
    """The mapping that the page shows."""
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "your-own-orders.md").read_text(), re.DOTALL)
    assert len(blocks) == 1
    return str(blocks[0])


def line(sku: str = "TEA", qty: int = 1, cents: int = 1250, **others: Any) -> Item:
    """An element of an item's lines."""
    made = {"sku": {"S": sku}, "title": {"S": f"a {sku}"}, "qty": {"N": str(qty)}, "cents": {"N": str(cents)}}
    return {"M": {**made, **others}}


def item(number: str = "1001", *lines: Item, rev: int = 1, **others: Any) -> Item:
    """An item of the table; `others` are attributes that it has besides, or, where None, has not."""
    made = {
        "orderNumber": {"S": number},
        "type": {"S": "ORDER"},
        "rev": {"N": str(rev)},
        "placedAt": {"N": "1795170000"},  # 2026-11-20T10:20:00Z
        "changedAt": {"S": f"2026-11-20T12:{rev:02d}:00+01:00"},
        "state": {"S": "paid"},
        "customer": {"M": {"email": {"S": "ann@example.com"}, "name": {"S": "Ann"}, "country": {"S": "FR"}}},
        "items": {"L": list(lines)},
        "currency": {"S": "EUR"},
    }
    return {name: value for name, value in {**made, **others}.items() if value is not None}


def change(
    new: Item | None, old: Item | None = None, event_id: str = "e" * 32, **others: Any
) -> dict[str, Any]:
    """A change of an item, as the pipe writes it."""
    images = {name: image for name, image in (("NewImage", new), ("OldImage", old)) if image is not None}
    key = (new or old or {}).get("orderNumber")
    return {
        "eventID": event_id,
        "eventName": "REMOVE" if new is None else "INSERT" if old is None else "MODIFY",
        "dynamodb": {
            "ApproximateCreationDateTime": 1795170060,
            "Keys": {"orderNumber": key},
            "SequenceNumber": "44215845000000000174390001",
            **images,
        },
        **others,
    }
