"""Every allowed action against AWS's Service Authorization Reference, as the pinned policy_sentry carries it.

An action exists, and its statement names a resource of a type that the action knows: a right on a resource
that AWS never asks for, such as ListStreams on a stream, allows nothing.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
from policy_sentry.querying.actions import get_action_data

from tests.iam.policies import Allowed, allowed, documents, listed
from tests.template import template

# Resource types whose ARN is GetAtt's Arn.
ARNS = {
    "AWS::DynamoDB::Table": "dynamodb:r:a:table/x",
    "AWS::Kinesis::Stream": "kinesis:r:a:stream/x",
    "AWS::KinesisFirehose::DeliveryStream": "firehose:r:a:deliverystream/x",
    "AWS::Logs::LogGroup": "logs:r:a:log-group:x:*",
    "AWS::Pipes::Pipe": "pipes:r:a:pipe/x",
    "AWS::S3::Bucket": "s3:::x",
    "AWS::SQS::Queue": "sqs:r:a:x",
    "AWS::Serverless::Function": "lambda:r:a:function:x",
}
RIGHTS = {(right.owner, right.action, right.resource): right for right in allowed()}


def arns(resource: Any) -> list[str]:
    """The ARNs of a statement's Resource, with names of one letter; `*` is kept."""
    if isinstance(resource, list):
        return [arn for one in resource for arn in arns(one)]
    if isinstance(resource, dict) and "Fn::If" in resource:
        return arns(resource["Fn::If"][-1])  # that of the defaults
    if isinstance(resource, dict) and "Fn::GetAtt" in resource:
        return [_of(resource["Fn::GetAtt"].split(".")[0])]
    text = resource if isinstance(resource, str) else resource["Fn::Sub"]
    text = re.sub(r"\$\{(\w+)\.Arn\}", lambda found: _of(found[1]), text)
    return [re.sub(r"\$\{[\w:]+\}", "x", text.replace("${AWS::Partition}", "aws"))]


def _of(logical: str) -> str:
    return f"arn:aws:{ARNS[template()['Resources'][logical]['Type']]}"


@cache
def overlap(one: str, other: str) -> bool:
    """Whether a text fits both patterns, in which * stands for any."""
    if not one or not other:
        return not (one + other).replace("*", "")
    if one[0] == "*" or other[0] == "*":
        rest = overlap(one[1:], other) if one[0] == "*" else overlap(one, other[1:])
        return rest or (overlap(one, other[1:]) if one[0] == "*" else overlap(one[1:], other))
    return one[0] == other[0] and overlap(one[1:], other[1:])


def fits(arn: str, form: str) -> bool:
    """Whether a statement's ARN can name a resource of the reference's form, `arn:${Partition}:s3:::...`."""
    if arn.split(":")[2:3] == ["s3"] and ("/" in arn) != ("/" in form):
        return False  # a bucket is no object
    pattern = re.sub(r"\$\{\w+\}", "*", form)
    return all(map(overlap, arn.split(":", 5), pattern.split(":", 5)))


def described(action: str) -> list[str]:
    """The forms of the resources that an action knows, `*` where it knows none."""
    service, name = action.split(":")
    data = get_action_data(service, name)
    assert data, f"there is no action {action}"
    return [str(row["resource_arn_format"]) for row in data[service]]


@pytest.mark.parametrize("right", RIGHTS.values(), ids=lambda right: f"{right.owner}-{right.action}")
def test_an_action_is_allowed_on_a_resource_that_it_knows(right: Allowed) -> None:
    (document,) = [doc for owner, name, doc in documents() if (owner, name) == (right.owner, right.policy)]
    statement = document["Statement"][right.statement]
    forms = described(right.action)
    named = [form for form in forms if form != "*"]
    if not named:
        assert listed(statement["Resource"]) == ["*"], "it knows no resources, and only * allows it"
        return
    fitting = [arn for arn in arns(statement["Resource"]) if any(fits(arn, form) for form in named)]
    assert fitting, f"none of {arns(statement['Resource'])} is one of {named}"


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("dynamodb:GetRecords", "arn:aws:dynamodb:r:a:table/x"),
        ("s3:GetObject", "arn:aws:s3:::x"),
        ("s3:ListBucket", "arn:aws:s3:::x/*"),
        ("athena:ListDatabases", "arn:aws:athena:r:a:workgroup/x"),
        ("sqs:SendMessage", "arn:aws:sns:r:a:x"),
    ],
)
def test_another_resource_would_be_noticed(action: str, resource: str) -> None:
    assert not any(fits(resource, form) for form in described(action) if form != "*")


def test_every_resource_of_a_statement_is_one_that_an_action_of_it_knows() -> None:
    idle = []
    for owner, name, document in documents():
        for statement in document["Statement"]:
            forms = [form for action in listed(statement["Action"]) for form in described(action)]
            idle += [
                f"{owner} {name}: {arn}"
                for arn in arns(statement["Resource"])
                if arn != "*" and not any(fits(arn, form) for form in forms if form != "*")
            ]
    assert idle == []
