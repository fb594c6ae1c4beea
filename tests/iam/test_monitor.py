"""Who has AnalystPolicy and MonitorPolicy sees every stage, and nobody's personal data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from salescast.integrity import health
from salescast.stack.errors import SalescastError
from salescast.stack.stack import LAPTOP_REGION, Stack
from tests.iam.actors import Deployed
from tests.iam.calls import PROBE, Things
from tests.iam.test_needed_rights import refusal

# Stage -> the first right that it needs besides those on the stack itself.
RIGHTS = {
    "schedules": "sqs:GetQueueAttributes",
    "orders table": "dynamodb:DescribeTable",
    "pipe": "pipes:DescribePipe",
    "dead-letter queue": "sqs:GetQueueAttributes",
    "order stream": "kinesis:DescribeStreamSummary",
    "delivery stream": "firehose:DescribeDeliveryStream",
    "transformer": "lambda:GetFunctionConfiguration",
    "source schema": "lambda:GetFunctionConfiguration",
    "lake": "s3:ListBucket",
    "errors/": "s3:ListBucket",
    "lake job": "glue:GetJobRuns",
    "crawler": "glue:GetCrawler",
    "workgroup": "athena:GetWorkGroup",
    "alarms": "cloudwatch:DescribeAlarms",
    "metrics": "cloudwatch:GetMetricData",
}
# Stages that no right is needed for.
OF_THIS_MACHINE = ("process ", "disk")
FIND_STAGES = {
    "Effect": "Allow",
    "Action": ["cloudformation:DescribeStacks", "cloudformation:ListStackResources"],
    "Resource": "*",
}


@pytest.fixture
def seen_with(deployed: Deployed) -> Iterator[Callable[..., Stack]]:
    """The deployed stack as a user sees it who has exactly these of its managed policies."""
    iam, made = deployed.client("iam"), []

    def see(*policies: str, besides: dict[str, object] | None = None) -> Stack:
        name = f"watcher-{uuid4().hex[:8]}"
        iam.create_user(UserName=name)
        if besides:
            document = json.dumps({"Version": "2012-10-17", "Statement": [besides]})
            iam.put_user_policy(UserName=name, PolicyName="besides", PolicyDocument=document)
        arns = [deployed.stack.output(policy) for policy in policies]
        for arn in arns:
            iam.attach_user_policy(UserName=name, PolicyArn=arn)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        made.append((name, arns, key["AccessKeyId"]))
        session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], None, LAPTOP_REGION)
        stack = deployed.stack
        return Stack(stack.name, stack.region, stack.state, session, stack.endpoint, stack.fast)

    yield see
    for name, arns, key_id in made:
        for arn in arns:
            iam.detach_user_policy(UserName=name, PolicyArn=arn)
        for policy in iam.list_user_policies(UserName=name)["PolicyNames"]:
            iam.delete_user_policy(UserName=name, PolicyName=policy)
        iam.delete_access_key(UserName=name, AccessKeyId=key_id)
        iam.delete_user(UserName=name)


def test_both_policies_show_every_stage_and_no_data(seen_with: Callable[..., Stack], things: Things) -> None:
    stack = seen_with("AnalystPolicy", "MonitorPolicy")
    stages = [stage for stage in health.stages(stack) if not stage.name.startswith(OF_THIS_MACHINE)]
    assert [stage.name for stage in stages] == [name for name in RIGHTS if name != "metrics"]
    assert [stage for stage in stages if stage.health == health.DOWN] == []
    # Things puts one object under errors/.
    assert health.failing(stack).errors >= 1
    with pytest.raises(ClientError) as refused:
        stack.s3.get_object(Bucket=things.lake, Key=f"errors/{PROBE}")
    assert refusal(refused.value) == "s3:GetObject"
    with pytest.raises(ClientError) as refused:
        stack.dynamodb.scan(TableName=things.orders)
    assert refusal(refused.value) == "dynamodb:Scan"


def test_monitor_policy_alone_is_enough_for_the_status(seen_with: Callable[..., Stack]) -> None:
    stack = seen_with("MonitorPolicy")
    assert [stage for stage in health.stages(stack) if stage.health == health.DOWN] == []
    assert health.failing(stack) == health.failing(seen_with("MonitorPolicy", "AnalystPolicy"))


def test_each_stage_that_may_not_be_asked_names_the_right(seen_with: Callable[..., Stack]) -> None:
    stages = health.stages(seen_with(besides=FIND_STAGES))
    refused = {stage.name: stage for stage in stages if not stage.name.startswith(OF_THIS_MACHINE)}
    assert {stage.health for stage in refused.values()} == {health.DOWN}
    assert {name: stage.detail for name, stage in refused.items()} == {
        name: f"may not be asked: the right {right} is missing; attach the policy in the output MonitorPolicy"
        for name, right in RIGHTS.items()
    }


def test_an_analyst_is_told_which_policy_is_missing(seen_with: Callable[..., Stack]) -> None:
    stack = seen_with("AnalystPolicy")
    missing = r"the right cloudformation:DescribeStacks is missing; .* MonitorPolicy"
    with pytest.raises(SalescastError, match=missing):
        health.failing(stack)
    assert {stage.health for stage in health.stages(stack) if stage.name in RIGHTS} == {health.DOWN}
