"""The contract of an order item: which attributes it has, of which type, and what their values may be.

`Image` declares it, and msgspec reads an item that keeps it straight into `Image`; `breach` says of one that
it refuses why. Sources: docs/data-dictionary.md; the widths are those of the columns in template.yaml.
"""

from __future__ import annotations

from decimal import Decimal
from typing import get_type_hints

from msgspec import Meta, Raw, Struct
from msgspec.structs import fields

from attribute import (
    AChannel,
    AFlag,
    AStatus,
    AString,
    Currency,
    Instant,
    Money,
    Number,
    OptionalFlag,
    OptionalMoney,
    OptionalNumber,
    OptionalString,
    OptionalText,
    Status,
    Stock,
    Text,
    Units,
    Version,
)

AMOUNT_LIMIT = Decimal(10) ** 16  # decimal(20,4) has 16 digits before the point


class Kind(Struct, frozen=True, gc=False, kw_only=True):
    """What tells an order from a trial and from an item that is no order. Fixed at insert."""

    test: AFlag = OptionalFlag()
    entity: OptionalString = OptionalText()


class Image(Kind, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """An order item in DynamoDB JSON."""

    order_id: AString
    version: Version
    order_ts: Instant
    updated_ts: Instant
    status: AStatus
    invoice_id: OptionalString = OptionalText()
    customer_id: OptionalString = OptionalText()
    country: AString
    channel: AChannel
    product_id: AString
    product_name: OptionalString = OptionalText()
    category: OptionalString = OptionalText()
    promotion: OptionalString = OptionalText()
    quantity: Units
    unit_price: Money
    currency: Currency
    discount: OptionalMoney = OptionalNumber()
    stock_left: Stock = OptionalNumber()
    # Never read: what they hold stays behind.
    customer_name: Raw = Raw()
    customer_email: Raw = Raw()
    expires_at: Raw = Raw()


class Old(Kind, frozen=True, gc=False, kw_only=True):
    """What a row needs of the image before a MODIFY. It may break the contract: the change may mend that."""

    status: Status | None = None
    order_ts: Text | None = None
    quantity: Number | None = None
    unit_price: Number | None = None
    discount: OptionalNumber = OptionalNumber()


class ChangeError(ValueError):
    """A change that breaks the contract. The message names the attribute and the rule, and never the
    value.
    """


KNOWN = frozenset(field.name for field in fields(Image))
REQUIRED = frozenset(field.name for field in fields(Image) if field.required)
# attribute -> its type and the rule for its value
ATTRIBUTES: dict[str, tuple[type[Struct], Meta]] = {
    name: (hint.__origin__, hint.__metadata__[0])
    for name, hint in get_type_hints(Image, include_extras=True).items()
    if hint is not Raw
}
