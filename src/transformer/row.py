"""A row of ``order_arrivals`` as Firehose gets it: decimals are strings, times ISO 8601 strings."""

from __future__ import annotations

from msgspec import Struct


class Row(Struct, gc=False):
    """The table's 26 columns; what they hold is in docs/data-dictionary.md."""

    change_id: str
    change_type: str
    change_ts: str | None
    sequence_number: str
    version: int
    order_id: str
    order_ts: str
    updated_ts: str
    status: str
    previous_status: str | None
    invoice_id: str
    customer_id: str | None
    country: str
    channel: str
    product_id: str
    product_name: str | None
    category: str | None
    promotion: str | None
    quantity: int
    unit_price: str
    discount: str
    amount: str
    currency: str
    stock_left: int | None
    processed_ts: str
    order_date: str
