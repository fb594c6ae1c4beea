"""The pipe on a real emulator: DynamoDB stream to Kinesis, under its role, through kills and refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from salescast.stack import condition
from salescast.stack.state import State
from tests.local.movers.records import dead_letters, stream_events
from tests.local.movers.stack import Stack, running_stack
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("pipe")) as running:
        yield running


def _put(stack: Stack, order_id: str, **attributes: Any) -> None:
    item = {"id": {"S": order_id}, **attributes}
    stack.client("dynamodb").put_item(TableName=stack.outputs()["Table"], Item=item)


def test_changes_arrive_as_pipes_sends_them(stack: Stack) -> None:
    _put(stack, "a1", price={"N": "12.5"}, tags={"SS": ["x"]})
    _put(stack, "a1", price={"N": "0.1"})
    stack.client("dynamodb").delete_item(TableName=stack.outputs()["Table"], Key={"id": {"S": "a1"}})
    with stack.mover("pipe"):
        events = wait_for(
            lambda: (found := stream_events(stack, "a")) and len(found) == 3 and found, "three events"
        )
    assert [event["eventName"] for event in events] == ["INSERT", "MODIFY", "REMOVE"]
    modify = events[1]
    assert modify["dynamodb"]["OldImage"] == {
        "id": {"S": "a1"},
        "price": {"N": "12.5"},
        "tags": {"SS": ["x"]},
    }
    assert modify["dynamodb"]["NewImage"] == {"id": {"S": "a1"}, "price": {"N": "0.1"}}
    assert type(modify["dynamodb"]["ApproximateCreationDateTime"]) is int
    assert "/stream/" in modify["eventSourceARN"]
    assert set(modify) == {
        "eventID", "eventName", "eventVersion", "eventSource", "awsRegion", "dynamodb", "eventSourceARN",
    }  # fmt: skip
    assert "OldImage" not in events[0]["dynamodb"]
    assert "NewImage" not in events[2]["dynamodb"]


def test_a_killed_pipe_goes_on_and_loses_nothing(stack: Stack) -> None:
    written = 0
    for _ in range(3):
        process = stack.start("pipe")
        for _ in range(60):
            _put(stack, f"k{written}")
            written += 1
        process.kill()
        process.wait()
    with stack.mover("pipe"):
        expected = {f"k{number}" for number in range(written)}
        wait_for(
            lambda: {event["dynamodb"]["Keys"]["id"]["S"] for event in stream_events(stack, "k")} == expected,
            "every order in Kinesis",
        )


def test_a_stopped_and_started_pipe_sends_nothing_twice(stack: Stack) -> None:
    for number in range(3):
        with stack.mover("pipe"):
            _put(stack, f"s{number}")
            wait_for(lambda: len(stream_events(stack, "s")) > number, "the order")  # noqa: B023 - called at once
    assert len(stream_events(stack, "s")) == 3


def test_a_record_too_large_for_kinesis_ends_alone_in_the_queue(stack: Stack) -> None:
    for number in range(5):
        _put(stack, f"p{number}", note={"S": "x"})
    _put(stack, "poison", note={"S": '"' * 370_000})
    _put(stack, "poison", note={"S": '"' * 370_001})
    for number in range(5, 10):
        _put(stack, f"p{number}", note={"S": "x"})
    with stack.mover("pipe"):
        events = wait_for(
            lambda: len(found := stream_events(stack, "p")) >= 11 and found, "all but the poison"
        )
        [message] = wait_for(lambda: dead_letters(stack), "the dead letter")
    assert len(events) == 11  # ten, and the poison's first version
    assert message["context"]["condition"] == "RetryAttemptsExhausted"
    place = message["DDBStreamBatchInfo"]
    assert place["batchSize"] == 1
    streams = stack.client("dynamodbstreams")
    iterator = streams.get_shard_iterator(
        StreamArn=place["streamArn"],
        ShardId=place["shardId"],
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=place["startSequenceNumber"],
    )["ShardIterator"]
    record = streams.get_records(ShardIterator=iterator, Limit=1)["Records"][0]["dynamodb"]
    assert len(record["NewImage"]["note"]["S"]) == 370_001
    assert record["SequenceNumber"] == place["endSequenceNumber"]


def test_a_refused_target_ends_in_queue_and_log(stack: Stack) -> None:
    allow = stack.policy("PipeRole", "kinesis:PutRecords")
    try:
        with stack.mover("pipe"):
            _put(stack, "refused1")
            [message] = wait_for(lambda: dead_letters(stack), "the dead letter")
    finally:
        allow()
    assert message["DDBStreamBatchInfo"]["batchSize"] == 1
    logs, group = stack.client("logs"), "/aws/vendedlogs/pipes/m"
    entries = [json.loads(event["message"]) for event in logs.filter_log_events(logGroupName=group)["events"]]
    refused = [entry for entry in entries if "AccessDenied" in entry["error"]["message"]]
    assert {entry["messageType"] for entry in refused} == {"TARGET_INVOCATION_FAILED"}
    assert {entry["error"]["awsService"] for entry in refused} == {"kinesis"}


def test_a_refused_queue_keeps_the_records_in_the_stream(stack: Stack) -> None:
    _put(stack, "delivered1")
    with stack.mover("pipe"):
        wait_for(lambda: stream_events(stack, "delivered1"), "the order before")
    allow = stack.policy("PipeRole", "kinesis:PutRecords", "sqs:SendMessage")
    try:
        with stack.mover("pipe"):
            before = stack.checkpoint("pipe")
            _put(stack, "kept1")
            wait_for(lambda: "SendMessage" in stack.log("pipe"), "the refusal")
    finally:
        allow()
    assert stack.checkpoint("pipe") == before
    with stack.mover("pipe"):
        wait_for(lambda: stream_events(stack, "kept"), "the order")


def test_a_half_checkpoint_is_set_aside_and_the_stream_read_anew(stack: Stack) -> None:
    path = stack.state / "checkpoints" / "pipe.json"
    half = path.read_text()[:40]
    path.write_text(half)
    aside = path.with_name("pipe.json.broken")
    with stack.mover("pipe"):
        _put(stack, "half1")
        wait_for(lambda: stream_events(stack, "half1"), "the order")
        assert condition.read(State(stack.state), "pipe").at_work
    assert aside.read_text() == half
    assert f"{aside} is not a checkpoint" in stack.log("pipe")
    aside.unlink()


def test_a_stopped_pipe_rests_until_it_is_started(stack: Stack) -> None:
    pipes, name = stack.client("pipes"), stack.outputs()["Pipe"]
    _put(stack, "rest0")
    with stack.mover("pipe"):
        wait_for(lambda: stream_events(stack, "rest0"), "the pipe to run")
        pipes.stop_pipe(Name=name)
        wait_for(lambda: stack.log("pipe").rstrip().endswith("changed"), "the pipe to stop")
        _put(stack, "rest1")
        assert stream_events(stack, "rest1") == []
        pipes.start_pipe(Name=name)
        wait_for(lambda: stream_events(stack, "rest1"), "the order")
