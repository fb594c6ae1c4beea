"""Reading a shard: iterators, trimmed data, the end; and the order in which shards are read."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from salescast.local.movers.shard import (
    LATEST,
    TRIM_HORIZON,
    Position,
    PositionType,
    ShardGoneError,
    ShardReader,
    after,
)
from salescast.local.movers.shards import ShardGroup
from salescast.local.movers.streams import DynamoDBStream, KinesisStream
from salescast.stack import condition
from salescast.stack.state import State


class Stream:
    """A scripted client: every answer is a page or an error code."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def get_shard_iterator(self, **arguments: Any) -> dict[str, Any]:
        self.asked.append(arguments)
        if arguments.get("SequenceNumber") == "trimmed":
            raise _error("TrimmedDataAccessException")
        return {"ShardIterator": f"i{len(self.asked)}"}

    def get_records(self, **arguments: Any) -> dict[str, Any]:
        self.asked.append(arguments)
        answer = self.answers.pop(0)
        if isinstance(answer, str):
            raise _error(answer)
        records = [{"dynamodb": {"SequenceNumber": n}, "SequenceNumber": n} for n in answer]
        return {"Records": records, "NextShardIterator": "next" if self.answers else None}


def _error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "GetRecords")


def _reader(client: Any, start: Position = TRIM_HORIZON) -> ShardReader:
    return ShardReader(DynamoDBStream(client, "arn"), "shard", start)


def test_pages_follow_each_other_to_the_end() -> None:
    stream = Stream(["1", "2"], [], ["3"])
    reader = _reader(stream, LATEST)
    assert [len(reader.read(10)) for _ in range(3)] == [2, 0, 1]
    assert reader.closed
    assert reader.position == after("3")
    iterators = [asked for asked in stream.asked if "ShardIteratorType" in asked]
    assert iterators == [{"StreamArn": "arn", "ShardId": "shard", "ShardIteratorType": "LATEST"}]


def test_an_expired_iterator_is_taken_anew_after_the_last_record() -> None:
    stream = Stream(["1"], "ExpiredIteratorException", ["2"])
    reader = _reader(stream)
    assert [len(reader.read(10)) for _ in range(3)] == [1, 0, 1]
    assert stream.asked[3] == {
        "StreamArn": "arn",
        "ShardId": "shard",
        "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
        "SequenceNumber": "1",
    }


def test_trimmed_data_is_said_and_passed(caplog: pytest.LogCaptureFixture) -> None:
    stream = Stream(["7"])
    assert len(_reader(stream, after("trimmed")).read(10)) == 1
    assert "lost" in caplog.text
    stream = Stream(["1"], "TrimmedDataAccessException", ["8"])
    reader = _reader(stream)
    assert [len(reader.read(10)) for _ in range(3)] == [1, 0, 1]
    assert stream.asked[3]["ShardIteratorType"] == "TRIM_HORIZON"


def test_a_shard_that_is_gone_is_told_apart_from_an_error() -> None:
    with pytest.raises(ShardGoneError):
        _reader(Stream("ResourceNotFoundException")).read(1)
    with pytest.raises(ClientError):
        _reader(Stream("LimitExceededException")).read(1)


def test_kinesis_is_asked_in_its_own_words() -> None:
    stream: Any = Stream(["1"], ["2"])
    start = Position(PositionType.AT_TIMESTAMP, "5.5")
    reader = ShardReader(KinesisStream(stream, "arn"), "shard", start)
    reader.read(1)
    assert stream.asked[0]["Timestamp"] == 5.5
    assert stream.asked[1] == {"ShardIterator": "i1", "Limit": 1, "StreamARN": "arn"}
    stream = Stream(["3"], [])
    ShardReader(KinesisStream(stream, "arn"), "shard", after("2")).read(1)
    assert stream.asked[0]["StartingSequenceNumber"] == "2"


@pytest.mark.parametrize("code", ["InvalidArgumentException", "ValidationException"])
def test_a_place_that_the_shard_does_not_have(code: str) -> None:
    class Strict(Stream):
        def get_shard_iterator(self, **arguments: Any) -> dict[str, Any]:
            if "SequenceNumber" in arguments:
                raise _error(code)
            return super().get_shard_iterator(**arguments)

    stream: Any = Strict(["1", "2"], [])
    reader = ShardReader(DynamoDBStream(stream, "arn"), "shard", after("99"))
    assert len(reader.read(10)) == 2
    assert [arguments["ShardIteratorType"] for arguments in stream.asked[:1]] == ["TRIM_HORIZON"]


def test_children_are_read_after_their_parents(tmp_path: Path) -> None:
    """A merge of two shards, one of which was split from a shard that is trimmed already."""
    listed = {"d": {"c"}, "c": {"a", "b"}, "a": {"trimmed"}, "b": set()}
    stop = threading.Event()
    begun: list[str] = []
    done: set[str] = set()

    def work(shard_id: str) -> None:
        begun.append(shard_id)
        done.add(shard_id)
        if len(done) == len(listed):
            stop.set()

    group = ShardGroup(lambda: listed, done.__contains__, work, stop, condition.Report(tmp_path, "pipe"))
    group.start()
    assert stop.wait(10)
    group.join()
    assert sorted(begun[:2]) == ["a", "b"]
    assert begun[2:] == ["c", "d"]
    assert group.initial == set(listed)


def test_a_reader_that_broke_off_is_taken_up_again_and_said_to_be_ill(tmp_path: Path) -> None:
    stop, state = threading.Event(), State(tmp_path)
    tries: list[str] = []

    def work(shard_id: str) -> None:
        tries.append(shard_id)
        if len(tries) == 1:
            raise KeyError("shards")
        said.append(dict(condition.read(state, "pipe").ills))
        stop.set()

    said: list[dict[str, str]] = []
    group = ShardGroup(
        lambda: {"a": set()}, lambda _shard: False, work, stop, condition.Report(tmp_path, "pipe")
    )
    group.start()
    assert stop.wait(10)
    group.join()
    assert tries == ["a", "a"]
    assert said == [{"a": "reading a ended: KeyError: 'shards'"}]
    assert condition.read(state, "pipe").ills == {}
