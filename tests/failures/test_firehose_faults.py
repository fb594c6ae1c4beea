"""Firehose's failure matrix, row by row: on a real emulator, with its own failures or with faults put in on
the wire. Rows that test_firehose.py proves are not repeated; docs/failure-matrix.md lists all.
"""

from __future__ import annotations

import gzip
import json
from base64 import b64decode
from collections import Counter
from typing import Any
from urllib.parse import unquote

from tests.local.movers.faults import Answer, Call, LostAnswerError, Proxy, behind, error
from tests.local.movers.records import error_lines, lake_rows, send
from tests.local.movers.stack import Stack
from tests.waiting import wait_for

FAST = ("--fast", "120")
PROCESSING_FIELDS = {
    "attemptsMade", "arrivalTimestamp", "errorCode", "errorMessage", "attemptEndingTimestamp", "rawData",
    "lambdaARN",
}  # fmt: skip
CONVERSION_FIELDS = {
    "attemptsMade", "arrivalTimestamp", "lastErrorCode", "lastErrorMessage", "attemptEndingTimestamp",
    "rawData", "sequenceNumber", "subSequenceNumber", "dataCatalogTable",
}  # fmt: skip


def _invocation(call: Call) -> bool:
    return call.path.endswith("/invocations")


def _failed(stack: Stack, start: str, count: int) -> list[dict[str, Any]]:
    """The batch's lines under processing-failed/, once all are there."""
    lines: list[dict[str, Any]] = wait_for(
        lambda: len(found := error_lines(stack, "processing-failed", start)) == count and found,
        f"{count} errors",
    )
    assert all(set(line) == PROCESSING_FIELDS for line in lines)
    assert all(
        type(line["arrivalTimestamp"]) is type(line["attemptEndingTimestamp"]) is int for line in lines
    )
    assert all(line["attemptEndingTimestamp"] >= line["arrivalTimestamp"] for line in lines)
    assert {line["lambdaARN"].split(":")[-1] for line in lines} == {"$LATEST"}
    return lines


def _verdicts(lines: list[dict[str, Any]]) -> set[tuple[str, int]]:
    return {(line["errorCode"], line["attemptsMade"]) for line in lines}


def test_a_throttled_function_is_tried_again_then_the_batch_fails(stack: Stack) -> None:
    functions, name = stack.client("lambda"), stack.outputs()["Function"]
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        send(stack, {"id": "throttled-1"}, {"id": "throttled-2"}, key="same shard")
        with stack.mover("firehose", *FAST):
            lines = _failed(stack, "throttled", 2)
    finally:
        functions.delete_function_concurrency(FunctionName=name)
    assert _verdicts(lines) == {("Lambda.InvokeLimitExceeded", 2)}
    assert lake_rows(stack, "throttled") == []


def test_an_attempt_that_succeeds_leaves_no_error_and_keeps_the_record_ids(
    stack: Stack, faults: Proxy
) -> None:
    events: list[dict[str, Any]] = []

    def rule(call: Call) -> Answer | None:
        if not _invocation(call):
            return None
        events.append(call.json())
        return error("TooManyRequestsException", 429) if len(events) == 1 else None

    faults.rule = rule
    send(stack, {"id": "again-1"}, {"id": "again-2"}, key="same shard")
    with behind(faults, stack).mover("firehose", *FAST):
        wait_for(lambda: len(lake_rows(stack, "again")) == 2, "both rows")
    first, second = ([record["recordId"] for record in event["records"]] for event in events[:2])
    assert first == second
    assert events[0]["invocationId"] != events[1]["invocationId"]
    assert error_lines(stack, "processing-failed", "again") == []


def test_a_body_that_is_no_json_fails_the_batch_at_once(stack: Stack, faults: Proxy) -> None:
    faults.rule = lambda call: Answer(200, b"<html>no</html>") if _invocation(call) else None
    send(stack, {"id": "html-1"}, {"id": "html-2"}, key="same shard")
    with behind(faults, stack).mover("firehose", *FAST):
        lines = _failed(stack, "html", 2)
    assert _verdicts(lines) == {("Lambda.JsonProcessingException", 1)}
    assert faults.calls == 1


def test_a_response_over_six_megabytes_fails_the_batch(stack: Stack) -> None:
    send(stack, {"id": "huge-1"}, {"id": "huge-2", "mode": "huge"}, key="same shard")
    with stack.mover("firehose", *FAST):
        lines = _failed(stack, "huge", 2)
    assert _verdicts(lines) == {("Lambda.FunctionError", 2)}


def test_data_of_a_wrong_shape_fails_alone_under_its_type_and_day(stack: Stack) -> None:
    send(stack, {"id": "odd-1"}, {"id": "odd-2", "mode": "odd-data"}, key="same shard")
    with stack.mover("firehose", *FAST):
        [line] = _failed(stack, "odd", 1)
        wait_for(lambda: [row["id"] for row in lake_rows(stack, "odd")] == ["odd-1"], "the other row")
    assert _verdicts([line]) == {("Lambda.InvalidReturnFormat", 1)}
    assert json.loads(b64decode(line["rawData"])) == {"id": "odd-2", "mode": "odd-data"}  # as it was sent
    [key] = [key for key in stack.keys("errors/") if b"odd-2" in _raw(stack, key)]
    kind, year, month, day, name = key.removeprefix("errors/").split("/")
    assert kind == "processing-failed"
    assert name.startswith(f"{stack.outputs()['Delivery']}-1-{year}-{month}-{day}-")


def test_what_cannot_be_converted_fails_alone_with_fields_of_its_own(stack: Stack) -> None:
    send(
        stack,
        {"id": "conv-1"},
        {"id": "conv-2", "mode": "garbage"},
        {"id": "conv-3", "mode": "array"},
        {"id": "conv-4", "n": 2**31},
        key="same shard",
    )
    with stack.mover("firehose", *FAST):
        wait_for(lambda: [row["id"] for row in lake_rows(stack, "conv")] == ["conv-1"], "the row that fits")
        lines = wait_for(lambda: len(found := _conversion_errors(stack)) == 3 and found, "three errors")
    assert all(set(line) == CONVERSION_FIELDS for line in lines)
    # rawData is what the function answered; which of the two AWS keeps is open (docs/aws-behaviour.md 4.3).
    found = {b64decode(line["rawData"])[:12]: line["lastErrorCode"] for line in lines}
    assert found == {
        b"id: conv-2": "DataFormatConversion.ParseError",
        b'[{"id": "con': "DataFormatConversion.MalformedData",
        b'{"id": "conv': "DataFormatConversion.MalformedData",
    }
    assert {line["dataCatalogTable"]["tableName"] for line in lines} == {"rows"}


def _conversion_errors(stack: Stack) -> list[dict[str, Any]]:
    keys = stack.keys("errors/format-conversion-failed/")
    return [json.loads(line) for key in keys for line in stack.read(key).splitlines()]


def _raw(stack: Stack, key: str) -> bytes:
    return b"\n".join(b64decode(json.loads(line)["rawData"]) for line in stack.read(key).splitlines())


def test_a_bucket_that_refuses_for_a_while_loses_and_repeats_nothing(stack: Stack) -> None:
    """Rows, errors and the backup wait alike; Firehose is not restarted in between."""
    s3, lake = stack.client("s3"), stack.outputs()["Lake"]
    role = stack.client("iam").get_role(RoleName=stack.outputs()["DeliveryRole"])["Role"]["Arn"]
    deny = {
        "Effect": "Deny",
        "Principal": {"AWS": role},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{lake}/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    s3.put_bucket_policy(Bucket=lake, Policy=policy)
    ids = [f"shut-{number}" for number in range(50)]
    try:
        with stack.mover("firehose", *FAST):
            before = stack.log("firehose").count("S3.AccessDenied")
            send(stack, *[{"id": one} for one in ids], {"id": "shut-bad", "mode": "fail"})
            wait_for(lambda: stack.log("firehose").count("S3.AccessDenied") > before + 2, "refusals")
            assert lake_rows(stack, "shut") == []
            s3.delete_bucket_policy(Bucket=lake)
            wait_for(lambda: len(lake_rows(stack, "shut")) >= 50, "every row")
            wait_for(lambda: error_lines(stack, "processing-failed", "shut"), "the error")
            wait_for(lambda: b"shut-bad" in _backup(stack), "the backup")
    finally:
        s3.delete_bucket_policy(Bucket=lake)
    assert Counter(row["id"] for row in lake_rows(stack, "shut")) == Counter(ids)
    assert len(error_lines(stack, "processing-failed", "shut")) == 1
    assert _backup(stack).count(b'"shut-') == 51


def _backup(stack: Stack) -> bytes:
    return b"".join(gzip.decompress(stack.read(key)) for key in stack.keys("raw/"))


def test_a_schema_that_cannot_be_read_waits(stack: Stack) -> None:
    allow = stack.policy("DeliveryRole", "glue:GetTable")
    try:
        send(stack, {"id": "schema-1"})
        with stack.mover("firehose", *FAST):
            wait_for(lambda: "GetTable: AccessDenied" in stack.log("firehose"), "the refusal")
            assert lake_rows(stack, "schema") == []
            allow()
            wait_for(lambda: len(lake_rows(stack, "schema")) == 1, "the row")
    finally:
        allow()
    assert error_lines(stack, "processing-failed", "schema") == []


def test_slow_s3_and_a_lost_answer_make_one_object(stack: Stack, faults: Proxy) -> None:
    """The second attempt writes the same key, so that even a lost answer repeats nothing."""
    tries: list[str] = []

    def rule(call: Call) -> Answer | None:
        if call.method != "PUT" or "/curated/rows/" not in unquote(call.path):
            return None
        tries.append(call.path)
        if len(tries) == 1:
            return Answer(503, b"<Error><Code>SlowDown</Code><Message>no</Message></Error>")
        if len(tries) == 2:
            assert call.forward().status == 200
            raise LostAnswerError
        return None

    faults.rule = rule
    send(stack, {"id": "slow-1"})
    before = len(stack.keys("curated/rows/"))
    with behind(faults, stack).mover("firehose", *FAST):
        wait_for(lambda: len(tries) == 3, "three attempts")
        wait_for(lambda: len(lake_rows(stack, "slow")) == 1, "the row")
    assert len(set(tries)) == 1
    assert len(stack.keys("curated/rows/")) == before + 1


def test_expired_iterators_are_taken_anew_without_a_gap(stack: Stack, faults: Proxy) -> None:
    expired: list[str] = []

    def rule(call: Call) -> Answer | None:
        # Every third page: MiniStack's iterators live five minutes, which no test can wait for.
        if call.operation.endswith(".GetRecords"):
            expired.append(call.operation)
            return error("ExpiredIteratorException") if len(expired) % 3 == 0 else None
        return None

    faults.rule = rule
    ids = [f"iter-{number}" for number in range(60)]
    with behind(faults, stack).mover("firehose", *FAST):
        for start in range(0, 60, 10):
            send(stack, *[{"id": one} for one in ids[start : start + 10]])
        wait_for(lambda: len(lake_rows(stack, "iter")) >= 60, "every row")
    assert Counter(row["id"] for row in lake_rows(stack, "iter")) == Counter(ids)
    assert faults.calls > 0
    assert "the iterator expired" in stack.log("firehose")
