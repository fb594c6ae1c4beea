"""The contract of an order item: which attributes it has, of which type, and what their values may be.

`Image` declares it, and msgspec reads an item that keeps it straight into `Image`. The functions are asked
only about items that it refuses. Sources: docs/data-dictionary.md; the widths are those of the columns in
template.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, get_type_hints

from msgspec import Meta, Raw, Struct, ValidationError, convert
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
    is_absent,
    plainly,
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


def usual(image: Mapping[str, Any]) -> dict[str, Any]:
    """``image`` in the usual form: without what is absent or unknown, numbers written plainly."""
    return {
        name: plainly(attribute)
        for name, attribute in image.items()
        if name in ATTRIBUTES and not is_absent(attribute)
    }


def mended(old: Mapping[str, Any], image: Mapping[str, Any]) -> dict[str, Any]:
    """What of ``old`` keeps the contract; both in the usual form. Where its `Kind` does not, that of
    ``image`` counts: it may be mended, though it is fixed at insert.
    """
    broken = {name for name, attribute in old.items() if breach_of(name, attribute)}
    kind = {name: image[name] for name in broken if name in ("test", "entity") and name in image}
    return {name: attribute for name, attribute in old.items() if name not in broken} | kind


def breach(image: Mapping[str, Any]) -> str | None:
    """The first rule that ``image``, in the usual form, breaks, or None. Names the attribute, never its
    value.
    """
    for name in ATTRIBUTES:
        if name in image:
            if reason := breach_of(name, image[name]):
                return reason
        elif name in REQUIRED:
            return f"{name}: is missing"
    return None


def breach_of(name: str, attribute: Any) -> str | None:
    """The rule that the attribute ``name`` breaks, or None."""
    kind, rule = ATTRIBUTES[name]
    try:
        convert(attribute, kind)
        if all(map((rule.extra or {})["holds"], attribute.values())):
            return None
    except (TypeError, ValidationError):
        pass
    return f"{name}: must be {rule.description}"
