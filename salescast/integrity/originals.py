"""Changes as they arrived, of failures that have only what the transformer made of them.

The Kinesis stream has a change under the number that Firehose names, whatever the transformer answered; raw/
has it under its eventID, which the transformer may have invented.
"""

import base64
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from salescast.integrity import order_stream, raw_objects
from salescast.integrity.failed_change import FailedChange
from salescast.stack.stack import Stack

# A record may have waited in the stream before Firehose read it, which is what is noted as its arrival.
WAITED = timedelta(hours=1)


class Originals:
    """Stream and raw/. `broken` are the keys under raw/ that cannot be unpacked and were passed over."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.broken: list[str] = []

    def find(self, failed: Iterable[FailedChange]) -> dict[FailedChange, FailedChange]:
        """The original of each failure that has no data, as far as stream and raw/ have it.

        Raises ClientError when Kinesis or S3 refuse altogether.
        """
        lacking = [change for change in failed if not change.data and change.arrival]
        originals = self.numbered(lacking)
        # A change may have been delivered, and have failed, more than once.
        by_id: dict[str, list[FailedChange]] = defaultdict(list)
        for change in lacking:
            if change not in originals:
                for change_id in change.change_ids:
                    by_id[change_id].append(change)
        for change_id, original in self._kept(by_id).items():
            originals |= dict.fromkeys(by_id[change_id], original)
        return originals

    def numbered(self, failed: Iterable[FailedChange]) -> dict[FailedChange, FailedChange]:
        """The originals that the Kinesis stream has under the failures' sequence numbers."""
        wanted: dict[str, list[FailedChange]] = defaultdict(list)
        for change in failed:
            if change.sequence_number and change.arrival and not change.data:
                wanted[change.sequence_number].append(change)
        originals: dict[FailedChange, FailedChange] = {}
        arrivals = _arrivals(wanted)
        if not arrivals:
            return originals
        until = (max(arrivals) + timedelta(seconds=1)).timestamp()
        for record in order_stream.records(self._stack, min(arrivals) - WAITED, until):
            for failure in wanted.get(record["SequenceNumber"], ()):
                data = base64.b64decode(record["Data"])
                original = FailedChange.of(data, failure.reason, failure.place, failure.arrival)
                if original.as_change:
                    originals[failure] = original
        return originals

    def _kept(self, wanted: Mapping[str, list[FailedChange]]) -> dict[str, FailedChange]:
        """The changes under raw/ by eventID.

        Reads objects written from the first arrival on, oldest first, until all are there. An object may lie
        under the day before.
        """
        originals: dict[str, FailedChange] = {}
        arrivals = _arrivals(wanted)
        if not arrivals:
            return originals
        days = {arrival.date() - timedelta(days=back) for arrival in arrivals for back in (0, 1)}
        for item in raw_objects.listed(self._stack, days, min(arrivals)):
            content = self._content(item.key)
            # An order of an item with several has a number behind the eventID.
            events = {
                change_id.rpartition("-")[0] or change_id for change_id in wanted.keys() - originals.keys()
            }
            if any(event_id.encode() in content for event_id in events):
                for _, data in raw_objects.records(content):
                    change = FailedChange.of(data, "", item.key, None)
                    if change.as_change:
                        originals |= dict.fromkeys(change.change_ids & wanted.keys(), change)
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


def _arrivals(failures: Mapping[str, list[FailedChange]]) -> list[datetime]:
    return [change.arrival for several in failures.values() for change in several if change.arrival]
