"""A pipe's target: a Kinesis stream, written with PutRecords.

Keeps (docs/aws-behaviour.md 1.2, 1.6, 1.9): the batch API for any number of records, at most 500 and 5 MiB of
data and keys a call; a call may fail for some entries, and only those are given back; errors are the
customer's (4xx: no permission, no stream, throttled, a record too large) or the service's own, which Pipes
retries without counting.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from salescast.local.movers.pipe.event import Entry
from salescast.local.movers.runner import describe
from salescast.stack.services.change_stream import ABOUT_RECORDS, MAX_KEY, calls, weight

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient


@dataclass
class Failure:
    """What a put did not write. `status` is the call's HTTP status, 200 for entries refused singly."""

    entries: list[Entry] = field(default_factory=list)
    internal: bool = False  # the service's fault: retried without counting
    about_records: bool = False  # the whole call was refused for what is in it: worth halving
    status: int = 200
    message: str = ""
    request_id: str = ""


class KinesisTarget:
    """PutRecords to one stream."""

    def __init__(self, client: KinesisClient, stream_arn: str) -> None:
        self._client = client
        self._stream_arn = stream_arn

    def put(self, entries: list[Entry]) -> list[Failure]:
        """Writes the entries; gives what failed, nothing when all are written."""
        keyless = [entry for entry in entries if entry.key is None or len(entry.key) > MAX_KEY]
        failures = []
        if keyless:
            entries = [entry for entry in entries if entry.key is not None and len(entry.key) <= MAX_KEY]
            message = f"the event has no partition key of 1 to {MAX_KEY} characters at the configured path"
            failures.append(Failure(keyless, status=400, message=message))
        for call in calls(entries, lambda entry: weight(entry.data, entry.key or "")):
            failure = self._put(call)
            if failure is not None:
                failures.append(failure)
        return failures

    def _put(self, entries: list[Entry]) -> Failure | None:
        records: list[Any] = [{"Data": entry.data, "PartitionKey": entry.key} for entry in entries]
        try:
            answer = self._client.put_records(StreamARN=self._stream_arn, Records=records)
        except ClientError as error:
            return _refused(entries, error)
        except (BotoCoreError, OSError) as error:
            return Failure(entries, internal=True, status=0, message=describe(error))
        if not answer["FailedRecordCount"]:
            return None
        failed, codes = [], set()
        for entry, result in zip(entries, answer["Records"], strict=True):
            if result.get("ErrorCode"):
                failed.append(entry)
                codes.add(result["ErrorCode"])
        return Failure(
            failed,
            internal=codes == {"InternalFailure"},
            message=", ".join(sorted(codes)),
            request_id=answer["ResponseMetadata"].get("RequestId", ""),
        )


def _refused(entries: list[Entry], error: ClientError) -> Failure:
    metadata = error.response.get("ResponseMetadata", {})
    status = int(metadata.get("HTTPStatusCode", 500))
    code = error.response.get("Error", {}).get("Code", "")
    return Failure(
        entries,
        internal=status >= 500
        or code in ("InternalFailure", "InternalFailureException", "ServiceUnavailable"),
        about_records=code in ABOUT_RECORDS or status == 413,
        status=status,
        message=describe(error),
        request_id=metadata.get("RequestId", ""),
    )
