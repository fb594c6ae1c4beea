"""Records of the orders table's stream, which keeps them for 24 hours."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from salescast.stack.services.raw_answers import keep_raw
from salescast.stack.stack import Stack

# An open shard may answer with nothing several times and still have more.
EMPTY_PAGES = 10
PAGE = 1000
_OLDEST = {"ShardIteratorType": "TRIM_HORIZON"}
TRIMMED = "TrimmedDataAccessException"
# No such stream or shard any more, or there never was.
NOT_THERE = ("ResourceNotFoundException", "ValidationException")


class Batch(NamedTuple):
    """A piece of a shard: sequence numbers of its first and last record, and how many records it has."""

    arn: str
    shard: str
    first: str
    last: str
    size: int


class TableStream:
    """Reads on a client of its own: images stay DynamoDB JSON, whatever is in them."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._client: Any = stack.session.client(
            "dynamodbstreams", endpoint_url=stack.endpoint, config=stack.config
        )
        keep_raw(self._client, "GetRecords")

    def records(self, batch: Batch) -> Iterator[dict[str, Any]]:
        """Those of the batch that the stream still has, oldest first.

        Where the first is trimmed, the shard is read from its oldest record on. Raises ClientError for a
        missing right or a stream that does not answer.
        """
        places = (
            {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": batch.first},
            _OLDEST,
        )
        newest, last = int(batch.first) - 1, int(batch.last)
        for place in places:
            try:
                for record in self._from(batch, place):
                    number = int(record["dynamodb"]["SequenceNumber"])
                    if number > last:
                        return
                    if number > newest:
                        newest = number
                        yield record
                    if number == last:
                        return
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code in NOT_THERE:
                    return
                if code != TRIMMED:
                    raise
            else:
                return

    def everything(self, until: float) -> Iterator[dict[str, Any]]:
        """All that the stream of the orders table keeps, shard by shard, up to records made after `until`.

        `until` is epoch seconds. Raises ClientError for a missing right or a stream that does not answer.
        """
        arn = self._stack.dynamodb.describe_table(TableName=self._stack.output("OrdersTable"))["Table"][
            "LatestStreamArn"
        ]
        for shard in self._shards(arn):
            try:
                for record in self._from(Batch(arn, shard, "", "", PAGE), _OLDEST):
                    if record["dynamodb"].get("ApproximateCreationDateTime", 0) > until:
                        break
                    yield record
            except ClientError as error:
                # A shard's time may be over just now.
                if error.response["Error"]["Code"] not in (*NOT_THERE, TRIMMED):
                    raise

    def _shards(self, arn: str) -> Iterator[str]:
        place: dict[str, str] = {}
        while True:
            description = self._client.describe_stream(StreamArn=arn, **place)["StreamDescription"]
            for shard in description["Shards"]:
                yield shard["ShardId"]
            if "LastEvaluatedShardId" not in description:
                return
            place = {"ExclusiveStartShardId": description["LastEvaluatedShardId"]}

    def _from(self, batch: Batch, place: dict[str, str]) -> Iterator[dict[str, Any]]:
        """A shard's records from a place on, to its end or what is its tip for now."""
        iterator = self._client.get_shard_iterator(StreamArn=batch.arn, ShardId=batch.shard, **place)[
            "ShardIterator"
        ]
        empty = 0
        while iterator and empty < EMPTY_PAGES:
            answer = self._client.get_records(ShardIterator=iterator, Limit=min(PAGE, batch.size))
            yield from answer["Records"]
            empty = 0 if answer["Records"] else empty + 1
            iterator = answer.get("NextShardIterator")
