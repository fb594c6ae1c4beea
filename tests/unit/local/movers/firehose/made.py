"""What the tests of Firehose are made of: a description, sources, batches, refusals."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from botocore.exceptions import ClientError

from salescast.local.movers.firehose.batch import Batch, Source

ROLE = "arn:aws:iam::000000000000:role/r"


def description(**s3: Any) -> dict[str, Any]:
    destination = {
        "RoleARN": ROLE,
        "BucketARN": "arn:aws:s3:::lake",
        "Prefix": "rows/day=!{timestamp:yyyy-MM-dd}/",
        "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
        "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
        "ProcessingConfiguration": {
            "Enabled": True,
            "Processors": [
                {
                    "Type": "Lambda",
                    "Parameters": [
                        {
                            "ParameterName": "LambdaArn",
                            "ParameterValue": "arn:aws:lambda:us-east-1:0:function:f",
                        }
                    ],
                }
            ],
        },
        "DataFormatConversionConfiguration": {
            "Enabled": True,
            "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
            "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
            "SchemaConfiguration": {"RoleARN": ROLE, "DatabaseName": "d", "TableName": "t"},
        },
        **s3,
    }
    source = {"KinesisStreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/s", "RoleARN": ROLE}
    return {
        "DeliveryStreamName": "orders",
        "DeliveryStreamARN": "arn:aws:firehose:us-east-1:000000000000:deliverystream/orders",
        "VersionId": "1",
        "Source": {"KinesisStreamSourceDescription": source},
        "Destinations": [{"ExtendedS3DestinationDescription": destination}],
    }


def source(number: int, data: bytes = b"{}") -> Source:
    return Source(f"{number:056d}", 1_795_000_000_000 + number, b64encode(data).decode(), f'k"{number}')


def batch_of(*sources: Source) -> Batch:
    batch = Batch("shardId-1", 0.0)
    for source in sources:
        batch.add(source)
    return batch


def refused(code: str, status: int) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Invoke")
