"""Empties and deletes a stack."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from botocore.exceptions import ClientError, WaiterError

from salescast.stack.errors import SalescastError
from salescast.stack.polling import poll
from salescast.stack.services import schedules
from salescast.stack.stack import Stack

DELETE_AT_ONCE = 1000  # DeleteObjects takes no more
BUCKET = "AWS::S3::Bucket"
DATA = (BUCKET, "AWS::DynamoDB::Table")
ATTEMPTS = 3  # Firehose delivers for a few minutes after its deletion began
STOP_SECONDS = 300.0
LATE = 1.5  # times its interval, after which Firehose has delivered (docs/aws-behaviour.md 3)

Report = Callable[[str], None]


@dataclass
class Destroyed:
    """What became of a stack: object versions and delete markers deleted, and data that its policy kept."""

    stack: str
    objects: int = 0
    retained: list[str] = field(default_factory=list)


def destroy(stack: Stack, *, keep_data: bool = False, report: Report = lambda _: None) -> Destroyed:
    """Stop what writes, empty the stack's bucket, unless `keep_data`, and delete the stack.

    Firehose writes on until it is gone, and S3 deletes no bucket that holds something: what came meanwhile is
    emptied when the deletion has failed for it, and once more when the bucket is retained. With `keep_data`
    nothing is deleted before Firehose has had time to deliver what it read. What DataDeletionPolicy retains
    is named in the answer. Raises SalescastError with CloudFormation's reason when the deletion fails.
    """
    result = Destroyed(stack.name)
    identity = stack.description["StackId"] if not stack.is_laptop else stack.name
    data = _data(stack)
    buckets = [name for kind, name in data if kind == BUCKET]
    report("stopping the schedules and the pipe")
    _stop(stack)
    if keep_data:
        seconds = _buffering(stack)
        report(f"waiting {seconds:.0f} s for Firehose to deliver what it has read")
        time.sleep(seconds)
    for attempt in range(1, ATTEMPTS + 1):
        if not keep_data:
            report(f"emptying {', '.join(buckets)}")
            result.objects += sum(_empty(stack, bucket) for bucket in buckets)
        report(f"deleting the stack {stack.name}")
        stack.cloudformation.delete_stack(StackName=identity)
        try:
            stack.cloudformation.get_waiter("stack_delete_complete").wait(
                StackName=identity, WaiterConfig={"Delay": 1 if stack.is_laptop else 5, "MaxAttempts": 360}
            )
            break
        except WaiterError as error:
            failed = _failed(stack, identity)
            again = not keep_data and failed.kind == BUCKET and attempt < ATTEMPTS
            if not again:
                raise SalescastError(f"the stack {stack.name} is not deleted: {failed}") from error
            report("something was written into the bucket meanwhile; once more")
    result.retained = [f"{kind} {name}" for kind, name in data if _exists(stack, kind, name)]
    if not keep_data:
        kept = [bucket for bucket in buckets if f"{BUCKET} {bucket}" in result.retained]
        result.objects += sum(_empty(stack, bucket) for bucket in kept)
    return result


def _stop(stack: Stack) -> None:
    """Disable the schedules and stop the pipes; what is gone, or on its way, is left alone."""
    schedules.switch(stack, "DISABLED")
    for name in stack.resources("AWS::Pipes::Pipe"):
        try:
            stack.pipes.stop_pipe(Name=name)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("NotFoundException", "ConflictException"):
                raise
            continue  # stopped, or being deleted
        poll(
            lambda: stack.pipes.describe_pipe(Name=name)["CurrentState"],  # noqa: B023, called here
            lambda state: state != "STOPPING",
            pause=1,
            seconds=STOP_SECONDS,
        )


def _buffering(stack: Stack) -> float:
    """Seconds within which every delivery stream of the stack has written what it has read."""
    longest = 0.0
    for name in stack.resources("AWS::KinesisFirehose::DeliveryStream"):
        described = stack.firehose.describe_delivery_stream(DeliveryStreamName=name)
        for destination in described["DeliveryStreamDescription"]["Destinations"]:
            s3: dict[str, Any] = dict(destination.get("ExtendedS3DestinationDescription", {}))
            for part in (s3, s3.get("S3BackupDescription") or {}):
                longest = max(longest, part.get("BufferingHints", {}).get("IntervalInSeconds", 0.0))
    return LATE * longest / stack.fast


def _data(stack: Stack) -> list[tuple[str, str]]:
    pages = stack.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack.name)
    resources = [one for page in pages for one in page["StackResourceSummaries"]]
    return [
        (one["ResourceType"], one["PhysicalResourceId"])
        for one in resources
        if one["ResourceType"] in DATA
        and one.get("PhysicalResourceId")
        and one["ResourceStatus"] != "DELETE_COMPLETE"  # an earlier attempt came so far
    ]


def _empty(stack: Stack, bucket: str) -> int:
    """Delete every version and delete marker; only then is the bucket empty for S3."""
    count = 0
    for page in stack.s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found: list[Any] = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
        for start in range(0, len(objects), DELETE_AT_ONCE):
            batch: Any = {"Objects": objects[start : start + DELETE_AT_ONCE], "Quiet": True}
            answer = stack.s3.delete_objects(Bucket=bucket, Delete=batch)
            if errors := answer.get("Errors"):
                raise SalescastError(
                    f"cannot delete {errors[0].get('Key')} in {bucket}: {errors[0].get('Message')}"
                )
        count += len(objects)
    return count


def _exists(stack: Stack, kind: str, name: str) -> bool:
    try:
        if kind == BUCKET:
            stack.s3.head_bucket(Bucket=name)
        else:
            stack.dynamodb.describe_table(TableName=name)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404):
            return False
        raise
    return True


class _Failed(NamedTuple):
    kind: str
    logical_id: str
    reason: str

    def __str__(self) -> str:
        return f"{self.logical_id}: {self.reason}" if self.logical_id else self.reason


def _failed(stack: Stack, identity: str) -> _Failed:
    """The resource that could not be deleted: the newest event that says so of a resource."""
    for page in stack.cloudformation.get_paginator("describe_stack_events").paginate(StackName=identity):
        for event in page["StackEvents"]:
            kind = event.get("ResourceType", "")
            if event.get("ResourceStatus") == "DELETE_FAILED" and kind != "AWS::CloudFormation::Stack":
                reason = event.get("ResourceStatusReason", "no reason given")
                return _Failed(kind, event.get("LogicalResourceId", ""), reason)
    return _Failed("", "", "see its events in CloudFormation")
