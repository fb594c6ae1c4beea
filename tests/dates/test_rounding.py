"""What is shown is rounded once: 45 in stock, 11 sold in 28 days are 114.545 days, so 114.5 and not 114.6."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from tests.analytics.questions import QUERIES
from tests.dates.athena import ask
from tests.template import columns


def test_days_of_cover_are_rounded_once(tmp_path: Path) -> None:
    order = dict.fromkeys(columns("order_arrivals")) | {
        "change_type": "INSERT",
        "sequence_number": "1",
        "version": 1,
        "order_id": "a",
        "status": "PLACED",
        "product_id": "P001",
        "quantity": 11,
        "amount": "1.0000",
        "order_date": "2026-11-24",
    }
    product = dict.fromkeys(columns("inventory")) | {
        "product_id": "P001",
        "stock": 45,
        "snapshot_date": "2026-11-25",
    }
    lake = {
        "order_arrivals": [order],
        "order_log": [],
        "order_state": [],
        "inventory": [product],
        "sales_projections": [],
    }
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    (answer,) = ask(tmp_path, now, lake, [(QUERIES["stock_cover"].statement, ["28", "28"])])
    assert answer.rows == [["P001", None, None, 45, 11, Decimal("114.5")]]
