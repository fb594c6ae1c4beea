"""Every action of the template's roles and policies that something here calls, with its reason.

The test makes the same call as `caller` under the role as it is, and under the role without the action, which
must be refused. What only AWS calls is in rights_on_aws.py; a new action belongs in one of the two lists.

`source` is a section of docs/aws-behaviour.md.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from salescast.local.emulator.iam import rights
from salescast.local.movers.crawler import rights as crawler
from salescast.local.movers.firehose import rights as firehose
from salescast.local.movers.job import rights as job
from salescast.local.movers.pipe import rights as pipe
from tests.iam import calls
from tests.iam.calls import Call

_CATALOG_HEAD = "glue:catalog, glue:database/DatabaseName"
_MERGED = "Lake/curated/order_log/*, Lake/curated/order_state/*"
PROJECTED = f"Lake/curated/order_arrivals/*, {_MERGED}, Lake/curated/sales_projections/*"
_TABLES = ("order_arrivals", "order_log", "order_state")
PROJECTOR_TABLES = ", ".join(
    [
        _CATALOG_HEAD,
        *(f"glue:table/DatabaseName/{name}" for name in (*_TABLES, "order_changes", "orders")),
        *(f"glue:table/DatabaseName/{name}" for name in ("sales_projections", "projection_accuracy")),
    ]
)
LAKE_FOLDERS = "Lake/curated/order_arrivals/*, Lake/errors/*, Lake/raw/*"
TRANSFORMER = "TransformerFunction, TransformerFunction:*"
STREAM = "OrdersTable/stream/*"
_SCHEMAS = ", ".join([_CATALOG_HEAD, *(f"glue:table/DatabaseName/{name}" for name in _TABLES)])
_COMMITTED = ", ".join([_CATALOG_HEAD, *(f"glue:table/DatabaseName/{name}" for name in _TABLES[1:])])
_TAKEN = "Lake/curated/order_arrivals/*, Lake/curated/order_changes/*"
WRITTEN = f"{_MERGED}, Lake/receipts/*"
GLUE_LOGS = "logs:log-group:/aws-glue/jobs/output*, logs:log-group:/aws-glue/jobs/error*"
CATALOG = f"{_CATALOG_HEAD}, glue:table/DatabaseName/"
CRAWLER_LOG = "logs:log-group:/aws-glue/crawlers*"
WORKGROUP = "athena:workgroup/Workgroup"
DATA_CATALOG = "athena:datacatalog/AwsDataCatalog"

STACK = "cloudformation:stack/${AWS::StackName}/*"


class Caller(Enum):
    """Who makes a call here."""

    PIPE = "the pipe"
    FIREHOSE = "Data Firehose"
    CRAWLER = "the crawler"
    JOB = "the lake's job, and its stand-in"
    ATHENA = "Athena, for the identity that asks it"
    SCHEDULER = "the scheduler"
    FUNCTION = "a function in src/"
    COMMAND = "the salescast command"
    OTHERS = "consoles and drivers"


# The stand-ins declare their rights, and can make no other call.
DECLARED = {
    Caller.PIPE: pipe.RIGHTS,
    Caller.FIREHOSE: firehose.RIGHTS,
    Caller.CRAWLER: crawler.RIGHTS,
    Caller.JOB: job.RIGHTS,
    Caller.ATHENA: rights.ATHENA,
    Caller.SCHEDULER: rights.SCHEDULER,
}
# Athena asks them for statements that write, and nobody of the template has them.
GRANTED_TO_NOBODY = {
    "glue:BatchCreatePartition",
    "glue:CreateDatabase",
    "glue:CreateTable",
    "glue:DeleteTable",
    "glue:UpdateTable",
}


class Exercised(NamedTuple):
    owner: str
    action: str
    resource: str
    source: str
    caller: Caller
    call: Call


EXERCISED = [
    Exercised(
        "SchedulerRole", "lambda:InvokeFunction", "GeneratorFunction", "7.1",
        Caller.SCHEDULER,
        calls.reach("GeneratorFunction", {"action": "none"}),
    ),
    Exercised(
        "SchedulerRole", "lambda:InvokeFunction", "SnapshotFunction", "7.1",
        Caller.SCHEDULER,
        calls.reach("SnapshotFunction", {"time": "none"}),
    ),
    Exercised(
        "SchedulerRole", "glue:StartJobRun", "glue:job/LakeJob", "7.1",
        Caller.SCHEDULER, calls.start_job,
    ),
    # The generator. A transaction is authorised as the writes in it.
    Exercised(
        "GeneratorRole", "dynamodb:PutItem", "OrdersTable", "7.2",
        Caller.FUNCTION, calls.put_order,
    ),
    Exercised(
        "GeneratorRole", "dynamodb:UpdateItem", "OrdersTable", "7.2",
        Caller.FUNCTION, calls.update_order,
    ),
    Exercised(
        "GeneratorRole", "dynamodb:DeleteItem", "OrdersTable", "7.2",
        Caller.FUNCTION, calls.delete_order,
    ),
    Exercised(
        "GeneratorRole", "dynamodb:PutItem", "InventoryTable", "7.2",
        Caller.FUNCTION, calls.put_stock,
    ),
    Exercised(
        "GeneratorRole", "dynamodb:UpdateItem", "InventoryTable", "7.2",
        Caller.FUNCTION, calls.update_stock,
    ),
    Exercised(
        "GeneratorRole", "dynamodb:BatchGetItem", "InventoryTable", "7.2",
        Caller.FUNCTION, calls.read_stock,
    ),
    # The snapshot.
    Exercised(
        "SnapshotRole", "dynamodb:Scan", "InventoryTable", "7.2",
        Caller.FUNCTION, calls.scan_stock,
    ),
    Exercised(
        "SnapshotRole", "s3:PutObject", "Lake/curated/inventory/*", "7.3",
        Caller.FUNCTION, calls.put_snapshot,
    ),
    Exercised(
        "SnapshotRole", "s3:ListBucket", "Lake", "7.3",
        Caller.FUNCTION, calls.list_objects("curated/order_arrivals/"),
    ),
    # The projector asks Athena as an analyst does, and for less.
    Exercised(
        "SchedulerRole", "lambda:InvokeFunction", "ProjectorFunction", "7.1",
        Caller.SCHEDULER,
        calls.reach("ProjectorFunction", {"date": "none"}),
    ),
    Exercised(
        "ProjectorRole", "athena:StartQueryExecution", WORKGROUP, "7.5",
        Caller.FUNCTION, calls.start_query,
    ),
    Exercised(
        "ProjectorRole", "athena:GetQueryExecution", WORKGROUP, "7.5",
        Caller.FUNCTION, calls.of_query("get_query_execution"),
    ),
    Exercised(
        "ProjectorRole", "athena:StopQueryExecution", WORKGROUP, "7.5",
        Caller.FUNCTION, calls.of_query("stop_query_execution"),
    ),
    Exercised(
        "ProjectorRole", "glue:GetDatabase", PROJECTOR_TABLES, "7.5",
        Caller.ATHENA, calls.query,
    ),
    Exercised(
        "ProjectorRole", "glue:GetTable", PROJECTOR_TABLES, "7.5",
        Caller.ATHENA, calls.query,
    ),
    Exercised(
        "ProjectorRole", "s3:GetObject", PROJECTED, "7.5",
        Caller.ATHENA, calls.query,
    ),
    Exercised(
        "ProjectorRole", "s3:GetObject", "Lake/athena-results/*", "7.5",
        Caller.FUNCTION, calls.get_object(f"athena-results/{calls.PROBE}"),
    ),
    Exercised(
        "ProjectorRole", "s3:ListBucket", "Lake", "7.5",
        Caller.ATHENA, calls.query,
    ),
    Exercised(
        "ProjectorRole", "s3:GetBucketLocation", "Lake", "7.5",
        Caller.ATHENA, calls.query,
    ),
    Exercised(
        "ProjectorRole", "s3:PutObject", "Lake/athena-results/*", "7.5",
        Caller.ATHENA, calls.query,
    ),
    Exercised(
        "ProjectorRole", "s3:PutObject", "Lake/curated/sales_projections/*", "7.3",
        Caller.FUNCTION, calls.put_projection,
    ),
    # EventBridge Pipes.
    Exercised(
        "PipeRole", "dynamodb:DescribeStream", STREAM, "1.7",
        Caller.PIPE, calls.describe_changes,
    ),
    Exercised(
        "PipeRole", "dynamodb:GetShardIterator", STREAM, "1.7",
        Caller.PIPE, calls.changes_iterator,
    ),
    Exercised(
        "PipeRole", "dynamodb:GetRecords", STREAM, "1.7",
        Caller.PIPE, calls.read_changes,
    ),
    Exercised(
        "PipeRole", "kinesis:PutRecords", "OrderStream", "1.7",
        Caller.PIPE, calls.put_records,
    ),
    Exercised(
        "PipeRole", "sqs:SendMessage", "DeadLetterQueue", "1.7",
        Caller.PIPE, calls.send_dead_letter,
    ),
    # Data Firehose.
    Exercised(
        "DeliveryRole", "kinesis:ListShards", "OrderStream", "2.7",
        Caller.FIREHOSE, calls.list_shards,
    ),
    Exercised(
        "DeliveryRole", "kinesis:GetShardIterator", "OrderStream", "2.7",
        Caller.FIREHOSE, calls.stream_iterator,
    ),
    Exercised(
        "DeliveryRole", "kinesis:GetRecords", "OrderStream", "2.7",
        Caller.FIREHOSE, calls.read_stream,
    ),
    Exercised(
        "DeliveryRole", "lambda:InvokeFunction", TRANSFORMER, "2.7",
        Caller.FIREHOSE, calls.invoke("TransformerFunction", {"records": []}),
    ),
    Exercised(
        "DeliveryRole", "glue:GetTable", f"{CATALOG}order_arrivals", "2.7",
        Caller.FIREHOSE, calls.glue("get_table", "order_arrivals"),
    ),
    Exercised(
        "DeliveryRole", "s3:PutObject", LAKE_FOLDERS, "2.7",
        Caller.FIREHOSE,
        calls.put_object("curated/order_arrivals", "errors", "raw"),
    ),
    Exercised(
        "DeliveryRole", "logs:PutLogEvents", "DeliveryLogGroup", "2.7",
        Caller.FIREHOSE, calls.write_log("DeliveryLogGroup", "destination"),
    ),
    # The lake's job.
    Exercised(
        "LakeJobRole", "glue:GetTable", _SCHEMAS, "7.7",
        Caller.JOB, calls.glue("get_table", "order_arrivals"),
    ),
    Exercised(
        "LakeJobRole", "glue:UpdateTable", _COMMITTED, "7.7",
        Caller.JOB, calls.commit,
    ),
    Exercised(
        "LakeJobRole", "s3:GetObject", _TAKEN, "7.7",
        Caller.JOB, calls.get_object(f"{calls.ROWS}/{calls.PROBE}.parquet"),
    ),
    Exercised(
        "LakeJobRole", "s3:DeleteObject", _TAKEN, "7.7",
        Caller.JOB, calls.delete_object("curated/order_arrivals", "curated/order_changes"),
    ),
    Exercised(
        "LakeJobRole", "s3:GetObject", WRITTEN, "7.7",
        Caller.JOB, calls.get_object(f"receipts/{calls.PROBE}"),
    ),
    Exercised(
        "LakeJobRole", "s3:PutObject", WRITTEN, "7.7",
        Caller.JOB, calls.put_object("curated/order_log", "curated/order_state", "receipts"),
    ),
    Exercised(
        "LakeJobRole", "s3:DeleteObject", WRITTEN, "7.7",
        Caller.JOB, calls.delete_object("curated/order_log", "curated/order_state", "receipts"),
    ),
    Exercised(
        "LakeJobRole", "s3:GetObject", "arn:${AWS::Partition}:s3:::ScriptBucket/*", "7.7",
        Caller.JOB, calls.get_script,
    ),
    Exercised(
        "LakeJobRole", "s3:ListBucket", "Lake", "7.7",
        Caller.JOB, calls.list_objects("receipts/"),
    ),
    Exercised(
        "LakeJobRole", "cloudwatch:PutMetricData", "*", "7.7",
        Caller.JOB, calls.put_metric,
    ),
    Exercised(
        "LakeJobRole", "logs:CreateLogStream", f"LakeJobLogGroup, {GLUE_LOGS}", "7.7",
        Caller.JOB, calls.create_log_stream("LakeJobLogGroup"),
    ),
    Exercised(
        "LakeJobRole", "logs:PutLogEvents", f"LakeJobLogGroup, {GLUE_LOGS}", "7.7",
        Caller.JOB, calls.write_log("LakeJobLogGroup", calls.PROBE),
    ),
    # Glue's crawler.
    Exercised(
        "CrawlerRole", "s3:GetObject", "Lake/curated/*", "7.4",
        Caller.CRAWLER, calls.get_object(f"{calls.ROWS}/{calls.PROBE}.parquet"),
    ),
    Exercised(
        "CrawlerRole", "s3:ListBucket", "Lake", "7.4",
        Caller.CRAWLER, calls.list_objects("curated/order_arrivals/"),
    ),
    Exercised(
        "CrawlerRole", "glue:GetTable", f"{CATALOG}crawled_*", "7.4",
        Caller.CRAWLER, calls.glue("get_table", "{crawled}"),
    ),
    Exercised(
        "CrawlerRole", "glue:CreateTable", f"{CATALOG}crawled_*", "7.4",
        Caller.CRAWLER, calls.glue("create_table", "{new}", TableInput={}),
    ),
    Exercised(
        "CrawlerRole", "glue:UpdateTable", f"{CATALOG}crawled_*", "7.4",
        Caller.CRAWLER,
        calls.glue("update_table", "{crawled}", TableInput={}),
    ),
    Exercised(
        "CrawlerRole", "glue:GetPartitions", f"{CATALOG}crawled_*", "7.4",
        Caller.CRAWLER, calls.glue("get_partitions", "{crawled}"),
    ),
    Exercised(
        "CrawlerRole", "glue:BatchCreatePartition", f"{CATALOG}crawled_*", "7.4",
        Caller.CRAWLER,
        calls.glue("batch_create_partition", "{crawled}", PartitionInputList=[]),
    ),
    Exercised(
        "CrawlerRole", "glue:BatchUpdatePartition", f"{CATALOG}crawled_*", "7.4",
        Caller.CRAWLER,
        calls.glue("batch_update_partition", "{crawled}", Entries=[]),
    ),
    Exercised(
        "CrawlerRole", "logs:CreateLogGroup", CRAWLER_LOG, "7.4",
        Caller.CRAWLER, calls.create_crawler_group,
    ),
    Exercised(
        "CrawlerRole", "logs:CreateLogStream", CRAWLER_LOG, "7.4",
        Caller.CRAWLER, calls.create_crawler_stream,
    ),
    Exercised(
        "CrawlerRole", "logs:PutLogEvents", CRAWLER_LOG, "7.4",
        Caller.CRAWLER, calls.write_crawler_log,
    ),
    # Analysts, and Athena on their behalf. What consoles and drivers call is said in the guide.
    Exercised(
        "AnalystPolicy", "athena:GetWorkGroup", WORKGROUP, "7.5",
        Caller.COMMAND, calls.of_workgroup("get_work_group"),
    ),
    Exercised(
        "AnalystPolicy", "athena:StartQueryExecution", WORKGROUP, "7.5",
        Caller.COMMAND, calls.start_query,
    ),
    Exercised(
        "AnalystPolicy", "athena:GetQueryExecution", WORKGROUP, "7.5",
        Caller.COMMAND, calls.of_query("get_query_execution"),
    ),
    Exercised(
        "AnalystPolicy", "athena:GetQueryResults", WORKGROUP, "7.5",
        Caller.COMMAND, calls.of_query("get_query_results"),
    ),
    Exercised(
        "AnalystPolicy", "athena:ListNamedQueries", WORKGROUP, "7.5",
        Caller.COMMAND, calls.of_workgroup("list_named_queries"),
    ),
    Exercised(
        "AnalystPolicy", "athena:BatchGetNamedQuery", WORKGROUP, "7.5",
        Caller.COMMAND, calls.named_queries,
    ),
    Exercised(
        "AnalystPolicy", "athena:StopQueryExecution", WORKGROUP, "7.5",
        Caller.OTHERS, calls.of_query("stop_query_execution"),
    ),
    Exercised(
        "AnalystPolicy", "athena:ListQueryExecutions", WORKGROUP, "7.5",
        Caller.OTHERS, calls.of_workgroup("list_query_executions"),
    ),
    Exercised(
        "AnalystPolicy", "athena:GetNamedQuery", WORKGROUP, "7.5",
        Caller.OTHERS, calls.named_query,
    ),
    # What they ask before a query. The emulator looks the names up itself, so the catalog's own rights are
    # asked for by SHOW DATABASES alone.
    *(
        Exercised("AnalystPolicy", f"athena:{action}", resource, "7.5", Caller.OTHERS, call)
        for action, resource, call in (
            ("ListPreparedStatements", WORKGROUP, calls.of_workgroup("list_prepared_statements")),
            ("ListWorkGroups", "*", calls.ask("athena", "list_work_groups")),
            ("ListDataCatalogs", "*", calls.ask("athena", "list_data_catalogs")),
            ("GetDataCatalog", DATA_CATALOG, calls.ask("athena", "get_data_catalog", Name="AwsDataCatalog")),
            ("ListDatabases", DATA_CATALOG,
             calls.ask("athena", "list_databases", CatalogName="AwsDataCatalog")),
            ("GetDatabase", DATA_CATALOG,
             calls.ask("athena", "get_database", CatalogName="AwsDataCatalog", DatabaseName="Database")),
            ("ListTableMetadata", DATA_CATALOG,
             calls.ask("athena", "list_table_metadata", CatalogName="AwsDataCatalog",
                       DatabaseName="Database")),
            ("GetTableMetadata", DATA_CATALOG,
             calls.ask("athena", "get_table_metadata", CatalogName="AwsDataCatalog", DatabaseName="Database",
                       TableName="order_arrivals")),
        )
    ),
    Exercised(
        "AnalystPolicy", "glue:GetDatabases", f"{CATALOG}*", "7.5",
        Caller.ATHENA, calls.show_databases,
    ),
    Exercised(
        "AnalystPolicy", "glue:GetDatabase", f"{CATALOG}*", "7.5",
        Caller.ATHENA, calls.query,
    ),
    Exercised(
        "AnalystPolicy", "glue:GetTable", f"{CATALOG}*", "7.5",
        Caller.ATHENA, calls.query,
    ),
    Exercised(
        "AnalystPolicy", "glue:GetPartitions", f"{CATALOG}*", "7.5",
        Caller.ATHENA, calls.glue("get_partitions", "{crawled}"),
    ),
    Exercised(
        "AnalystPolicy", "glue:GetTables", f"{CATALOG}*", "7.5",
        Caller.ATHENA, calls.glue("get_tables"),
    ),
    Exercised(
        "AnalystPolicy", "s3:GetObject", "Lake/curated/*, Lake/athena-results/*", "7.5",
        Caller.ATHENA, calls.query,
    ),
    Exercised(
        "AnalystPolicy", "s3:ListBucket", "Lake", "7.5",
        Caller.ATHENA, calls.query,
    ),
    Exercised(
        "AnalystPolicy", "s3:PutObject", "Lake/athena-results/*", "7.5",
        Caller.ATHENA, calls.query,
    ),
    Exercised(
        "AnalystPolicy", "s3:GetBucketLocation", "Lake", "7.5",
        Caller.ATHENA, calls.query,
    ),
    # Who watches: the calls of `salescast status`, each on one resource.
    *(
        Exercised("MonitorPolicy", action, resource, "7.6", Caller.COMMAND, call)
        for action, resource, call in (
            ("cloudformation:DescribeStacks", STACK,
             calls.ask("cloudformation", "describe_stacks", StackName="{stack}")),
            ("cloudformation:ListStackResources", STACK,
             calls.ask("cloudformation", "list_stack_resources", StackName="{stack}")),
            ("dynamodb:DescribeTable", "OrdersTable",
             calls.ask("dynamodb", "describe_table", TableName="OrdersTable")),
            ("pipes:DescribePipe", "OrdersPipe", calls.ask("pipes", "describe_pipe", Name="OrdersPipe")),
            ("sqs:GetQueueAttributes", "DeadLetterQueue, ScheduleDeadLetterQueue",
             calls.ask("sqs", "get_queue_attributes", QueueUrl="DeadLetterQueue")),
            ("kinesis:DescribeStreamSummary", "OrderStream",
             calls.ask("kinesis", "describe_stream_summary", StreamName="OrderStream")),
            ("firehose:DescribeDeliveryStream", "ArrivalsDeliveryStream",
             calls.ask("firehose", "describe_delivery_stream", DeliveryStreamName="ArrivalsDeliveryStream")),
            ("lambda:GetFunctionConfiguration", "TransformerFunction",
             calls.ask("lambda", "get_function_configuration", FunctionName="TransformerFunction")),
            ("logs:FilterLogEvents", "TransformerLogGroup",
             calls.ask("logs", "filter_log_events", logGroupName="TransformerLogGroup")),
            ("s3:ListBucket", "Lake", calls.list_objects("errors/")),
            ("glue:GetCrawler", "glue:crawler/LakeCrawler",
             calls.ask("glue", "get_crawler", Name="LakeCrawler")),
            ("glue:GetJobRuns", "glue:job/LakeJob", calls.ask("glue", "get_job_runs", JobName="LakeJob")),
            ("athena:GetWorkGroup", WORKGROUP, calls.of_workgroup("get_work_group")),
            ("cloudwatch:DescribeAlarms", "cloudwatch:alarm:*",
             calls.ask("cloudwatch", "describe_alarms", AlarmTypes=["MetricAlarm"])),
            ("cloudwatch:GetMetricData", "*", calls.read_metrics),
        )
    ),
]  # fmt: skip

# A stand-in would make these calls, and the emulator does not know them.
UNKNOWN_TO_EMULATOR = {
    "glue:GetTableVersion": calls.glue("get_table_version", "order_arrivals", VersionId="1")
}
