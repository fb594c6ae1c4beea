"""Delivers failed changes again: those under errors/ and those in the dead-letter queue.

An error object keeps the lines whose changes were not accepted, and is deleted when none is left; a message
is deleted when all its changes were accepted. Both happen afterwards, so whatever ends a redrive in between,
a change may be delivered twice and is not lost.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from salescast.integrity import failed_changes
from salescast.integrity.dead_letter_queue import FOREIGN, GONE, DeadLetter
from salescast.integrity.failed_change import FailedChange
from salescast.integrity.failed_changes import Holder
from salescast.integrity.originals import Originals
from salescast.stack.services import change_stream
from salescast.stack.services.change_stream import Change
from salescast.stack.stack import Stack

NO_ORIGINAL = "only its row is there, and neither the Kinesis stream nor raw/ has the original (any more)"
# Nobody else gets a message that is being worked on, for this long at the most.
HIDDEN_SECONDS = 300

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Choice:
    """Which failures: whose reason contains a text, in any case; whose change came at `since` or later."""

    reason: str | None = None
    since: datetime | None = None

    def takes(self, reason: str, arrival: datetime | None) -> bool:
        """Whether a failure is chosen. One that does not say when it came is never too old."""
        if self.reason and self.reason.casefold() not in reason.casefold():
            return False
        return not (self.since and arrival and arrival < self.since)


@dataclass
class Redrive:
    """What became of the chosen failures, in changes. In a dry run, what would.

    `left` counts by reason what stays under errors/ or in the queue; `places` names where lost changes were,
    `foreign` the messages that the pipe did not write, of which `discarded` were deleted; `broken` are the
    objects under raw/ that cannot be unpacked: originals that were not found may be in them.
    """

    found: int = 0
    redriven: int = 0
    objects: int = 0
    messages: int = 0
    discarded: int = 0
    dry_run: bool = False
    left: Counter[str] = field(default_factory=Counter)
    places: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return vars(self) | {"left": self.left.total(), "reasons": dict(self.left)}


def redrive(
    stack: Stack,
    choice: Choice | None = None,
    *,
    dry_run: bool = False,
    discard_foreign: bool = False,
    show: Progress = lambda _: None,
) -> Redrive:
    """Deliver the chosen failures again. `show` is told how many changes were looked at so far.

    `discard_foreign` deletes chosen messages that the pipe did not write. Raises ClientError when S3, SQS or
    Kinesis refuse altogether; what was done until then stays done.
    """
    work = _Work(stack, Redrive(dry_run=dry_run), discard_foreign)
    chosen = (choice or Choice()).takes
    with closing(failed_changes.holders(stack, chosen, HIDDEN_SECONDS)) as holders:
        for holder in holders:
            work.redrive(holder)
            show(work.result.found)
    return work.result


class _Work:
    def __init__(self, stack: Stack, result: Redrive, discard_foreign: bool) -> None:
        self._stack = stack
        self._discard_foreign = discard_foreign
        self._originals = Originals(stack)
        self.result = result

    def redrive(self, holder: Holder) -> None:
        """Deliver what an object or a message holds, and settle it there."""
        self.result.found += len(holder.changes)
        if isinstance(holder, DeadLetter) and holder.foreign:
            settled = self._discard(holder)
        else:
            settled = self._deliver(holder.changes)
            if holder.emptied(settled):
                if isinstance(holder, DeadLetter):
                    self.result.messages += 1
                else:
                    self.result.objects += 1
        if settled and not self.result.dry_run:
            holder.settle(settled)

    def _discard(self, letter: DeadLetter) -> set[FailedChange]:
        self.result.foreign.append(letter.place)
        if not self._discard_foreign:
            self.result.left[FOREIGN] += 1
            return set()
        self.result.discarded += 1
        return set(letter.changes)

    def _deliver(self, failed: list[FailedChange]) -> set[FailedChange]:
        """Returns those that were accepted, in a dry run those that can be delivered."""
        originals = self._originals.find(failed)
        self.result.broken = self._originals.broken
        sent, changes, lost = list[FailedChange](), list[Change](), Counter[str]()
        for change in failed:
            whole = change if change.data else originals.get(change, change)
            if original := whole.as_change:
                sent.append(change)
                changes.append(original)
            else:
                self.result.left[change.problem or NO_ORIGINAL] += 1
                lost[change.place] += change.problem == GONE
        self.result.places += [f"{count} change(s) of {place}" for place, count in lost.items() if count]
        refused: list[str | None] = [None] * len(changes)
        if not self.result.dry_run:
            refused = change_stream.put(self._stack, changes)
        self.result.left.update(reason for reason in refused if reason)
        accepted = {change for change, reason in zip(sent, refused, strict=True) if reason is None}
        self.result.redriven += len(accepted)
        return accepted
