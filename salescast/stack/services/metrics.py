"""What CloudWatch knows of a stack: metrics of its services in the last quarter of an hour, and its alarms.

A service sends a metric only when it has something to tell; the laptop's emulator sends Lambda's alone.
One look is one GetMetricData call of five metrics (CloudWatch bills by the metric asked for).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from salescast.stack.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

MINUTES = 15
PERIOD = 60
# DescribeAlarms takes as many names.
NAMES = 100


@dataclass(frozen=True)
class Metrics:
    """Values of the last quarter of an hour; None where CloudWatch has none.

    freshness: age in seconds of the oldest change in Firehose, the latest value. The others are sums:
    writes that Kinesis refused, failed executions of the Pipe, the transformer's errors and throttles.
    """

    freshness: float | None = None
    refused_writes: float | None = None
    failed_executions: float | None = None
    errors: float | None = None
    throttles: float | None = None


@dataclass(frozen=True)
class Alarms:
    """The stack's alarms: how many, which are raised (logical ids), how many have no data to judge by."""

    count: int
    raised: list[str]
    undecided: int


def read(stack: Stack) -> Metrics:
    """The metrics of the stack's services, in one call."""
    delivery, stream = stack.output("DeliveryStream"), stack.output("OrderStream")
    pipe, function = stack.resource("AWS::Pipes::Pipe"), stack.output("TransformerFunction")
    asked = {
        "freshness": ("AWS/Firehose", "DeliveryToS3.DataFreshness", "DeliveryStreamName", delivery),
        "refused_writes": ("AWS/Kinesis", "WriteProvisionedThroughputExceeded", "StreamName", stream),
        "failed_executions": ("AWS/EventBridge/Pipes", "ExecutionFailed", "PipeName", pipe),
        "errors": ("AWS/Lambda", "Errors", "FunctionName", function),
        "throttles": ("AWS/Lambda", "Throttles", "FunctionName", function),
    }
    queries: list[MetricDataQueryTypeDef] = [
        {
            "Id": name,
            "MetricStat": {
                "Metric": {
                    "Namespace": namespace,
                    "MetricName": metric,
                    "Dimensions": [{"Name": dimension, "Value": value}],
                },
                "Period": PERIOD,
                "Stat": "Maximum" if name == "freshness" else "Sum",
            },
        }
        for name, (namespace, metric, dimension, value) in asked.items()
    ]
    now = datetime.now(UTC)
    answer = stack.cloudwatch.get_metric_data(
        MetricDataQueries=queries, StartTime=now - timedelta(minutes=MINUTES), EndTime=now
    )
    found: dict[str, float] = {}
    for result in answer["MetricDataResults"]:
        if values := result["Values"]:
            latest = max(zip(result["Timestamps"], values, strict=True))[1]
            found[result["Id"]] = latest if result["Id"] == "freshness" else sum(values)
    return Metrics(**found)


def alarms(stack: Stack) -> Alarms:
    """The state of every alarm of the template."""
    logical = stack.resources("AWS::CloudWatch::Alarm")
    names = list(logical)
    states = {
        alarm["AlarmName"]: alarm["StateValue"]
        for start in range(0, len(names), NAMES)
        for alarm in stack.cloudwatch.describe_alarms(
            AlarmNames=names[start : start + NAMES], AlarmTypes=["MetricAlarm"], MaxRecords=NAMES
        )["MetricAlarms"]
    }
    return Alarms(
        len(states),
        sorted(logical[name] for name, state in states.items() if state == "ALARM"),
        sum(state == "INSUFFICIENT_DATA" for state in states.values()),
    )
