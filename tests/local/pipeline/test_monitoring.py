"""Alarms, their topic and the dashboard, as deployed. The emulator makes no metrics, so none is raised."""

from __future__ import annotations

import json
from typing import Any

import pytest

from salescast.stack.stack import Stack
from tests.template import resources


@pytest.fixture
def cloudwatch(stack: Stack) -> Any:
    return stack.session.client("cloudwatch", endpoint_url=stack.endpoint, config=stack.config)


def test_every_alarm_is_deployed_and_publishes_to_the_topic(stack: Stack, cloudwatch: Any) -> None:
    alarms = cloudwatch.describe_alarms(AlarmNamePrefix=f"{stack.name}-")["MetricAlarms"]
    declared = resources("AWS::CloudWatch::Alarm")
    declared.pop("ProjectorSilentAlarm")  # the projector has no schedule here
    assert sorted(alarm["AlarmName"].split("-")[1] for alarm in alarms) == sorted(declared)
    for alarm in alarms:
        assert alarm["AlarmActions"] == [stack.output("AlarmTopic")]
        properties = declared[alarm["AlarmName"].split("-")[1]]
        if "Metrics" not in properties:  # the emulator describes no metric math
            assert alarm["Namespace"] == properties["Namespace"]
            assert alarm["MetricName"] == properties["MetricName"]
        assert alarm["AlarmDescription"].strip() == properties["AlarmDescription"].strip()


def test_the_alarms_of_the_streams_have_the_names_of_the_stacks_own(stack: Stack, cloudwatch: Any) -> None:
    alarms = cloudwatch.describe_alarms(AlarmNamePrefix=f"{stack.name}-")["MetricAlarms"]
    watched = {
        (one["Name"], one["Value"])
        for alarm in alarms
        for one in alarm["Dimensions"]
        if one["Name"] not in ("service", "stack")
    }
    assert watched == {
        ("PipeName", stack.resource("AWS::Pipes::Pipe")),
        ("StreamName", stack.output("OrderStream")),
        ("DeliveryStreamName", stack.output("DeliveryStream")),
        ("ScheduleGroup", next(iter(stack.resources("AWS::Scheduler::ScheduleGroup")))),
        ("QueueName", stack.output("DeadLetterQueue").rsplit("/", 1)[1]),
        *(
            ("FunctionName", stack.output(f"{name}Function"))
            for name in ("Generator", "Transformer", "Snapshot", "Projector")
        ),
    }


def test_the_dashboard_is_deployed_with_every_name_filled_in(stack: Stack, cloudwatch: Any) -> None:
    assert stack.output("Dashboard") == f"{stack.name}-{stack.region}"
    body = cloudwatch.get_dashboard(DashboardName=stack.output("Dashboard"))["DashboardBody"]
    assert "${" not in body
    widgets = json.loads(body)["widgets"]
    assert [widget for widget in widgets if widget["type"] == "metric"]
    limits = [
        line["value"]
        for widget in widgets
        for line in widget["properties"].get("annotations", {}).get("horizontal", [])
    ]
    assert limits == [900, 60], "the defaults of FreshnessLimit and WapeLimit"


def test_without_an_address_nobody_is_mailed(stack: Stack) -> None:
    sns = stack.session.client("sns", endpoint_url=stack.endpoint, config=stack.config)
    topic = stack.output("AlarmTopic")
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    policy = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
    (statement,) = policy["Statement"]
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Action"] == "sns:Publish"
    assert set(statement["Condition"]) == {"StringEquals", "ArnLike"}
