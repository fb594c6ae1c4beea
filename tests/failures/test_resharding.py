"""A Kinesis stream that is split, merged and scaled while Firehose reads it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.movers.records import lake_rows, send
from tests.local.movers.stack import Stack
from tests.waiting import wait_for

FAST = ("--fast", "120")


def _shards(stack: Stack) -> dict[str, dict[str, Any]]:
    shards = stack.client("kinesis").list_shards(StreamName=stack.outputs()["Stream"])["Shards"]
    return {shard["ShardId"]: shard for shard in shards}


def _open(stack: Stack) -> list[str]:
    shards = _shards(stack)
    names = [name for name in shards if "EndingSequenceNumber" not in shards[name]["SequenceNumberRange"]]
    return sorted(names, key=lambda name: int(shards[name]["HashKeyRange"]["StartingHashKey"]))


def _split(stack: Stack, shard: str) -> None:
    keys = _shards(stack)[shard]["HashKeyRange"]
    middle = (int(keys["StartingHashKey"]) + int(keys["EndingHashKey"])) // 2
    stack.client("kinesis").split_shard(
        StreamName=stack.outputs()["Stream"], ShardToSplit=shard, NewStartingHashKey=str(middle)
    )


def _scale(stack: Stack, count: int) -> None:
    stack.client("kinesis").update_shard_count(
        StreamName=stack.outputs()["Stream"], TargetShardCount=count, ScalingType="UNIFORM_SCALING"
    )


def _merge(stack: Stack, first: str, second: str) -> None:
    stack.client("kinesis").merge_shards(
        StreamName=stack.outputs()["Stream"], ShardToMerge=first, AdjacentShardToMerge=second
    )


def test_a_closed_shard_is_kept_and_takes_nothing_more(stack: Stack) -> None:
    """What the emulator has to do for the next test to prove anything."""
    kinesis, name = stack.client("kinesis"), stack.outputs()["Stream"]
    parent = _open(stack)[0]
    send(stack, *[{"id": f"before{number}"} for number in range(20)])
    _split(stack, parent)
    send(stack, *[{"id": f"later{number}"} for number in range(20)])
    children = {one for one, shard in _shards(stack).items() if shard.get("ParentShardId") == parent}
    assert len(children) == 2
    assert children <= set(_open(stack))
    iterator: str | None = kinesis.get_shard_iterator(
        StreamName=name, ShardId=parent, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    data, pages = [], 0
    while iterator:
        page = kinesis.get_records(ShardIterator=iterator, Limit=5)
        data += [record["Data"] for record in page["Records"]]
        iterator = page.get("NextShardIterator")
        pages += 1
    assert any(b"before" in one for one in data)
    assert not any(b"later" in one for one in data)
    assert pages <= len(data) // 5 + 1
    with pytest.raises(ClientError, match="is closed"):
        _split(stack, parent)
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert summary["OpenShardCount"] == len(_open(stack)) == 3


def test_nothing_is_lost_or_repeated_while_shards_are_split_merged_and_scaled(stack: Stack) -> None:
    sent: list[str] = []

    def write(count: int) -> None:
        ids = [f"r{number}" for number in range(len(sent), len(sent) + count)]
        send(stack, *[{"id": one} for one in ids])
        sent.extend(ids)

    write(100)
    _split(stack, _open(stack)[0])  # unread: Firehose is not up
    write(100)
    with stack.mover("firehose", *FAST):
        wait_for(lambda: len(lake_rows(stack, "r")) >= 200, "what was written before")
        _merge(stack, *_open(stack)[:2])
        write(100)
        _scale(stack, 2 * len(_open(stack)))
        write(100)
        wait_for(lambda: len(lake_rows(stack, "r")) >= 400, "what was written meanwhile")
    _scale(stack, len(_open(stack)) // 2)  # between two runs
    write(100)
    with stack.mover("firehose", *FAST):
        wait_for(lambda: len(lake_rows(stack, "r")) >= 500, "what was written after")
    assert sorted(row["id"] for row in lake_rows(stack, "r")) == sorted(sent)
    _children_follow_their_parents(stack)


def _children_follow_their_parents(stack: Stack) -> None:
    lines = stack.log("firehose").splitlines()
    begun = {
        line.split()[2][:-1]: n for n, line in reversed(list(enumerate(lines))) if "reading from" in line
    }
    ended = {line.split()[2][:-1]: n for n, line in enumerate(lines) if "read to its end" in line}
    shards = _shards(stack)
    assert begun.keys() == shards.keys()
    for shard_id, shard in shards.items():
        for parent in (shard.get("ParentShardId"), shard.get("AdjacentParentShardId")):
            assert parent is None or ended[parent] < begun[shard_id]
