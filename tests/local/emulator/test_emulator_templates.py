"""What the emulator makes of a template: pipes, delivery streams and named queries as AWS tells of them."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.local.emulator.emulator_process import Emulator, started

ACCOUNT = "000000000000"

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "pipes.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
TEMPLATE: dict[str, Any] = {
    "Parameters": {
        "Batch": {"Type": "Number", "Default": 500},
        "Query": {"Type": "String", "Default": "SELECT 1"},
    },
    "Resources": {
        "Orders": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "order_id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "order_id", "KeyType": "HASH"}],
                "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
            },
        },
        "Stream": {
            "Type": "AWS::Kinesis::Stream",
            "Properties": {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}},
        },
        "Lake": {"Type": "AWS::S3::Bucket"},
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": TRUST},
        },
        "Workgroup": {
            "Type": "AWS::Athena::WorkGroup",
            "Properties": {"Name": "templated", "RecursiveDeleteOption": True},
        },
        "Question": {
            "Type": "AWS::Athena::NamedQuery",
            "Properties": {
                "Name": "question",
                "Description": "What is one?",
                "Database": "sales",
                "WorkGroup": {"Ref": "Workgroup"},
                "QueryString": {"Ref": "Query"},
            },
        },
        "Pipe": {
            "Type": "AWS::Pipes::Pipe",
            "Properties": {
                "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                "Source": {"Fn::GetAtt": ["Orders", "StreamArn"]},
                "SourceParameters": {
                    "DynamoDBStreamParameters": {
                        "StartingPosition": "TRIM_HORIZON",
                        "BatchSize": {"Ref": "Batch"},
                        "MaximumRetryAttempts": 5,
                        "OnPartialBatchItemFailure": "AUTOMATIC_BISECT",
                        "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Queue", "Arn"]}},
                    }
                },
                "Target": {"Fn::GetAtt": ["Stream", "Arn"]},
                "TargetParameters": {
                    "KinesisStreamParameters": {"PartitionKey": "$.dynamodb.Keys.order_id.S"}
                },
                "LogConfiguration": {
                    "Level": "ERROR",
                    "CloudwatchLogsLogDestination": {"LogGroupArn": "arn:aws:logs:x"},
                },
            },
        },
        "Delivery": {
            "Type": "AWS::KinesisFirehose::DeliveryStream",
            "Properties": {
                "DeliveryStreamType": "KinesisStreamAsSource",
                "KinesisStreamSourceConfiguration": {
                    "KinesisStreamARN": {"Fn::GetAtt": ["Stream", "Arn"]},
                    "RoleARN": {"Fn::GetAtt": ["Role", "Arn"]},
                },
                "ExtendedS3DestinationConfiguration": {
                    "BucketARN": {"Fn::GetAtt": ["Lake", "Arn"]},
                    "RoleARN": {"Fn::GetAtt": ["Role", "Arn"]},
                    "Prefix": "curated/",
                    "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
                    "BufferingHints": {"IntervalInSeconds": "60", "SizeInMBs": 64},
                    "CloudWatchLoggingOptions": {
                        "Enabled": "true",
                        "LogGroupName": "g",
                        "LogStreamName": "s",
                    },
                    "S3BackupMode": "Enabled",
                    "S3BackupConfiguration": {
                        "BucketARN": {"Fn::GetAtt": ["Lake", "Arn"]},
                        "RoleARN": {"Fn::GetAtt": ["Role", "Arn"]},
                        "Prefix": "raw/",
                        "CompressionFormat": "GZIP",
                    },
                },
            },
        },
    },
    "Outputs": {
        "Pipe": {"Value": {"Ref": "Pipe"}},
        "Question": {"Value": {"Ref": "Question"}},
        "Stream": {"Value": {"Ref": "Stream"}},
        "Lake": {"Value": {"Ref": "Lake"}},
        "Delivery": {"Value": {"Ref": "Delivery"}},
    },
}


def outputs(emulator: Emulator) -> dict[str, str]:
    described = emulator.client("cloudformation").describe_stacks(StackName="gaps")["Stacks"][0]["Outputs"]
    return {output["OutputKey"]: output["OutputValue"] for output in described}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with started(tmp_path_factory.mktemp("templates")) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def stack(emulator: Emulator) -> dict[str, str]:
    client = emulator.client("cloudformation")
    client.create_stack(StackName="gaps", TemplateBody=json.dumps(TEMPLATE), Capabilities=["CAPABILITY_IAM"])
    client.get_waiter("stack_create_complete").wait(StackName="gaps", WaiterConfig={"Delay": 1})
    return outputs(emulator)


def update(emulator: Emulator, **parameters: str) -> dict[str, str]:
    client = emulator.client("cloudformation")
    client.update_stack(
        StackName="gaps",
        TemplateBody=json.dumps(TEMPLATE),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    client.get_waiter("stack_update_complete").wait(StackName="gaps", WaiterConfig={"Delay": 1})
    return outputs(emulator)


def test_pipe_tells_its_parameters_typed_and_resolved(emulator: Emulator, stack: dict[str, str]) -> None:
    pipe = emulator.client("pipes").describe_pipe(Name=stack["Pipe"])
    source = pipe["SourceParameters"]["DynamoDBStreamParameters"]
    assert source["BatchSize"] == 500
    assert source["StartingPosition"] == "TRIM_HORIZON"
    assert source["DeadLetterConfig"]["Arn"].startswith(f"arn:aws:sqs:us-east-1:{ACCOUNT}:")
    assert pipe["TargetParameters"]["KinesisStreamParameters"]["PartitionKey"] == "$.dynamodb.Keys.order_id.S"
    assert pipe["LogConfiguration"]["Level"] == "ERROR"
    assert pipe["RoleArn"].startswith(f"arn:aws:iam::{ACCOUNT}:role/")
    assert update(emulator, Batch="100")["Pipe"] == stack["Pipe"]
    changed = emulator.client("pipes").describe_pipe(Name=stack["Pipe"])
    assert changed["SourceParameters"]["DynamoDBStreamParameters"]["BatchSize"] == 100


def test_update_pipe_keeps_the_starting_position(emulator: Emulator, stack: dict[str, str]) -> None:
    client = emulator.client("pipes")
    role = client.describe_pipe(Name=stack["Pipe"])["RoleArn"]
    client.update_pipe(
        Name=stack["Pipe"], RoleArn=role, SourceParameters={"DynamoDBStreamParameters": {"BatchSize": 7}}
    )
    source = client.describe_pipe(Name=stack["Pipe"])["SourceParameters"]["DynamoDBStreamParameters"]
    assert source == {"BatchSize": 7, "StartingPosition": "TRIM_HORIZON"}


def test_delivery_stream_tells_everything(emulator: Emulator, stack: dict[str, str]) -> None:
    described = emulator.client("firehose").describe_delivery_stream(DeliveryStreamName=stack["Delivery"])
    description = described["DeliveryStreamDescription"]
    source = description["Source"]["KinesisStreamSourceDescription"]
    assert source["DeliveryStartTimestamp"] <= datetime.now(UTC)
    destination = description["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert destination["BufferingHints"] == {"IntervalInSeconds": 60, "SizeInMBs": 64}
    assert destination["CloudWatchLoggingOptions"] == {
        "Enabled": True,
        "LogGroupName": "g",
        "LogStreamName": "s",
    }
    assert destination["S3BackupMode"] == "Enabled"
    backup = destination["S3BackupDescription"]
    assert (backup["Prefix"], backup["CompressionFormat"]) == ("raw/", "GZIP")
    assert backup["BufferingHints"] == {"SizeInMBs": 5, "IntervalInSeconds": 300}


def test_put_records_delivers_nothing_by_itself(emulator: Emulator, stack: dict[str, str]) -> None:
    kinesis = emulator.client("kinesis")
    kinesis.put_records(StreamName=stack["Stream"], Records=[{"Data": b"{}", "PartitionKey": "k"}] * 10)
    time.sleep(0.5)
    assert emulator.client("s3").list_objects_v2(Bucket=stack["Lake"])["KeyCount"] == 0
    assert "holding" not in emulator.log.read_text()


def test_named_query_lives_with_the_stack(emulator: Emulator, stack: dict[str, str]) -> None:
    athena = emulator.client("athena")
    assert athena.list_named_queries(WorkGroup="templated")["NamedQueryIds"] == [stack["Question"]]
    query = athena.get_named_query(NamedQueryId=stack["Question"])["NamedQuery"]
    assert (query["Name"], query["Description"], query["QueryString"]) == (
        "question",
        "What is one?",
        "SELECT 1",
    )
    assert update(emulator, Batch="100", Query="SELECT 2")["Question"] != stack["Question"]
    replaced = athena.list_named_queries(WorkGroup="templated")["NamedQueryIds"]
    queries = athena.batch_get_named_query(NamedQueryIds=replaced)["NamedQueries"]
    assert [named["QueryString"] for named in queries] == ["SELECT 2"]
