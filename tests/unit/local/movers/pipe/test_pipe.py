"""The pipe's rules with the target and the queue in our hands."""

from __future__ import annotations

import errno
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from salescast.local.movers.checkpoint import Checkpoint
from salescast.local.movers.pipe import delivery as pipe_delivery
from salescast.local.movers.pipe.config import PipeConfig, PipeState, UnsupportedPipeError, from_description
from salescast.local.movers.pipe.delivery import DeadLetterQueue, Delivery, StoppedError, neighbours
from salescast.local.movers.pipe.event import Entry, key_of, to_entry
from salescast.local.movers.pipe.log import PipeLog
from salescast.local.movers.pipe.service import BATCH_BYTES, Batcher, Positions
from salescast.local.movers.pipe.target import KinesisTarget
from salescast.local.movers.shard import PositionType, after
from salescast.stack import condition
from salescast.stack.condition import Report
from salescast.stack.services.stream_event import to_event
from salescast.stack.state import State

STREAM = "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/2026-11-20T00:00:00.000"
NOW = 1_795_000_000.0


def _record(**more: Any) -> dict[str, Any]:
    change = {
        "ApproximateCreationDateTime": NOW + 0.7,
        "Keys": {"order_id": {"S": "o1"}},
        "NewImage": {"order_id": {"S": "o1"}, "price": {"N": "12.50"}},
        "SequenceNumber": "000000000000000000001",
        "SizeBytes": 26,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    return {
        "eventID": "e1",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": change,
        **more,
    }


def _entry(position: int, data: bytes = b"{}", key: str | None = "k", created: float = NOW) -> Entry:
    return Entry(position, f"{position:021d}", created, data, key)


def _config(**more: Any) -> PipeConfig:
    config = PipeConfig(
        name="p",
        arn="arn:aws:pipes:us-east-1:000000000000:pipe/p",
        created="",
        role_arn="arn:aws:iam::000000000000:role/r",
        source=STREAM,
        target="arn:aws:kinesis:us-east-1:000000000000:stream/s",
        state=PipeState.RUNNING,
        starting_position=PositionType.TRIM_HORIZON,
        batch_size=100,
        batching_window=0,
        retry_attempts=2,
        record_age=-1,
        bisect=True,
        dead_letter_queue="arn:aws:sqs:us-east-1:000000000000:dlq",
        partition_key="$.eventID",
        log_group=None,
    )
    return replace(config, **more)


class Kinesis:
    """Answers PutRecords; `refuse(calls, records)` gives an exception, or an error code per record."""

    def __init__(
        self, refuse: Callable[[int, list[dict[str, Any]]], Any] = lambda _n, _records: None
    ) -> None:
        self.refuse = refuse
        self.calls: list[list[bytes]] = []
        self.taken: list[bytes] = []

    def put_records(self, StreamARN: str, Records: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self.calls.append([record["Data"] for record in Records])
        refusal = self.refuse(len(self.calls), Records)
        if isinstance(refusal, Exception):
            raise refusal
        codes = refusal or [None] * len(Records)
        self.taken += [record["Data"] for record, code in zip(Records, codes, strict=True) if not code]
        results = [{"ErrorCode": code} if code else {"SequenceNumber": "1"} for code in codes]
        failed = sum(1 for code in codes if code)
        return {"FailedRecordCount": failed, "Records": results, "ResponseMetadata": {}}


class Queue:
    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.messages: list[dict[str, Any]] = []

    def send_message(self, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803
        assert QueueUrl == "http://127.0.0.1:1/000000000000/dlq"
        if self.failures:
            self.failures -= 1
            raise _error("AccessDenied", 403, "SendMessage")
        self.messages.append(json.loads(MessageBody))


def _error(code: str, status: int = 400, operation: str = "PutRecords") -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipe_delivery, "FIRST_PAUSE_SECONDS", 0.0001)
    monkeypatch.setattr(pipe_delivery, "LONGEST_PAUSE_SECONDS", 0.0001)


def _delivery(kinesis: Any, queue: Any, config: PipeConfig, **more: Any) -> Delivery:
    """A delivery with a fake target and queue, None for no queue; nothing is logged."""
    logs: Any = None
    dead_letters = None if queue is None else DeadLetterQueue(queue, "http://127.0.0.1:1", config)
    target = KinesisTarget(kinesis, config.target)
    log = PipeLog(logs, None, config.arn)
    stop = more.pop("stop", threading.Event())
    return Delivery(config, target, dead_letters, log, stop, lambda: NOW, more.pop("report", None))


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("$.dynamodb.Keys.order_id.S", "o1"),
        ("$.eventID", "e1"),
        ("literal", "literal"),
        ("$.dynamodb.OldImage.order_id.S", None),
        ("$.dynamodb.Keys", None),
        ("$.dynamodb.SizeBytes", "26"),
    ],
)
def test_a_partition_key_is_a_path_or_a_literal(path: str, key: str | None) -> None:
    entry = to_entry(to_event(_record(), STREAM), key_of(path), 0)
    assert entry.key == key
    assert json.loads(entry.data)["dynamodb"]["NewImage"]["price"] == {"N": "12.50"}


def test_a_path_that_is_left_out_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON path"):
        key_of("$.dynamodb..S")


def test_only_the_failed_entries_are_sent_again() -> None:
    def throttle(call: int, records: list[dict[str, Any]]) -> Any:
        failed = call == 1
        return [
            "ProvisionedThroughputExceededException" if failed and i % 2 else None
            for i in range(len(records))
        ]

    kinesis, queue = Kinesis(throttle), Queue()
    _delivery(kinesis, queue, _config()).deliver("s", [_entry(i, b"%d" % i) for i in range(4)])
    assert kinesis.calls == [[b"0", b"1", b"2", b"3"], [b"1", b"3"]]
    assert queue.messages == []


def test_retries_are_counted_and_end_in_the_queue() -> None:
    kinesis, queue = Kinesis(lambda _n, _r: _error("AccessDeniedException")), Queue()
    _delivery(kinesis, queue, _config()).deliver("s", [_entry(5), _entry(6, created=NOW + 1)])
    assert len(kinesis.calls) == 3  # one try and MaximumRetryAttempts
    [message] = queue.messages
    assert message.pop("timestamp").endswith("Z")
    assert message == {
        "context": {"partnerResourceArn": _config().arn, "condition": "RetryAttemptsExhausted"},
        "version": "1.0",
        "DDBStreamBatchInfo": {
            "shardId": "s",
            "startSequenceNumber": f"{5:021d}",
            "endSequenceNumber": f"{6:021d}",
            "approximateArrivalOfFirstRecord": "2026-11-18T11:06:40.000Z",
            "approximateArrivalOfLastRecord": "2026-11-18T11:06:41.000Z",
            "batchSize": 2,
            "streamArn": STREAM,
        },
    }


@pytest.mark.parametrize("poison", [0, 3, 6])
def test_bisect_ends_a_poison_record_alone(poison: int) -> None:
    def refuse(_call: int, records: list[dict[str, Any]]) -> Any:
        bad = any(record["Data"] == b"%d" % poison for record in records)
        return _error("ValidationException") if bad else None

    kinesis, queue = Kinesis(refuse), Queue()
    _delivery(kinesis, queue, _config()).deliver("s", [_entry(i, b"%d" % i) for i in range(7)])
    assert kinesis.taken == [b"%d" % i for i in range(7) if i != poison]  # in order
    assert [m["DDBStreamBatchInfo"]["startSequenceNumber"] for m in queue.messages] == [f"{poison:021d}"]
    assert kinesis.calls.count([b"%d" % poison]) == 3


def test_without_bisect_the_whole_batch_goes() -> None:
    kinesis, queue = Kinesis(lambda _n, _r: _error("ValidationException")), Queue()
    _delivery(kinesis, queue, _config(bisect=False)).deliver("s", [_entry(i) for i in range(5)])
    assert [message["DDBStreamBatchInfo"]["batchSize"] for message in queue.messages] == [5]


def test_the_services_own_errors_do_not_count() -> None:
    errors = [_error("InternalFailure", 500), EndpointConnectionError(endpoint_url="http://127.0.0.1:1")] * 10
    kinesis, queue = Kinesis(lambda call, _r: errors[call - 1] if call <= 20 else None), Queue()
    _delivery(kinesis, queue, _config(retry_attempts=0)).deliver("s", [_entry(1)])
    assert len(kinesis.calls) == 21
    assert queue.messages == []


def test_records_that_are_too_old_go_without_an_attempt() -> None:
    kinesis, queue = Kinesis(), Queue()
    batch = [_entry(1, b"old", created=NOW - 61), _entry(2, b"new", created=NOW - 59)]
    _delivery(kinesis, queue, _config(record_age=60)).deliver("s", batch)
    assert kinesis.taken == [b"new"]
    assert [message["context"]["condition"] for message in queue.messages] == ["RecordAgeExceeded"]


def test_a_record_without_its_key_does_not_hold_the_others() -> None:
    kinesis, queue = Kinesis(), Queue()
    batch = [_entry(1, b"a"), _entry(2, b"b", key=None), _entry(3, b"c", key="k" * 257), _entry(4, b"d")]
    _delivery(kinesis, queue, _config()).deliver("s", batch)
    assert kinesis.taken == [b"a", b"d"]
    assert [message["DDBStreamBatchInfo"]["batchSize"] for message in queue.messages] == [2]


def test_a_batch_is_not_delivered_before_the_queue_took_what_failed() -> None:
    kinesis, queue = Kinesis(lambda _n, _r: _error("AccessDeniedException")), Queue(failures=3)
    _delivery(kinesis, queue, _config(retry_attempts=0)).deliver("s", [_entry(1)])
    assert len(queue.messages) == 1


def test_stopping_leaves_the_batch_undelivered() -> None:
    stop = threading.Event()
    stop.set()
    delivery = _delivery(
        Kinesis(lambda _n, _r: _error("InternalFailure", 500)), Queue(), _config(), stop=stop
    )
    with pytest.raises(StoppedError):
        delivery.deliver("s", [_entry(1)])


def test_calls_stay_within_kinesis_limits() -> None:
    kinesis: Any = Kinesis()
    big = b"x" * 1_000_000
    assert KinesisTarget(kinesis, "arn").put([_entry(i, big) for i in range(12)] + [_entry(9)] * 1000) == []
    assert max(len(call) for call in kinesis.calls) <= 500
    assert max(sum(map(len, call)) for call in kinesis.calls) <= 5 * 1024 * 1024
    assert sum(len(call) for call in kinesis.calls) == 1012


@given(st.sets(st.integers(0, 40)))
def test_neighbours_are_runs_without_gaps(positions: set[int]) -> None:
    runs = list(neighbours([_entry(position) for position in sorted(positions)]))
    assert [entry.position for run in runs for entry in run] == sorted(positions)
    for run in runs:
        assert run[-1].position - run[0].position == len(run) - 1
    for before, later in pairwise(runs):
        assert later[0].position > before[-1].position + 1


@given(sizes=st.lists(st.integers(1, 4_000_000), max_size=12), most=st.integers(1, 5))
def test_batches_keep_order_and_bounds(sizes: list[int], most: int) -> None:
    batcher = Batcher(_config(batch_size=most))
    entries = [_entry(i, bytes(size)) for i, size in enumerate(sizes)]
    for entry in entries:
        batcher.add(entry)
    batches = []
    while batch := batcher.take():
        batches.append(batch)
    assert [entry for batch in batches for entry in batch] == entries
    for batch in batches:
        assert len(batch) <= most
        assert len(batch) == 1 or sum(len(entry.data) for entry in batch) <= BATCH_BYTES


def test_a_batching_window_waits_for_more() -> None:
    now = [0.0]
    batcher = Batcher(_config(batch_size=2, batching_window=5), clock=lambda: now[0])
    batcher.add(_entry(1))
    assert batcher.take() == []
    now[0] = 5.0
    assert len(batcher.take()) == 1
    batcher.add(_entry(2))
    batcher.add(_entry(3))
    assert len(batcher.take()) == 2
    batcher.add(_entry(4))
    assert len(batcher.take(flush=True)) == 1


def _description(**source: Any) -> dict[str, Any]:
    return {
        "Name": "p",
        "Arn": "arn:aws:pipes:us-east-1:000000000000:pipe/p",
        "RoleArn": "r",
        "Source": STREAM,
        "Target": "arn:aws:kinesis:us-east-1:000000000000:stream/s",
        "SourceParameters": {"DynamoDBStreamParameters": {"StartingPosition": "LATEST", **source}},
        "TargetParameters": {"KinesisStreamParameters": {"PartitionKey": "$.eventID"}},
        "LogConfiguration": {
            "Level": "ERROR",
            "CloudwatchLogsLogDestination": {"LogGroupArn": "arn:aws:logs:us-east-1:0:log-group:/aws/g:*"},
        },
    }


def test_the_defaults_of_a_pipe() -> None:
    config = from_description(_description())
    assert (config.batch_size, config.batching_window) == (100, 0)
    assert (config.retry_attempts, config.record_age) == (-1, -1)
    assert (config.bisect, config.dead_letter_queue) == (False, None)
    assert config.log_group == "/aws/g"


@pytest.mark.parametrize("source", [{"BatchSize": 501}, {"ParallelizationFactor": 2}])
def test_what_does_not_run_here_is_named(source: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedPipeError, match=next(iter(source))):
        from_description(_description(**source))


def test_a_filter_that_does_not_run_here_is_named() -> None:
    described = _description()
    described["SourceParameters"]["FilterCriteria"] = {"Filters": [{"Pattern": '{"a": [{"cidr": "x"}]}'}]}
    with pytest.raises(UnsupportedPipeError, match="pipe p: the filter operator cidr does not run here"):
        from_description(described)


def test_a_checkpoint_that_cannot_be_written_does_not_lead_back(tmp_path: Path) -> None:
    class FullDisk(Checkpoint):
        full = True

        def save(self, content: dict[str, Any]) -> None:
            if self.full:
                raise OSError(errno.ENOSPC, "No space left on device")
            super().save(content)

    checkpoint, state = FullDisk(tmp_path / "pipe.json"), State(tmp_path)
    positions = Positions(checkpoint, _config(), Report(tmp_path, "pipe"))
    positions.keep("s", after("7"))
    assert positions.position("s") == after("7")
    assert "No space left on device" in condition.read(state, "pipe").ills["checkpoint"]
    checkpoint.full = False
    positions.keep("s", after("8"))
    assert condition.read(state, "pipe").ills == {}
    assert Positions(Checkpoint(tmp_path / "pipe.json"), _config(), Report(tmp_path, "pipe")).position(
        "s"
    ) == after("8")


def test_a_batch_that_waits_is_said_until_it_is_delivered(tmp_path: Path) -> None:
    state = State(tmp_path)
    said: list[str] = []

    def refuse(call: int, _records: list[dict[str, Any]]) -> Any:
        said.extend(condition.read(state, "pipe").ills.values())
        return _error("InternalFailure", 500) if call < 8 else None

    delivery = _delivery(Kinesis(refuse), Queue(), _config(), report=Report(tmp_path, "pipe"))
    delivery.deliver("s", [_entry(1)])
    assert said
    assert set(said) == {"s waits: 1 change(s): PutRecords: InternalFailure: no"}
    assert condition.read(state, "pipe").ills == {}
