"""Delivery: objects, error objects, what is tried again, and positions that pass only what was delivered."""

from __future__ import annotations

import decimal
import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from salescast.local.movers.firehose import delivery as firehose_delivery
from salescast.local.movers.firehose import destination as firehose_destination
from salescast.local.movers.firehose.batch import Source
from salescast.local.movers.firehose.config import (
    FirehoseConfig,
    from_description,
)
from salescast.local.movers.firehose.delivery import Delivery
from salescast.local.movers.firehose.destination import Destinations
from salescast.local.movers.firehose.log import FirehoseLog
from salescast.local.movers.firehose.processing import Outcome
from salescast.local.movers.firehose.response import Accepted, Rejected
from salescast.local.movers.formats.conversion import Converter
from salescast.local.movers.progress import Progress
from salescast.local.movers.shard import after, at
from salescast.stack import condition
from salescast.stack.state import State
from tests.unit.local.movers.firehose.made import ROLE, batch_of, description, refused, source


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firehose_destination, "FIRST_PAUSE_SECONDS", 0.01)


class S3:
    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.objects: dict[str, bytes] = {}
        self.tried: list[str] = []

    def put_object(self, Bucket: str, Key: str, Body: Any) -> None:  # noqa: N803
        self.tried.append(Key)
        if self.failures:
            self.failures -= 1
            raise refused("ServiceUnavailable", 503)
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
    batch = batch_of(*[source for source, _ in accepted])
    progress.add(batch)
    progress.read(batch.shard_id, accepted[-1][0].sequence_number)
    delivery.take(batch, Outcome([Accepted(*item) for item in accepted], [], 1))
    progress.remove(batch)


def test_one_object_of_rows_and_error_objects_beside(tmp_path: Path) -> None:
    s3, progress = S3(), Progress()
    delivery = _delivery(from_description(description()), s3, progress, tmp_path)
    rows = [(source(number), b'{"n":%d}' % number) for number in (1, 2)]
    _taken(delivery, progress, *rows, (source(3), b'{"n":"x"}'))
    batch, failed = batch_of(source(4, b"orig")), Rejected(source(4, b"orig"), "Lambda.MissingRecordId", "m")
    delivery.take(batch, Outcome([], [failed], 2))
    progress.read(batch.shard_id, source(4).sequence_number)
    assert progress.positions() == {"shardId-1": at(source(1).sequence_number)}
    delivery.finish(30)
    assert progress.positions() == {"shardId-1": after(source(4).sequence_number)}
    folders = sorted(key.rpartition("/")[0] for key in s3.objects)
    assert folders == ["errors/format-conversion-failed", "errors/processing-failed", "rows/day=2026-11-18"]
    errors = {key.split("/")[1]: body for key, body in s3.objects.items() if key.startswith("errors/")}
    [misfit] = [json.loads(line) for line in errors["format-conversion-failed"].splitlines()]
    assert misfit["lastErrorCode"] == "DataFormatConversion.MalformedData"
    assert misfit["rawData"] == b64encode(b'{"n":"x"}').decode()
    assert misfit["sequenceNumber"] == source(3).sequence_number
    assert misfit["dataCatalogTable"]["tableName"] == "t"
    [line] = [json.loads(line) for line in errors["processing-failed"].splitlines()]
    assert (line["errorCode"], line["attemptsMade"]) == ("Lambda.MissingRecordId", 2)
    assert line["rawData"] == b64encode(b"orig").decode()
    assert line["lambdaARN"].endswith(":function:f:$LATEST")


def test_what_s3_refuses_is_tried_again_under_the_same_key(tmp_path: Path) -> None:
    s3, progress = S3(failures=3), Progress()
    delivery = _delivery(from_description(description()), s3, progress, tmp_path)
    _taken(delivery, progress, (source(1), b'{"n":1}'))
    delivery.finish(30)
    assert len(s3.tried) == 4
    assert len(set(s3.tried)) == 1
    assert progress.positions() == {"shardId-1": after(source(1).sequence_number)}


def test_what_cannot_be_delivered_in_time_is_not_passed(tmp_path: Path) -> None:
    s3, progress = S3(failures=10**6), Progress()
    delivery = _delivery(from_description(description()), s3, progress, tmp_path)
    _taken(delivery, progress, (source(1), b'{"n":1}'))
    delivery.finish(0.1)
    assert progress.positions() == {"shardId-1": at(source(1).sequence_number)}


def test_too_much_is_delivered_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firehose_delivery, "MAX_BUFFERED", 1000)
    monkeypatch.setattr(firehose_delivery, "MAX_WAITING", 3000)
    s3, progress = S3(failures=1), Progress()
    monkeypatch.setattr(firehose_destination, "FIRST_PAUSE_SECONDS", 0.3)
    delivery = _delivery(from_description(description()), s3, progress, tmp_path)
    padding = b" " * 1500
    _taken(delivery, progress, (source(1), b'{"n":1}' + padding))
    delivery.deliver_due()
    assert not delivery.overfull
    _taken(delivery, progress, (source(3), b'{"n":1}' + padding))
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
    delivery = _delivery(from_description(description(**backup)), s3, progress, tmp_path)
    sources = [source(1, b"one"), source(2, b"two")]
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
    delivery = _delivery(from_description(description()), s3, progress, tmp_path)
    _taken(delivery, progress, (source(1), b'{"n":1}'), (source(2), b'{"n":"x"}'))
    delivery.finish(30)
    assert sorted({key.split("/")[0] for key in s3.objects}) == ["errors", "rows"]
    assert progress.positions() == {"shardId-1": after(source(2).sequence_number)}


def test_what_waits_is_said_until_it_is_done(tmp_path: Path) -> None:
    s3, progress, state = S3(failures=2), Progress(), State(tmp_path)
    seen: list[dict[str, str]] = []

    class Watched(S3):
        def put_object(self, Bucket: str, Key: str, Body: Any) -> None:  # noqa: N803
            seen.append(dict(condition.read(state, "firehose").ills))
            s3.put_object(Bucket, Key, Body)

    report = condition.Report(tmp_path, "firehose")
    config, watched = from_description(description()), Watched()
    delivery = _delivery(config, watched, progress, tmp_path, report)
    _taken(delivery, progress, (source(1), b'{"n":1}'))
    delivery.finish(30)
    assert seen[0] == {}
    assert [next(iter(ills.values())).split(": ", 1)[1] for ills in seen[1:]] == [
        "Invoke: ServiceUnavailable: "
    ] * 2
    assert condition.read(state, "firehose").ills == {}
