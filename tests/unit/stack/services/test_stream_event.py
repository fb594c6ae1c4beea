"""The event that a pipe makes of a stream record."""

from typing import Any

from salescast.stack.services.stream_event import to_event

STREAM = "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/2026-11-20T00:00:00.000"


def _record(**more: Any) -> dict[str, Any]:
    change = {
        "ApproximateCreationDateTime": 1_795_000_000.7,
        "Keys": {"order_id": {"S": "o1"}},
        "NewImage": {"order_id": {"S": "o1"}, "price": {"N": "12.50"}},
        "SequenceNumber": "000000000000000000001",
    }
    record = {"eventID": "e1", "eventName": "INSERT", "awsRegion": "us-east-1", "dynamodb": change}
    return record | more


def test_the_event_is_what_pipes_sends() -> None:
    event = to_event(_record(), STREAM)
    assert event == {
        "eventID": "e1",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {**_record()["dynamodb"], "ApproximateCreationDateTime": 1_795_000_000},
        "eventSourceARN": STREAM,
    }
    assert type(event["dynamodb"]["ApproximateCreationDateTime"]) is int


def test_a_ttl_delete_carries_its_identity_in_camel_case() -> None:
    record = _record(userIdentity={"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"})
    identity = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    assert to_event(record, STREAM)["userIdentity"] == identity
