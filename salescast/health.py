"""How every stage of a stack is doing, in the order in which data flows."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from salescast import emf
from salescast.errors import SalescastError
from salescast.failures import error_objects
from salescast.stack import Stack

OK, WARNING, DOWN = "ok", "warning", "down"
# Rights that are not called as the API operation is, for services that refuse without naming the right.
RIGHTS = {"ListObjectsV2": "s3:ListBucket"}
LAKE = "curated/order_changes/"


@dataclass(frozen=True)
class Stage:
    """One stage: what it is called, how it is (ok, warning, down), and why."""

    name: str
    health: str
    detail: str


@dataclass(frozen=True)
class Failing:
    """What the lake lacks: objects under errors/ (without errors/backup/) and dead letters (messages).

    `reasons` counts the changes that the transformer refused in the last 24 hours, the most frequent reason
    first.
    """

    errors: int
    dead_letters: int
    reasons: dict[str, int]


def failing(stack: Stack) -> Failing:
    """What fails now. Raises SalescastError where a right is missing, and what boto3 raises for the rest."""
    try:
        return Failing(
            sum(1 for _ in error_objects(stack)),
            _dead_letter_count(stack),
            dict(emf.refused(stack).most_common()),
        )
    except ClientError as error:
        if missing := missing_right(error):
            raise SalescastError(missing) from error
        raise


def missing_right(error: Exception) -> str:
    """What to say when AWS refuses a call for want of a right, empty for any other error."""
    if not isinstance(error, ClientError) or "AccessDenied" not in error.response["Error"]["Code"]:
        return ""
    named = re.search(r"not authorized to perform: ([\w-]+:\w+)", str(error))
    right = named.group(1) if named else RIGHTS.get(error.operation_name, error.operation_name)
    return f"may not be asked: the right {right} is missing; attach the policy in the output MonitorPolicy"


def stages(stack: Stack) -> list[Stage]:
    """The health of every stage. A stage that cannot be asked is down and says why; nothing is raised."""
    checks: list[tuple[str, Callable[[Stack], tuple[str, str]]]] = [
        ("orders table", _table),
        ("pipe", _pipe),
        ("dead-letter queue", _dead_letters),
        ("order stream", _stream),
        ("delivery stream", _delivery),
        ("transformer", _transformer),
        ("source schema", _drift),
        ("lake", _lake),
        ("errors/", _errors),
        ("crawler", _crawler),
        ("workgroup", _workgroup),
    ]
    found = _processes(stack)
    for name, check in checks:
        try:
            health, detail = check(stack)
        except (BotoCoreError, ClientError, SalescastError) as error:
            health, detail = DOWN, missing_right(error) or str(error)
        found.append(Stage(name, health, detail))
    return found


def _processes(stack: Stack) -> list[Stage]:
    record = stack.state.read() if stack.is_laptop else None
    found = []
    for name, process in (record.processes if record else {}).items():
        if process.alive:
            found.append(Stage(f"process {name}", OK, f"pid {process.pid}"))
        else:
            log = stack.state.logs / f"{name}.log"
            found.append(
                Stage(f"process {name}", DOWN, f"has died, see {log}; `salescast up` starts it again")
            )
    return found


def _table(stack: Stack) -> tuple[str, str]:
    table = stack.dynamodb.describe_table(TableName=stack.output("OrdersTable"))["Table"]
    stream = table.get("StreamSpecification", {}).get("StreamEnabled", False)
    health = OK if table["TableStatus"] == "ACTIVE" and stream else DOWN
    return (
        health,
        f"{table['TableStatus']}, {table.get('ItemCount', 0):,} orders, stream {'on' if stream else 'off'}",
    )


def _pipe(stack: Stack) -> tuple[str, str]:
    pipe = stack.pipes.describe_pipe(Name=stack.resource("AWS::Pipes::Pipe"))
    reason = f", {pipe['StateReason']}" if pipe.get("StateReason") else ""
    return OK if pipe["CurrentState"] == "RUNNING" else DOWN, pipe["CurrentState"] + reason


def _dead_letter_count(stack: Stack) -> int:
    attributes = stack.sqs.get_queue_attributes(
        QueueUrl=stack.output("DeadLetterQueue"),
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    return sum(int(count) for count in attributes.values())


def _dead_letters(stack: Stack) -> tuple[str, str]:
    depth = _dead_letter_count(stack)
    return WARNING if depth else OK, f"{depth:,} message(s)"


def _stream(stack: Stack) -> tuple[str, str]:
    name = stack.output("OrderStream")
    summary = stack.kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    status, shards = summary["StreamStatus"], summary["OpenShardCount"]
    return OK if status in ("ACTIVE", "UPDATING") else DOWN, f"{status}, {shards} open shard(s)"


def _delivery(stack: Stack) -> tuple[str, str]:
    name = stack.output("DeliveryStream")
    description = stack.firehose.describe_delivery_stream(DeliveryStreamName=name)[
        "DeliveryStreamDescription"
    ]
    status = description["DeliveryStreamStatus"]
    return OK if status == "ACTIVE" else DOWN, status


def _transformer(stack: Stack) -> tuple[str, str]:
    configuration = stack.functions.get_function_configuration(
        FunctionName=stack.output("TransformerFunction")
    )
    state = configuration.get("State", "Active")
    return OK if state in ("Active", "Inactive") else DOWN, f"{state}, {configuration.get('Runtime', '')}"


def _drift(stack: Stack) -> tuple[str, str]:
    counts = emf.unknown_attributes(stack)
    if not counts:
        return OK, "no attribute outside the contract in 24 h"
    names = ", ".join(f"{name} ({count:,})" for name, count in counts.most_common(5))
    return (
        WARNING,
        f"{len(counts)} attribute(s) outside the contract in 24 h: {names}; see docs/operations.md",
    )


def _lake(stack: Stack) -> tuple[str, str]:
    count, size, newest = 0, 0, None
    for page in stack.s3.get_paginator("list_objects_v2").paginate(Bucket=stack.output("Lake"), Prefix=LAKE):
        for one in page.get("Contents", []):
            count, size = count + 1, size + one["Size"]
            newest = max(newest or one["LastModified"], one["LastModified"])
    if newest is None:
        return OK, "no objects yet"
    return OK, f"{count:,} objects, {size / 1e6:,.1f} MB, newest {age(newest)} old"


def _errors(stack: Stack) -> tuple[str, str]:
    count = sum(1 for _ in error_objects(stack))
    return WARNING if count else OK, f"{count:,} object(s)"


def _crawler(stack: Stack) -> tuple[str, str]:
    crawler = stack.glue.get_crawler(Name=stack.output("Crawler"))["Crawler"]
    last = crawler.get("LastCrawl", {})
    detail = f"{crawler['State']}, last run {last.get('Status', 'never')}"
    return WARNING if last.get("Status") == "FAILED" else OK, detail


def _workgroup(stack: Stack) -> tuple[str, str]:
    state = stack.athena.get_work_group(WorkGroup=stack.output("Workgroup"))["WorkGroup"].get(
        "State", "ENABLED"
    )
    return OK if state == "ENABLED" else DOWN, state


def age(moment: datetime) -> str:
    """How long ago, in the largest unit that fits: "42 s", "7 min", "3 h", "2 d"."""
    seconds = max(0.0, (datetime.now(UTC) - moment).total_seconds())
    for limit, size, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} d"
