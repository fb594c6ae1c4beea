"""The two stream services as a shard's reader sees them: a DynamoDB stream and a Kinesis stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from salescast.local.movers.shard import Position, PositionType, Record
from salescast.stack.services.raw_answers import keep_raw

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_kinesis import KinesisClient

Client = TypeVar("Client", "DynamoDBStreamsClient", "KinesisClient")


class DynamoDBStream:
    """A table's stream."""

    def __init__(self, client: DynamoDBStreamsClient, arn: str) -> None:
        self._client = client
        self._arn = arn

    def parents(self) -> dict[str, set[str]]:
        parents: dict[str, set[str]] = {}
        request: dict[str, Any] = {"StreamArn": self._arn}
        while True:
            stream = self._client.describe_stream(**request)["StreamDescription"]
            for shard in stream["Shards"]:
                parents[shard["ShardId"]] = {shard.get("ParentShardId", "")}
            last = stream.get("LastEvaluatedShardId")
            if not last:
                return parents
            request["ExclusiveStartShardId"] = last

    def iterator(self, shard_id: str, position: Position) -> str:
        request: dict[str, Any] = {
            "StreamArn": self._arn,
            "ShardId": shard_id,
            "ShardIteratorType": str(position.type),
        }
        if position.value:
            request["SequenceNumber"] = position.value
        return self._client.get_shard_iterator(**request)["ShardIterator"]

    def page(self, iterator: str, limit: int) -> dict[str, Any]:
        return dict(self._client.get_records(ShardIterator=iterator, Limit=limit))

    def sequence_number(self, record: Record) -> str:
        return str(record["dynamodb"]["SequenceNumber"])


class KinesisStream:
    """A stream of Kinesis."""

    def __init__(self, client: KinesisClient, arn: str) -> None:
        self._client = client
        self._arn = arn

    def parents(self) -> dict[str, set[str]]:
        parents: dict[str, set[str]] = {}
        request: dict[str, Any] = {"StreamARN": self._arn}
        while True:
            page = self._client.list_shards(**request)
            for shard in page["Shards"]:
                both = (shard.get("ParentShardId"), shard.get("AdjacentParentShardId"))
                parents[shard["ShardId"]] = {parent for parent in both if parent}
            if not page.get("NextToken"):
                return parents
            request = {"NextToken": page["NextToken"]}

    def iterator(self, shard_id: str, position: Position) -> str:
        request: dict[str, Any] = {
            "StreamARN": self._arn,
            "ShardId": shard_id,
            "ShardIteratorType": str(position.type),
        }
        if position.type is PositionType.AT_TIMESTAMP:
            request["Timestamp"] = float(position.value)
        elif position.value:
            request["StartingSequenceNumber"] = position.value
        return self._client.get_shard_iterator(**request)["ShardIterator"]

    def page(self, iterator: str, limit: int) -> dict[str, Any]:
        # Kinesis may be told the stream, which IAM then need not find out from the iterator.
        return dict(self._client.get_records(ShardIterator=iterator, Limit=limit, StreamARN=self._arn))

    def sequence_number(self, record: Record) -> str:
        return str(record["SequenceNumber"])


def raw_get_records(client: Client) -> Client:
    """The client, with GetRecords answering in raw JSON."""
    keep_raw(client, "GetRecords")
    return client
