"""The pipe where its target or its source fails: on a real emulator, the faults put in on the wire."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.local.movers.faults import Answer, Call, LostAnswerError, Proxy, behind, error
from tests.local.movers.records import dead_letters, stream_events
from tests.local.movers.stack import Stack
from tests.waiting import wait_for

THROTTLED = "ProvisionedThroughputExceededException"
Entry = dict[str, Any]


def _put(stack: Stack, *ids: str) -> None:
    for order_id in ids:
        stack.client("dynamodb").put_item(TableName=stack.outputs()["Table"], Item={"id": {"S": order_id}})


def _sent(stack: Stack, start: str) -> Counter[str]:
    return Counter(event["dynamodb"]["Keys"]["id"]["S"] for event in stream_events(stack, start))


def _refusing(code: str, refused: Callable[[Entry], bool]) -> Callable[[Call], Answer | None]:
    """PutRecords that takes the other entries and refuses these, as Kinesis does: status 200."""

    def rule(call: Call) -> Answer | None:
        if not call.operation.endswith(".PutRecords"):
            return None
        request = call.json()
        entries = request["Records"]
        refusals = [refused(entry) for entry in entries]
        if not any(refusals):
            return None
        taken = [entry for entry, no in zip(entries, refusals, strict=True) if not no]
        results: list[dict[str, Any]] = []
        if taken:
            answer = call.forward(json.dumps({**request, "Records": taken}).encode())
            assert answer.status == 200
            results = json.loads(answer.body)["Records"]
        results.reverse()
        merged = [{"ErrorCode": code, "ErrorMessage": "no"} if no else results.pop() for no in refusals]
        body = {"FailedRecordCount": sum(refusals), "Records": merged}
        return Answer(200, json.dumps(body).encode(), {"Content-Type": "application/x-amz-json-1.1"})

    return rule


def _log_entries(stack: Stack) -> list[dict[str, Any]]:
    events = stack.client("logs").filter_log_events(logGroupName="/aws/vendedlogs/pipes/m")["events"]
    return [json.loads(event["message"]) for event in events]


def test_entries_that_kinesis_refuses_once_are_sent_again_and_no_others(stack: Stack, faults: Proxy) -> None:
    seen: Counter[str] = Counter()

    def every_third_once(entry: Entry) -> bool:
        key = entry["PartitionKey"]
        seen[key] += 1
        return key.startswith("once") and int(key[4:]) % 3 == 0 and seen[key] == 1

    ids = [f"once{number}" for number in range(30)]
    _put(stack, *ids)
    faults.rule = _refusing(THROTTLED, every_third_once)
    with behind(faults, stack).mover("pipe"):
        wait_for(lambda: len(_sent(stack, "once")) == 30, "every order")
    assert _sent(stack, "once") == Counter(ids)  # each exactly once
    assert dead_letters(stack) == []
    assert faults.calls >= 1
    partly = [e for e in _log_entries(stack) if e["messageType"] == "TARGET_INVOCATION_PARTIALLY_FAILED"]
    assert any(THROTTLED in entry["error"]["message"] for entry in partly)


def test_entries_refused_again_and_again_end_in_the_queue_and_no_others(stack: Stack, faults: Proxy) -> None:
    bad = {"part2", "part3", "part7"}
    faults.rule = _refusing(THROTTLED, lambda entry: entry["PartitionKey"] in bad)
    ids = [f"part{number}" for number in range(10)]
    _put(stack, *ids)
    with behind(faults, stack).mover("pipe"):
        messages = wait_for(lambda: len(found := _letters(stack, 2)) == 2 and found, "two dead letters")
        wait_for(lambda: len(_sent(stack, "part")) == 7, "the other seven")
    assert _sent(stack, "part") == Counter(set(ids) - bad)
    # Neighbours share a message; reading between its two numbers gives the refused records and no others.
    assert {tuple(_pointed_at(stack, message)) for message in messages} == {("part2", "part3"), ("part7",)}
    assert {message["context"]["condition"] for message in messages} == {"RetryAttemptsExhausted"}


def _letters(stack: Stack, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    deadline = time.monotonic() + 20
    while len(found) < count and time.monotonic() < deadline:
        found += dead_letters(stack)
        time.sleep(0.1)
    return found


def _pointed_at(stack: Stack, message: dict[str, Any]) -> list[str]:
    """Orders of the stream records from a dead letter's first sequence number to its last."""
    place = message["DDBStreamBatchInfo"]
    streams = stack.client("dynamodbstreams")
    iterator = streams.get_shard_iterator(
        StreamArn=place["streamArn"],
        ShardId=place["shardId"],
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=place["startSequenceNumber"],
    )["ShardIterator"]
    records = streams.get_records(ShardIterator=iterator, Limit=place["batchSize"])["Records"]
    assert records[-1]["dynamodb"]["SequenceNumber"] == place["endSequenceNumber"]
    return [record["dynamodb"]["Keys"]["id"]["S"] for record in records]


def test_kinesis_own_faults_do_not_use_up_attempts(stack: Stack, faults: Proxy) -> None:
    tries: Counter[str] = Counter()

    def five_times(entry: Entry) -> bool:
        tries[entry["PartitionKey"]] += 1
        return entry["PartitionKey"] == "inner1" and tries["inner1"] <= 5

    faults.rule = _refusing("InternalFailure", five_times)
    _put(stack, "inner0", "inner1")
    with behind(faults, stack).mover("pipe"):
        wait_for(lambda: _sent(stack, "inner") == Counter(["inner0", "inner1"]), "both orders")
    assert tries["inner1"] == 6  # MaximumRetryAttempts is 1
    assert dead_letters(stack) == []


def test_a_lost_answer_repeats_records_and_loses_none(stack: Stack, faults: Proxy) -> None:
    lost: list[int] = []

    def rule(call: Call) -> Answer | None:
        if call.operation.endswith(".PutRecords") and not lost and b'"twin' in call.body:
            lost.append(len(call.json()["Records"]))
            assert call.forward().status == 200
            raise LostAnswerError
        return None

    faults.rule = rule
    ids = [f"twin{number}" for number in range(5)]
    _put(stack, *ids)
    with behind(faults, stack).mover("pipe"):
        wait_for(lambda: sum(_sent(stack, "twin").values()) == 5 + lost[0] if lost else False, "the repeat")
    assert set(_sent(stack, "twin")) == set(ids)
    assert set(_sent(stack, "twin").values()) <= {1, 2}


def test_a_batch_refused_for_its_content_is_halved_to_the_poison(stack: Stack, faults: Proxy) -> None:
    sizes: list[int] = []

    def rule(call: Call) -> Answer | None:
        if not call.operation.endswith(".PutRecords") or b'"half' not in call.body:
            return None
        keys = [entry["PartitionKey"] for entry in call.json()["Records"]]
        sizes.append(len(keys))
        return error("ValidationException") if "half5" in keys else None

    ids = [f"half{number}" for number in range(8)]
    _put(stack, *ids)
    faults.rule = rule
    with behind(faults, stack).mover("pipe"):
        [message] = wait_for(lambda: _letters(stack, 1), "the dead letter")
        wait_for(lambda: len(_sent(stack, "half")) == 7, "the others")
    assert _sent(stack, "half") == Counter(set(ids) - {"half5"})
    assert _pointed_at(stack, message) == ["half5"]
    assert sizes == [8, 4, 4, 2, 1, 1, 1, 2]  # halves, the poison twice: once and MaximumRetryAttempts again


def test_records_older_than_the_maximum_age_end_in_the_queue(stack: Stack) -> None:
    pipes, name = stack.client("pipes"), stack.outputs()["Pipe"]
    kept = pipes.describe_pipe(Name=name)
    parameters = {
        key: value
        for key, value in kept["SourceParameters"]["DynamoDBStreamParameters"].items()
        if key != "StartingPosition"
    }

    def update(source: dict[str, Any]) -> None:
        pipes.update_pipe(
            Name=name, RoleArn=kept["RoleArn"], SourceParameters={"DynamoDBStreamParameters": source}
        )

    _put(stack, "aged0", "aged1")
    time.sleep(3.1)  # a record's time of creation is rounded down to the second
    update({**parameters, "MaximumRecordAgeInSeconds": 2})
    try:
        with stack.mover("pipe"):
            [message] = wait_for(lambda: _letters(stack, 1), "the dead letter")
            assert _pointed_at(stack, message) == ["aged0", "aged1"]
    finally:
        update({**parameters, "MaximumRecordAgeInSeconds": -1})
    assert message["context"]["condition"] == "RecordAgeExceeded"
    assert message["DDBStreamBatchInfo"]["batchSize"] == 2
    assert _sent(stack, "aged") == Counter()


@pytest.mark.parametrize(
    "code", ["ExpiredIteratorException", "ProvisionedThroughputExceededException", "InternalServerError"]
)
def test_a_source_that_refuses_to_be_read_is_read_on(stack: Stack, faults: Proxy, code: str) -> None:
    """Every other GetRecords fails; expired iterators among them are taken anew after the last record."""
    counter = iter(range(10**6))

    def rule(call: Call) -> Answer | None:
        if call.operation.endswith(".GetRecords") and next(counter) % 2:
            return error(code, 500 if code.startswith("Internal") else 400)
        return None

    faults.rule = rule
    start = code[:3].lower()
    ids = [f"{start}{number}" for number in range(20)]
    with behind(faults, stack).mover("pipe"):
        for order_id in ids:
            _put(stack, order_id)
        wait_for(lambda: len(_sent(stack, start)) == 20, "every order")
    assert _sent(stack, start) == Counter(ids)
    assert faults.calls > 0
