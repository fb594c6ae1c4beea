"""What a first deployment has to show, as far as a machine can look: docs/first-deployment.md has all of it.

Nothing is written but query results. Each check says ok, warning (not settled yet, or to look at) or down,
and which section of docs/aws-behaviour.md it settles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from salescast.integrity import health
from salescast.integrity.health import DOWN, OK, WARNING, Stage
from salescast.stack.errors import SalescastError
from salescast.stack.services import athena
from salescast.stack.stack import Stack

Said = tuple[str, str]
ICEBERG = ("order_log", "order_state")
VIEWS = ("orders", "order_changes")
COMPLETE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def checks(stack: Stack) -> Iterator[Stage]:
    """Every check, one after the other; a refusal or an error is the check's, and nothing is raised."""
    asked: list[tuple[str, Callable[[Stack], Said]]] = [
        ("deployment", _deployment),
        ("Iceberg tables (6.4)", _iceberg),
        ("stages", _stages),
        ("changes arrive (2.6)", _arrival),
        ("views (6.2)", _views),
        ("named queries", _queries),
        ("metrics have the names that alarms ask for (8)", _metrics),
        ("alarms", _alarms),
        ("pipe logs (1.8)", _pipe_log),
        ("schedules", _schedules),
    ]
    for name, check in asked:
        try:
            said, detail = check(stack)
        except (BotoCoreError, ClientError, SalescastError) as error:
            said, detail = DOWN, health.missing_right(error) or str(error)
        yield Stage(name, said, detail)


def _deployment(stack: Stack) -> Said:
    status = str(stack.description["StackStatus"])
    return OK if status in COMPLETE else DOWN, status


def _iceberg(stack: Stack) -> Said:
    told = []
    for name in ICEBERG:
        table = stack.glue.get_table(DatabaseName=stack.output("Database"), Name=name)["Table"]
        parameters = table.get("Parameters", {})
        if parameters.get("table_type", "").upper() != "ICEBERG" or not parameters.get("metadata_location"):
            return DOWN, f"{name} is no Iceberg table; see the way out in docs/aws-behaviour.md 6.4"
        told.append(f"{name} {len(table['StorageDescriptor']['Columns'])} columns")
    return OK, ", ".join(told)


def _stages(stack: Stack) -> Said:
    return health.summary(health.stages(stack))


def _arrival(stack: Stack) -> Said:
    """Whether what is in the table is in the lake: `salescast reconcile` proves it order by order."""
    table = stack.dynamodb.describe_table(TableName=stack.output("OrdersTable"))["Table"]
    ((rows, newest),) = athena.run(stack, "SELECT count(*), max(processed_ts) FROM order_changes").rows
    if rows:
        return OK, f"{rows:,} changes in the lake, the newest made a row at {newest}"
    if table.get("ItemCount", 0):
        return DOWN, "the table has orders and the lake has none"
    return WARNING, "no order was written yet; wait a few minutes, or run `salescast generate --stack NAME`"


def _views(stack: Stack) -> Said:
    for view in VIEWS:
        athena.run(stack, f"SELECT * FROM {view} LIMIT 1")  # noqa: S608, our own names
    return OK, f"{', '.join(VIEWS)} answer"


def _queries(stack: Stack) -> Said:
    failed = []
    named = athena.named_queries(stack)
    for query in named:
        try:
            athena.query(stack, query.name, {})
        except SalescastError as error:
            failed.append(f"{query.name}: {error}")
    return (DOWN if failed else OK), "; ".join(failed) or f"all {len(named)} answer with their defaults"


def _metrics(stack: Stack) -> Said:
    """Which metrics of the alarms CloudWatch has heard of; it lists those of the last two weeks."""
    absent, known = [], 0
    for metric in _watched(stack):
        answer = stack.cloudwatch.list_metrics(
            Namespace=metric["Namespace"], MetricName=metric["MetricName"], Dimensions=metric["Dimensions"]
        )
        known += bool(answer["Metrics"])
        if not answer["Metrics"]:
            absent.append(f"{metric['Namespace']} {metric['MetricName']}")
    if not absent:
        return OK, f"all {known} are known"
    return WARNING, f"{known} known; not sent yet, or called otherwise: {', '.join(sorted(set(absent)))}"


def _watched(stack: Stack) -> Iterator[dict[str, Any]]:
    names = list(stack.resources("AWS::CloudWatch::Alarm"))
    for alarm in stack.cloudwatch.describe_alarms(AlarmNames=names, MaxRecords=100)["MetricAlarms"]:
        if alarm.get("MetricName"):
            yield {key: alarm.get(key) for key in ("Namespace", "MetricName", "Dimensions")}
        for one in alarm.get("Metrics", []):
            if "MetricStat" in one:
                yield dict(one["MetricStat"]["Metric"])


def _alarms(stack: Stack) -> Said:
    names = list(stack.resources("AWS::CloudWatch::Alarm"))
    found = stack.cloudwatch.describe_alarms(AlarmNames=names, MaxRecords=100)["MetricAlarms"]
    raised = sorted(alarm["AlarmName"] for alarm in found if alarm["StateValue"] == "ALARM")
    if len(found) < len(names):
        return DOWN, f"{len(names) - len(found)} of {len(names)} are missing"
    return (WARNING if raised else OK), f"{len(found)}, raised: {', '.join(raised) or 'none'}"


def _pipe_log(stack: Stack) -> Said:
    pipe = stack.pipes.describe_pipe(Name=stack.resource("AWS::Pipes::Pipe"))
    log: Any = pipe.get("LogConfiguration", {}).get("CloudwatchLogsLogDestination", {})
    if not log.get("LogGroupArn"):
        return DOWN, "the pipe has no log group"
    group = log["LogGroupArn"].split(":log-group:")[1].removesuffix(":*")
    events = stack.logs.filter_log_events(logGroupName=group, limit=1)["events"]
    return OK, "has errors, read them" if events else "no error; settled when a failing pipe has written one"


def _schedules(stack: Stack) -> Said:
    """A snapshot is due every hour: whether today's object is there tells that Scheduler may call."""
    since = datetime.now(UTC) - timedelta(hours=2)
    lake = stack.output("Lake")
    found = stack.s3.list_objects_v2(Bucket=lake, Prefix="curated/inventory/").get("Contents", [])
    newest = max((item["LastModified"] for item in found), default=None)
    if newest is not None and newest > since:
        return OK, f"the last snapshot is {health.age(newest)} old"
    return WARNING, "no snapshot in two hours: look again at the next full hour"
