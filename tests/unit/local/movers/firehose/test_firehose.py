"""Firehose's rules: configuration, batches, verdicts, invocations, delivery."""

from __future__ import annotations

import decimal
import json
import threading
from base64 import b64encode
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given, settings
from hypothesis import strategies as st

from salescast.local.movers.firehose import delivery as firehose_delivery
from salescast.local.movers.firehose import destination as firehose_destination
from salescast.local.movers.firehose import processing as firehose_processing
from salescast.local.movers.firehose.batch import MAX_PAYLOAD, Batch, Source
from salescast.local.movers.firehose.config import (
    FirehoseConfig,
    Hints,
    UnsupportedStreamError,
    from_description,
)
from salescast.local.movers.firehose.delivery import Delivery
from salescast.local.movers.firehose.destination import Destinations
from salescast.local.movers.firehose.log import FirehoseLog
from salescast.local.movers.firehose.processing import Function, Outcome, StoppedError
from salescast.local.movers.firehose.response import Accepted, BatchError, Rejected, verdicts
from salescast.local.movers.formats.conversion import Converter
from salescast.local.movers.progress import Progress
from salescast.local.movers.shard import after, at
from salescast.stack import condition
from salescast.stack.state import State

ROLE = "arn:aws:iam::000000000000:role/r"


def _description(**s3: Any) -> dict[str, Any]:
    destination = {
        "RoleARN": ROLE,
        "BucketARN": "arn:aws:s3:::lake",
        "Prefix": "rows/day=!{timestamp:yyyy-MM-dd}/",
        "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
        "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
        "ProcessingConfiguration": {
            "Enabled": True,
            "Processors": [
                {
                    "Type": "Lambda",
                    "Parameters": [
                        {
                            "ParameterName": "LambdaArn",
                            "ParameterValue": "arn:aws:lambda:us-east-1:0:function:f",
                        }
                    ],
                }
            ],
        },
        "DataFormatConversionConfiguration": {
            "Enabled": True,
            "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
            "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
            "SchemaConfiguration": {"RoleARN": ROLE, "DatabaseName": "d", "TableName": "t"},
        },
        **s3,
    }
    source = {"KinesisStreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/s", "RoleARN": ROLE}
    return {
        "DeliveryStreamName": "orders",
        "DeliveryStreamARN": "arn:aws:firehose:us-east-1:000000000000:deliverystream/orders",
        "VersionId": "1",
        "Source": {"KinesisStreamSourceDescription": source},
        "Destinations": [{"ExtendedS3DestinationDescription": destination}],
    }


def _source(number: int, data: bytes = b"{}") -> Source:
    return Source(f"{number:056d}", 1_795_000_000_000 + number, b64encode(data).decode(), f'k"{number}')


def _batch(*sources: Source) -> Batch:
    batch = Batch("shardId-1", 0.0)
    for source in sources:
        batch.add(source)
    return batch


# Configuration


def test_defaults_and_the_divided_interval() -> None:
    config = from_description(_description(), fast=4)
    assert config.hints == Hints(64 * 1024 * 1024, 15.0)
    assert config.processing.hints == Hints(1024 * 1024, 15.0)
    assert config.processing.retries == 3
    assert config.extension == ".parquet"
    assert config.backup is None


@pytest.mark.parametrize(
    ("s3", "named"),
    [
        ({"ProcessingConfiguration": {"Processors": []}}, "Lambda"),
        ({"ProcessingConfiguration": {"Enabled": False}}, "Lambda"),
        ({"ErrorOutputPrefix": ""}, "ErrorOutputPrefix"),
        ({"ErrorOutputPrefix": "errors/!{timestamp:yyyy}/"}, "error-output-type"),
        ({"Prefix": "rows/day=!{partitionKeyFromLambda:day}/"}, "partitionKeyFromLambda"),
        ({"DynamicPartitioningConfiguration": {"Enabled": True}}, "dynamic partitioning"),
        ({"CustomTimeZone": "Nowhere/Town"}, "Nowhere"),
    ],
)
def test_a_configuration_that_cannot_run_is_named(s3: dict[str, Any], named: str) -> None:
    with pytest.raises(UnsupportedStreamError, match=named):
        from_description(_description(**s3))


# The batch and its event


def test_the_event_is_what_firehose_sends() -> None:
    config = from_description(_description())
    event = json.loads(_batch(_source(1, b"one"), _source(2, b"two")).event(config))
    assert event["sourceKinesisStreamArn"] == config.source
    assert event["deliveryStreamArn"] == config.arn
    assert event["region"] == "us-east-1"
    assert event["records"][1] == {
        "recordId": f"{2:056d}",
        "approximateArrivalTimestamp": 1_795_000_000_002,
        "data": b64encode(b"two").decode(),
        "kinesisRecordMetadata": {
            "shardId": "shardId-1",
            "partitionKey": 'k"2',
            "approximateArrivalTimestamp": 1_795_000_000_002,
            "sequenceNumber": f"{2:056d}",
            "subsequenceNumber": 0,
        },
    }


@settings(max_examples=20, deadline=None)
@given(size=st.integers(0, 2000), key=st.text(min_size=1, max_size=256), most=st.integers(200_000, 3_000_000))
def test_a_payload_stays_under_six_megabytes(size: int, key: str, most: int) -> None:
    source = Source("4" * 56, 1_795_000_000_000, b64encode(bytes(size)).decode(), key)
    batch = _batch()
    while not batch.full(most, source):
        batch.add(source)
    payload = batch.event(from_description(_description()))
    assert len(payload) <= 6 * 1024 * 1024
    assert batch.size <= most
    assert batch.payload <= MAX_PAYLOAD


# Verdicts (docs/aws-behaviour.md 2.4)


def _answer(source: Source, **more: Any) -> dict[str, Any]:
    return {"recordId": source.sequence_number, "result": "Ok", "data": "b2s=", **more}


def _response(*answers: Any) -> bytes:
    return json.dumps({"records": answers}).encode()


def test_every_record_gets_one_verdict() -> None:
    sources = [_source(number) for number in range(7)]
    body = _response(
        _answer(sources[0]),
        {"recordId": sources[1].sequence_number, "result": "Dropped"},
        {"recordId": sources[2].sequence_number, "result": "ProcessingFailed"},
        _answer(sources[4]),
        _answer(sources[4]),
        {"recordId": sources[5].sequence_number, "result": "Ok"},
        _answer(_source(99)),
        _answer(sources[6], data=None),
    )
    accepted, rejected = verdicts(sources, body)
    assert accepted == [Accepted(sources[0], b"ok")]
    assert [(item.source, item.code) for item in rejected] == [
        (sources[2], "Lambda.ProcessingFailedStatus"),
        (sources[3], "Lambda.MissingRecordId"),
        (sources[4], "Lambda.DuplicatedRecordId"),
        (sources[5], "Lambda.InvalidReturnFormat"),
        (sources[6], "Lambda.InvalidReturnFormat"),
    ]


@pytest.mark.parametrize(
    "body", [b"{}", b"null", b"[]", b'"nothing"', b'{"records": null}', b'{"records": [1, {}]}']
)
def test_a_body_without_the_records_misses_them_all(body: bytes) -> None:
    _, rejected = verdicts([_source(1), _source(2)], body)
    assert {item.code for item in rejected} == {"Lambda.MissingRecordId"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"not json", "Lambda.JsonProcessingException"),
        (_response(_answer(_source(1)), _answer(_source(2), result="ok")), "Lambda.InvalidReturnFormat"),
        (_response(_answer(_source(1)), _answer(_source(2), data="*")), "Lambda.InvalidReturnFormat"),
        (_response(_answer(_source(1)), _answer(_source(2), data="b2s")), "Lambda.InvalidReturnFormat"),
    ],
)
def test_some_answers_fail_the_whole_batch(body: bytes, code: str) -> None:
    with pytest.raises(BatchError) as caught:
        verdicts([_source(1), _source(2)], body)
    assert caught.value.code == code


# Invoking


class Lambda:
    """Answers invoke with a body, a function error (body, True), or an exception, in turn."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.payloads: list[dict[str, Any]] = []

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        self.payloads.append(json.loads(Payload))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        body, failed = answer if isinstance(answer, tuple) else (answer, False)
        return {"Payload": BytesIO(body), **({"FunctionError": "Unhandled"} if failed else {})}


def _transformed(function: Any, batch: Batch, stop: threading.Event | None = None) -> Outcome:
    return Function(function, from_description(_description()), stop or threading.Event()).transform(batch)


def _refused(code: str, status: int) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Invoke")


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firehose_processing, "FIRST_PAUSE_SECONDS", 0.0001)
    monkeypatch.setattr(firehose_destination, "FIRST_PAUSE_SECONDS", 0.01)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((b'{"errorMessage": "boom"}', True), "Lambda.FunctionError"),
        ((b'{"errorMessage": "x Task timed out after 3.00 seconds"}', True), "Lambda.FunctionTimedOut"),
        (_refused("TooManyRequestsException", 429), "Lambda.InvokeLimitExceeded"),
        (_refused("AccessDeniedException", 403), "Lambda.InvokeAccessDenied"),
        (b" " * (6 * 1024 * 1024 + 1), "Lambda.FunctionError"),
    ],
)
def test_a_failed_attempt_is_tried_again_then_the_batch_fails(answer: Any, code: str) -> None:
    function = Lambda(answer)
    batch = _batch(_source(1), _source(2))
    outcome = _transformed(function, batch)
    assert outcome.attempts == 4
    assert [item.code for item in outcome.rejected] == [code, code]
    assert len({payload["invocationId"] for payload in function.payloads}) == 4
    ids = [[record["recordId"] for record in payload["records"]] for payload in function.payloads]
    assert ids == [ids[0]] * 4


def test_an_attempt_that_succeeds_ends_the_failure() -> None:
    function = Lambda((b"", True), _response(_answer(_source(1))))
    outcome = _transformed(function, _batch(_source(1)))
    assert (outcome.attempts, len(outcome.accepted), outcome.rejected) == (2, 1, [])


def test_a_wrong_answer_is_not_tried_again() -> None:
    function = Lambda(b"not json")
    outcome = _transformed(function, _batch(_source(1)))
    assert (outcome.attempts, len(function.payloads)) == (1, 1)


def test_lambdas_own_faults_do_not_count() -> None:
    faults = [_refused("ServiceException", 500), EndpointConnectionError(endpoint_url="x")] * 5
    function = Lambda(*faults, _response(_answer(_source(1))))
    outcome = _transformed(function, _batch(_source(1)))
    assert (outcome.attempts, len(function.payloads)) == (1, 11)


def test_stopping_leaves_the_batch() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        _transformed(Lambda((b"", True)), _batch(_source(1)), stop)


# Delivery


class S3:
    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.objects: dict[str, bytes] = {}
        self.tried: list[str] = []

    def put_object(self, Bucket: str, Key: str, Body: Any) -> None:  # noqa: N803
        self.tried.append(Key)
        if self.failures:
            self.failures -= 1
            raise _refused("ServiceUnavailable", 503)
        self.objects[Key] = Body if isinstance(Body, bytes) else Body.read()


class FixedTable:
    def converter(self) -> Converter:
        return Converter([("n", "int")])


def _delivery(
    config: FirehoseConfig,
    s3: Any,
    progress: Progress,
    folder: Path,
    report: condition.Report | None = None,
) -> Delivery:
    logs: Any = None  # nothing is logged
    log = FirehoseLog(logs, config, None)
    table: Any = FixedTable()
    return Delivery(config, Destinations(s3, table, log, s3, log), progress, folder, condition=report)


def _taken(delivery: Delivery, progress: Progress, *accepted: tuple[Source, bytes]) -> None:
    batch = _batch(*[source for source, _ in accepted])
    progress.add(batch)
    progress.read(batch.shard_id, accepted[-1][0].sequence_number)
    delivery.take(batch, Outcome([Accepted(*item) for item in accepted], [], 1))
    progress.remove(batch)


def test_one_object_of_rows_and_error_objects_beside(tmp_path: Path) -> None:
    s3, progress = S3(), Progress()
    delivery = _delivery(from_description(_description()), s3, progress, tmp_path)
    rows = [(_source(number), b'{"n":%d}' % number) for number in (1, 2)]
    _taken(delivery, progress, *rows, (_source(3), b'{"n":"x"}'))
    batch, failed = _batch(_source(4, b"orig")), Rejected(_source(4, b"orig"), "Lambda.MissingRecordId", "m")
    delivery.take(batch, Outcome([], [failed], 2))
    progress.read(batch.shard_id, _source(4).sequence_number)
    assert progress.positions() == {"shardId-1": at(_source(1).sequence_number)}
    delivery.finish(30)
    assert progress.positions() == {"shardId-1": after(_source(4).sequence_number)}
    folders = sorted(key.rpartition("/")[0] for key in s3.objects)
    assert folders == ["errors/format-conversion-failed", "errors/processing-failed", "rows/day=2026-11-18"]
    errors = {key.split("/")[1]: body for key, body in s3.objects.items() if key.startswith("errors/")}
    [misfit] = [json.loads(line) for line in errors["format-conversion-failed"].splitlines()]
    assert misfit["lastErrorCode"] == "DataFormatConversion.MalformedData"
    assert misfit["rawData"] == b64encode(b'{"n":"x"}').decode()
    assert misfit["sequenceNumber"] == _source(3).sequence_number
    assert misfit["dataCatalogTable"]["tableName"] == "t"
    [line] = [json.loads(line) for line in errors["processing-failed"].splitlines()]
    assert (line["errorCode"], line["attemptsMade"]) == ("Lambda.MissingRecordId", 2)
    assert line["rawData"] == b64encode(b"orig").decode()
    assert line["lambdaARN"].endswith(":function:f:$LATEST")


def test_what_s3_refuses_is_tried_again_under_the_same_key(tmp_path: Path) -> None:
    s3, progress = S3(failures=3), Progress()
    delivery = _delivery(from_description(_description()), s3, progress, tmp_path)
    _taken(delivery, progress, (_source(1), b'{"n":1}'))
    delivery.finish(30)
    assert len(s3.tried) == 4
    assert len(set(s3.tried)) == 1
    assert progress.positions() == {"shardId-1": after(_source(1).sequence_number)}


def test_what_cannot_be_delivered_in_time_is_not_passed(tmp_path: Path) -> None:
    s3, progress = S3(failures=10**6), Progress()
    delivery = _delivery(from_description(_description()), s3, progress, tmp_path)
    _taken(delivery, progress, (_source(1), b'{"n":1}'))
    delivery.finish(0.1)
    assert progress.positions() == {"shardId-1": at(_source(1).sequence_number)}


def test_too_much_is_delivered_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firehose_delivery, "MAX_BUFFERED", 1000)
    monkeypatch.setattr(firehose_delivery, "MAX_WAITING", 3000)
    s3, progress = S3(failures=1), Progress()
    monkeypatch.setattr(firehose_destination, "FIRST_PAUSE_SECONDS", 0.3)
    delivery = _delivery(from_description(_description()), s3, progress, tmp_path)
    padding = b" " * 1500
    _taken(delivery, progress, (_source(1), b'{"n":1}' + padding))
    delivery.deliver_due()
    assert not delivery.overfull
    _taken(delivery, progress, (_source(3), b'{"n":1}' + padding))
    assert delivery.overfull  # the first is still on its way
    delivery.finish(30)
    assert not delivery.overfull
    assert len([key for key in s3.objects if key.startswith("rows/day=")]) == 2


def test_the_backup_holds_the_position_too(tmp_path: Path) -> None:
    backup = {
        "S3BackupMode": "Enabled",
        "S3BackupDescription": {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::lake", "Prefix": "raw/"},
    }
    s3, progress = S3(), Progress()
    delivery = _delivery(from_description(_description(**backup)), s3, progress, tmp_path)
    sources = [_source(1, b"one"), _source(2, b"two")]
    delivery.back_up("shardId-1", sources)
    progress.read("shardId-1", sources[-1].sequence_number)
    assert progress.positions() == {"shardId-1": at(sources[0].sequence_number)}
    delivery.finish(30)
    assert [body for key, body in s3.objects.items() if key.startswith("raw/20")] == [b"onetwo"]
    assert progress.positions() == {"shardId-1": after(sources[-1].sequence_number)}


class Unforeseen(S3):
    """Fails once in a way that no service's refusal is."""

    def put_object(self, Bucket: str, Key: str, Body: Any) -> None:  # noqa: N803
        if not self.tried:
            self.tried.append(Key)
            raise decimal.Overflow
        super().put_object(Bucket, Key, Body)


def test_a_buffer_that_cannot_be_delivered_is_not_forgotten(tmp_path: Path) -> None:
    s3, progress = Unforeseen(), Progress()
    delivery = _delivery(from_description(_description()), s3, progress, tmp_path)
    _taken(delivery, progress, (_source(1), b'{"n":1}'), (_source(2), b'{"n":"x"}'))
    delivery.finish(30)
    assert sorted({key.split("/")[0] for key in s3.objects}) == ["errors", "rows"]
    assert progress.positions() == {"shardId-1": after(_source(2).sequence_number)}


def test_what_waits_is_said_until_it_is_done(tmp_path: Path) -> None:
    s3, progress, state = S3(failures=2), Progress(), State(tmp_path)
    seen: list[dict[str, str]] = []

    class Watched(S3):
        def put_object(self, Bucket: str, Key: str, Body: Any) -> None:  # noqa: N803
            seen.append(dict(condition.read(state, "firehose").ills))
            s3.put_object(Bucket, Key, Body)

    report = condition.Report(tmp_path, "firehose")
    config, watched = from_description(_description()), Watched()
    delivery = _delivery(config, watched, progress, tmp_path, report)
    _taken(delivery, progress, (_source(1), b'{"n":1}'))
    delivery.finish(30)
    assert seen[0] == {}
    assert [next(iter(ills.values())).split(": ", 1)[1] for ills in seen[1:]] == [
        "Invoke: ServiceUnavailable: "
    ] * 2
    assert condition.read(state, "firehose").ills == {}
