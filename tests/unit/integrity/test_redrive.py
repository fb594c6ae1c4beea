"""Which failures are chosen, and what Kinesis takes of them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from salescast.integrity.redrive import Choice
from salescast.stack.services import change_stream
from salescast.stack.services.change_stream import Change

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_what_is_chosen() -> None:
    early = datetime(2026, 11, 19, tzinfo=UTC)
    assert Choice().takes("anything", None)
    assert Choice(reason="lambda").takes("processing-failed: Lambda.X: no", NOON)
    assert not Choice(reason="Firehose").takes("processing-failed: Lambda.X: no", NOON)
    assert Choice(since=NOON).takes("", NOON)
    assert not Choice(since=NOON).takes("", early)
    assert Choice(since=NOON).takes("", None), "what does not say when it came is not left out"


class Kinesis:
    """Stack and Kinesis client in one. Refuses entries by `throttled`, as often as it says."""

    def __init__(self, throttled: dict[str, int], poison: str = "") -> None:
        self.throttled = throttled
        self.poison = poison
        self.taken: list[str] = []
        self.kinesis = self

    def output(self, _name: str) -> str:
        return "stream"

    def put_records(self, StreamName: str, Records: list[Any]) -> dict[str, Any]:  # noqa: N803
        assert len(Records) <= change_stream.MAX_ENTRIES
        keys = [record["PartitionKey"] for record in Records]
        if self.poison in keys:
            raise ClientError(
                {"Error": {"Code": "ValidationException", "Message": "too large"}}, "PutRecords"
            )
        results = []
        for key in keys:
            if self.throttled.get(key, 0):
                self.throttled[key] -= 1
                results.append({"ErrorCode": "ProvisionedThroughputExceededException"})
            else:
                self.taken.append(key)
                results.append({"SequenceNumber": "1"})
        return {"Records": results}


def changes(count: int) -> list[Change]:
    return [Change(str(number), b"{}") for number in range(count)]


def test_only_refused_entries_are_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    kinesis: Any = Kinesis({"1": 2, "3": 1000})
    refused = change_stream.put(kinesis, changes(1200))
    assert [index for index, reason in enumerate(refused) if reason] == [3]
    assert "ProvisionedThroughputExceeded" in str(refused[3])
    assert sorted(kinesis.taken, key=int) == [str(number) for number in range(1200) if number != 3]


def test_one_poisoned_entry_does_not_hold_up_the_others() -> None:
    kinesis: Any = Kinesis({}, poison="5")
    refused = change_stream.put(kinesis, changes(9))
    assert [index for index, reason in enumerate(refused) if reason] == [5]
    assert len(kinesis.taken) == 8


def test_a_stream_that_cannot_be_written_to_is_an_error() -> None:
    kinesis: Any = Kinesis({})

    def deny(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "PutRecords")

    kinesis.put_records = deny
    with pytest.raises(ClientError, match="AccessDenied"):
        change_stream.put(kinesis, changes(2))
