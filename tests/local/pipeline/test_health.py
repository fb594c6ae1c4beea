"""Health of a running stack: what fails, what CloudWatch knows, how fresh the lake is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from salescast.integrity import health
from salescast.integrity.health import Stage
from salescast.stack.services import log_metrics, metrics
from salescast.stack.stack import Stack

FAR_DATES = [f"2998-12-{day}" for day in range(10, 19)]


def stage(stack: Stack, name: str) -> Stage:
    (found,) = (one for one in health.stages(stack) if one.name == name)
    return found


class Log:
    """A log stream of the transformer's log group."""

    def __init__(self, stack: Stack, name: str) -> None:
        function = stack.output("TransformerFunction")
        configuration = stack.functions.get_function_configuration(FunctionName=function)
        self.logs = stack.logs
        self.stream = {
            "logGroupName": configuration["LoggingConfig"]["LogGroup"],
            "logStreamName": name,
        }
        self.logs.create_log_stream(**self.stream)

    def write(self, ago: timedelta, message: str) -> None:
        moment = round((datetime.now(UTC) - ago).timestamp() * 1000)
        events: Any = [{"timestamp": moment, "message": message}]
        self.logs.put_log_events(**self.stream, logEvents=events)  # type: ignore[arg-type]

    def refuse(self, ago: timedelta, reason: str, count: int) -> None:
        """The EMF line of a batch with `count` changes that failed for `reason`."""
        self.write(ago, json.dumps({"reason": reason, "RecordsFailedByReason": [float(count)]}))


@pytest.fixture
def log(stack: Stack, prefix: str) -> Iterator[Log]:
    made = Log(stack, prefix)
    yield made
    stack.logs.delete_log_stream(**made.stream)


@pytest.fixture
def starts(stack: Stack) -> Iterator[list[int]]:
    """From when on the log was asked for, of every call."""
    found: list[int] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        found.append(params["startTime"])

    event = "provide-client-params.cloudwatch-logs.FilterLogEvents"
    stack.logs.meta.events.register(event, note)
    yield found
    stack.logs.meta.events.unregister(event, note)


def test_reasons_of_24_hours_are_counted_once_though_read_again_and_again(
    stack: Stack, log: Log, prefix: str, starts: list[int]
) -> None:
    sums = log_metrics.Sums("RecordsFailedByReason", "reason")
    log.refuse(timedelta(hours=25), prefix, 1000)
    log.refuse(timedelta(hours=23), prefix, 100)
    log.refuse(timedelta(minutes=10), prefix, 10)
    log.refuse(timedelta(minutes=1), prefix, 1)
    log.write(timedelta(minutes=1), 'no EMF line, though "RecordsFailedByReason" stands in it')
    assert sums.read(stack)[prefix] == 111
    assert sums.read(stack)[prefix] == 111
    # It happened before the last look and arrives after it.
    log.refuse(timedelta(minutes=2), prefix, 5)
    assert sums.read(stack)[prefix] == 116
    first, *later = starts
    assert len(later) == 2
    assert min(later) - first > 23 * 3_600_000, "the log is read whole only once"
    assert log_metrics.Sums("RecordsFailedByReason", "reason").read(stack)[prefix] == 116


def test_failing_counts_objects_messages_and_reasons(stack: Stack, log: Log, prefix: str) -> None:
    before = health.failing(stack)
    lake, queue = stack.output("Lake"), stack.output("DeadLetterQueue")
    keys = [f"errors/processing-failed/{prefix}", f"errors/backup/processing-failed/{prefix}"]
    for key in keys:
        stack.s3.put_object(Bucket=lake, Key=key, Body=b"")
    stack.sqs.send_message(QueueUrl=queue, MessageBody=prefix)
    log.refuse(timedelta(seconds=5), prefix, 3)
    try:
        now = health.failing(stack)
        assert now.errors == before.errors + 1, "what is under errors/backup/ did reach the lake"
        assert now.dead_letters == before.dead_letters + 1
        assert now.reasons[prefix] == 3
        assert list(now.reasons.values()) == sorted(now.reasons.values(), reverse=True)
        assert stage(stack, "errors/").detail == f"{now.errors} object(s)"
    finally:
        for key in keys:
            stack.s3.delete_object(Bucket=lake, Key=key)
        _take_message(stack, queue, prefix)


def _take_message(stack: Stack, queue: str, body: str) -> None:
    """Delete the message with this body, and show the others again at once."""
    others = []
    while messages := stack.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            if message["Body"] == body:
                stack.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            else:
                others.append(message["ReceiptHandle"])
    for handle in others:
        stack.sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)


@pytest.fixture
def alarm_states(stack: Stack) -> Iterator[None]:
    """Quiet alarms, and afterwards the states that they had: the emulator changes them when a metric is put,
    be it another test's.
    """

    def states() -> dict[str, Any]:
        names = list(stack.resources("AWS::CloudWatch::Alarm"))
        found = stack.cloudwatch.describe_alarms(AlarmNames=names, MaxRecords=100)["MetricAlarms"]
        return {alarm["AlarmName"]: alarm["StateValue"] for alarm in found}

    before = states()
    for name, state in before.items():
        if state == "ALARM":
            stack.cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="test")
    yield
    for name, state in states().items():
        if state != before[name]:
            stack.cloudwatch.set_alarm_state(AlarmName=name, StateValue=before[name], StateReason="test")


def test_a_raised_alarm_is_named(stack: Stack, alarm_states: None) -> None:
    quiet = stage(stack, "alarms")
    assert quiet.health == health.OK
    names = {logical: name for name, logical in stack.resources("AWS::CloudWatch::Alarm").items()}
    assert quiet.detail.startswith(f"none of {len(names)} raised")
    for logical in ("PipeFailingAlarm", "FreshnessAlarm"):
        stack.cloudwatch.set_alarm_state(AlarmName=names[logical], StateValue="ALARM", StateReason="test")
    raised = stage(stack, "alarms")
    assert raised.health == health.WARNING
    told = f"2 of {len(names)} raised: FreshnessAlarm, PipeFailingAlarm; see docs/operations.md"
    assert raised.detail == told


def test_metrics_of_the_services_are_told_in_their_stages(stack: Stack, alarm_states: None) -> None:
    """They are put so far back that they are forgotten three minutes later."""
    ago = timedelta(minutes=metrics.MINUTES - 3)
    pipe = stack.resource("AWS::Pipes::Pipe")
    function, stream = stack.output("TransformerFunction"), stack.output("OrderStream")
    delivery = stack.output("DeliveryStream")
    assert "old" not in stage(stack, "delivery stream").detail
    before = metrics.read(stack)

    def put(namespace: str, name: str, dimension: str, of: str, value: float, ago: timedelta) -> None:
        stack.cloudwatch.put_metric_data(
            Namespace=namespace,
            MetricData=[
                {
                    "MetricName": name,
                    "Dimensions": [{"Name": dimension, "Value": of}],
                    "Timestamp": datetime.now(UTC) - ago,
                    "Value": value,
                }
            ],
        )

    fresh = ("AWS/Firehose", "DeliveryToS3.DataFreshness", "DeliveryStreamName", delivery)
    put(*fresh, 30, ago + timedelta(minutes=2))
    assert stage(stack, "delivery stream") == Stage(
        "delivery stream", health.OK, "ACTIVE, oldest change 30 s old"
    )
    put(*fresh, 960, ago)
    put("AWS/Kinesis", "WriteProvisionedThroughputExceeded", "StreamName", stream, 3, ago)
    put("AWS/Kinesis", "WriteProvisionedThroughputExceeded", "StreamName", stream, 4, timedelta(minutes=20))
    put("AWS/EventBridge/Pipes", "ExecutionFailed", "PipeName", pipe, 2, ago)
    put("AWS/EventBridge/Pipes", "ExecutionFailed", "PipeName", "another", 9, ago)
    put("AWS/Lambda", "Errors", "FunctionName", function, 1, ago)
    put("AWS/Lambda", "Throttles", "FunctionName", function, 5, ago)
    now = metrics.read(stack)
    assert (now.freshness, now.refused_writes, now.failed_executions) == (960, 3, 2)
    assert (now.errors, now.throttles) == ((before.errors or 0) + 1, (before.throttles or 0) + 5)
    found = {one.name: one for one in health.stages(stack)}
    late = "ACTIVE, oldest change 16 min old, above FreshnessLimit (15 min)"
    assert found["delivery stream"] == Stage("delivery stream", health.WARNING, late)
    assert found["pipe"] == Stage("pipe", health.WARNING, "RUNNING, 2 failed executions in 15 min")
    for name, told in (
        ("order stream", "3 writes refused in 15 min"),
        ("transformer", "throttles in 15 min"),
    ):
        assert found[name].health == health.WARNING
        assert told in found[name].detail


def test_the_lake_is_judged_by_its_newest_days_of_arrival(stack: Stack, prefix: str) -> None:
    lake = stack.output("Lake")
    # Names that begin with an underscore hold no rows.
    keys = [f"{health.LAKE}arrival_date={date}/_{prefix}" for date in FAR_DATES]
    try:
        for key in keys:
            stack.s3.put_object(Bucket=lake, Key=key, Body=b"x" * 100_000)
        found = stage(stack, "lake")
        assert found.health == health.OK
        assert "the last 7 of " in found.detail
        assert found.detail.endswith(" days of arrival: 7 objects, 0.7 MB")
        assert re.match(r"newest \d+ s old; ", found.detail)
    finally:
        for key in keys:
            stack.s3.delete_object(Bucket=lake, Key=key)
