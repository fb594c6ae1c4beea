"""What error lines, dead letters and raw/ say, and which failures are chosen."""

import base64
import gzip
import json
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError

from salescast.integrity import dead_letters, error_lines, originals
from salescast.integrity.redrive import Choice
from salescast.stack import streams
from salescast.stack.streams import Change

PROCESSING = "errors/processing-failed/2026/11/20/a"
CONVERSION = "errors/format-conversion-failed/2026/11/20/a"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def change(order_id: str = "a", event_id: str = "1") -> dict[str, Any]:
    return {"eventID": event_id, "dynamodb": {"Keys": {"order_id": {"S": order_id}}}}


def line(content: Any, **fields: Any) -> bytes:
    data = base64.b64encode(json.dumps(content).encode()).decode()
    return json.dumps({"arrivalTimestamp": 1795176000000, "rawData": data, **fields}).encode()


def test_a_line_of_a_processing_failure() -> None:
    parsed = error_lines.parse(PROCESSING, line(change("a"), errorCode="Lambda.X", errorMessage="no"))
    assert parsed.reason == "processing-failed: Lambda.X: no"
    assert parsed.arrival == NOON
    assert (parsed.order_id, parsed.change_id) == ("a", None)
    assert parsed.data == json.dumps(change("a")).encode()


def test_a_line_of_a_conversion_failure() -> None:
    text = line({"change_id": "c", "order_id": "a"}, lastErrorCode="D.X", lastErrorMessage="no")
    parsed = error_lines.parse(CONVERSION, text)
    assert parsed.reason == "format-conversion-failed: D.X: no"
    assert (parsed.order_id, parsed.change_id) == (None, "c")


@pytest.mark.parametrize(
    "text",
    [b"{", b"[]", b"5", b"{}", b'{"rawData": "%"}', b'{"rawData": 5}', line(None), line([1]), line("x")],
)
def test_a_line_that_holds_no_change(text: bytes) -> None:
    parsed = error_lines.parse(PROCESSING, text)
    assert (parsed.text, parsed.order_id, parsed.change_id) == (text, None, None)
    assert parsed.reason.startswith("processing-failed: ")


@pytest.mark.parametrize("arrival", [None, "noon", 10**30, {}])
def test_an_arrival_that_is_no_time(arrival: Any) -> None:
    assert error_lines.parse(PROCESSING, line(change(), arrivalTimestamp=arrival)).arrival is None


def test_what_is_chosen() -> None:
    early = datetime(2026, 11, 19, tzinfo=UTC)
    assert Choice().takes("anything", None)
    assert Choice(reason="lambda").takes("processing-failed: Lambda.X: no", NOON)
    assert not Choice(reason="Firehose").takes("processing-failed: Lambda.X: no", NOON)
    assert Choice(since=NOON).takes("", NOON)
    assert not Choice(since=NOON).takes("", early)
    assert Choice(since=NOON).takes("", None), "what does not say when it came is not left out"


def test_a_dead_letter() -> None:
    batch = {"batchSize": 3, "approximateArrivalOfLastRecord": "2026-11-20T12:00:00.000Z", "shardId": "s"}
    body = {"context": {"condition": "RetryAttemptsExhausted"}, "DDBStreamBatchInfo": batch}
    letter = dead_letters.parse("m", "h", json.dumps(body))
    assert (letter.reason, letter.size, letter.arrival) == (
        "dead letter: RetryAttemptsExhausted",
        3,
        NOON,
    )
    assert letter.place == "shard s, ? to ?, from ? on"


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"DDBStreamBatchInfo": 5}', '{"DDBStreamBatchInfo": null}']
)
def test_a_message_of_somebody_else(body: str) -> None:
    letter = dead_letters.parse("m", "h", body)
    assert (letter.batch, letter.size, letter.arrival) == ({}, 1, None)


class Bucket:
    """Stack and S3 client in one, with objects in memory."""

    def __init__(self, objects: dict[str, tuple[datetime, bytes]]) -> None:
        self.objects = objects
        self.read: list[str] = []
        self.s3 = self

    def output(self, _name: str) -> str:
        return "lake"

    def get_paginator(self, _name: str) -> "Bucket":
        return self

    def paginate(self, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803
        found = [(key, when) for key, (when, _) in self.objects.items() if key.startswith(Prefix)]
        return [{"Contents": [{"Key": key, "LastModified": when} for key, when in found]}]

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        self.read.append(Key)
        return {"Body": BytesIO(self.objects[Key][1])}


def test_originals_are_found_between_others() -> None:
    wanted = json.dumps({"dynamodb": change("b 🙂")["dynamodb"], "eventID": "2"}, ensure_ascii=False).encode()
    content = json.dumps(change("a", "1")).encode() + b'garbage {"x" \xff' + wanted + b'{"eventID": "3"}'
    late = NOON.replace(hour=13)
    bucket: Any = Bucket(
        {
            "raw/2026/11/20/early": (NOON.replace(hour=11), b""),
            "raw/2026/11/19/b": (NOON, gzip.compress(content)),  # its oldest record came the day before
            "raw/2026/11/20/c": (late, b"never read"),
        }
    )
    assert originals.find(bucket, {"2": NOON}) == {"2": ("b 🙂", wanted)}
    assert bucket.read == ["raw/2026/11/19/b"]
    assert originals.find(bucket, {"2": NOON, "4": NOON}).keys() == {"2"}
    assert originals.find(bucket, {}) == {}


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
        assert len(Records) <= streams.MAX_ENTRIES
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
    refused = streams.put(kinesis, changes(1200))
    assert [index for index, reason in enumerate(refused) if reason] == [3]
    assert "ProvisionedThroughputExceeded" in str(refused[3])
    assert sorted(kinesis.taken, key=int) == [str(number) for number in range(1200) if number != 3]


def test_one_poisoned_entry_does_not_hold_up_the_others() -> None:
    kinesis: Any = Kinesis({}, poison="5")
    refused = streams.put(kinesis, changes(9))
    assert [index for index, reason in enumerate(refused) if reason] == [5]
    assert len(kinesis.taken) == 8


def test_a_stream_that_cannot_be_written_to_is_an_error() -> None:
    kinesis: Any = Kinesis({})

    def deny(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "PutRecords")

    kinesis.put_records = deny
    with pytest.raises(ClientError, match="AccessDenied"):
        streams.put(kinesis, changes(2))
