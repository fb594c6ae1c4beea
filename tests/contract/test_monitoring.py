"""Dashboard, alarms and runbook: every metric is emitted, every alarm explained, every command exists."""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import botocore.session
import pytest
import typer.main
from botocore import xform_name

import generator
import projector
import snapshot
import transformer
from salescast.cli.main import app
from tally import Tally
from tests.template import ROOT, resources, template
from tests.unit.transformer.rows import EVENTS, change
from tests.unit.transformer.test_transformer import event_of, metrics_of
from tools import analytics

ALARMS = resources("AWS::CloudWatch::Alarm")
RUNBOOK = (ROOT / "docs" / "operations.md").read_text()
# What each dimension of a service's metric names: the type of the resource that sends it.
SENDERS = {
    "PipeName": "AWS::Pipes::Pipe",
    "StreamName": "AWS::Kinesis::Stream",
    "DeliveryStreamName": "AWS::KinesisFirehose::DeliveryStream",
    "QueueName": "AWS::SQS::Queue",
    "FunctionName": "AWS::Serverless::Function",
    "TableName": "AWS::DynamoDB::Table",
    "ScheduleGroup": "AWS::Scheduler::ScheduleGroup",
}


class Metric(NamedTuple):
    """A metric as CloudWatch tells it apart; of `service` the value counts too."""

    namespace: str
    name: str
    dimensions: tuple[str, ...]
    service: str = ""


def metric(namespace: str, name: str, dimensions: dict[str, Any]) -> Metric:
    return Metric(namespace, name, tuple(sorted(dimensions)), dimensions.get("service", ""))


def dashboard() -> dict[str, Any]:
    """The dashboard's body, with `${X}` left where a resource's name comes in."""
    (properties,) = resources("AWS::CloudWatch::Dashboard").values()
    text = re.sub(r'("value": )\$\{(\w+)\}', r'\1"${\2}"', properties["DashboardBody"]["Fn::Sub"])
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def entries() -> Iterator[list[Any]]:
    for widget in dashboard()["widgets"]:
        yield from widget["properties"].get("metrics", [])


def on_the_dashboard() -> Iterator[tuple[Metric, dict[str, Any]]]:
    """Every metric of the dashboard, with its dimensions' values."""
    for entry in entries():
        *named, options = entry if isinstance(entry[-1], dict) else [*entry, {}]
        if named:
            dimensions = dict(zip(named[2::2], named[3::2], strict=True))
            yield metric(named[0], named[1], dimensions), dimensions
        else:
            found = re.fullmatch(
                r"SEARCH\('\{(\w+),([\w,]+)\} MetricName=\"(\w+)\" "
                r"stack=\"\$\{AWS::StackName\}\"', 'Sum', 300\)",
                options["expression"],
            )
            assert found, options["expression"]
            namespace, keys, name = found.groups()
            yield Metric(namespace, name, tuple(sorted(keys.split(","))), "transformer"), {}


def in_alarms() -> Iterator[tuple[Metric, dict[str, Any]]]:
    for alarm in ALARMS.values():
        inputs = [one["MetricStat"]["Metric"] for one in alarm.get("Metrics", []) if "MetricStat" in one]
        for source in inputs or [alarm]:
            dimensions = {one["Name"]: one["Value"] for one in source["Dimensions"]}
            yield metric(source["Namespace"], source["MetricName"], dimensions), dimensions


def used() -> list[tuple[Metric, dict[str, Any]]]:
    return [*on_the_dashboard(), *in_alarms()]


def documented() -> set[Metric]:
    """The table of docs/aws-behaviour.md 8."""
    section = (ROOT / "docs" / "aws-behaviour.md").read_text().split("\n## 8 ")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (AWS/\S+) \| (\w+) \| (.+) \| \S.+ guide, .+ \|$", section, re.MULTILINE)
    return {
        Metric(namespace, name, (dimension,))
        for namespace, dimension, names in rows
        for name in re.findall(r"`([\w.]+)`", names)
    }


def emf(blob: dict[str, Any]) -> Iterator[Metric]:
    """The metrics of one line of CloudWatch's embedded metric format."""
    for described in blob["_aws"]["CloudWatchMetrics"]:
        for keys in described["Dimensions"]:
            for one in described["Metrics"]:
                assert one["Name"] in blob
                yield metric(described["Namespace"], one["Name"], {key: blob[key] for key in keys})


class OneRow:
    """The answer of Athena to the question about past projections."""

    def rows(self, query: str) -> list[dict[str, str]]:
        assert "FROM projection_accuracy" in query
        return [{"missed": "1", "sold": "10", "days": "28", "inside80": "23", "inside95": "27"}]


def of_the_transformer(capsys: pytest.CaptureFixture[str]) -> set[Metric]:
    """Of a batch that fails in part, and of a change made just now."""
    transformer.handler(json.loads((EVENTS / "transformer" / "mixed.json").read_text()), None)
    now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    fresh = change("insert")
    fresh["dynamodb"]["NewImage"]["updated_ts"] = {"S": now}
    transformer.handler(event_of(fresh), None)
    return {one for blob in metrics_of(capsys.readouterr().out) for one in emf(blob)}


def of_the_generator() -> set[Metric]:
    generator._measure(Tally(), "salescast")
    blob = generator.metrics.serialize_metric_set()
    generator.metrics.clear_metrics()
    return set(emf(dict(blob)))


def of_the_snapshot() -> set[Metric]:
    snapshot._measure("salescast", 30, 0, 60.0)
    blob = snapshot.metrics.serialize_metric_set()
    snapshot.metrics.clear_metrics()
    return set(emf(dict(blob)))


def of_the_projector() -> set[Metric]:
    """Of an answer; tests/local/pipeline/test_projector.py has the metrics of real ones."""
    athena: Any = OneRow()
    accuracy = projector._accuracy(athena, dt.date(2026, 11, 20))
    projector.metrics.add_dimension("stack", "salescast")
    projector._measure({"series": 3, "seconds": 1.0, "accuracy": accuracy})
    blob = projector.metrics.serialize_metric_set()
    projector.metrics.clear_metrics()
    return set(emf(dict(blob)))


def test_our_own_metrics_are_those_that_the_functions_emit(capsys: pytest.CaptureFixture[str]) -> None:
    emitted = of_the_transformer(capsys) | of_the_generator() | of_the_snapshot() | of_the_projector()
    ours = {one for one, _ in used() if one.namespace == "Salescast"}
    assert len(ours) > 10
    assert ours - emitted == set()


def test_our_own_metrics_are_this_stacks() -> None:
    """Two stacks of an account and region would add up otherwise."""
    for one, dimensions in used():
        if one.namespace == "Salescast" and dimensions:
            assert dimensions["stack"] in ({"Ref": "AWS::StackName"}, "${AWS::StackName}"), one
        assert (one.namespace == "Salescast") == ("stack" in one.dimensions), one


def test_metrics_of_services_are_those_that_their_guides_list() -> None:
    theirs = {one for one, _ in used() if one.namespace != "Salescast"}
    assert theirs == documented()


def test_a_metric_of_a_service_is_asked_of_a_resource_that_sends_it() -> None:
    for one, dimensions in used():
        if one.namespace == "Salescast":
            continue
        ((name, value),) = dimensions.items()
        if isinstance(value, dict) and "Fn::If" in value:  # a table of one's own, or the stack's
            value = value["Fn::If"][2]
        named = value if isinstance(value, str) else value.get("Ref") or value["Fn::GetAtt"]
        sender = named.strip("${}").split(".")[0]
        assert template()["Resources"][sender]["Type"] == SENDERS[name], one
        # The Ref of a queue is its URL; of all the others it is the name.
        assert named.strip("${}") == ("DeadLetterQueue.QueueName" if name == "QueueName" else sender)


def test_the_dashboard_has_its_rows_and_no_widget_covers_another() -> None:
    taken: set[tuple[int, int]] = set()
    rows = []
    for widget in dashboard()["widgets"]:
        place = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not place & taken
        assert max(x for x, _ in place) < 24
        taken |= place
        if widget["type"] == "text":
            rows.append(widget["properties"]["markdown"])
        else:
            assert widget["properties"]["title"]
            assert widget["properties"]["region"] == "${AWS::Region}"
            assert all(axis["label"] for axis in widget["properties"]["yAxis"].values())
    assert rows == ["## Business", "## Pipeline", "## Projection"]


def test_what_the_dashboard_fills_in_exists() -> None:
    (properties,) = resources("AWS::CloudWatch::Dashboard").values()
    names = set(re.findall(r"\$\{(\w+)[.\w]*\}", properties["DashboardBody"]["Fn::Sub"]))
    assert names <= set(template()["Resources"]) | set(template()["Parameters"])
    assert {"FreshnessLimit", "WapeLimit"} <= names


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_is_told_and_explained(name: str) -> None:
    alarm = ALARMS[name]
    assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}]
    assert alarm["TreatMissingData"] == "notBreaching", "an idle stack sends nothing"
    text, _, anchor = alarm["AlarmDescription"].rpartition(" Runbook: docs/operations.md#")
    assert text.endswith(".")
    assert anchor == name.lower()
    section = RUNBOOK.split(f"\n### {name}\n")[1].split("\n##")[0]
    for part in ("**Means.**", "**See.**", "**Do.**"):
        assert part in section


def test_the_runbook_explains_no_other_alarm_and_its_links_lead_somewhere() -> None:
    assert set(re.findall(r"^### (\w+Alarm)$", RUNBOOK, re.MULTILINE)) == set(ALARMS)
    headings = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", RUNBOOK, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([\w-]+)\)", RUNBOOK)) <= headings


def commands(program: str) -> list[list[str]]:
    """Arguments of the runbook's calls of a program, in blocks and in the text, split as a shell does."""
    found = re.findall(rf"^{program} \S.*$", RUNBOOK, re.MULTILINE) + re.findall(
        rf"`({program} [^`\n]+)`", RUNBOOK
    )
    return [shlex.split(line, comments=True)[1:] for line in found]


@pytest.mark.parametrize("arguments", commands("salescast"), ids=" ".join)
def test_a_command_of_ours_exists(arguments: list[str]) -> None:
    group: Any = typer.main.get_command(app)
    command = group.commands[arguments[0]]
    context = command.make_context(arguments[0], list(arguments[1:]), resilient_parsing=False)
    if arguments[0] == "query":
        names = {pair.split("=")[0] for pair in context.params["parameter"] or []}
        assert names <= analytics.queries()[context.params["text"]].defaults.keys()


@cache
def service(name: str) -> Any:
    return botocore.session.get_session().get_service_model(name)


@pytest.mark.parametrize("arguments", commands("aws"), ids=" ".join)
def test_a_command_of_aws_exists(arguments: list[str]) -> None:
    name, verb, *rest = arguments
    model = service({"s3api": "s3"}.get(name, name))
    operations = {xform_name(operation, "-"): operation for operation in model.operation_names}
    shape = model.operation_model(operations[verb]).input_shape
    members = {xform_name(member, "-") for member in (shape.members if shape else {})}
    options = {option.removeprefix("--") for option in rest if option.startswith("--")} - {
        "query",
        "cli-read-timeout",
    }
    assert options <= members
    required = {xform_name(member, "-") for member in (shape.required_members if shape else [])}
    assert required <= options


def test_make_targets_of_the_runbook_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for line in re.findall(r"`make ([a-z -]+)`", RUNBOOK):
        for target in line.split():
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_log_groups_of_the_runbook_are_the_templates() -> None:
    declared = {
        group["LogGroupName"]["Fn::Sub"].replace("${AWS::StackName}", "salescast")
        for group in resources("AWS::Logs::LogGroup").values()
    }
    assert set(re.findall(r"--log-group-name (\S+)", RUNBOOK)) <= declared
