"""Kinesis keeps a shard that was split or merged until its records expire, as AWS does.

Gap closed: MiniStack deletes the parent with everything in it that nobody has read, and UpdateShardCount
makes new shards under the ids of the old ones. Here a parent is closed: it takes no more records, says with
which sequence number it ends, and its last page has no NextShardIterator.

Left out: UpdateShardCount other than to twice or half the open shards (AWS passes through shards in
between); a closed shard whose records have expired stays listed.
"""

import json
from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import kinesis

from salescast.local.emulator import patching

Json = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]
Call = Callable[[Json], Response]

_END = "ending_sequence_number"


def apply() -> None:
    """Patch MiniStack's Kinesis."""
    patching.wrap(kinesis, "_split_shard", lambda call: _closing(call, ("ShardToSplit",)))
    patching.wrap(
        kinesis, "_merge_shards", lambda call: _closing(call, ("ShardToMerge", "AdjacentShardToMerge"))
    )
    patching.replace(kinesis, "_update_shard_count", _update_shard_count)
    patching.replace(kinesis, "_route_to_shard", _route_to_shard)
    patching.wrap(kinesis, "_shard_out", _described)
    patching.wrap(kinesis, "_get_records", _ending)
    patching.wrap(kinesis, "_describe_stream_summary", _summary)


def _closing(original: Call, names: tuple[str, ...]) -> Call:
    """Split or merge without losing the shards that `names` of the request name."""

    def call(data: Json) -> Response:
        _, stream = kinesis._resolve_stream(data)
        shards: Json = stream["shards"] if stream else {}
        parents = {data[name]: shards[data[name]] for name in names if data.get(name) in shards}
        for shard_id, shard in parents.items():
            if _END in shard:
                return _error("ResourceInUseException", f"Shard {shard_id} is closed")
        response: Response = original(data)
        if response[0] < 400:
            for shard_id, shard in parents.items():
                shards[shard_id] = {**shard, _END: kinesis._next_sequence_number()}
        return response

    return call


def _update_shard_count(data: Json) -> Response:
    name, stream = kinesis._resolve_stream(data)
    if not stream:
        return _error("ResourceNotFoundException", f"Stream {name} not found")
    shards = _open(stream)
    target = int(data.get("TargetShardCount") or 0)
    if target == 2 * len(shards):
        for shard_id, shard in shards:
            low, high = int(shard["starting_hash_key"]), int(shard["ending_hash_key"])
            middle = str((low + high) // 2 + 1)
            _must(kinesis._split_shard({**data, "ShardToSplit": shard_id, "NewStartingHashKey": middle}))
    elif target * 2 == len(shards):
        for (first, _), (second, _) in zip(shards[::2], shards[1::2], strict=True):
            _must(kinesis._merge_shards({**data, "ShardToMerge": first, "AdjacentShardToMerge": second}))
    else:
        return _error("ValidationException", "only twice or half the number of open shards runs here")
    answer = {"CurrentShardCount": len(shards), "TargetShardCount": target}
    return _answer({**answer, "StreamName": stream["StreamName"], "StreamARN": stream["StreamARN"]})


def _answer(content: Json) -> Response:
    response: Response = json_response(content)
    return response


def _error(code: str, message: str) -> Response:
    response: Response = error_response_json(code, message, 400)
    return response


def _must(response: Response) -> None:
    assert response[0] < 400, response


def _open(stream: Json) -> list[tuple[str, Json]]:
    shards = [(shard_id, shard) for shard_id, shard in stream["shards"].items() if _END not in shard]
    return sorted(shards, key=lambda item: int(item[1]["starting_hash_key"]))


def _route_to_shard(hash_key: int, stream: Json) -> str:
    shards: dict[str, Json] = stream["shards"]
    return next(
        shard_id
        for shard_id, shard in shards.items()
        if _END not in shard and int(shard["starting_hash_key"]) <= hash_key <= int(shard["ending_hash_key"])
    )


def _summary(original: Call) -> Call:
    """DescribeStreamSummary, which counts open shards."""

    def call(data: Json) -> Response:
        response: Response = original(data)
        _, stream = kinesis._resolve_stream(data)
        if response[0] >= 400:
            return response
        answer = json.loads(response[2])
        answer["StreamDescriptionSummary"]["OpenShardCount"] = len(_open(stream))
        return _answer(answer)

    return call


def _described(original: Callable[[str, Json], Json]) -> Callable[[str, Json], Json]:
    def describe(shard_id: str, shard: Json) -> Json:
        described: Json = original(shard_id, shard)
        if _END in shard:
            described["SequenceNumberRange"]["EndingSequenceNumber"] = shard[_END]
        return described

    return describe


def _ending(original: Call) -> Call:
    """GetRecords, whose last page of a closed shard is the end."""

    def call(data: Json) -> Response:
        state = kinesis._shard_iterators.get(data.get("ShardIterator")) or {}
        stream = kinesis._streams.get(state.get("stream")) or {"shards": {}}
        shard = stream["shards"].get(state.get("shard_id")) or {}
        response: Response = original(data)
        if _END not in shard or response[0] >= 400:
            return response
        answer = json.loads(response[2])
        following = kinesis._shard_iterators[answer["NextShardIterator"]]
        if following["position"] >= len(shard["records"]):
            del kinesis._shard_iterators[answer.pop("NextShardIterator")]
        return _answer(answer)

    return call
