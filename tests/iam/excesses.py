"""What somebody might be tempted to allow, each with those who may: all others must be refused.

An excess is (action, what it would do, the call, who may). Nobody may do most of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tests.iam import calls
from tests.iam.actors import Actor
from tests.iam.calls import Call, Things

NOBODY: frozenset[str] = frozenset()


class Excess(NamedTuple):
    action: str
    what: str
    call: Call
    may: frozenset[str] = NOBODY


def only(*owners: str) -> frozenset[str]:
    return frozenset(owners)


def of(service: str, operation: str, arguments: Callable[[Things], dict[str, Any]] = lambda _: {}) -> Call:
    """The call `operation` of a service with what `arguments` gives for the things there are."""

    def call(actor: Actor, things: Things) -> None:
        getattr(actor.client(service), operation)(**arguments(things))

    return call


def _key(things: Things) -> dict[str, Any]:
    return {"TableName": things.orders, "Key": {"order_id": {"S": "x"}}}


def _other_item(things: Things) -> dict[str, Any]:
    return {"TableName": things.other, "Item": {"id": {"S": "x"}}}


def _records(stream: str) -> dict[str, Any]:
    return {"StreamARN": stream, "Records": [{"Data": b"{}", "PartitionKey": "k"}]}


def _object(bucket: str, key: str) -> dict[str, Any]:
    return {"Bucket": bucket, "Key": key}


def _function_with_role(actor: Actor, things: Things) -> None:
    actor.client("lambda").create_function(
        FunctionName="excess",
        Runtime="python3.13",
        Handler="x.y",
        Role=things.deployed.role_arn("GeneratorRole"),
        Code={"ZipFile": b"x"},
    )


def _widen_itself(actor: Actor, things: Things) -> None:
    everything = '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
    actor.client("iam").put_role_policy(RoleName=actor.name, PolicyName="all", PolicyDocument=everything)


def _log_elsewhere(things: Things) -> dict[str, Any]:
    event = {"timestamp": 1, "message": "x"}
    return {"logGroupName": f"/{things.other}", "logStreamName": "s", "logEvents": [event]}


def _transact_other(things: Things) -> dict[str, Any]:
    return {"TransactItems": [{"Put": _other_item(things)}]}


def _ask(statement: str, workgroup: str | None = None) -> Callable[[Things], dict[str, Any]]:
    return lambda things: {"QueryString": statement, "WorkGroup": workgroup or things.workgroup}


_SCRATCH = "curated/order_arrivals/_excess"
_LAKE_READERS = only("DeliveryRole", "LakeJobRole", "CrawlerRole", "ProjectorRole", "AnalystPolicy")
_ASKERS = only("ProjectorRole", "AnalystPolicy")

EXCESSES = [
    # DynamoDB
    Excess("dynamodb:Scan", "read all orders", of("dynamodb", "scan", lambda t: {"TableName": t.orders})),
    Excess("dynamodb:GetItem", "read an order with its customer", of("dynamodb", "get_item", _key)),
    Excess("dynamodb:PutItem", "write another table", of("dynamodb", "put_item", _other_item)),
    Excess(
        "dynamodb:PutItem",
        "write it in a transaction",
        of("dynamodb", "transact_write_items", _transact_other),
    ),
    Excess("dynamodb:PutItem", "write an order", calls.put_order, only("GeneratorRole")),
    Excess("dynamodb:DeleteItem", "delete an order", calls.delete_order, only("GeneratorRole")),
    Excess(
        "dynamodb:DeleteItem",
        "delete stock",
        of(
            "dynamodb", "delete_item", lambda t: {"TableName": t.inventory, "Key": {"product_id": {"S": "x"}}}
        ),
    ),
    Excess("dynamodb:Scan", "read another table", of("dynamodb", "scan", lambda t: {"TableName": t.other})),
    Excess(
        "dynamodb:DeleteTable",
        "delete a table",
        of("dynamodb", "delete_table", lambda t: {"TableName": t.other}),
    ),
    Excess("dynamodb:ListTables", "list tables", of("dynamodb", "list_tables")),
    Excess(
        "dynamodb:DescribeStream",
        "look at another table's changes",
        of("dynamodbstreams", "describe_stream", lambda t: {"StreamArn": t.other_changes_arn}),
    ),
    Excess(
        "dynamodb:DescribeStream", "look at the orders' changes", calls.describe_changes, only("PipeRole")
    ),
    Excess("dynamodb:GetRecords", "read the orders' changes", calls.read_changes, only("PipeRole")),
    # Kinesis
    Excess(
        "kinesis:PutRecords",
        "write another stream",
        of("kinesis", "put_records", lambda t: _records(t.other_stream_arn)),
    ),
    Excess("kinesis:PutRecords", "write changes nobody made", calls.put_records, only("PipeRole")),
    Excess(
        "kinesis:PutRecord",
        "write one",
        of("kinesis", "put_record", lambda t: {"StreamARN": t.stream_arn, "Data": b"", "PartitionKey": "k"}),
    ),
    Excess(
        "kinesis:ListShards",
        "look at another stream",
        of("kinesis", "list_shards", lambda t: {"StreamARN": t.other_stream_arn}),
    ),
    Excess("kinesis:GetRecords", "read the stream", calls.read_stream, only("DeliveryRole")),
    Excess(
        "kinesis:DeleteStream",
        "delete a stream",
        of("kinesis", "delete_stream", lambda t: {"StreamARN": t.other_stream_arn}),
    ),
    # SQS
    Excess(
        "sqs:SendMessage",
        "write another queue",
        of("sqs", "send_message", lambda t: {"QueueUrl": t.other_queue, "MessageBody": "x"}),
    ),
    Excess(
        "sqs:ReceiveMessage",
        "take dead letters",
        of("sqs", "receive_message", lambda t: {"QueueUrl": t.queue}),
    ),
    Excess(
        "sqs:PurgeQueue",
        "forget dead letters",
        of("sqs", "purge_queue", lambda t: {"QueueUrl": t.other_queue}),
    ),
    # S3
    Excess("s3:ListAllMyBuckets", "list buckets", of("s3", "list_buckets")),
    Excess(
        "s3:GetObject",
        "read raw/, which holds personal data",
        calls.get_object(f"raw/{calls.PROBE}"),
        only("DeliveryRole"),
    ),
    Excess(
        "s3:GetObject",
        "read errors/, which holds personal data",
        calls.get_object(f"errors/{calls.PROBE}"),
        only("DeliveryRole"),
    ),
    Excess(
        "s3:GetObject",
        "read the lake",
        calls.get_object(f"{calls.ROWS}/{calls.PROBE}.parquet"),
        _LAKE_READERS,
    ),
    Excess(
        "s3:GetObject",
        "read somebody's results",
        calls.get_object(f"athena-results/{calls.PROBE}"),
        _ASKERS,
    ),
    Excess("s3:ListBucket", "list raw/", calls.list_objects("raw/"), only("DeliveryRole", "CrawlerRole")),
    Excess("s3:ListBucket", "list everything", calls.list_objects(None), only("DeliveryRole", "CrawlerRole")),
    Excess(
        "s3:ListBucket",
        "list errors/",
        calls.list_objects("errors/"),
        only("DeliveryRole", "CrawlerRole", "MonitorPolicy"),
    ),
    Excess(
        "s3:ListBucket", "list another bucket", of("s3", "list_objects_v2", lambda t: {"Bucket": t.other})
    ),
    Excess(
        "s3:PutObject", "write the lake", calls.put_object("curated/order_arrivals"), only("DeliveryRole")
    ),
    Excess("s3:PutObject", "write another folder of the lake", calls.put_object("curated/excess")),
    Excess("s3:PutObject", "write beside the folders", calls.put_object("excess")),
    Excess("s3:PutObject", "write raw/", calls.put_object("raw"), only("DeliveryRole")),
    Excess("s3:PutObject", "write results", calls.put_object("athena-results"), _ASKERS),
    Excess(
        "s3:PutObject",
        "write another bucket",
        of("s3", "put_object", lambda t: _object(t.other, "curated/x") | {"Body": b""}),
    ),
    Excess(
        "s3:DeleteObject",
        "delete from the lake",
        of("s3", "delete_object", lambda t: _object(t.lake, _SCRATCH)),
        only("LakeJobRole"),
    ),
    Excess(
        "s3:DeleteObject",
        "delete from raw/",
        of("s3", "delete_object", lambda t: _object(t.lake, "raw/_excess")),
    ),
    Excess(
        "s3:DeleteBucketPolicy",
        "let plain HTTP in",
        of("s3", "delete_bucket_policy", lambda t: {"Bucket": t.other}),
    ),
    Excess("s3:DeleteBucket", "delete a bucket", of("s3", "delete_bucket", lambda t: {"Bucket": t.other})),
    # Lambda
    Excess(
        "lambda:InvokeFunction",
        "call the generator",
        calls.reach("GeneratorFunction", {"action": "none"}),
        only("SchedulerRole"),
    ),
    Excess(
        "lambda:InvokeFunction",
        "call the transformer",
        calls.invoke("TransformerFunction", {"records": []}),
        only("DeliveryRole"),
    ),
    Excess(
        "lambda:GetFunctionConfiguration",
        "see the generator's variables",
        calls.ask("lambda", "get_function_configuration", FunctionName="GeneratorFunction"),
    ),
    Excess("lambda:ListFunctions", "list functions", of("lambda", "list_functions")),
    Excess("lambda:CreateFunction", "pass a role to a function of one's own", _function_with_role),
    Excess(
        "lambda:UpdateFunctionCode",
        "change the code",
        of(
            "lambda",
            "update_function_code",
            lambda t: {"FunctionName": t.deployed.ids["TransformerFunction"], "ZipFile": b"x"},
        ),
    ),
    # Glue
    Excess(
        "glue:GetTable",
        "read the declared table's description",
        calls.glue("get_table", "order_arrivals"),
        only("DeliveryRole", "LakeJobRole", "ProjectorRole", "AnalystPolicy"),
    ),
    Excess(
        "glue:UpdateTable",
        "change the declared table",
        calls.glue("update_table", "order_changes", TableInput={}),
    ),
    Excess("glue:DeleteTable", "delete a table", calls.glue("delete_table", "{crawled}")),
    Excess(
        "glue:CreateTable",
        "make a table outside crawled_",
        calls.glue("create_table", "excess", TableInput={}),
    ),
    Excess(
        "glue:CreateDatabase",
        "make a database",
        of("glue", "create_database", lambda _: {"DatabaseInput": {"Name": "excess"}}),
    ),
    Excess(
        "glue:StartCrawler",
        "start the crawler",
        of("glue", "start_crawler", lambda t: {"Name": t.deployed.ids["LakeCrawler"]}),
    ),
    # Athena
    Excess("athena:StartQueryExecution", "query", calls.start_query, _ASKERS),
    Excess(
        "athena:StartQueryExecution",
        "query without the workgroup's limits",
        of("athena", "start_query_execution", _ask("SELECT 1", "primary")),
    ),
    Excess(
        "athena:UpdateWorkGroup",
        "lift the workgroup's limits",
        of("athena", "update_work_group", lambda t: {"WorkGroup": t.workgroup}),
    ),
    Excess(
        "athena:CreateNamedQuery",
        "leave queries behind",
        of(
            "athena",
            "create_named_query",
            lambda t: {"Name": "x", "Database": "d", "QueryString": "SELECT 1", "WorkGroup": t.workgroup},
        ),
    ),
    # CloudWatch Logs
    Excess("logs:PutLogEvents", "write another log", of("logs", "put_log_events", _log_elsewhere)),
    Excess(
        "logs:PutLogEvents",
        "write Firehose's log",
        calls.write_log("DeliveryLogGroup", "destination"),
        only("DeliveryRole"),
    ),
    Excess(
        "logs:DeleteLogGroup",
        "delete a log",
        of("logs", "delete_log_group", lambda t: {"logGroupName": f"/{t.other}"}),
    ),
    Excess(
        "logs:FilterLogEvents",
        "read the transformer's log",
        calls.ask("logs", "filter_log_events", logGroupName="TransformerLogGroup"),
        only("MonitorPolicy"),
    ),
    Excess(
        "logs:FilterLogEvents",
        "read the generator's log",
        calls.ask("logs", "filter_log_events", logGroupName="GeneratorLogGroup"),
    ),
    # CloudWatch
    Excess(
        "cloudwatch:DescribeAlarms",
        "look at alarms",
        calls.ask("cloudwatch", "describe_alarms"),
        only("MonitorPolicy"),
    ),
    Excess(
        "cloudwatch:SetAlarmState",
        "silence an alarm",
        calls.ask(
            "cloudwatch",
            "set_alarm_state",
            AlarmName="FreshnessAlarm",
            StateValue="OK",
            StateReason="x",
        ),
    ),
    Excess(
        "cloudwatch:DisableAlarmActions",
        "have alarms tell nobody",
        of(
            "cloudwatch",
            "disable_alarm_actions",
            lambda t: {"AlarmNames": [t.deployed.ids["FreshnessAlarm"]]},
        ),
    ),
    # Everything else
    Excess("iam:PutRolePolicy", "widen itself", _widen_itself),
    Excess("iam:CreateUser", "make a user", of("iam", "create_user", lambda _: {"UserName": "excess"})),
    Excess(
        "sts:AssumeRole",
        "become the generator",
        of(
            "sts",
            "assume_role",
            lambda t: {"RoleArn": t.deployed.role_arn("GeneratorRole"), "RoleSessionName": "x"},
        ),
    ),
    Excess("pipes:StopPipe", "stop the pipe", of("pipes", "stop_pipe", lambda _: {"Name": "excess"})),
    Excess(
        "cloudformation:GetTemplate",
        "read the template",
        calls.ask("cloudformation", "get_template", StackName="{stack}"),
    ),
    Excess(
        "firehose:PutRecord",
        "write past Kinesis",
        of("firehose", "put_record", lambda _: {"DeliveryStreamName": "excess", "Record": {"Data": b"x"}}),
    ),
    Excess(
        "scheduler:DeleteSchedule",
        "delete a schedule",
        of("scheduler", "delete_schedule", lambda _: {"Name": "excess"}),
    ),
    Excess(
        "cloudformation:DeleteStack",
        "delete a stack",
        of("cloudformation", "delete_stack", lambda _: {"StackName": "excess"}),
    ),
    Excess("secretsmanager:ListSecrets", "look for secrets", of("secretsmanager", "list_secrets")),
]
