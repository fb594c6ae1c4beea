"""Changes as they arrived, found under raw/ by their eventID."""

from datetime import datetime, timedelta

from salescast.integrity import raw_objects
from salescast.integrity.failed_change import FailedChange
from salescast.stack.services.change_stream import Change
from salescast.stack.stack import Stack


class Originals:
    """The objects under raw/. `broken` are the keys of those that cannot be unpacked and were passed over."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.broken: list[str] = []

    def find(self, wanted: dict[str, datetime]) -> dict[str, Change]:
        """The changes whose eventID (mapped to their arrival) is wanted, as far as raw/ has them.

        Reads objects written from the first arrival on, oldest first, until all are there. An object may lie
        under the day before.
        """
        originals: dict[str, Change] = {}
        if not wanted:
            return originals
        days = {arrival.date() - timedelta(days=back) for arrival in wanted.values() for back in (0, 1)}
        for item in raw_objects.listed(self._stack, days, min(wanted.values())):
            content = self._content(item.key)
            if any(change_id.encode() in content for change_id in wanted.keys() - originals.keys()):
                for _, data in raw_objects.records(content):
                    change = FailedChange.of(data, "", "", None)
                    if change.change_id in wanted and change.order_id and change.data:
                        originals[change.change_id] = Change(change.order_id, change.data)
            if len(originals) == len(wanted):
                break
        return originals

    def _content(self, key: str) -> bytes:
        """Empty where there is nothing to be read."""
        if key not in self.broken:
            try:
                return raw_objects.content(self._stack, key)
            except raw_objects.BrokenObjectError:
                self.broken.append(key)
        return b""
