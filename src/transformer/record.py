"""A record of the orders table's stream, as EventBridge Pipes hands it on: what a row needs of it, by its
kind.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct, field
from msgspec.json import Decoder

from attribute import Text
from contract import Image, Old


class Keys(Struct, frozen=True, gc=False):
    order_id: Text


class _Stream(Struct, gc=False, kw_only=True):
    SequenceNumber: str
    Keys: Keys | None = None
    ApproximateCreationDateTime: Any = None


class _Inserted(_Stream, gc=False, kw_only=True):
    NewImage: Image


class _Modified(_Stream, gc=False, kw_only=True):
    NewImage: Image
    OldImage: Old


class _Removed(_Stream, gc=False, kw_only=True):
    OldImage: Image


class _Change(Struct, gc=False, kw_only=True, tag_field="eventName"):
    event_id: Annotated[str, Meta(min_length=1)] = field(name="eventID")
    user_identity: Any = field(default=None, name="userIdentity")


class Insert(_Change, gc=False, kw_only=True, tag="INSERT"):
    dynamodb: _Inserted


class Modify(_Change, gc=False, kw_only=True, tag="MODIFY"):
    dynamodb: _Modified


class Remove(_Change, gc=False, kw_only=True, tag="REMOVE"):
    dynamodb: _Removed


Record = Insert | Modify | Remove
decode_record = Decoder(Record).decode
