"""Actions of the template's roles and policies that a service calls on AWS and nothing here does.

No call is made up for them. rights.py has the others. `source` is a section of docs/aws-behaviour.md.
"""

from __future__ import annotations

from typing import NamedTuple

from tests.iam.rights import CATALOG, GLUE_LOGS, LAKE_FOLDERS, TRANSFORMER, WRITTEN


class OnAwsOnly(NamedTuple):
    owner: str
    action: str
    resource: str
    source: str
    why: str


_LOGGING = "Lambda writes the function's log with its role; the emulator writes it by itself"
_XRAY = "active tracing: Lambda's agent sends the segments; the emulator traces nothing"
_UPLOADS = "large objects go up in parts on AWS; here an object is put at once"
_PLACE = "asked before the service writes or reads; here the bucket's place is known"

DEFAULT_DATABASE = "glue:catalog, glue:database/default"
_DEFAULT = "the guide wants it readable for every query; the emulator's Athena does not look at it"

ON_AWS_ONLY = [
    OnAwsOnly(
        "SchedulerRole", "sqs:SendMessage", "ScheduleDeadLetterQueue", "7.1",
        "what could not be started after an hour; the emulator's Scheduler logs it",
    ),
    OnAwsOnly("ProjectorRole", "glue:GetDatabase", DEFAULT_DATABASE, "7.5", _DEFAULT),
    OnAwsOnly("AnalystPolicy", "glue:GetDatabase", DEFAULT_DATABASE, "7.5", _DEFAULT),
    OnAwsOnly(
        "AnalystPolicy", "athena:ListEngineVersions", "*", "7.5",
        "the console asks; the emulator has no such call",
    ),
    OnAwsOnly("GeneratorRole", "logs:CreateLogStream", "GeneratorLogGroup", "7.3", _LOGGING),
    OnAwsOnly("GeneratorRole", "logs:PutLogEvents", "GeneratorLogGroup", "7.3", _LOGGING),
    OnAwsOnly("GeneratorRole", "xray:PutTraceSegments", "*", "7.3", _XRAY),
    OnAwsOnly("GeneratorRole", "xray:PutTelemetryRecords", "*", "7.3", _XRAY),
    OnAwsOnly("LakeJobRole", "logs:CreateLogGroup", GLUE_LOGS, "7.7", "Glue makes its own two groups"),
    OnAwsOnly(
        "LakeJobRole", "s3:AbortMultipartUpload", WRITTEN, "7.7", "large files, in parts; here none is"
    ),
    OnAwsOnly("SnapshotRole", "logs:CreateLogStream", "SnapshotLogGroup", "7.3", _LOGGING),
    OnAwsOnly("SnapshotRole", "logs:PutLogEvents", "SnapshotLogGroup", "7.3", _LOGGING),
    OnAwsOnly("ProjectorRole", "logs:CreateLogStream", "ProjectorLogGroup", "7.3", _LOGGING),
    OnAwsOnly("ProjectorRole", "logs:PutLogEvents", "ProjectorLogGroup", "7.3", _LOGGING),
    OnAwsOnly("ProjectorRole", "xray:PutTraceSegments", "*", "7.3", _XRAY),
    OnAwsOnly("ProjectorRole", "xray:PutTelemetryRecords", "*", "7.3", _XRAY),
    OnAwsOnly("ProjectorRole", "s3:AbortMultipartUpload", "Lake/athena-results/*", "7.5", _UPLOADS),
    OnAwsOnly("ProjectorRole", "s3:ListMultipartUploadParts", "Lake/athena-results/*", "7.5", _UPLOADS),
    OnAwsOnly("ProjectorRole", "s3:ListBucketMultipartUploads", "Lake", "7.5", _UPLOADS),
    OnAwsOnly("TransformerRole", "logs:CreateLogStream", "TransformerLogGroup", "7.3", _LOGGING),
    OnAwsOnly("TransformerRole", "logs:PutLogEvents", "TransformerLogGroup", "7.3", _LOGGING),
    OnAwsOnly(
        "PipeRole", "dynamodb:ListStreams", "*", "1.7",
        "the guide's policy for this source names it; the stand-in has the stream's ARN from the pipe",
    ),
    OnAwsOnly(
        "DeliveryRole", "kinesis:DescribeStream", "OrderStream", "2.7",
        "Firehose looks at the stream; the stand-in lists its shards",
    ),
    OnAwsOnly(
        "DeliveryRole", "lambda:GetFunctionConfiguration", TRANSFORMER, "2.7",
        "Firehose checks the function's timeout; the stand-in invokes only",
    ),
    OnAwsOnly(
        "DeliveryRole", "glue:GetTableVersion", f"{CATALOG}order_arrivals", "2.7",
        "for a schema whose version is pinned, not LATEST; the emulator has no such call",
    ),
    OnAwsOnly(
        "DeliveryRole", "glue:GetTableVersions", f"{CATALOG}order_arrivals", "2.7",
        "Firehose finds the latest version so; the stand-in asks GetTable for it",
    ),
    OnAwsOnly("DeliveryRole", "s3:GetObject", LAKE_FOLDERS, "2.7", "the guide's policy names it"),
    OnAwsOnly("DeliveryRole", "s3:AbortMultipartUpload", LAKE_FOLDERS, "2.7", _UPLOADS),
    OnAwsOnly("DeliveryRole", "s3:GetBucketLocation", "Lake", "2.7", _PLACE),
    OnAwsOnly("DeliveryRole", "s3:ListBucket", "Lake", "2.7", "the guide's policy names it"),
    OnAwsOnly("DeliveryRole", "s3:ListBucketMultipartUploads", "Lake", "2.7", _UPLOADS),
    OnAwsOnly("CrawlerRole", "s3:GetBucketLocation", "Lake", "7.4", _PLACE),
    *(
        OnAwsOnly(
            "CrawlerRole", f"glue:{action}", f"{CATALOG}crawled_*", "7.4",
            "in Glue's own service policy; the stand-in reads and writes the catalog in other calls",
        )
        for action in ("GetDatabase", "GetTables", "GetPartition", "BatchGetPartition", "UpdatePartition")
    ),
    *(
        OnAwsOnly(
            "AnalystPolicy", f"glue:{action}", f"{CATALOG}*", "7.5",
            "Athena reads single partitions of tables without projection; here it asks GetPartitions for all",
        )
        for action in ("GetPartition", "BatchGetPartition")
    ),
    OnAwsOnly("AnalystPolicy", "s3:AbortMultipartUpload", "Lake/athena-results/*", "7.5", _UPLOADS),
    OnAwsOnly("AnalystPolicy", "s3:ListMultipartUploadParts", "Lake/athena-results/*", "7.5", _UPLOADS),
    OnAwsOnly("AnalystPolicy", "s3:ListBucketMultipartUploads", "Lake", "7.5", _UPLOADS),
]  # fmt: skip
