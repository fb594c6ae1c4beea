"""One reader for reconcile and redrive: what it reads, and that neither ends for what it cannot read."""

import json
from typing import Any

import pytest

from salescast.integrity import error_objects, failed_changes
from salescast.integrity.dead_letter_queue import FOREIGN, GONE
from salescast.integrity.failed_change import NO_CHANGE, FailedChange, everything
from salescast.integrity.failed_changes import Tally
from salescast.integrity.redrive import Choice, Redrive, redrive
from tests.unit.integrity.failing_stack import (
    ARN,
    CONVERSION,
    NOON,
    PROCESSING,
    SHARD,
    FailingStack,
    change,
    letter,
    line,
    refusal,
    row,
)


def both(stack: Any, **arguments: Any) -> tuple[Tally, Redrive]:
    """What reconcile counts, and what redrive does then."""
    return failed_changes.tally(stack), redrive(stack, **arguments)


def tallied(*contents: Any) -> Tally:
    result = Tally()
    for content in contents:
        result.add(error_objects.parse(PROCESSING, line(content)))
    return result


def test_what_is_tallied() -> None:
    result = tallied(
        change(), change("b", name="REMOVE"), row("c", 2), row("d", 2, "EXPIRE"), change("e", None)
    )
    assert result.changes == {("a", 3), ("c", 2)}
    assert result.removals == {"b", "d"}
    assert result.orders == {"a", "b", "c", "d", "e"}
    assert (result.records, result.unreadable) == (5, 1), "e names no version"


def test_a_line_of_a_processing_failure() -> None:
    failed = error_objects.parse(PROCESSING, line(change(), errorCode="Lambda.X", errorMessage="no"))
    assert (failed.reason, failed.arrival, failed.place) == (
        "processing-failed: Lambda.X: no",
        NOON,
        PROCESSING,
    )
    assert failed.orders == (("a", 3, "MODIFY", "a-3"),)
    assert (failed.data, failed.problem) == (json.dumps(change()).encode(), None)


def test_a_line_of_a_conversion_failure() -> None:
    failed = error_objects.parse(CONVERSION, line(row(), lastErrorCode="D.X", lastErrorMessage="no"))
    assert failed.reason == "format-conversion-failed: D.X: no"
    assert failed.orders == (("a", 3, "MODIFY", "a-3"),)
    assert (failed.data, failed.problem) == (None, None), "the original may be under raw/"


DEEP = b"[" * 1000 + b"]" * 1000
DIGITS = "9" * 5000
HOSTILE = [
    line(DEEP),
    line(b'{"dynamodb":' + DEEP + b"}"),
    line({"order_id": []}),
    line(change([])),
    line(change(version=DIGITS)),
    line(b'{"order_id": "a", "version": ' + DIGITS.encode() + b"}"),
    line({"dynamodb": None}),
    line({"dynamodb": {"Keys": "order_id"}}),
    line(b"no JSON"),
    line([]),
    b"[" * 100_000,
    b"{",
    b"5",
    b"{}",
    b'{"rawData": "%"}',
    b'{"rawData": 5}',
    b'{"arrivalTimestamp": ' + DIGITS.encode() + b"}",
    b"\xff",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:30].decode(errors="replace"))
def test_one_bad_record_does_not_stop_the_others(text: bytes) -> None:
    stack = FailingStack({PROCESSING: text + b"\n" + line(change("good"))})
    tally, result = both(stack)
    assert (tally.records, tally.unreadable) == (2, 1)
    assert ("good", 3) in tally.changes
    assert result.found == 2
    assert "good" in stack.delivered
    assert stack.objects.get(PROCESSING, text + b"\n") == text + b"\n"


@pytest.mark.parametrize("arrival", [None, "noon", 10**30, {}])
def test_an_arrival_that_is_no_time(arrival: Any) -> None:
    assert error_objects.parse(PROCESSING, line(change(), arrivalTimestamp=arrival)).arrival is None


def test_failed_copies_of_records_that_went_their_way_are_none() -> None:
    stack: Any = FailingStack({"errors/backup/2026/11/20/a": line(change())})
    assert both(stack)[0].records == 0


def test_an_object_that_another_redrive_settled_is_passed_over() -> None:
    class Raced(FailingStack):
        def paginate(self, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803
            return [{"Contents": [{"Key": "errors/processing-failed/gone"}, {"Key": PROCESSING}]}]

    stack = Raced({PROCESSING: line(change())})
    tally, result = both(stack)
    assert (tally.records, result.redriven, stack.objects) == (1, 1, {})


def test_a_message_that_another_redrive_deleted_is_no_error() -> None:
    class Raced(FailingStack):
        def put_records(self, StreamName: str, Records: list[Any]) -> dict[str, Any]:  # noqa: N803
            self.messages.clear()
            return super().put_records(StreamName, Records)

    stack: Any = Raced(messages=[letter(1, 1)], pages=[[1]])
    assert redrive(stack).redriven == 1


def test_an_empty_first_page_is_not_the_end() -> None:
    stack = FailingStack(messages=[letter(1, 3)], pages=[[], [], [1, 2], [], [3, 4]])
    tally, result = both(stack)
    assert (tally.records, tally.unreadable) == (3, 0)
    assert tally.changes == {("1", 1), ("2", 1), ("3", 1)}
    assert (result.redriven, result.messages, stack.messages) == (3, 1, {})
    assert stack.delivered == ["1", "2", "3"]


@pytest.mark.parametrize("when", ["get_shard_iterator", "get_records"])
def test_a_trimmed_first_record_does_not_take_the_others_with_it(when: str) -> None:
    class Trimmed(FailingStack):
        def get_records(self, ShardIterator: str, Limit: int) -> dict[str, Any]:  # noqa: N803
            if not self.trimmed:
                self.trimmed = 1
                raise refusal("TrimmedDataAccessException")
            return super().get_records(ShardIterator, Limit)

    stack: Any
    if when == "get_records":
        stack = Trimmed(messages=[letter(1, 3)], pages=[[1, 2, 3]])
    else:
        stack = FailingStack(messages=[letter(1, 3)], pages=[[1, 2, 3]], trimmed=1)
    tally, result = both(stack)
    assert (tally.records, tally.unreadable) == (3, 1)
    assert tally.changes == {("2", 1), ("3", 1)}
    assert (result.found, result.redriven, dict(result.left)) == (3, 2, {GONE: 1})
    assert result.places == [f"1 change(s) of {next(iter(failed_places(stack)))}"]
    assert len(stack.messages) == 1, "what is lost stays named"


def failed_places(stack: Any) -> set[str]:
    return {failed.place for holder in failed_changes.holders(stack) for failed in holder.changes}


@pytest.mark.parametrize("count", [50, 2000])
def test_messages_that_become_visible_again_come_once(count: int) -> None:
    """Taking them lasts longer than they are hidden, and those that come again come first."""
    numbers = list(range(1, count + 1))
    stack: Any = FailingStack(messages=[letter(n, n) for n in numbers], pages=[numbers], seconds=11)
    tally, result = both(stack)
    assert (tally.records, tally.unreadable, len(tally.changes)) == (count, 0, count)
    assert (result.redriven, result.messages, stack.messages) == (count, count, {})
    assert sorted(stack.delivered, key=int) == [str(number) for number in numbers]


def test_reading_hides_messages_from_nobody() -> None:
    stack: Any = FailingStack(messages=[letter(n, n) for n in range(1, 26)], pages=[list(range(1, 26))])
    first, second = failed_changes.tally(stack), failed_changes.tally(stack)
    assert first == second
    assert len(stack.messages) == 25


def test_the_stream_is_read_raw_by_one_client_with_one_handler() -> None:
    stack: Any = FailingStack(messages=[letter(n, n) for n in range(1, 6)], pages=[[1, 2, 3, 4, 5]])
    redrive(stack)
    assert (stack.clients_made, stack.meta.events.register.call_count) == (1, 1)


FOREIGN_MESSAGES = [
    "",
    "no JSON",
    "[]",
    "{}",
    DEEP.decode(),
    '{"DDBStreamBatchInfo": 5}',
    '{"DDBStreamBatchInfo": {"batchSize": "many"}}',
    letter(1, 1, streamArn=ARN.replace("table/orders", "table/theirs")),
    letter(1, 1, shardId="shard"),
    letter(1, 1, startSequenceNumber=DIGITS),
    letter(1, 1, batchSize=10**9),
    letter(1, 1, batchSize="1"),
]


@pytest.mark.parametrize("body", FOREIGN_MESSAGES, ids=lambda body: body[:40])
def test_a_foreign_message_is_said_and_left_alone(body: str) -> None:
    stack: Any = FailingStack(messages=[body, letter(2, 2)], pages=[[1, 2]])
    tally, result = both(stack)
    assert (tally.records, tally.unreadable, tally.orders) == (2, 1, {"2"})
    assert (result.redriven, dict(result.left), result.discarded) == (1, {FOREIGN: 1}, 0)
    assert result.foreign == [f"message 0, which begins with {json.dumps(body[:60])}"]
    assert stack.messages == {"0": body}
    assert stack.is_visible("0")
    assert stack.delivered == ["2"]


def test_foreign_messages_are_discarded_where_that_is_said() -> None:
    stack: Any = FailingStack(messages=["{}", letter(2, 2)], pages=[[1, 2]])
    told = redrive(stack, discard_foreign=True, dry_run=True)
    assert (told.discarded, told.redriven, len(stack.messages)) == (1, 1, 2)
    others = redrive(stack, Choice("Exhausted"), discard_foreign=True, dry_run=True)
    assert others.discarded == 0, "not chosen"
    result = redrive(stack, discard_foreign=True)
    assert (result.discarded, result.messages, result.left.total(), stack.messages) == (1, 1, 0, {})


def test_a_letter_says_why_and_when() -> None:
    stack: Any = FailingStack(messages=[letter(1, 1)], pages=[[1]])
    [holder] = failed_changes.holders(stack)
    [failed] = holder.changes
    assert (failed.reason, failed.arrival) == ("dead letter: RetryAttemptsExhausted", NOON)
    assert failed.place == f"shard {SHARD}, {1:021d} to {1:021d}, from ? on"
    naive: Any = FailingStack(messages=[letter(1, 1, approximateArrivalOfLastRecord="2026-11-20T12:00:00")])
    assert redrive(naive, Choice(since=NOON)).found == 1, "an unclear time is never too old"


def test_only_lines_that_were_chosen_and_accepted_are_taken_out() -> None:
    first, second = line(change("a"), errorCode="One"), line(change("b"), errorCode="Two")
    stack: Any = FailingStack({PROCESSING: first + b"\n" + second + b"\n"})
    told = redrive(stack, Choice("One"), dry_run=True)
    assert (told.found, told.redriven, told.objects, stack.delivered) == (1, 1, 0, [])
    assert redrive(stack, Choice("One")).objects == 0
    assert stack.objects == {PROCESSING: second + b"\n"}
    assert redrive(stack).objects == 1
    assert (stack.objects, stack.delivered) == ({}, ["a", "b"])


def test_what_holds_no_change_says_so() -> None:
    failed = FailedChange.of(None, "why", "where", None)
    assert (failed.problem, failed.orders, everything("why", None)) == (NO_CHANGE, (), True)


def test_rows_of_one_item_fail_together_and_come_back_as_one_change() -> None:
    rows = [row("a", 3) | {"change_id": f"e-{number}"} for number in (1, 2)]
    failed = error_objects.parse(CONVERSION, line(b"".join(json.dumps(each).encode() for each in rows)))
    assert failed.change_ids == {"e-1", "e-2"}
    assert (failed.as_change, failed.problem) == (None, None)
