"""How every stage of a stack is doing, in the order in which data flows."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from salescast.integrity import error_objects
from salescast.stack import condition, disk
from salescast.stack.errors import SalescastError
from salescast.stack.services import log_metrics, metrics
from salescast.stack.services.metrics import Metrics
from salescast.stack.stack import Stack

OK, WARNING, DOWN = "ok", "warning", "down"
# Rights that are not called as the API operation is, for services that refuse without naming the right.
RIGHTS = {"ListObjectsV2": "s3:ListBucket"}
LAKE = "curated/order_arrivals/"
FAILED_RUNS = ("FAILED", "ERROR", "TIMEOUT")
DAYS = 7


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
            sum(1 for _ in error_objects.keys(stack)),
            _dead_letter_count(stack),
            dict(log_metrics.refused(stack).most_common()),
        )
    except ClientError as error:
        if missing := missing_right(error):
            raise SalescastError(missing) from error
        raise


def missing_right(error: Exception) -> str:
    """What to say when AWS refuses a call for want of a right, empty for any other error."""
    if not isinstance(error, ClientError) or "AccessDenied" not in error.response["Error"]["Code"]:
        return ""
    named = re.search(r"not authorized to perform: ([\w-]+):(\w+)", str(error))
    operation = error.operation_name
    if not named:
        right = RIGHTS.get(operation, operation)
    else:
        # SQS refuses in lower case.
        service, action = named.groups()
        right = f"{service}:{operation if action == operation.lower() else action}"
    return f"may not be asked: the right {right} is missing; attach the policy in the output MonitorPolicy"


def stages(stack: Stack) -> list[Stage]:
    """The health of every stage. A stage that cannot be asked is down and says why; nothing is raised."""
    if _is_anothers(stack):
        return [*_processes(stack), *_of_another(stack)]
    measured, unmeasured = _metrics(stack)
    checks: list[tuple[str, Callable[[], tuple[str, str]]]] = [
        ("schedules", lambda: _schedules(stack)),
        ("orders table", lambda: _table(stack)),
        ("pipe", lambda: _pipe(stack, measured)),
        ("dead-letter queue", lambda: _dead_letters(stack)),
        ("order stream", lambda: _stream(stack, measured)),
        ("delivery stream", lambda: _delivery(stack, measured)),
        ("transformer", lambda: _transformer(stack, measured)),
        ("source schema", lambda: _drift(stack)),
        ("lake", lambda: _lake(stack)),
        ("errors/", lambda: _errors(stack)),
        ("lake job", lambda: _lake_job(stack)),
        ("crawler", lambda: _crawler(stack)),
        ("workgroup", lambda: _workgroup(stack)),
        ("alarms", lambda: _alarms(stack)),
    ]
    found = _processes(stack)
    for name, check in checks:
        try:
            health, detail = check()
        except (BotoCoreError, ClientError, SalescastError) as error:
            health, detail = DOWN, missing_right(error) or str(error)
        found.append(Stage(name, health, detail))
    return [*found, *unmeasured]


def _is_anothers(stack: Stack) -> bool:
    record = stack.state.read() if stack.is_laptop else None
    return bool(record and record.template)


def _of_another(stack: Stack) -> list[Stage]:
    """What there is to say of a template that is not Salescast's: its pipes and delivery streams."""
    found = []
    for name, logical in stack.resources("AWS::Pipes::Pipe").items():
        found.append(Stage(f"pipe {logical}", *_state_of_pipe(stack, name)))
    for name, logical in stack.resources("AWS::KinesisFirehose::DeliveryStream").items():
        described = stack.firehose.describe_delivery_stream(DeliveryStreamName=name)
        status = described["DeliveryStreamDescription"]["DeliveryStreamStatus"]
        found.append(Stage(f"delivery stream {logical}", OK if status == "ACTIVE" else DOWN, str(status)))
    return found


def summary(stages: list[Stage]) -> tuple[str, str]:
    """The worst health of all stages, and one line on it: what is not well, and where to look next."""
    for health, says in ((DOWN, "down"), (WARNING, "to look at")):
        names = [stage.name for stage in stages if stage.health == health]
        if names:
            return health, f"{len(names)} of {len(stages)} {says}: {', '.join(names)}. Next: {_next(names)}"
    return OK, f"all {len(stages)} are well. Next: salescast reconcile proves that the lake lacks nothing"


def _next(names: list[str]) -> str:
    if any(name.startswith("process ") for name in names):
        return "salescast up starts again what has died"
    if {"errors/", "dead-letter queue"} & set(names):
        return "salescast reconcile, salescast redrive --dry-run"
    return "docs/operations.md"


def _metrics(stack: Stack) -> tuple[Metrics, list[Stage]]:
    """What CloudWatch measured, and a stage of its own when it cannot be asked."""
    try:
        return metrics.read(stack), []
    except (BotoCoreError, ClientError, SalescastError) as error:
        return Metrics(), [Stage("metrics", DOWN, missing_right(error) or str(error))]


def _worse(health: str, detail: str, problems: dict[str, float | None]) -> tuple[str, str]:
    """A stage with what went wrong in it lately: any of these counts above 0 is a warning."""
    told = [f"{count:,.0f} {what} in {metrics.MINUTES} min" for what, count in problems.items() if count]
    return (WARNING if told and health == OK else health), ", ".join([detail, *told])


def _processes(stack: Stack) -> list[Stage]:
    record = stack.state.read() if stack.is_laptop else None
    found = []
    for name, process in (record.processes if record else {}).items():
        log = stack.state.logs / f"{name}.log"
        said = condition.read(stack.state, name)
        aside = stack.state.checkpoints / f"{name}.json.broken"
        if not process.alive:
            health, detail = DOWN, f"has died, see {log}; `salescast up` starts it again"
        elif said.pid == process.pid and said.ills:
            health, detail = DOWN, f"{'; '.join(said.ills.values())}; see {log}"
        elif aside.exists():
            health = WARNING
            detail = (
                f"pid {process.pid}, began anew: its checkpoint was broken, look at {aside} and delete it"
            )
        else:
            health, detail = OK, f"pid {process.pid}"
        found.append(Stage(f"process {name}", health, detail))
    return found + ([_disk(stack.state.folder)] if record else [])


def _disk(folder: Path) -> Stage:
    left = disk.free(folder)
    detail = f"{left / 1e9:,.1f} GB left at {folder}"
    if left < disk.LEAST_BYTES:
        return Stage("disk", DOWN, f"full: {left / 1e6:,.0f} MB left at {folder}; what writes there waits")
    return Stage("disk", WARNING if left < disk.LITTLE_BYTES else OK, detail)


def _table(stack: Stack) -> tuple[str, str]:
    table = stack.dynamodb.describe_table(TableName=stack.output("OrdersTable"))["Table"]
    stream = table.get("StreamSpecification", {}).get("StreamEnabled", False)
    health = OK if table["TableStatus"] == "ACTIVE" and stream else DOWN
    return (
        health,
        f"{table['TableStatus']}, {table.get('ItemCount', 0):,} orders, stream {'on' if stream else 'off'}",
    )


def _pipe(stack: Stack, measured: Metrics) -> tuple[str, str]:
    health, detail = _state_of_pipe(stack, stack.resource("AWS::Pipes::Pipe"))
    return _worse(health, detail, {"failed executions": measured.failed_executions})


def _state_of_pipe(stack: Stack, name: str) -> tuple[str, str]:
    pipe = stack.pipes.describe_pipe(Name=name)
    reason = f", {pipe['StateReason']}" if pipe.get("StateReason") else ""
    return OK if pipe["CurrentState"] == "RUNNING" else DOWN, pipe["CurrentState"] + reason


def _schedules(stack: Stack) -> tuple[str, str]:
    depth = _messages(stack, "ScheduleDeadLetterQueue")
    detail = f"{depth:,} not started, see docs/operations.md" if depth else "all started what they had to"
    return WARNING if depth else OK, detail


def _dead_letter_count(stack: Stack) -> int:
    return _messages(stack, "DeadLetterQueue")


def _messages(stack: Stack, output: str) -> int:
    attributes = stack.sqs.get_queue_attributes(
        QueueUrl=stack.output(output),
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    return sum(int(count) for count in attributes.values())


def _dead_letters(stack: Stack) -> tuple[str, str]:
    depth = _dead_letter_count(stack)
    return WARNING if depth else OK, f"{depth:,} message(s)"


def _stream(stack: Stack, measured: Metrics) -> tuple[str, str]:
    name = stack.output("OrderStream")
    summary = stack.kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    status, shards = summary["StreamStatus"], summary["OpenShardCount"]
    health = OK if status in ("ACTIVE", "UPDATING") else DOWN
    return _worse(health, f"{status}, {shards} open shard(s)", {"writes refused": measured.refused_writes})


def _delivery(stack: Stack, measured: Metrics) -> tuple[str, str]:
    name = stack.output("DeliveryStream")
    description = stack.firehose.describe_delivery_stream(DeliveryStreamName=name)[
        "DeliveryStreamDescription"
    ]
    status = description["DeliveryStreamStatus"]
    health = OK if status == "ACTIVE" else DOWN
    if measured.freshness is None:
        return health, status
    limit = float(stack.parameters.get("FreshnessLimit", "inf"))
    detail = f"{status}, oldest change {span(measured.freshness)} old"
    if measured.freshness <= limit:
        return health, detail
    return (WARNING if health == OK else health), f"{detail}, above FreshnessLimit ({span(limit)})"


def _transformer(stack: Stack, measured: Metrics) -> tuple[str, str]:
    configuration = stack.functions.get_function_configuration(
        FunctionName=stack.output("TransformerFunction")
    )
    state = configuration.get("State", "Active")
    health = OK if state in ("Active", "Inactive") else DOWN
    problems = {"errors": measured.errors, "throttles": measured.throttles}
    return _worse(health, f"{state}, {configuration.get('Runtime', '')}", problems)


def _drift(stack: Stack) -> tuple[str, str]:
    counts = log_metrics.unknown_attributes(stack)
    if not counts:
        return OK, "no attribute outside the contract in 24 h"
    names = ", ".join(f"{name} ({count:,})" for name, count in counts.most_common(5))
    return (
        WARNING,
        f"{len(counts)} attribute(s) outside the contract in 24 h: {names}; see docs/operations.md",
    )


def _lake(stack: Stack) -> tuple[str, str]:
    """Looks at the objects of the newest days of arrival, the newest object among them."""
    bucket, listing = stack.output("Lake"), stack.s3.get_paginator("list_objects_v2")
    dates = [
        prefix["Prefix"]
        for page in listing.paginate(Bucket=bucket, Prefix=LAKE, Delimiter="/")
        for prefix in page.get("CommonPrefixes", [])
    ]
    if not dates:
        return OK, "no objects yet"
    newest_days = sorted(dates)[-DAYS:]
    objects = [
        one
        for page in listing.paginate(Bucket=bucket, Prefix=LAKE, StartAfter=newest_days[0])
        for one in page.get("Contents", [])
    ]
    size = sum(one["Size"] for one in objects)
    newest = max((one["LastModified"] for one in objects), default=None)
    told = f"newest {age(newest)} old; " if newest else ""
    places = f"the last {len(newest_days)} of {len(dates):,} days of arrival"
    return OK, f"{told}{places}: {len(objects):,} objects, {size / 1e6:,.1f} MB"


def _errors(stack: Stack) -> tuple[str, str]:
    count = sum(1 for _ in error_objects.keys(stack))
    return WARNING if count else OK, f"{count:,} object(s)"


def _crawler(stack: Stack) -> tuple[str, str]:
    crawler = stack.glue.get_crawler(Name=stack.output("Crawler"))["Crawler"]
    last = crawler.get("LastCrawl", {})
    detail = f"{crawler['State']}, last run {last.get('Status', 'never')}"
    return WARNING if last.get("Status") == "FAILED" else OK, detail


def _lake_job(stack: Stack) -> tuple[str, str]:
    runs = stack.glue.get_job_runs(JobName=stack.output("LakeJob"), MaxResults=10)["JobRuns"]
    if not runs:
        return OK, "has not run yet"
    last = max(runs, key=lambda run: run["StartedOn"])
    state, reason = last.get("JobRunState", ""), last.get("ErrorMessage", "")
    detail = f"last run {state}, started {age(last['StartedOn'])} ago{': ' if reason else ''}{reason}"
    return WARNING if state in FAILED_RUNS else OK, detail


def _workgroup(stack: Stack) -> tuple[str, str]:
    state = stack.athena.get_work_group(WorkGroup=stack.output("Workgroup"))["WorkGroup"].get(
        "State", "ENABLED"
    )
    return OK if state == "ENABLED" else DOWN, state


def _alarms(stack: Stack) -> tuple[str, str]:
    found = metrics.alarms(stack)
    if found.raised:
        detail = f"{len(found.raised)} of {found.count} raised: {', '.join(found.raised)}"
        return WARNING, f"{detail}; see docs/operations.md"
    undecided = f", {found.undecided} without data" if found.undecided else ""
    return OK, f"none of {found.count} raised{undecided}"


def age(moment: datetime) -> str:
    """How long ago, in the largest unit that fits."""
    return span((datetime.now(UTC) - moment).total_seconds())


def span(seconds: float) -> str:
    """Seconds in the largest unit that fits: "42 s", "7 min", "3 h", "2 d"."""
    for limit, size, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{max(0.0, seconds) / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} d"
