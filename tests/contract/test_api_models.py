"""The rendered template against the services' API models, as botocore carries them.

What CloudFormation will send is as good as the template's properties under the API's names.

CloudFormation's own schemas are checked by `sam validate --lint` (cfn-lint). Those leave out limits that the
services keep; here every value is held against required members, types, enums, ranges, lengths and patterns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from tests.rendered import Rendering

Json = dict[str, Any]
S3 = "ExtendedS3DestinationConfiguration"
ELSEWHERE = "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-01-01T00:00:00.000"
CHOICES: dict[str, dict[str, str]] = {
    "defaults": {},
    "everything else": {
        "AlarmEmail": "a@example.com",
        "CrawlerSchedule": "cron(30 2 * * ? *)",
        "LakeJobSchedule": "DISABLED",
        "OrdersStreamArn": ELSEWHERE,
        "PipeRetryAttempts": "10",
        "StreamMode": "PROVISIONED",
    },
}


def table(properties: Json) -> Json:
    """CloudFormation's names of the Iceberg part, as the API has them."""
    if "OpenTableFormatInput" not in properties:
        return properties
    iceberg = dict(properties["OpenTableFormatInput"]["IcebergInput"])
    iceberg["CreateIcebergTableInput"] = iceberg.pop("IcebergTableInput")
    return {**properties, "OpenTableFormatInput": {"IcebergInput": iceberg}}


def crawler(properties: Json) -> Json:
    schedule = properties.get("Schedule")
    return {**properties, **({"Schedule": schedule["ScheduleExpression"]} if schedule else {})}


def dynamo(properties: Json) -> Json:
    kept = {k: v for k, v in properties.items() if not k.startswith(("PointInTime", "TimeToLive"))}
    if stream := kept.get("StreamSpecification"):
        kept["StreamSpecification"] = {"StreamEnabled": True, **stream}
    sse = {"Enabled": kept.pop("SSESpecification")["SSEEnabled"]}
    return {**kept, "SSESpecification": sse}


def workgroup(properties: Json) -> Json:
    left = {k: v for k, v in properties.items() if k in ("Name", "Description")}
    return {**left, "Configuration": properties["WorkGroupConfiguration"]}


def stream(properties: Json) -> Json:
    return {k: v for k, v in properties.items() if k in ("StreamModeDetails", "ShardCount")}


def queue(properties: Json) -> Json:
    return {"Attributes": {key: str(value) for key, value in properties.items()}}


def same(properties: Json) -> Json:
    return properties


# Type: service, operation, the member that names the resource, what else differs in names.
CALLS: dict[str, tuple[str, str, str, Callable[[Json], Json]]] = {
    "AWS::Athena::NamedQuery": ("athena", "CreateNamedQuery", "", same),
    "AWS::Athena::WorkGroup": ("athena", "CreateWorkGroup", "", workgroup),
    "AWS::CloudWatch::Alarm": ("cloudwatch", "PutMetricAlarm", "AlarmName", same),
    "AWS::CloudWatch::Dashboard": ("cloudwatch", "PutDashboard", "", same),
    "AWS::DynamoDB::Table": ("dynamodb", "CreateTable", "TableName", dynamo),
    "AWS::Glue::Crawler": ("glue", "CreateCrawler", "Name", crawler),
    "AWS::Glue::Database": ("glue", "CreateDatabase", "", same),
    "AWS::Glue::Job": ("glue", "CreateJob", "Name", same),
    "AWS::Glue::Table": ("glue", "CreateTable", "", table),
    "AWS::Kinesis::Stream": ("kinesis", "CreateStream", "StreamName", stream),
    "AWS::KinesisFirehose::DeliveryStream": (
        "firehose",
        "CreateDeliveryStream",
        "DeliveryStreamName",
        same,
    ),
    "AWS::Pipes::Pipe": ("pipes", "CreatePipe", "Name", same),
    "AWS::SQS::Queue": ("sqs", "CreateQueue", "QueueName", queue),
    "AWS::Scheduler::Schedule": ("scheduler", "CreateSchedule", "Name", same),
    "AWS::Scheduler::ScheduleGroup": ("scheduler", "CreateScheduleGroup", "Name", same),
}
# CloudFormation makes these of several calls, or SAM makes others of them; their schemas are cfn-lint's.
ELSEWHERE_CHECKED = {
    *("AWS::IAM::ManagedPolicy", "AWS::IAM::Role", "AWS::Logs::LogGroup", "AWS::Logs::LogStream"),
    *("AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::Serverless::Function"),
    *("AWS::SNS::Subscription", "AWS::SNS::Topic", "AWS::SNS::TopicPolicy"),
}


@cache
def operation(service: str, name: str) -> StructureShape:
    shape = botocore.session.get_session().get_service_model(service).operation_model(name).input_shape
    assert isinstance(shape, StructureShape)
    return shape


def faults(shape: Shape, value: Any, where: str) -> Iterator[str]:
    """What the model refuses in a value. Numbers may be texts: CloudFormation converts parameters."""
    if isinstance(shape, StructureShape) and shape.is_document_type:
        return  # any JSON
    if isinstance(shape, StructureShape):
        for name in shape.required_members:
            if name not in value:
                yield f"{where}.{name} is required"
        for name, part in value.items():
            if name not in shape.members:
                yield f"{where}.{name} is no member"
            else:
                yield from faults(shape.members[name], part, f"{where}.{name}")
    elif isinstance(shape, ListShape):
        yield from _outside(shape, len(value), where)
        for number, part in enumerate(value):
            yield from faults(shape.member, part, f"{where}[{number}]")
    elif isinstance(shape, MapShape):
        for name, part in value.items():
            yield from faults(shape.key, name, f"{where} key")
            yield from faults(shape.value, part, f"{where}.{name}")
    elif isinstance(shape, StringShape):
        text = json.dumps(value) if isinstance(value, dict) else str(value)
        if shape.enum and text not in shape.enum:
            yield f"{where}: {text} is none of {shape.enum}"
        yield from _outside(shape, len(text), where)
        pattern = shape.metadata.get("pattern")
        if pattern and not re.fullmatch(_pythons(pattern), text, re.DOTALL):
            yield f"{where}: {text!r} does not fit {pattern}"
    elif shape.type_name in ("integer", "long", "double", "float"):
        yield from _outside(shape, float(value), where)


def _outside(shape: Shape, number: float, where: str) -> Iterator[str]:
    if number < shape.metadata.get("min", number) or number > shape.metadata.get("max", number):
        yield f"{where}: {number:g} is outside {shape.metadata.get('min')} to {shape.metadata.get('max')}"


def _pythons(pattern: str) -> str:
    """Java's way to write a character by its code, as Python has it."""
    return re.sub(r"\\uD[89AB]\w\w\\uDC00-\\uDBFF\\uDFFF", "\U00010000-\U0010ffff", pattern)


def requests(choice: str) -> Iterator[tuple[str, StructureShape, Json]]:
    for logical, (kind, properties) in Rendering(CHOICES[choice]).resources().items():
        if kind in ELSEWHERE_CHECKED:
            continue
        service, name, named, translated = CALLS[kind]
        request = {**({named: logical} if named else {}), **translated(properties)}
        yield logical, operation(service, name), request


@pytest.mark.parametrize("choice", CHOICES)
def test_every_request_is_one_that_its_service_takes(choice: str) -> None:
    made = list(requests(choice))
    assert len(made) > 60
    found = {logical: list(faults(shape, request, "")) for logical, shape, request in made}
    assert {logical: told for logical, told in found.items() if told} == {}


@pytest.mark.parametrize(
    ("logical", "path", "value", "fault"),
    [
        ("OrdersPipe", "SourceParameters.DynamoDBStreamParameters.BatchSize", 20_000, "outside 1 to 10000"),
        ("OrdersPipe", "RoleArn", "role", "does not fit"),
        ("PipeSilentAlarm", "ComparisonOperator", "Above", "is none of"),
        ("ArrivalsDeliveryStream", f"{S3}.BufferingHints.SizeInMBs", 129, "outside"),
        ("GeneratorTick", "Target.Arm", "x", "is no member"),
        ("GeneratorTick", "FlexibleTimeWindow", {}, "Mode is required"),
        ("LakeCrawler", "Targets.S3Targets", "", ""),
    ],
)
def test_a_wrong_value_would_be_noticed(logical: str, path: str, value: Any, fault: str) -> None:
    ((shape, request),) = [(shape, one) for name, shape, one in requests("defaults") if name == logical]
    place: Any = request
    *way, last = path.split(".")
    for step in way:
        place = place[step]
    place[last] = value
    told = list(faults(shape, request, ""))
    assert bool(told) == bool(fault)
    assert all(fault in one for one in told)


def test_policies_fit_into_what_iam_takes() -> None:
    """6,144 characters for a managed policy, 10,240 for all inline policies of a role (IAM quotas)."""
    for name, (kind, properties) in Rendering().resources().items():
        if kind == "AWS::IAM::ManagedPolicy":
            assert len(json.dumps(properties["PolicyDocument"], separators=(",", ":"))) <= 6144, name
        if kind == "AWS::IAM::Role":
            documents = [policy["PolicyDocument"] for policy in properties["Policies"]]
            assert sum(len(json.dumps(one, separators=(",", ":"))) for one in documents) <= 10_240, name
