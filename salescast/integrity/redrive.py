"""Delivers failed changes again: those under errors/ and those in the dead-letter queue.

An error object keeps the lines whose changes were not accepted, and is deleted when none is left; a message
is deleted when all its changes were accepted. Both happen afterwards, so whatever ends a redrive in between,
a change may be delivered twice and is not lost.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from salescast.integrity import dead_letters, error_lines, failures, originals
from salescast.integrity.dead_letters import DeadLetter
from salescast.integrity.error_lines import ErrorLine
from salescast.stack import streams
from salescast.stack.stack import Stack
from salescast.stack.streams import Change

NO_CHANGE = "there is no change of an order in it"
NO_ORIGINAL = "only its row is there, and raw/ has no original of it (not yet, or no longer)"
GONE = (
    "gone from the table's stream, which keeps changes for 24 hours; `salescast reconcile` names the orders"
)

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

    `left` counts by reason what stays under errors/ or in the queue; `places` names where lost changes were.
    """

    found: int = 0
    redriven: int = 0
    objects: int = 0
    messages: int = 0
    dry_run: bool = False
    left: Counter[str] = field(default_factory=Counter)
    places: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return vars(self) | {"left": self.left.total(), "reasons": dict(self.left)}


def redrive(
    stack: Stack, choice: Choice | None = None, *, dry_run: bool = False, show: Progress = lambda _: None
) -> Redrive:
    """Deliver the chosen failures again. `show` is told how many changes were looked at so far.

    Raises ClientError when S3, SQS or Kinesis refuse altogether; what was done until then stays done.
    """
    work = _Work(stack, choice or Choice(), Redrive(dry_run=dry_run), show)
    # Changes that fail anew come back as objects that this list does not have.
    for key in list(failures.error_objects(stack)):
        work.error_object(key)
    with dead_letters.Queue(stack) as queue:
        for letter in queue.letters():
            if work.dead_letter(letter) and not dry_run:
                queue.delete(letter)
    return work.result


class _Work:
    def __init__(self, stack: Stack, choice: Choice, result: Redrive, show: Progress) -> None:
        self._stack = stack
        self._choice = choice
        self._show = show
        self.result = result

    def error_object(self, key: str) -> None:
        bucket, s3 = self._stack.output("Lake"), self._stack.s3
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        lines = [error_lines.parse(key, text) for text in body.splitlines() if text.strip()]
        chosen = [line for line in lines if self._choice.takes(line.reason, line.arrival)]
        if not chosen:
            return
        done = self._deliver_lines(chosen)
        self._show(self.result.found)
        kept = [line.text for line in lines if line.text not in done]
        self.result.objects += not kept
        if self.result.dry_run or not done:
            return
        if kept:
            s3.put_object(Bucket=bucket, Key=key, Body=b"\n".join(kept) + b"\n")
        else:
            s3.delete_object(Bucket=bucket, Key=key)

    def _deliver_lines(self, lines: list[ErrorLine]) -> set[bytes]:
        """Returns the texts of the lines whose changes were accepted."""
        self.result.found += len(lines)
        wanted = {line.change_id: line.arrival for line in lines if line.change_id and line.arrival}
        found = originals.find(self._stack, wanted)
        changes, sent = list[Change](), list[ErrorLine]()
        for line in lines:
            if line.order_id and line.data:
                changes.append(Change(line.order_id, line.data))
            elif line.change_id in found:
                changes.append(Change(*found[line.change_id]))
            else:
                self.result.left[NO_ORIGINAL if line.change_id else NO_CHANGE] += 1
                continue
            sent.append(line)
        refused = self._deliver(changes)
        return {line.text for line, reason in zip(sent, refused, strict=True) if reason is None}

    def dead_letter(self, letter: DeadLetter) -> bool:
        """Returns whether all changes of a message were accepted."""
        if not self._choice.takes(letter.reason, letter.arrival):
            return False
        changes = [Change(*change) for change in dead_letters.changes(self._stack, letter)]
        self.result.found += max(letter.size, len(changes))
        lost = max(0, letter.size - len(changes))
        if lost:
            self.result.left[GONE if letter.batch else NO_CHANGE] += lost
            self.result.places.append(f"{lost} change(s) of {letter.place}")
        done = not any(self._deliver(changes)) and not lost
        self.result.messages += done
        self._show(self.result.found)
        return done

    def _deliver(self, changes: list[Change]) -> list[str | None]:
        """Why each change was refused, None where it was accepted."""
        refused: list[str | None] = [None] * len(changes)
        if not self.result.dry_run:
            refused = streams.put(self._stack, changes)
        self.result.left.update(reason for reason in refused if reason)
        self.result.redriven += sum(reason is None for reason in refused)
        return refused
