"""destroy while somebody still writes into the bucket, as Firehose does; on a stack of a bucket alone."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from salescast.stack.destroy import destroy
from salescast.stack.errors import SalescastError
from salescast.stack.stack import Stack


def deployed(empty_stack: Stack, name: str, policy: str) -> Stack:
    """A stack of a versioned bucket, beside the one that is there."""
    stack = replace(Stack.laptop(empty_stack.state.folder), name=name)
    bucket = {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": policy,
        "Properties": {"VersioningConfiguration": {"Status": "Enabled"}},
    }
    template = {"Resources": {"Lake": bucket}}
    stack.cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    stack.cloudformation.get_waiter("stack_create_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    return stack


class Writer:
    """Puts an object, as late as at the beginning of each of the first `times` deletions."""

    def __init__(self, stack: Stack, times: int) -> None:
        self.steps: list[str] = []
        self._stack, self._times = stack, times
        self._bucket = stack.resource("AWS::S3::Bucket")

    def __call__(self, step: str) -> None:
        self.steps.append(step)
        if step.startswith("deleting") and self._times:
            self._times -= 1
            self._stack.s3.put_object(Bucket=self._bucket, Key="raw/late", Body=b"late")


def test_what_comes_while_it_is_deleted_is_emptied_too(empty_stack: Stack) -> None:
    stack = deployed(empty_stack, "late", "Delete")
    writer = Writer(stack, 2)
    destroyed = destroy(stack, report=writer)
    assert (destroyed.objects, destroyed.retained) == (2, [])
    assert writer.steps[0] == "stopping the schedules and the pipe"
    assert [step for step in writer.steps if "once more" in step] == [
        "something was written into the bucket meanwhile; once more"
    ] * 2


def test_what_comes_into_a_retained_bucket_is_emptied_in_the_end(empty_stack: Stack) -> None:
    stack = deployed(empty_stack, "retained", "Retain")
    bucket = stack.resource("AWS::S3::Bucket")
    destroyed = destroy(stack, report=Writer(stack, 1))
    assert (destroyed.objects, destroyed.retained) == (1, [f"AWS::S3::Bucket {bucket}"])
    assert "Versions" not in stack.s3.list_object_versions(Bucket=bucket)


def test_who_writes_without_end_is_told(empty_stack: Stack) -> None:
    stack = deployed(empty_stack, "endless", "Delete")
    with pytest.raises(SalescastError, match=r"the stack endless is not deleted: Lake: .*not empty"):
        destroy(stack, report=Writer(stack, 9))


def test_data_that_is_to_be_kept_is_not_emptied(empty_stack: Stack) -> None:
    stack = deployed(empty_stack, "kept", "Delete")
    stack.s3.put_object(Bucket=stack.resource("AWS::S3::Bucket"), Key="curated/x", Body=b"x")
    with pytest.raises(SalescastError, match=r"the stack kept is not deleted: Lake: .*not empty"):
        destroy(stack, keep_data=True)
    assert stack.s3.list_objects_v2(Bucket=stack.resource("AWS::S3::Bucket"))["KeyCount"] == 1
