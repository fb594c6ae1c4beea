"""One change of an order, as a row of ``order_arrivals``.

A change is a DynamoDB stream record as EventBridge Pipes hands it on: ``eventID``, ``eventName``,
``dynamodb`` with ``Keys``, ``NewImage``, ``OldImage`` in DynamoDB JSON, ``SequenceNumber`` and
``ApproximateCreationDateTime``.

Nearly every change keeps the contract in the usual form, so `read` decodes it straight into the types that
`contract` declares. What they refuse is brought into the usual form and read once more; what is wrong even
then is named by `contract.breach`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import DecodeError, Struct, ValidationError, convert
from msgspec.json import decode, encode
from msgspec.structs import asdict

from attribute import INT_MAX, INT_MIN, is_instant
from breach import breach, breach_of, mended, usual
from contract import AMOUNT_LIMIT, KNOWN, ChangeError, Image, Kind, Old
from moment import Moment
from record import Insert, Keys, Modify, Record, Remove, decode_record
from row import Row
from transformer_environment import environment

# SequenceNumber, version, quantity, stock_left, unit_price, discount, currency, order_ts, updated_ts: one
# look for all of them. decimal(18,4) has 14 digits before the point and 4 behind it.
_AS_USUAL = re.compile(
    r"[0-9]{1,40} [1-9][0-9]{0,9} -?[1-9][0-9]{0,9} -?[0-9]{1,10}"
    r"(?: -?[0-9]{1,14}(?:\.[0-9]{1,4})?){2} [A-Z]{3}"
    r"(?: [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z){2}"
).fullmatch
_SEQUENCE_NUMBER = re.compile("[0-9]{1,40}").fullmatch


class Dropped(Exception):  # noqa: N818  a result of the Firehose contract, not an error
    """The change is not for the lake. ``args[0]`` says why: ``test`` or ``entity``."""


class Reading(Struct, frozen=True):
    """A change as it was read: its row, what a MODIFY's image before held, names outside the contract."""

    row: Row
    old: Old | None
    unknown: Collection[str] = ()


def to_row(change: Any, moment: Moment | None = None) -> dict[str, Any]:
    """The row of a change (JSON, decoded): the 26 columns of ``order_arrivals``.

    Decimals are strings, integers ints, times ISO 8601 strings. Raises as `read` does.
    """
    return asdict(read(encode(change), moment or Moment(environment())).row)


def read(change: bytes, moment: Moment) -> Reading:
    """Reads a change (JSON).

    Raises Dropped for a test order and for an item that is no order, ChangeError (which names the attribute
    and the rule, never a value) for a change that breaks the contract, DecodeError for what is no JSON.
    """
    try:
        return _reading(decode_record(change), moment)
    except ChangeError:
        raise
    except (DecodeError, ValueError):
        return read_again(decode(change), moment)


def _reading(record: Record, moment: Moment, unknown: Collection[str] = ()) -> Reading:
    """Raises ValueError for what is not in the usual form."""
    old: Old | None = None
    change_type, previous_status = "INSERT", None
    if isinstance(record, Modify):
        image, old = record.dynamodb.NewImage, record.dynamodb.OldImage
    elif isinstance(record, Insert):
        image = record.dynamodb.NewImage
    else:
        image = record.dynamodb.OldImage
    if image.test.BOOL or image.entity.S or (old is not None and (old.test.BOOL or old.entity.S)):
        _leave_out(image, old)
    stream = record.dynamodb
    order_id, order_ts, updated_ts = image.order_id.S, image.order_ts.S, image.updated_ts.S
    unit_price, discount, currency = image.unit_price.N, image.discount.N or "0", image.currency.S
    numbers = f"{stream.SequenceNumber} {image.version.N} {image.quantity.N} {image.stock_left.N or 0}"
    if not _AS_USUAL(f"{numbers} {unit_price} {discount} {currency} {order_ts} {updated_ts}"):
        raise ValueError
    # Both raise ValueError for a month 13 or an hour 25.
    datetime.fromisoformat(order_ts)
    datetime.fromisoformat(updated_ts)
    version, units = int(image.version.N), int(image.quantity.N)
    stock_left = int(image.stock_left.N) if image.stock_left.N else None
    if version > INT_MAX or not INT_MIN <= units <= INT_MAX or not INT_MIN <= (stock_left or 0) <= INT_MAX:
        raise ValueError
    if not moment.takes(order_ts):
        raise ChangeError(
            f"order_ts: its date must lie between {moment.first_date} (FirstOrderDate) and tomorrow"
        )
    amount = units * Decimal(unit_price) - (Decimal(discount) if discount != "0" else 0)
    if not -AMOUNT_LIMIT < amount < AMOUNT_LIMIT:
        raise ChangeError("amount: quantity x unit_price - discount must fit decimal(20,4)")
    if stream.Keys is not None and stream.Keys.order_id != image.order_id:
        raise ChangeError("Keys: must hold the order_id of the image")
    if old is not None:
        change_type, previous_status = "MODIFY", _previous_status(image, old, moment)
    elif isinstance(record, Remove):
        change_type, previous_status = _removal(record.user_identity), image.status.S
    # By place, in the table's order: by name msgspec takes six times as long, a tenth of all there is to do.
    row = Row(
        record.event_id,
        change_type,
        moment.change_ts(stream.ApproximateCreationDateTime),
        stream.SequenceNumber.zfill(40),
        version,
        order_id,
        order_ts,
        updated_ts,
        image.status.S,
        previous_status,
        image.invoice_id.S or order_id,
        image.customer_id.S or None,
        image.country.S,
        image.channel.S,
        image.product_id.S,
        image.product_name.S or None,
        image.category.S or None,
        image.promotion.S or None,
        units,
        unit_price,
        discount,
        str(amount),
        currency,
        stock_left,
        moment.processed_ts,
        order_ts[:10],
    )
    return Reading(row, old, unknown)


def _leave_out(image: Kind, old: Kind | None) -> None:
    """Raises Dropped for a test order or another entity, ChangeError where an order becomes one or was
    one.
    """
    entity = image.entity.S or "order"
    if old is not None and (old.entity.S or "order") != entity:
        raise ChangeError("entity: was changed; it is fixed at insert")
    if entity != "order":
        raise Dropped("entity")
    if old is not None and old.test.BOOL != image.test.BOOL:
        raise ChangeError("test: was changed; it is fixed at insert")
    if image.test.BOOL:
        raise Dropped("test")


def _removal(identity: Any) -> str:
    """EXPIRE where DynamoDB itself deleted the item: type Service, principalId dynamodb.amazonaws.com.

    Lambda and Pipes write the keys in camel case, the Streams API capitalises them.
    """
    if not isinstance(identity, dict):
        return "REMOVE"
    by_ttl = "dynamodb.amazonaws.com" in (identity.get("principalId"), identity.get("PrincipalId"))
    return "EXPIRE" if by_ttl else "REMOVE"


def _previous_status(image: Image, old: Old, moment: Moment) -> str | None:
    """None where the image before had no status of the contract. Raises ChangeError for an order_ts that was
    changed, unless that mends it.
    """
    if old.order_ts and old.order_ts != image.order_ts:
        earlier = old.order_ts.S
        if is_instant(earlier) and moment.takes(earlier):
            raise ChangeError("order_ts: was changed; it is fixed at insert")
    return old.status.S if old.status else None


def read_again(change: Any, moment: Moment) -> Reading:
    """Reads a change (JSON, decoded) that the declared types may refuse: in the usual form, or the reason.

    Raises as `read` does.
    """
    if not isinstance(change, dict) or not isinstance(stream := change.get("dynamodb"), dict):
        raise ChangeError("dynamodb: is missing; this is no DynamoDB stream record")
    name = change.get("eventName")
    if name not in ("INSERT", "MODIFY", "REMOVE"):
        raise ChangeError("eventName: must be INSERT, MODIFY or REMOVE")
    image_name = "OldImage" if name == "REMOVE" else "NewImage"
    image = _image(stream, image_name)
    new = usual(image)
    images = {image_name: new}
    if name == "MODIFY":
        images["OldImage"] = mended(usual(_image(stream, "OldImage")), new)
    if "entity" in new and breach_of("entity", new["entity"]):
        raise Dropped("entity")  # whatever it is, it is not "order"
    if "test" in new and (reason := breach_of("test", new["test"])):
        raise ChangeError(reason)
    _leave_out(convert(new, Kind), convert(images["OldImage"], Kind) if name == "MODIFY" else None)
    sequence_number = stream.get("SequenceNumber")
    if not isinstance(sequence_number, str) or not _SEQUENCE_NUMBER(sequence_number):
        raise ChangeError("SequenceNumber: must be a string of at most 40 digits")
    if reason := breach(new):
        raise ChangeError(reason)
    if not (isinstance(change.get("eventID"), str) and change["eventID"]):
        raise ChangeError("eventID: must be a string")
    try:
        convert(stream.get("Keys"), Keys | None)
    except ValidationError:
        raise ChangeError("Keys: must hold the order_id of the image") from None
    record: Record = convert(change | {"dynamodb": stream | images}, Record)
    return _reading(record, moment, image.keys() - KNOWN)


def _image(stream: dict[str, Any], name: str) -> dict[str, Any]:
    image = stream.get(name)
    if isinstance(image, dict):
        return image
    raise ChangeError(f"{name}: is missing; the stream's view type must be NEW_AND_OLD_IMAGES")
