"""Which stream a call of DynamoDB Streams is about, for IAM.

Gap closed: MiniStack evaluates DescribeStream, GetShardIterator and GetRecords against the resource `*`, so
that a policy that names the stream, as AWS wants it, refuses them. A shard iterator names its stream.
"""

import json
from collections.abc import Callable
from typing import Any

from ministack.core import iam_actions
from ministack.services import dynamodb_streams

from salescast.local.emulator import patching

Json = dict[str, Any]
Resolve = Callable[..., str]


def apply() -> None:
    """Wrap MiniStack's resolution of a request's resource."""
    patching.target(dynamodb_streams, "_decode_iterator")
    patching.wrap(iam_actions, "extract_resource_arn", _with_streams)


def stream_arn(body: bytes) -> str:
    """The stream that a request of DynamoDB Streams names, `*` when it names none."""
    try:
        request = json.loads(body)
        arn = request.get("StreamArn")
        if arn is None:
            arn = (dynamodb_streams._decode_iterator(request["ShardIterator"]) or {}).get("arn")
    except (ValueError, KeyError, AttributeError, TypeError):
        return "*"
    return arn if isinstance(arn, str) else "*"


def _with_streams(original: Resolve) -> Resolve:
    def resolve(service: str, method: str, path: str, headers: Json, body: bytes, *rest: Any) -> str:
        if service == "dynamodbstreams":
            return stream_arn(body)
        return original(service, method, path, headers, body, *rest)

    return resolve
