"""`up --template`: others' templates, deployed as they are; what does not run is refused by name."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from salescast import laptop
from salescast.integrity import health
from salescast.stack.errors import SalescastError
from salescast.stack.stack import Stack
from salescast.stack.state import State
from tests import parts
from tests.template import _Loader
from tests.waiting import wait_for

PEERS = Path(__file__).parent / "peers.yaml"
# A queue to a queue: a source and a target that do not run here.
QUEUES = """
  Queue: {Type: AWS::SQS::Queue}

  QueuesPipe:
    Type: AWS::Pipes::Pipe
    Properties:
      RoleArn: !GetAtt PipeRole.Arn
      Source: !GetAtt Queue.Arn
      Target: !GetAtt Queue.Arn
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The peers' template, in a place that a test may change, with a space in its path."""
    path = tmp_path_factory.mktemp("peer s") / "template.yaml"
    path.write_text(PEERS.read_text())
    return path


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[Stack]:
    folder = parts.share(tmp_path_factory.mktemp("other"))
    try:
        yield laptop.up(folder, fast=60, template=template, parameters={"Interval": "60"}, report=print)
    finally:
        State(folder).down()


def objects(stack: Stack) -> list[dict[str, Any]]:
    """The records under orders/, unpacked."""
    (bucket,) = stack.resources("AWS::S3::Bucket")
    found = []
    for item in stack.s3.list_objects_v2(Bucket=bucket, Prefix="orders/").get("Contents", []):
        assert item["Key"].endswith(".gz")
        packed = stack.s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
        found += [json.loads(line) for line in gzip.decompress(packed).splitlines()]
    return found


def test_filtered_changes_arrive_in_gzip_and_all_in_the_other_stream(stack: Stack) -> None:
    (table,) = stack.resources("AWS::DynamoDB::Table")
    for number in range(6):
        kind = "order" if number % 2 else "customer"
        stack.dynamodb.put_item(TableName=table, Item={"pk": {"S": str(number)}, "kind": {"S": kind}})
    stack.dynamodb.delete_item(TableName=table, Key={"pk": {"S": "1"}})
    wait_for(lambda: len(objects(stack)) >= 3, "three orders in the bucket")
    events = objects(stack)
    assert sorted(event["dynamodb"]["Keys"]["pk"]["S"] for event in events) == ["1", "3", "5"]
    assert {event["eventName"] for event in events} == {"INSERT"}
    everything = next(
        n for n, logical in stack.resources("AWS::Kinesis::Stream").items() if logical == "Everything"
    )
    shard = stack.kinesis.list_shards(StreamName=everything)["Shards"][0]["ShardId"]

    def read() -> int:
        iterator = stack.kinesis.get_shard_iterator(
            StreamName=everything, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        return len(stack.kinesis.get_records(ShardIterator=iterator)["Records"])

    wait_for(lambda: read() == 7, "all changes in the other stream")


def test_status_shows_its_pipes_and_streams(stack: Stack) -> None:
    stages = {stage.name: stage.health for stage in health.stages(stack)}
    assert {"pipe EverythingPipe", "pipe OrdersPipe", "delivery stream Delivery"} <= set(stages)
    assert set(stages.values()) <= {health.OK, health.WARNING}, stages


def test_who_writes_past_kinesis_is_refused(stack: Stack) -> None:
    (delivery,) = stack.resources("AWS::KinesisFirehose::DeliveryStream")
    with pytest.raises(ClientError, match="not permitted on KinesisStreamAsSource"):
        stack.firehose.put_record(DeliveryStreamName=delivery, Record={"Data": b"x"})
    with pytest.raises(ClientError, match="not permitted on KinesisStreamAsSource"):
        stack.firehose.put_record_batch(DeliveryStreamName=delivery, Records=[{"Data": b"x"}])


def test_another_template_wants_another_folder(stack: Stack) -> None:
    with pytest.raises(SalescastError, match="has another template"):
        laptop.up(stack.state.folder, template=PEERS)


def test_a_file_that_is_no_template_is_refused(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.yaml"
    nothing.write_text("a: 1\n")
    with pytest.raises(SalescastError, match="it has no Resources"):
        laptop.up(tmp_path / "state", template=nothing)
    with pytest.raises(SalescastError, match="cannot be read"):
        laptop.up(tmp_path / "state", template=tmp_path / "absent.yaml")


def test_what_does_not_run_is_refused_by_name_and_the_rest_goes_on(stack: Stack, template: Path) -> None:
    template.write_text(PEERS.read_text() + QUEUES)
    assert "QueuesPipe" in yaml.load(template.read_text(), _Loader)["Resources"]
    with pytest.raises(
        SalescastError, match=r"pipe .*QueuesPipe.*: only a DynamoDB stream source .* The rest runs"
    ):
        laptop.up(stack.state.folder, template=template)
    now = Stack.laptop(stack.state.folder)
    stages = {stage.name: stage for stage in health.stages(now)}
    assert stages["pipe QueuesPipe"].health == health.DOWN
    assert "START_FAILED, pipe" in stages["pipe QueuesPipe"].detail
    assert stages["process pipe"].health == health.DOWN
    assert stages["pipe OrdersPipe"].health == health.OK
    (table,) = now.resources("AWS::DynamoDB::Table")
    now.dynamodb.put_item(TableName=table, Item={"pk": {"S": "late"}, "kind": {"S": "order"}})
    wait_for(lambda: len(objects(now)) >= 4, "the order that came after")
