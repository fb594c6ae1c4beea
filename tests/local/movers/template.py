"""The CloudFormation template of the data movers' small stack: a pipe, a delivery stream, a crawler."""

from __future__ import annotations

import json
from typing import Any

# What it does with a record depends on the record's own "mode".
FUNCTION = """
import base64, json, time

def handler(event, context):
    out = []
    for record in event["records"]:
        row = json.loads(base64.b64decode(record["data"]))
        mode = row.pop("mode", "ok")
        answer = {"recordId": record["recordId"], "result": "Ok",
                  "data": base64.b64encode(json.dumps(row).encode()).decode()}
        if mode == "raise":
            raise RuntimeError("no")
        if mode == "sleep":
            time.sleep(5)
        if mode == "not-json":
            return "nothing"
        if mode == "drop":
            answer = {"recordId": record["recordId"], "result": "Dropped"}
        if mode == "fail":
            answer = {"recordId": record["recordId"], "result": "ProcessingFailed", "data": record["data"]}
        if mode == "no-data":
            del answer["data"]
        if mode == "odd-data":
            answer["data"] = {"id": row["id"]}
        if mode == "garbage":
            answer["data"] = base64.b64encode(b"id: " + row["id"].encode()).decode()
        if mode == "array":
            answer["data"] = base64.b64encode(json.dumps([row]).encode()).decode()
        if mode == "huge":
            answer["data"] = "A" * 7_000_000
        if mode == "bad-base64":
            answer["data"] = "***"
        if mode == "illegal":
            answer["result"] = "ok"
        if mode == "twice":
            out.append(dict(answer))
        if mode == "alien":
            out.append({"recordId": "alien", "result": "Ok", "data": ""})
        if mode != "missing":
            out.append(answer)
    return {"records": out}
"""


def _arn(resource: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [resource, "Arn"]}


def _role(service: str, caller: str, **allowed: Any) -> dict[str, Any]:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
            "ArnLike": {"aws:SourceArn": {"Fn::Sub": caller}},
        },
    }
    statements = [
        {"Effect": "Allow", "Action": actions, "Resource": resource} for actions, resource in allowed.values()
    ]
    policy = {"Version": "2012-10-17", "Statement": statements}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [{"PolicyName": "all", "PolicyDocument": policy}],
        },
    }


def _sub(text: str) -> dict[str, str]:
    return {"Fn::Sub": text}


_GLUE = "arn:aws:glue:${AWS::Region}:${AWS::AccountId}"
COLUMNS = {
    "id": "string",
    "n": "int",
    "amount": "decimal(18,4)",
    "at": "timestamp",
    "note": "string",
}

TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
            },
        },
        "Stream": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 2}},
        "Queue": {"Type": "AWS::SQS::Queue"},
        "PipeLog": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/aws/vendedlogs/pipes/m"}},
        "PipeRole": _role(
            "pipes.amazonaws.com",
            "arn:aws:pipes:${AWS::Region}:${AWS::AccountId}:pipe/*",
            source=(
                ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
                _sub("${Table.Arn}/stream/*"),
            ),
            target=("kinesis:PutRecords", _arn("Stream")),
            queue=("sqs:SendMessage", _arn("Queue")),
        ),
        "Pipe": {
            "Type": "AWS::Pipes::Pipe",
            "Properties": {
                "RoleArn": _arn("PipeRole"),
                "Source": {"Fn::GetAtt": ["Table", "StreamArn"]},
                "SourceParameters": {
                    "DynamoDBStreamParameters": {
                        "StartingPosition": "TRIM_HORIZON",
                        "BatchSize": 100,
                        "MaximumRetryAttempts": 1,
                        "OnPartialBatchItemFailure": "AUTOMATIC_BISECT",
                        "DeadLetterConfig": {"Arn": _arn("Queue")},
                    }
                },
                "Target": _arn("Stream"),
                "TargetParameters": {"KinesisStreamParameters": {"PartitionKey": "$.dynamodb.Keys.id.S"}},
                "LogConfiguration": {
                    "Level": "ERROR",
                    "CloudwatchLogsLogDestination": {"LogGroupArn": _arn("PipeLog")},
                },
            },
        },
        "Lake": {"Type": "AWS::S3::Bucket"},
        "Database": {
            "Type": "AWS::Glue::Database",
            "Properties": {"CatalogId": {"Ref": "AWS::AccountId"}, "DatabaseInput": {"Name": "movers"}},
        },
        "Rows": {
            "Type": "AWS::Glue::Table",
            "Properties": {
                "CatalogId": {"Ref": "AWS::AccountId"},
                "DatabaseName": {"Ref": "Database"},
                "TableInput": {
                    "Name": "rows",
                    "TableType": "EXTERNAL_TABLE",
                    "PartitionKeys": [{"Name": "day", "Type": "string"}],
                    "StorageDescriptor": {
                        "Location": _sub("s3://${Lake}/curated/rows/"),
                        "Columns": [{"Name": name, "Type": hive} for name, hive in COLUMNS.items()],
                    },
                },
            },
        },
        "FunctionRole": _role("lambda.amazonaws.com", "*", log=("logs:PutLogEvents", "*")),
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.11",
                "Handler": "index.handler",
                "Timeout": 3,
                "Role": _arn("FunctionRole"),
                "Code": {"ZipFile": FUNCTION},
            },
        },
        "DeliveryLog": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": "/aws/kinesisfirehose/m"},
        },
        "DeliveryLogStream": {
            "Type": "AWS::Logs::LogStream",
            "Properties": {"LogGroupName": {"Ref": "DeliveryLog"}, "LogStreamName": "destination"},
        },
        "DeliveryRole": _role(
            "firehose.amazonaws.com",
            "arn:aws:firehose:${AWS::Region}:${AWS::AccountId}:deliverystream/*",
            source=(
                ["kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords"],
                _arn("Stream"),
            ),
            transform=("lambda:InvokeFunction", [_arn("Function"), _sub("${Function.Arn}:*")]),
            schema=(
                "glue:GetTable",
                [_sub(f"{_GLUE}:{end}") for end in ("catalog", "database/movers", "table/movers/rows")],
            ),
            lake=(
                "s3:PutObject",
                [_sub("${Lake.Arn}/curated/*"), _sub("${Lake.Arn}/errors/*"), _sub("${Lake.Arn}/raw/*")],
            ),
            log=("logs:PutLogEvents", "*"),
        ),
        "Delivery": {
            "Type": "AWS::KinesisFirehose::DeliveryStream",
            "DependsOn": "DeliveryLogStream",
            "Properties": {
                "DeliveryStreamType": "KinesisStreamAsSource",
                "KinesisStreamSourceConfiguration": {
                    "KinesisStreamARN": _arn("Stream"),
                    "RoleARN": _arn("DeliveryRole"),
                },
                "ExtendedS3DestinationConfiguration": {
                    "RoleARN": _arn("DeliveryRole"),
                    "BucketARN": _arn("Lake"),
                    "Prefix": "curated/rows/day=!{timestamp:yyyy-MM-dd}/",
                    "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/",
                    "BufferingHints": {"IntervalInSeconds": 60, "SizeInMBs": 64},
                    "ProcessingConfiguration": {
                        "Enabled": True,
                        "Processors": [
                            {
                                "Type": "Lambda",
                                "Parameters": [
                                    {"ParameterName": "LambdaArn", "ParameterValue": _arn("Function")},
                                    {"ParameterName": "BufferSizeInMBs", "ParameterValue": "0.2"},
                                    {"ParameterName": "BufferIntervalInSeconds", "ParameterValue": "10"},
                                    {"ParameterName": "NumberOfRetries", "ParameterValue": "1"},
                                ],
                            }
                        ],
                    },
                    "DataFormatConversionConfiguration": {
                        "Enabled": True,
                        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
                        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
                        "SchemaConfiguration": {
                            "RoleARN": _arn("DeliveryRole"),
                            "CatalogId": {"Ref": "AWS::AccountId"},
                            "DatabaseName": {"Ref": "Database"},
                            "TableName": {"Ref": "Rows"},
                            "Region": {"Ref": "AWS::Region"},
                            "VersionId": "LATEST",
                        },
                    },
                    "S3BackupMode": "Enabled",
                    "S3BackupConfiguration": {
                        "RoleARN": _arn("DeliveryRole"),
                        "BucketARN": _arn("Lake"),
                        "Prefix": "raw/!{timestamp:yyyy/MM/dd}/",
                        "BufferingHints": {"IntervalInSeconds": 60, "SizeInMBs": 5},
                        "CompressionFormat": "GZIP",
                    },
                    "CloudWatchLoggingOptions": {
                        "Enabled": True,
                        "LogGroupName": {"Ref": "DeliveryLog"},
                        "LogStreamName": {"Ref": "DeliveryLogStream"},
                    },
                },
            },
        },
        "CrawlerRole": _role(
            "glue.amazonaws.com",
            "arn:aws:glue:${AWS::Region}:${AWS::AccountId}:crawler/*",
            read=("s3:GetObject", _sub("${Lake.Arn}/curated/*")),
            list=("s3:ListBucket", _arn("Lake")),
            catalog=(
                [
                    "glue:GetTable",
                    "glue:CreateTable",
                    "glue:UpdateTable",
                    "glue:GetPartitions",
                    "glue:BatchCreatePartition",
                    "glue:BatchUpdatePartition",
                ],
                [_sub(f"{_GLUE}:{end}") for end in ("catalog", "database/movers", "table/movers/crawled_*")],
            ),
            log=(
                ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
                _sub("arn:aws:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws-glue/crawlers*"),
            ),
        ),
        "Crawler": {
            "Type": "AWS::Glue::Crawler",
            "Properties": {
                "Role": _arn("CrawlerRole"),
                "DatabaseName": {"Ref": "Database"},
                "TablePrefix": "crawled_",
                "Targets": {
                    "S3Targets": [
                        {"Path": _sub("s3://${Lake}/curated/rows/"), "Exclusions": ["**/skip*"]},
                    ]
                },
                "SchemaChangePolicy": {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"},
                "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
                "Configuration": json.dumps(
                    {
                        "Version": 1.0,
                        "Grouping": {
                            "TableLevelConfiguration": 3,
                            "TableGroupingPolicy": "CombineCompatibleSchemas",
                        },
                        "CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}},
                    }
                ),
            },
        },
    },
    "Outputs": {
        name: {"Value": {"Ref": name}}
        for name in (
            "Table",
            "Stream",
            "Queue",
            "Lake",
            "Crawler",
            "Pipe",
            "Function",
            "Delivery",
            "DeliveryRole",
            "PipeRole",
            "CrawlerRole",
        )
    },
}
