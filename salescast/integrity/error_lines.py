"""The lines of Firehose's error objects (docs/aws-behaviour.md 2.5, 4.3)."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class ErrorLine:
    """One record that became no row.

    `text` is the line as it lies in the object; `reason` is error type, code and message; `arrival` is when
    the record came, None where the line does not say; `data` is the record, or what the transformer made of
    it, and `content` the same read as JSON; both None where the line holds nothing readable.
    """

    text: bytes
    reason: str
    arrival: datetime | None = None
    data: bytes | None = None
    content: Any = None

    @property
    def order_id(self) -> str | None:
        """The order that `data` is a change of; None where it is no change."""
        try:
            order_id = self.content["dynamodb"]["Keys"]["order_id"]["S"]
        except (KeyError, TypeError):
            return None
        return order_id if isinstance(order_id, str) and order_id else None

    @property
    def change_id(self) -> str | None:
        """The change that `data` is the row of; None where it is no row."""
        change_id = self.content.get("change_id") if isinstance(self.content, dict) else None
        return change_id if isinstance(change_id, str) and change_id else None


def parse(key: str, text: bytes) -> ErrorLine:
    """The line `text` of the error object `key`. Never raises: what cannot be read is left None."""
    kind = key.split("/")[1] if key.count("/") > 1 else "errors"
    try:
        line = json.loads(text)
    except ValueError:
        return ErrorLine(text, f"{kind}: not a line of Firehose")
    if not isinstance(line, dict):
        return ErrorLine(text, f"{kind}: not a line of Firehose")
    code = line.get("errorCode") or line.get("lastErrorCode") or "no code"
    message = line.get("errorMessage") or line.get("lastErrorMessage") or "no message"
    data, content = _record(line.get("rawData"))
    return ErrorLine(
        text, f"{kind}: {code}: {message}", _instant(line.get("arrivalTimestamp")), data, content
    )


def _record(raw: Any) -> tuple[bytes | None, Any]:
    try:
        data = base64.b64decode(raw)
        return data, json.loads(data)
    except (ValueError, TypeError, binascii.Error):
        return None, None


def _instant(milliseconds: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
