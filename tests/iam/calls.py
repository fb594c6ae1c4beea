"""The calls behind the rights: each a function of who calls and of the things there are to call on."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from salescast.stack.stack import LAPTOP_ACCOUNT, LAPTOP_REGION
from tests.iam.actors import Actor, Deployed
from tests.template import ROOT

DATE = "2010-01-01"
ROWS = f"curated/order_arrivals/arrival_date={DATE}"
PROBE = "iam-probe"
COUNT = f"SELECT count(*) AS n FROM order_changes WHERE order_date = '{DATE}'"


class Things:
    """What the calls are about: the stack's own resources and a few beside them, made by the account."""

    def __init__(self, deployed: Deployed) -> None:
        self.deployed = deployed
        ids = deployed.ids
        self.orders, self.inventory = ids["OrdersTable"], ids["InventoryTable"]
        self.lake, self.database, self.workgroup = ids["Lake"], ids["Database"], ids["Workgroup"]
        self.stream, self.queue = ids["OrderStream"], ids["DeadLetterQueue"]
        self.stream_arn = arn("kinesis", f"stream/{self.stream}")
        tables = deployed.client("dynamodb")
        self.changes_arn = tables.describe_table(TableName=self.orders)["Table"]["LatestStreamArn"]
        self._make_others()
        # No rows and one column: it changes no answer, and there is a file to read.
        parquet = BytesIO()
        pq.write_table(pa.table({"change_id": pa.array([], pa.string())}), parquet)
        for key in (
            f"{ROWS}/{PROBE}.parquet",
            *(f"{prefix}/{PROBE}" for prefix in ("raw", "errors", "athena-results", "receipts")),
        ):
            self.root("s3").put_object(Bucket=self.lake, Key=key, Body=parquet.getvalue())
        self._make_crawled()

    def root(self, service: str) -> Any:
        return self.deployed.client(service)

    def _make_others(self) -> None:
        """Things of the same kinds that no role of the stack names."""
        self.other = f"other-{uuid4().hex[:8]}"
        key = {"AttributeName": "id", "KeyType": "HASH"}
        table = self.root("dynamodb").create_table(
            TableName=self.other,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[key],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
        self.other_changes_arn = table["TableDescription"]["LatestStreamArn"]
        self.root("kinesis").create_stream(StreamName=self.other, ShardCount=1)
        self.other_stream_arn = arn("kinesis", f"stream/{self.other}")
        self.other_queue = self.root("sqs").create_queue(QueueName=self.other)["QueueUrl"]
        self.root("s3").create_bucket(Bucket=self.other)
        self.root("s3").put_object(Bucket=self.other, Key="curated/x", Body=b"")
        self.root("logs").create_log_group(logGroupName=f"/{self.other}")
        self.root("logs").create_log_stream(logGroupName=f"/{self.other}", logStreamName="s")

    def _make_crawled(self) -> None:
        self.crawled = f"crawled_{uuid4().hex[:8]}"
        self.root("glue").create_table(DatabaseName=self.database, TableInput=self.table_input(self.crawled))

    def table_input(self, name: str) -> dict[str, Any]:
        location = {"Columns": [{"Name": "x", "Type": "int"}], "Location": f"s3://{self.lake}/curated/x/"}
        keys = [{"Name": "day", "Type": "string"}]
        return {"Name": name, "PartitionKeys": keys, "StorageDescriptor": location}

    def clear(self) -> None:
        """Leave the shared stack as it was found."""
        s3, glue = self.root("s3"), self.root("glue")
        for prefix in ("raw", "errors", "athena-results", "receipts", "curated"):
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=self.lake, Prefix=prefix)
            for key in [item["Key"] for page in pages for item in page.get("Contents", [])]:
                if PROBE in key:
                    s3.delete_object(Bucket=self.lake, Key=key)
        for table in glue.get_tables(DatabaseName=self.database)["TableList"]:
            if table["Name"].startswith("crawled_") and table["StorageDescriptor"]["Location"].endswith(
                "/x/"
            ):
                glue.delete_table(DatabaseName=self.database, Name=table["Name"])
        self.root("dynamodb").delete_item(
            TableName=self.inventory, Key={"product_id": {"S": PROBE}}
        )  # fmt: skip
        self._forget_dead_letters()

    def _forget_dead_letters(self) -> None:
        """Take the probes' messages out of the queue, and show the others again at once."""
        sqs, others = self.root("sqs"), []
        while messages := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                handle = {"QueueUrl": self.queue, "ReceiptHandle": message["ReceiptHandle"]}
                if message["Body"] == PROBE:
                    sqs.delete_message(**handle)
                else:
                    others.append(handle)
        for handle in others:
            sqs.change_message_visibility(**handle, VisibilityTimeout=0)


Call = Callable[[Actor, Things], object]


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{LAPTOP_REGION}:{LAPTOP_ACCOUNT}:{resource}"


def order() -> dict[str, Any]:
    """An item of the orders table that is no order, so that nothing of it reaches the lake."""
    return {"order_id": {"S": f"{PROBE}-{uuid4().hex[:8]}"}, "entity": {"S": PROBE}}


def put_order(actor: Actor, things: Things) -> None:
    put = {"TableName": things.orders, "Item": order()}
    actor.client("dynamodb").transact_write_items(TransactItems=[{"Put": put}])


def update_order(actor: Actor, things: Things) -> None:
    item = order()
    things.root("dynamodb").put_item(TableName=things.orders, Item=item)
    update = {
        "TableName": things.orders,
        "Key": {"order_id": item["order_id"]},
        "UpdateExpression": "SET version = :v",
        "ExpressionAttributeValues": {":v": {"N": "1"}},
    }
    actor.client("dynamodb").transact_write_items(TransactItems=[{"Update": update}])


def delete_order(actor: Actor, things: Things) -> None:
    delete = {"TableName": things.orders, "Key": {"order_id": {"S": f"{PROBE}-none"}}}
    actor.client("dynamodb").transact_write_items(TransactItems=[{"Delete": delete}])


def put_stock(actor: Actor, things: Things) -> None:
    actor.client("dynamodb").put_item(TableName=things.inventory, Item={"product_id": {"S": PROBE}})


def update_stock(actor: Actor, things: Things) -> None:
    update = {
        "TableName": things.inventory,
        "Key": {"product_id": {"S": PROBE}},
        "UpdateExpression": "SET stock = :s",
        "ExpressionAttributeValues": {":s": {"N": "1"}},
    }
    actor.client("dynamodb").transact_write_items(TransactItems=[{"Update": update}])


def read_stock(actor: Actor, things: Things) -> None:
    keys = {things.inventory: {"Keys": [{"product_id": {"S": PROBE}}]}}
    actor.client("dynamodb").batch_get_item(RequestItems=keys)


def scan_stock(actor: Actor, things: Things) -> None:
    actor.client("dynamodb").scan(TableName=things.inventory)


def put_snapshot(actor: Actor, things: Things) -> None:
    # Hidden, so that it is no snapshot to Athena.
    actor.client("s3").put_object(Bucket=things.lake, Key=f"curated/inventory/_{PROBE}", Body=b"x")


def put_projection(actor: Actor, things: Things) -> None:
    actor.client("s3").put_object(Bucket=things.lake, Key=f"curated/sales_projections/_{PROBE}", Body=b"x")


def describe_changes(actor: Actor, things: Things) -> Any:
    return actor.client("dynamodbstreams").describe_stream(StreamArn=things.changes_arn)


def changes_iterator(actor: Actor | Things, things: Things) -> str:
    streams = things.root("dynamodbstreams")
    shards = streams.describe_stream(StreamArn=things.changes_arn)["StreamDescription"]["Shards"]
    own = actor.client("dynamodbstreams") if isinstance(actor, Actor) else streams
    answer = own.get_shard_iterator(
        StreamArn=things.changes_arn, ShardId=shards[0]["ShardId"], ShardIteratorType="LATEST"
    )
    return str(answer["ShardIterator"])


def read_changes(actor: Actor, things: Things) -> None:
    iterator = changes_iterator(things, things)
    actor.client("dynamodbstreams").get_records(ShardIterator=iterator)


def put_records(actor: Actor, things: Things) -> None:
    data = (ROOT / "events/changes/other-entity.json").read_bytes()
    records = [{"Data": data, "PartitionKey": PROBE}]
    actor.client("kinesis").put_records(StreamARN=things.stream_arn, Records=records)


def send_dead_letter(actor: Actor, things: Things) -> None:
    sent = actor.client("sqs").send_message(QueueUrl=things.queue, MessageBody=PROBE)
    assert sent["MessageId"]


def list_shards(actor: Actor, things: Things) -> None:
    actor.client("kinesis").list_shards(StreamARN=things.stream_arn)


def stream_iterator(actor: Actor | Things, things: Things) -> str:
    kinesis = things.root("kinesis")
    shards = kinesis.list_shards(StreamARN=things.stream_arn)["Shards"]
    own = actor.client("kinesis") if isinstance(actor, Actor) else kinesis
    answer = own.get_shard_iterator(
        StreamARN=things.stream_arn, ShardId=shards[0]["ShardId"], ShardIteratorType="LATEST"
    )
    return str(answer["ShardIterator"])


def read_stream(actor: Actor, things: Things) -> None:
    iterator = stream_iterator(things, things)
    actor.client("kinesis").get_records(StreamARN=things.stream_arn, ShardIterator=iterator)


def invoke(logical: str, event: dict[str, Any]) -> Call:
    def call(actor: Actor, things: Things) -> None:
        function = things.deployed.ids[logical]
        answer = actor.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
        assert "FunctionError" not in answer

    return call


def reach(logical: str, event: dict[str, Any]) -> Call:
    """Invokes a function that raises for an event it cannot answer; that it was reached is what counts."""

    def call(actor: Actor, things: Things) -> None:
        function = things.deployed.ids[logical]
        answer = actor.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
        assert answer["FunctionError"] == "Unhandled"
        assert json.load(answer["Payload"])["errorType"] == "EventError"

    return call


def glue(operation: str, table: str | None = None, **arguments: Any) -> Call:
    """A call of Glue on a table of the stack's database, or on the database."""

    def call(actor: Actor, things: Things) -> None:
        named = {
            "{crawled}": things.crawled,
            "{database}": things.database,
            "{new}": f"crawled_{uuid4().hex[:8]}",
        }
        name = named.get(str(table), table)
        filled = {key: named.get(str(value), value) for key, value in arguments.items()}
        if "TableInput" in filled:
            filled["TableInput"] = things.table_input(str(name))
            name = None
        if name:
            short = operation in ("get_table", "delete_table")
            filled["Name" if short else "TableName"] = name
        if "Name" not in filled or name:
            filled["DatabaseName"] = things.database
        getattr(actor.client("glue"), operation)(**filled)

    return call


def ask(service: str, operation: str, **arguments: Any) -> Call:
    """A call whose arguments name resources by their logical ids, and the stack as {stack}."""

    def call(actor: Actor, things: Things) -> None:
        ids = things.deployed.ids | {"{stack}": things.deployed.stack.name}
        named = {key: ids.get(str(value), value) for key, value in arguments.items()}
        getattr(actor.client(service), operation)(**named)

    return call


def read_metrics(actor: Actor, things: Things) -> None:
    metric = {"Namespace": "AWS/Kinesis", "MetricName": "IncomingRecords"}
    query = {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
    now = time.time()
    actor.client("cloudwatch").get_metric_data(MetricDataQueries=[query], StartTime=now - 60, EndTime=now)


def put_object(*prefixes: str) -> Call:
    """Writes under each of the prefixes."""

    def call(actor: Actor, things: Things) -> None:
        for prefix in prefixes:
            actor.client("s3").put_object(Bucket=things.lake, Key=f"{prefix}/_{PROBE}", Body=b"")

    return call


def get_object(*keys: str) -> Call:
    def call(actor: Actor, things: Things) -> None:
        for key in keys:
            actor.client("s3").get_object(Bucket=things.lake, Key=key)["Body"].read()

    return call


def delete_object(*prefixes: str) -> Call:
    """DeleteObject of a key that is not there, under each prefix."""

    def delete(actor: Actor, things: Things) -> None:
        for prefix in prefixes:
            actor.client("s3").delete_object(Bucket=things.lake, Key=f"{prefix}/{PROBE}-absent")

    return delete


def get_script(actor: Actor, things: Things) -> None:
    job = things.root("glue").get_job(JobName=things.deployed.ids["LakeJob"])["Job"]
    bucket, _, key = job["Command"]["ScriptLocation"].removeprefix("s3://").partition("/")
    actor.client("s3").get_object(Bucket=bucket, Key=key)


def commit(actor: Actor, things: Things) -> None:
    """What a commit does in the catalog, without a change."""
    table = things.root("glue").get_table(DatabaseName=things.database, Name="order_log")["Table"]
    kept = ("Name", "TableType", "Parameters", "StorageDescriptor")
    actor.client("glue").update_table(
        DatabaseName=things.database, TableInput={name: table[name] for name in kept}
    )


def start_job(actor: Actor, things: Things) -> None:
    """Starts the job where it runs already or may: a run that Spark is not there for ends at once."""
    glue = actor.client("glue")
    with contextlib.suppress(glue.exceptions.ConcurrentRunsExceededException):
        glue.start_job_run(JobName=things.deployed.ids["LakeJob"])


def put_metric(actor: Actor, things: Things) -> None:
    actor.client("cloudwatch").put_metric_data(
        Namespace="Salescast", MetricData=[{"MetricName": PROBE, "Value": 0.0}]
    )


def create_log_stream(group: str) -> Call:
    """CreateLogStream of the stream PROBE, which a second time is there already."""

    def create(actor: Actor, things: Things) -> None:
        logs = actor.client("logs")
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_stream(logGroupName=things.deployed.ids[group], logStreamName=PROBE)

    return create


def list_objects(prefix: str | None) -> Call:
    def call(actor: Actor, things: Things) -> None:
        narrowed = {} if prefix is None else {"Prefix": prefix}
        actor.client("s3").list_objects_v2(Bucket=things.lake, **narrowed)

    return call


def write_log(group: str, stream: str) -> Call:
    def call(actor: Actor, things: Things) -> None:
        event = {"timestamp": time.time_ns() // 1_000_000, "message": PROBE}
        name = things.deployed.ids.get(group, group)
        actor.client("logs").put_log_events(logGroupName=name, logStreamName=stream, logEvents=[event])

    return call


def create_crawler_group(actor: Actor, things: Things) -> None:
    actor.client("logs").create_log_group(logGroupName=f"/aws-glue/crawlers-{uuid4().hex[:8]}")


def _crawler_group(things: Things) -> str:
    group = f"/aws-glue/crawlers-{uuid4().hex[:8]}"
    things.root("logs").create_log_group(logGroupName=group)
    return group


def create_crawler_stream(actor: Actor, things: Things) -> None:
    actor.client("logs").create_log_stream(logGroupName=_crawler_group(things), logStreamName="s")


def write_crawler_log(actor: Actor, things: Things) -> None:
    group = _crawler_group(things)
    things.root("logs").create_log_stream(logGroupName=group, logStreamName="s")
    write_log(group, "s")(actor, things)


def start_query(actor: Actor, things: Things, statement: str = COUNT) -> str:
    started = actor.client("athena").start_query_execution(
        QueryString=statement,
        WorkGroup=things.workgroup,
        QueryExecutionContext={"Database": things.database},
    )
    return str(started["QueryExecutionId"])


def query(actor: Actor, things: Things, statement: str = COUNT) -> None:
    """Counts the rows of a day. Raises PermissionError with Athena's words when Athena is refused."""
    execution = start_query(actor, things, statement)
    athena, deadline = things.root("athena"), time.monotonic() + 60
    while True:
        status = athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"]["Status"]
        if status["State"] == "SUCCEEDED":
            return
        if status["State"] == "FAILED":
            raise PermissionError(status["StateChangeReason"])
        assert time.monotonic() < deadline
        time.sleep(0.02)


def show_databases(actor: Actor, things: Things) -> None:
    query(actor, things, "SHOW DATABASES")


def of_query(operation: str) -> Call:
    """A call about a query that someone else of the workgroup started."""

    def call(actor: Actor, things: Things) -> None:
        started = things.root("athena").start_query_execution(
            QueryString="SELECT 1 AS one", WorkGroup=things.workgroup
        )
        execution = started["QueryExecutionId"]
        while operation == "get_query_results":
            answer = things.root("athena").get_query_execution(QueryExecutionId=execution)
            if answer["QueryExecution"]["Status"]["State"] == "SUCCEEDED":
                break
            time.sleep(0.02)
        getattr(actor.client("athena"), operation)(QueryExecutionId=execution)

    return call


def of_workgroup(operation: str) -> Call:
    def call(actor: Actor, things: Things) -> None:
        getattr(actor.client("athena"), operation)(WorkGroup=things.workgroup)

    return call


def named_query(actor: Actor, things: Things) -> None:
    actor.client("athena").get_named_query(NamedQueryId=things.deployed.ids["TopProductsQuery"])


def named_queries(actor: Actor, things: Things) -> None:
    ids = [things.deployed.ids[f"{name}Query"] for name in ("TopProducts", "SalesByDay")]
    assert len(actor.client("athena").batch_get_named_query(NamedQueryIds=ids)["NamedQueries"]) == 2
