"""The time of a batch, and times as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from contract import ChangeError
from transformer_environment import Settings


class Moment:
    """What every row of a batch shares: when it is made, and which order dates the lake accepts then.

    ``processed_ts`` is UTC ISO 8601 with milliseconds. ``first_date`` (a setting) and ``last_date``
    (tomorrow) bound order_date, both inclusive, yyyy-MM-dd.
    """

    __slots__ = ("_texts", "first_date", "last_date", "now", "processed_ts")

    def __init__(self, settings: Settings, now: datetime | None = None) -> None:
        self.now = now or datetime.now(UTC)
        self.processed_ts = iso_millis(self.now)
        self.first_date = settings.first_order_date
        self.last_date = (self.now + timedelta(days=1)).strftime("%Y-%m-%d")
        self._texts: dict[Any, str | None] = {None: None}

    def takes(self, order_ts: str) -> bool:
        """Whether the lake accepts an order of that time (ISO 8601)."""
        return self.first_date <= order_ts[:10] <= self.last_date

    def change_ts(self, created: Any) -> str | None:
        """ApproximateCreationDateTime as ISO 8601, or None where it is absent. Raises ChangeError.

        Samples and captures show every form that `utc` reads.
        """
        try:
            return self._texts[created]
        except (KeyError, TypeError):
            pass
        try:
            text = utc(created)
        except (TypeError, ValueError, OverflowError, OSError):
            raise ChangeError("ApproximateCreationDateTime: must be epoch seconds or ISO 8601") from None
        self._texts[created] = text
        return text


def utc(time: Any) -> str:
    """Epoch seconds, epoch milliseconds (from 1e11 on: that many seconds are the year 5138), as number or as
    text, or ISO 8601, UTC where it names no zone: as `iso_millis` writes it.

    Raises TypeError, ValueError, OverflowError, OSError.
    """
    if isinstance(time, bool):
        raise TypeError
    try:
        epoch = float(time)
    except ValueError:
        instant = datetime.fromisoformat(time)
        instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant
    else:
        instant = datetime.fromtimestamp(epoch / 1000 if abs(epoch) >= 1e11 else epoch, UTC)
    return iso_millis(instant.astimezone(UTC))


def iso_millis(instant: datetime) -> str:
    """``instant`` (UTC) as ``2026-11-20T10:15:00.123Z``, the only form of a timestamp in this pipeline."""
    return instant.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
