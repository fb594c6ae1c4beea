"""Firehose's rules: configuration, batches, verdicts, invocations."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given, settings
from hypothesis import strategies as st

from salescast.local.movers.firehose import processing as firehose_processing
from salescast.local.movers.firehose.batch import MAX_PAYLOAD, Batch, Source
from salescast.local.movers.firehose.config import (
    Hints,
    Processing,
    UnsupportedStreamError,
    from_description,
)
from salescast.local.movers.firehose.processing import Function, Outcome, StoppedError
from salescast.local.movers.firehose.response import Accepted, BatchError, verdicts
from tests.unit.local.movers.firehose.made import batch_of, description, refused, source

# Configuration


def test_defaults_and_the_divided_interval() -> None:
    config = from_description(description(), fast=4)
    assert config.hints == Hints(64 * 1024 * 1024, 15.0)
    assert config.processing == Processing(
        "arn:aws:lambda:us-east-1:0:function:f", Hints(1024 * 1024, 15.0), 3
    )
    assert config.extension == ".parquet"
    assert config.backup is None


@pytest.mark.parametrize(
    ("s3", "named"),
    [
        (
            {"ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "MetadataExtraction"}]}},
            "the processor MetadataExtraction",
        ),
        ({"CompressionFormat": "Snappy"}, "CompressionFormat Snappy"),
        ({"CompressionFormat": "GZIP"}, "with conversion"),
        ({"ErrorOutputPrefix": ""}, "ErrorOutputPrefix"),
        ({"ErrorOutputPrefix": "errors/!{timestamp:yyyy}/"}, "error-output-type"),
        ({"Prefix": "rows/day=!{partitionKeyFromLambda:day}/"}, "partitionKeyFromLambda"),
        ({"DynamicPartitioningConfiguration": {"Enabled": True}}, "dynamic partitioning"),
        ({"CustomTimeZone": "Nowhere/Town"}, "Nowhere"),
    ],
)
def test_a_configuration_that_cannot_run_is_named(s3: dict[str, Any], named: str) -> None:
    with pytest.raises(UnsupportedStreamError, match=named):
        from_description(description(**s3))


def test_a_stream_without_a_function_in_gzip() -> None:
    delimiter = {"ParameterName": "Delimiter", "ParameterValue": "\\n"}
    processors = [{"Type": "AppendDelimiterToRecord", "Parameters": [delimiter]}]
    plain = description(
        ProcessingConfiguration={"Enabled": True, "Processors": processors},
        DataFormatConversionConfiguration={"Enabled": False},
        CompressionFormat="GZIP",
    )
    config = from_description(plain)
    assert (config.processing, config.delimiter, config.gzip, config.extension) == (None, b"\n", True, ".gz")


# The batch and its event


def test_the_event_is_what_firehose_sends() -> None:
    config = from_description(description())
    event = json.loads(batch_of(source(1, b"one"), source(2, b"two")).event(config))
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


@settings(max_examples=20)
@given(size=st.integers(0, 2000), key=st.text(min_size=1, max_size=256), most=st.integers(200_000, 3_000_000))
def test_a_payload_stays_under_six_megabytes(size: int, key: str, most: int) -> None:
    source = Source("4" * 56, 1_795_000_000_000, b64encode(bytes(size)).decode(), key)
    batch = batch_of()
    while not batch.full(most, source):
        batch.add(source)
    payload = batch.event(from_description(description()))
    assert len(payload) <= 6 * 1024 * 1024
    assert batch.size <= most
    assert batch.payload <= MAX_PAYLOAD


# Verdicts (docs/aws-behaviour.md 2.4)


def _answer(source: Source, **more: Any) -> dict[str, Any]:
    return {"recordId": source.sequence_number, "result": "Ok", "data": "b2s=", **more}


def _response(*answers: Any) -> bytes:
    return json.dumps({"records": answers}).encode()


def test_every_record_gets_one_verdict() -> None:
    sources = [source(number) for number in range(7)]
    body = _response(
        _answer(sources[0]),
        {"recordId": sources[1].sequence_number, "result": "Dropped"},
        {"recordId": sources[2].sequence_number, "result": "ProcessingFailed"},
        _answer(sources[4]),
        _answer(sources[4]),
        {"recordId": sources[5].sequence_number, "result": "Ok"},
        _answer(source(99)),
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
    _, rejected = verdicts([source(1), source(2)], body)
    assert {item.code for item in rejected} == {"Lambda.MissingRecordId"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"not json", "Lambda.JsonProcessingException"),
        (_response(_answer(source(1)), _answer(source(2), result="ok")), "Lambda.InvalidReturnFormat"),
        (_response(_answer(source(1)), _answer(source(2), data="*")), "Lambda.InvalidReturnFormat"),
        (_response(_answer(source(1)), _answer(source(2), data="b2s")), "Lambda.InvalidReturnFormat"),
    ],
)
def test_some_answers_fail_the_whole_batch(body: bytes, code: str) -> None:
    with pytest.raises(BatchError) as caught:
        verdicts([source(1), source(2)], body)
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
    return Function(function, from_description(description()), stop or threading.Event()).transform(batch)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firehose_processing, "FIRST_PAUSE_SECONDS", 0.0001)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((b'{"errorMessage": "boom"}', True), "Lambda.FunctionError"),
        ((b'{"errorMessage": "x Task timed out after 3.00 seconds"}', True), "Lambda.FunctionTimedOut"),
        (refused("TooManyRequestsException", 429), "Lambda.InvokeLimitExceeded"),
        (refused("AccessDeniedException", 403), "Lambda.InvokeAccessDenied"),
        (b" " * (6 * 1024 * 1024 + 1), "Lambda.FunctionError"),
    ],
)
def test_a_failed_attempt_is_tried_again_then_the_batch_fails(answer: Any, code: str) -> None:
    function = Lambda(answer)
    batch = batch_of(source(1), source(2))
    outcome = _transformed(function, batch)
    assert outcome.attempts == 4
    assert [item.code for item in outcome.rejected] == [code, code]
    assert len({payload["invocationId"] for payload in function.payloads}) == 4
    ids = [[record["recordId"] for record in payload["records"]] for payload in function.payloads]
    assert ids == [ids[0]] * 4


def test_an_attempt_that_succeeds_ends_the_failure() -> None:
    function = Lambda((b"", True), _response(_answer(source(1))))
    outcome = _transformed(function, batch_of(source(1)))
    assert (outcome.attempts, len(outcome.accepted), outcome.rejected) == (2, 1, [])


def test_a_wrong_answer_is_not_tried_again() -> None:
    function = Lambda(b"not json")
    outcome = _transformed(function, batch_of(source(1)))
    assert (outcome.attempts, len(function.payloads)) == (1, 1)


def test_lambdas_own_faults_do_not_count() -> None:
    faults = [refused("ServiceException", 500), EndpointConnectionError(endpoint_url="x")] * 5
    function = Lambda(*faults, _response(_answer(source(1))))
    outcome = _transformed(function, batch_of(source(1)))
    assert (outcome.attempts, len(function.payloads)) == (1, 11)


def test_stopping_leaves_the_batch() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        _transformed(Lambda((b"", True)), batch_of(source(1)), stop)
