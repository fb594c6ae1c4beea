"""Empties and deletes a stack."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from salescast.stack.errors import SalescastError
from salescast.stack.stack import Stack

DELETE_AT_ONCE = 1000  # DeleteObjects takes no more
DATA = ("AWS::S3::Bucket", "AWS::DynamoDB::Table")

Report = Callable[[str], None]


@dataclass
class Destroyed:
    """What became of a stack: object versions and delete markers deleted, and data that its policy kept."""

    stack: str
    objects: int = 0
    retained: list[str] = field(default_factory=list)


def destroy(stack: Stack, *, keep_data: bool = False, report: Report = lambda _: None) -> Destroyed:
    """Empty the stack's bucket, unless `keep_data`, and delete the stack.

    What its DataDeletionPolicy retains is named in the answer. Raises SalescastError with CloudFormation's
    reason when the deletion fails.
    """
    result = Destroyed(stack.name)
    data = _data(stack)
    bucket = stack.output("Lake")
    if not keep_data:
        report(f"emptying {bucket}")
        result.objects = _empty(stack, bucket)
    report(f"deleting the stack {stack.name}")
    identity = stack.description["StackId"]
    stack.cloudformation.delete_stack(StackName=stack.name)
    try:
        stack.cloudformation.get_waiter("stack_delete_complete").wait(
            StackName=identity if not stack.is_laptop else stack.name,
            WaiterConfig={"Delay": 1 if stack.is_laptop else 5, "MaxAttempts": 360},
        )
    except WaiterError as error:
        raise SalescastError(f"the stack {stack.name} is not deleted: {_reason(stack, identity)}") from error
    result.retained = [f"{kind} {name}" for kind, name in data if _exists(stack, kind, name)]
    return result


def _data(stack: Stack) -> list[tuple[str, str]]:
    pages = stack.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack.name)
    resources = [one for page in pages for one in page["StackResourceSummaries"]]
    return [
        (one["ResourceType"], one["PhysicalResourceId"])
        for one in resources
        if one["ResourceType"] in DATA and one.get("PhysicalResourceId")
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
        if kind == "AWS::S3::Bucket":
            stack.s3.head_bucket(Bucket=name)
        else:
            stack.dynamodb.describe_table(TableName=name)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404):
            return False
        raise
    return True


def _reason(stack: Stack, identity: str) -> str:
    for page in stack.cloudformation.get_paginator("describe_stack_events").paginate(StackName=identity):
        for event in page["StackEvents"]:
            if event.get("ResourceStatus") == "DELETE_FAILED":
                reason = event.get("ResourceStatusReason", "no reason given")
                return f"{event.get('LogicalResourceId')}: {reason}"
    return "see its events in CloudFormation"
