"""One change of an order, as a row of ``order_arrivals``.

A change is a DynamoDB stream record as EventBridge Pipes hands it on: ``eventID``, ``eventName``,
``dynamodb`` with ``Keys``, ``NewImage``, ``OldImage`` in DynamoDB JSON, ``SequenceNumber`` and
``ApproximateCreationDateTime``.

Nearly every change keeps the contract in the usual form, so `_row` reads it optimistically, in as few steps
as can be. What it stumbles over is brought into the usual form and read once more; what is wrong even then is
named by `contract.breach`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from contract import AMOUNT_LIMIT, CHANNELS, INT_MAX, INT_MIN, STATUSES, ChangeError, breach, tidied
from transformer_environment import Settings, environment

# sequence number, version, quantity, unit_price, discount, stock_left: one look for all of them.
# decimal(18,4) has 14 digits before the point and 4 behind it.
_NUMBERS = re.compile(
    r"([0-9]{1,40}) ([1-9][0-9]{0,9}) (-?[1-9][0-9]{0,9})"
    r" (-?[0-9]{1,14}(?:\.[0-9]{1,4})?) (-?[0-9]{1,14}(?:\.[0-9]{1,4})?) (-?[0-9]{1,10})"
).fullmatch
_INSTANTS = re.compile(r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z ?){2}").fullmatch
_TEXT_OR_NONE = frozenset({str, type(None)})
_ORDER = {"S": "order"}
_A_TEST = {"BOOL": True}
_NOT_A_TEST = {"BOOL": False}


class Dropped(Exception):  # noqa: N818  a result of the Firehose contract, not an error
    """The change is not for the lake. ``args[0]`` says why: ``test`` or ``entity``."""


class Moment:
    """What every row of a batch shares: when it is made, and which order dates the lake accepts then.

    ``processed_ts`` is UTC ISO 8601 with milliseconds. ``first_date`` (a setting) and ``last_date``
    (tomorrow) bound order_date, both inclusive, yyyy-MM-dd.
    """

    __slots__ = ("first_date", "last_date", "now", "processed_ts", "seconds")

    def __init__(self, settings: Settings, now: datetime | None = None) -> None:
        self.now = now or datetime.now(UTC)
        self.processed_ts = iso_millis(self.now)
        self.first_date = settings.first_order_date
        self.last_date = (self.now + timedelta(days=1)).strftime("%Y-%m-%d")
        self.seconds: dict[Any, str | None] = {}


def iso_millis(instant: datetime) -> str:
    """``instant`` (UTC) as ``2026-11-20T10:15:00.123Z``, the only form of a timestamp in this pipeline."""
    return instant.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def to_row(change: dict[str, Any], moment: Moment | None = None) -> dict[str, Any]:
    """The row of a change: the 26 columns of ``order_arrivals``.

    Decimals are strings, integers ints, times ISO 8601 strings.

    Raises Dropped for a test order and for an item that is no order, ChangeError (which names the attribute
    and the rule, never a value) for a change that breaks the contract.
    """
    moment = moment or Moment(environment())
    try:
        return _row(change, moment)
    except (Dropped, ChangeError):
        raise
    except Exception:
        return _unusual_row(change, moment)


def _row(change: dict[str, Any], moment: Moment) -> dict[str, Any]:
    stream = change["dynamodb"]
    change_type = change["eventName"]
    old: dict[str, Any] | None = None
    if change_type == "MODIFY":
        image, old = stream["NewImage"], stream["OldImage"]
        if old is None:
            raise ValueError
    elif change_type == "INSERT":
        image = stream["NewImage"]
    elif change_type == "REMOVE":
        image = old = stream["OldImage"]
        if "userIdentity" in change and _by_ttl(change["userIdentity"]):
            change_type = "EXPIRE"
    else:
        raise ChangeError("eventName: must be INSERT, MODIFY or REMOVE")

    if "test" in image or "entity" in image or (old is not None and ("test" in old or "entity" in old)):
        _leave_out(image, old)
    order_id = image["order_id"]["S"]
    order_ts = image["order_ts"]["S"]
    updated_ts = image["updated_ts"]["S"]
    status = image["status"]["S"]
    channel = image["channel"]["S"]
    currency = image["currency"]["S"]
    # Joining refuses what is no string.
    numbers = _NUMBERS(
        " ".join(
            (
                stream["SequenceNumber"],
                image["version"]["N"],
                image["quantity"]["N"],
                image["unit_price"]["N"],
                image["discount"]["N"] if "discount" in image else "0",
                image["stock_left"]["N"] if "stock_left" in image else "0",
            )
        )
    )
    if not numbers or not _INSTANTS(order_ts + " " + updated_ts):
        raise ValueError
    sequence_number, version, quantity, unit_price, discount, stock = numbers.groups()
    row = {
        "change_id": change["eventID"],
        "change_type": change_type,
        "change_ts": _change_ts(stream.get("ApproximateCreationDateTime"), moment),
        "sequence_number": sequence_number.zfill(40),
        "order_id": order_id,
        "order_ts": order_ts,
        "updated_ts": updated_ts,
        "status": status,
        "previous_status": None if old is None else old["status"]["S"],
        "invoice_id": image["invoice_id"]["S"] if "invoice_id" in image else order_id,
        "customer_id": image["customer_id"]["S"] if "customer_id" in image else None,
        "country": image["country"]["S"],
        "channel": channel,
        "product_id": image["product_id"]["S"],
        "product_name": image["product_name"]["S"] if "product_name" in image else None,
        "category": image["category"]["S"] if "category" in image else None,
        "promotion": image["promotion"]["S"] if "promotion" in image else None,
        "unit_price": unit_price,
        "discount": discount,
        "currency": currency,
        "processed_ts": moment.processed_ts,
        "order_date": order_ts[:10],
    }
    if not _TEXT_OR_NONE.issuperset(map(type, row.values())):
        raise ValueError
    units = int(quantity)
    amount = units * Decimal(unit_price) - Decimal(discount)
    row["version"] = int(version)
    row["quantity"] = units
    row["amount"] = str(amount)
    row["stock_left"] = int(stock) if "stock_left" in image else None

    if (
        status not in STATUSES
        or channel not in CHANNELS
        or not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper())
        or row["invoice_id"] is None
        or not (order_id and row["country"] and row["product_id"] and row["change_id"])
        or row["version"] > INT_MAX
        or not INT_MIN <= units <= INT_MAX
        or not INT_MIN <= int(stock) <= INT_MAX
        or ("Keys" in stream and stream["Keys"]["order_id"]["S"] != order_id)
    ):
        raise ValueError
    # Both raise ValueError for a month 13 or an hour 25.
    datetime.fromisoformat(order_ts)
    datetime.fromisoformat(updated_ts)
    if not moment.first_date <= order_ts[:10] <= moment.last_date:
        raise ChangeError(
            f"order_ts: its date must lie between {moment.first_date} (FirstOrderDate) and tomorrow"
        )
    if not -AMOUNT_LIMIT < amount < AMOUNT_LIMIT:
        raise ChangeError("amount: quantity x unit_price - discount must fit decimal(20,4)")
    if old is not None and old["order_ts"]["S"] != order_ts:
        raise ChangeError("order_ts: was changed; it is fixed at insert")
    return row


def _by_ttl(identity: Any) -> bool:
    """Whether DynamoDB itself deleted the item: type Service, principalId dynamodb.amazonaws.com.

    Lambda and Pipes write the keys in camel case, the Streams API capitalises them.
    """
    return isinstance(identity, dict) and "dynamodb.amazonaws.com" in (
        identity.get("principalId"),
        identity.get("PrincipalId"),
    )


def _leave_out(image: dict[str, Any], old: dict[str, Any] | None) -> None:
    """Raises Dropped for a test order or another entity, ChangeError where an order becomes one or was
    one.
    """
    entity = image.get("entity", _ORDER)
    if old is not None and old.get("entity", _ORDER) != entity:
        raise ChangeError("entity: was changed; it is fixed at insert")
    if entity != _ORDER:
        raise Dropped("entity")
    test = image.get("test", _NOT_A_TEST)
    if test not in (_NOT_A_TEST, _A_TEST):
        raise ChangeError("test: must be a BOOL")
    if old is not None and old.get("test", _NOT_A_TEST) != test:
        raise ChangeError("test: was changed; it is fixed at insert")
    if test == _A_TEST:
        raise Dropped("test")


def _change_ts(value: Any, moment: Moment) -> str | None:
    """ApproximateCreationDateTime as ISO 8601, or None where it is absent.

    Epoch seconds as int, float or numeric string, epoch milliseconds likewise (from 1e11 on: that many
    seconds are the year 5138), or ISO 8601 itself: samples and captures show every one of them.
    """
    try:
        return moment.seconds[value]
    except (KeyError, TypeError):
        pass
    if value is None:
        return None
    try:
        if isinstance(value, str) and "T" in value:
            instant = datetime.fromisoformat(value)
            if instant.tzinfo is None:
                instant = instant.replace(tzinfo=UTC)
        elif isinstance(value, bool):
            raise TypeError
        else:
            epoch = float(value)
            instant = datetime.fromtimestamp(epoch / 1000 if abs(epoch) >= 1e11 else epoch, UTC)
        text = iso_millis(instant.astimezone(UTC))
    except (TypeError, ValueError, OverflowError, OSError):
        raise ChangeError("ApproximateCreationDateTime: must be epoch seconds or ISO 8601") from None
    moment.seconds[value] = text
    return text


def _unusual_row(change: Any, moment: Moment) -> dict[str, Any]:
    """Second reading, of a change that `_row` could not read: once more in the usual form, else the
    reason.
    """
    if not isinstance(change, dict) or not isinstance(stream := change.get("dynamodb"), dict):
        raise ChangeError("dynamodb: is missing; this is no DynamoDB stream record")
    images = {name: stream[name] for name in ("NewImage", "OldImage") if isinstance(stream.get(name), dict)}
    tidy = {**change, "dynamodb": {**stream, **{name: tidied(image) for name, image in images.items()}}}
    try:
        return _row(tidy, moment)
    except (Dropped, ChangeError):
        raise
    except Exception:
        raise ChangeError(_reason(tidy)) from None


def _reason(change: dict[str, Any]) -> str:
    stream = change["dynamodb"]
    name = change.get("eventName")
    if not (isinstance(change.get("eventID"), str) and change["eventID"]):
        return "eventID: must be a string"
    sequence_number = stream.get("SequenceNumber")
    if not isinstance(sequence_number, str) or not re.fullmatch("[0-9]{1,40}", sequence_number):
        return "SequenceNumber: must be a string of at most 40 digits"
    which = "OldImage" if name == "REMOVE" else "NewImage"
    if reason := breach(stream.get(which)):
        return f"{which}: {reason}" if reason.startswith("image") else reason
    if name == "MODIFY" and not isinstance(stream.get("OldImage"), dict):
        return "OldImage: is missing; the stream's view type must be NEW_AND_OLD_IMAGES"
    if name == "MODIFY" and (reason := breach(stream["OldImage"])):
        return f"OldImage: {reason}"
    return "Keys: must hold the order_id of the image"
