"""Failed changes are delivered again.

Error objects and dead letters are put by hand, as Firehose and the Pipe write them (what they write is tested
elsewhere), since a cause that could be mended here would disturb the tests that share the stack. Each test
chooses its own failures by their reason.
"""

import base64
import json
import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from salescast.cli import main as cli
from salescast.integrity import error_objects, failed_changes, orders_table, reconcile
from salescast.integrity.dead_letter_queue import FOREIGN, GONE
from salescast.integrity.failed_change import NO_CHANGE
from salescast.integrity.redrive import NO_ORIGINAL, Choice, redrive
from salescast.stack.services.athena import run
from salescast.stack.stack import Stack
from tests.waiting import wait_for_rows

DEAD = 5
MOMENT = {"S": "2012-03-04T10:00:00.000Z"}


def image(order_id: str, version: int) -> dict[str, Any]:
    return {
        "order_id": {"S": order_id},
        "version": {"N": str(version)},
        "order_ts": MOMENT,
        "updated_ts": MOMENT,
        "status": {"S": "PLACED"},
        "country": {"S": "France"},
        "channel": {"S": "WEB"},
        "product_id": {"S": "P"},
        "quantity": {"N": "2"},
        "unit_price": {"N": "1.5"},
        "currency": {"S": "GBP"},
    }


def put(stack: Stack, order_id: str, version: int = 1) -> None:
    stack.dynamodb.put_item(TableName=stack.output("OrdersTable"), Item=image(order_id, version))


def first_change(order_id: str) -> dict[str, Any]:
    """The change that made version 1, as the Pipe hands it on."""
    return {
        "eventID": f"{order_id}-first",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1330855200,
            "Keys": {"order_id": {"S": order_id}},
            "NewImage": image(order_id, 1),
            "SequenceNumber": "1" * 21,
            "SizeBytes": 100,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/orders/stream/2012",
    }


def processing_line(content: Any, reason: str) -> dict[str, Any]:
    return {
        "attemptsMade": 1,
        "arrivalTimestamp": now(),
        "errorCode": "Lambda.ProcessingFailedStatus",
        "errorMessage": reason,
        "attemptEndingTimestamp": now(),
        "rawData": base64.b64encode(json.dumps(content).encode()).decode(),
        "lambdaARN": "arn:aws:lambda:us-east-1:000000000000:function:transformer:$LATEST",
    }


def conversion_line(row: dict[str, Any], reason: str, arrival: int) -> dict[str, Any]:
    return {
        "attemptsMade": 1,
        "arrivalTimestamp": arrival,
        "lastErrorCode": "DataFormatConversion.MalformedData",
        "lastErrorMessage": reason,
        "attemptEndingTimestamp": now(),
        "rawData": base64.b64encode(json.dumps(row).encode()).decode(),
        "sequenceNumber": "1",
        "subSequenceNumber": None,
        "dataCatalogTable": {},
    }


def now() -> int:
    return time.time_ns() // 1_000_000


def put_errors(stack: Stack, kind: str, name: str, lines: list[dict[str, Any]]) -> str:
    key = f"errors/{kind}/{time.strftime('%Y/%m/%d', time.gmtime())}/{name}"
    body = "".join(json.dumps(line) + "\n" for line in lines)
    stack.s3.put_object(Bucket=stack.output("Lake"), Key=key, Body=body.encode())
    return key


def error_lines(stack: Stack, key: str) -> list[Any]:
    if key not in error_objects.keys(stack):
        return []
    body = stack.s3.get_object(Bucket=stack.output("Lake"), Key=key)["Body"]
    return [json.loads(line) for line in body.iter_lines()]


@dataclass(frozen=True)
class Written:
    """The orders of all tests of this module, in the lake: one prefix for each test that has some."""

    refused: str
    not_converted: str
    dead: str
    too_large: str
    since: int


@pytest.fixture(scope="module")
def written(stack: Stack) -> Written:
    """Orders of version 2 only: the table's stream never had version 1, an error object will."""
    common = f"t{uuid4().hex[:10]}"
    one = Written(f"{common}a-", f"{common}b-", f"{common}c-", f"{common}d-", now())
    put(stack, f"{one.refused}0", version=2)
    for number in range(3):
        put(stack, f"{one.not_converted}{number}")
    for number in range(DEAD):
        put(stack, f"{one.dead}{number}")
    for number in (1, 2):
        put(stack, f"{one.too_large}{number}", version=2)
    wait_for_rows(stack, common, 1 + 3 + DEAD + 2)
    return one


def test_a_refused_change_comes_into_the_lake(stack: Stack, written: Written) -> None:
    prefix = written.refused
    order_id = f"{prefix}0"
    garbage = processing_line("no change", f"{prefix} garbage")
    key = put_errors(
        stack, "processing-failed", prefix, [processing_line(first_change(order_id), prefix), garbage]
    )
    assert (order_id, 1) in failed_changes.tally(stack).changes

    told = redrive(stack, Choice(prefix), dry_run=True)
    assert (told.found, told.redriven, told.left[NO_CHANGE], told.objects) == (2, 1, 1, 0)
    assert len(error_lines(stack, key)) == 2, "a dry run changes nothing"

    done = redrive(stack, Choice(prefix))
    assert (done.found, done.redriven, dict(done.left)) == (2, 1, {NO_CHANGE: 1})
    assert error_lines(stack, key) == [garbage], "what was accepted is taken out, the rest stays"
    assert wait_for_rows(stack, prefix, 2) == [[f"{order_id}-first", 1], [wait_id(stack, order_id), 2]]
    found = failed_changes.tally(stack)
    assert order_id not in found.orders
    result = reconcile.reconcile(stack, settle=0)
    assert not [example for example in result.examples if order_id in example]

    again = redrive(stack, Choice(prefix))
    assert (again.found, again.redriven, again.left.total()) == (1, 0, 1)
    stack.s3.delete_object(Bucket=stack.output("Lake"), Key=key)


def wait_id(stack: Stack, order_id: str) -> str:
    sql = f"SELECT change_id FROM order_changes WHERE order_id = '{order_id}' AND version = 2"
    return str(run(stack, sql).rows[0][0])


def test_a_row_that_was_not_converted_is_delivered_from_raw(stack: Stack, written: Written) -> None:
    prefix, arrival = written.not_converted, written.since
    rows = wait_for_rows(stack, prefix, 3)
    change_id = rows[1][0]
    lines = [
        conversion_line({"change_id": change_id, "order_id": f"{prefix}x", "version": 1}, prefix, arrival),
        conversion_line({"change_id": f"{prefix}none", "version": 1}, prefix, arrival),
    ]
    key = put_errors(stack, "format-conversion-failed", prefix, lines)
    deadline = time.monotonic() + 60
    # raw/ is written later than the lake.
    while (done := redrive(stack, Choice(prefix))).redriven == 0:
        assert time.monotonic() < deadline, done
        time.sleep(0.2)
    assert (done.found, done.redriven, dict(done.left), done.objects) == (2, 1, {NO_ORIGINAL: 1}, 0)
    assert error_lines(stack, key) == lines[1:]
    rows = wait_for_rows(stack, prefix, 4)
    assert [row[0] for row in rows].count(change_id) == 2
    assert run(stack, f"SELECT count(*) FROM orders WHERE order_id LIKE '{prefix}%'").rows[0][0] == 3
    stack.s3.delete_object(Bucket=stack.output("Lake"), Key=key)


def test_a_row_that_names_another_change_is_delivered_as_what_came(stack: Stack, prefix: str) -> None:
    """What a faulty transformer made of a change says nothing; Firehose names the change's record."""
    order_id = f"{prefix}named"
    put(stack, order_id)
    wait_for_rows(stack, order_id, 1)
    reason = f"{order_id} invented"
    invented = conversion_line({"change_id": "invented", "order_id": "nobody", "version": 9}, reason, now())
    invented["sequenceNumber"] = record_of(stack, order_id)
    key = put_errors(stack, "format-conversion-failed", reason.replace(" ", "-"), [invented])
    tally = failed_changes.tally(stack)
    assert (order_id, 1) in tally.changes
    assert "nobody" not in tally.orders
    done = redrive(stack, Choice(reason))
    assert (done.found, done.redriven, dict(done.left), done.objects) == (1, 1, {}, 1)
    rows = wait_for_rows(stack, order_id, 2)
    assert rows[0] == rows[1], "the same change once more"
    assert error_lines(stack, key) == []


def record_of(stack: Stack, order_id: str) -> str:
    """The sequence number of the last change of an order in the Kinesis stream."""
    name = stack.output("OrderStream")
    numbers = []
    for shard in stack.kinesis.list_shards(StreamName=name)["Shards"]:
        iterator: str | None = stack.kinesis.get_shard_iterator(
            StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while iterator:
            answer = stack.kinesis.get_records(ShardIterator=iterator)
            numbers += [
                record["SequenceNumber"] for record in answer["Records"] if record["PartitionKey"] == order_id
            ]
            iterator = answer.get("NextShardIterator") if answer["Records"] else None
    return numbers[-1]


def test_dead_letters(stack: Stack, written: Written) -> None:
    prefix, count = written.dead, DEAD
    before = wait_for_rows(stack, prefix, count)
    letter = dead_letter(stack, prefix)
    assert letter["DDBStreamBatchInfo"]["batchSize"] >= count
    expired = json.loads(json.dumps(letter))
    expired["context"]["condition"] = f"{prefix} expired"
    first = "1" * 21  # before everything that the stream has
    expired["DDBStreamBatchInfo"] |= {
        "startSequenceNumber": first,
        "endSequenceNumber": first,
        "batchSize": 7,
    }
    for message in (letter, expired):
        stack.sqs.send_message(QueueUrl=stack.output("DeadLetterQueue"), MessageBody=json.dumps(message))

    done = redrive(stack, Choice(prefix))
    size = letter["DDBStreamBatchInfo"]["batchSize"]
    assert (done.found, done.redriven, dict(done.left), done.messages) == (size + 7, size, {GONE: 7}, 1)
    assert len(done.places) == 1
    assert first in done.places[0]
    rows = wait_for_rows(stack, prefix, 2 * count)
    assert sorted(rows) == sorted(before + before), "the same changes once more"
    live = {order.order_id for order in orders_table.scan(stack)}
    view = run(stack, f"SELECT order_id FROM orders WHERE order_id LIKE '{prefix}%'").rows
    assert {str(row[0]) for row in view} == {f"{prefix}{number}" for number in range(count)} <= live

    again = redrive(stack, Choice(f"{prefix} expired"))
    assert (again.found, again.redriven, again.messages) == (7, 0, 0), "what is lost stays named"
    taken = [one for one in messages(stack) if prefix in one["Body"]]
    assert len(taken) == 1
    stack.sqs.delete_message(
        QueueUrl=stack.output("DeadLetterQueue"), ReceiptHandle=taken[0]["ReceiptHandle"]
    )


def dead_letter(stack: Stack, prefix: str) -> dict[str, Any]:
    """What the Pipe writes of a batch that begins and ends with the test's changes."""
    arn = stack.dynamodb.describe_table(TableName=stack.output("OrdersTable"))["Table"]["LatestStreamArn"]
    streams = stack.dynamodbstreams
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator: str | None = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        batch: list[str] = []
        ours: list[int] = []
        while iterator:
            answer = streams.get_records(ShardIterator=iterator)
            for record in answer["Records"]:
                if record["dynamodb"]["Keys"]["order_id"]["S"].startswith(prefix):
                    ours.append(len(batch))
                batch.append(record["dynamodb"]["SequenceNumber"])
            iterator = answer.get("NextShardIterator") if answer["Records"] else None
        if ours:
            return {
                "context": {"partnerResourceArn": "arn:aws:pipes:::pipe/x", "condition": prefix},
                "version": "1.0",
                "timestamp": "2026-11-20T10:00:00.000Z",
                "DDBStreamBatchInfo": {
                    "shardId": shard["ShardId"],
                    "startSequenceNumber": batch[ours[0]],
                    "endSequenceNumber": batch[ours[-1]],
                    "approximateArrivalOfFirstRecord": "2026-11-20T10:00:00.000Z",
                    "approximateArrivalOfLastRecord": "2026-11-20T10:00:00.000Z",
                    "batchSize": ours[-1] - ours[0] + 1,
                    "streamArn": arn,
                },
            }
    raise AssertionError("the table's stream has no change of this test")


def messages(stack: Stack) -> list[Any]:
    found: dict[str, Any] = {}
    while new := [
        one
        for one in stack.sqs.receive_message(
            QueueUrl=stack.output("DeadLetterQueue"), MaxNumberOfMessages=10, VisibilityTimeout=5
        ).get("Messages", [])
        if one["MessageId"] not in found
    ]:
        found |= {one["MessageId"]: one for one in new}
    return list(found.values())


def test_a_foreign_message_goes_only_where_that_is_said(
    stack: Stack, prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = stack.output("DeadLetterQueue")
    body = json.dumps({prefix: "not the pipe's"})
    stack.sqs.send_message(QueueUrl=queue, MessageBody=body)
    arguments = ["redrive", "--reason", "not a message of the pipe", "--state", str(stack.state.folder)]
    assert cli.run(arguments) == 1
    printed = capsys.readouterr().out
    assert f"1 left: {FOREIGN}" in printed
    assert f"begins with {json.dumps(body[:60])}" in printed
    assert cli.run([*arguments, "--discard-foreign", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["discarded"] == 1
    assert not [message for message in messages(stack) if prefix in message["Body"]]


def test_an_order_id_too_long_for_kinesis_stays(stack: Stack, prefix: str) -> None:
    order_id = prefix.ljust(257, "x")
    key = put_errors(stack, "processing-failed", prefix, [processing_line(first_change(order_id), prefix)])
    done = redrive(stack, Choice(prefix))
    assert (done.redriven, done.left.total()) == (0, 1)
    assert "longer than a partition key" in next(iter(done.left))
    assert len(error_lines(stack, key)) == 1
    stack.s3.delete_object(Bucket=stack.output("Lake"), Key=key)


def test_a_change_too_large_for_kinesis_does_not_hold_up_others(stack: Stack, written: Written) -> None:
    prefix = written.too_large
    large = first_change(f"{prefix}0")
    large["dynamodb"]["NewImage"]["product_name"] = {"S": "x" * 1_100_000}
    changes = [first_change(f"{prefix}1"), large, first_change(f"{prefix}2")]
    key = put_errors(
        stack, "processing-failed", prefix, [processing_line(change, prefix) for change in changes]
    )
    done = redrive(stack, Choice(prefix))
    assert (done.redriven, done.left.total()) == (2, 1)
    assert next(iter(done.left)).startswith("Kinesis refuses it")
    assert len(error_lines(stack, key)) == 1
    wait_for_rows(stack, prefix, 4)
    stack.s3.delete_object(Bucket=stack.output("Lake"), Key=key)


def test_nothing_to_do(stack: Stack, prefix: str, capsys: Any) -> None:
    arguments = ["redrive", "--reason", prefix, "--json", "--state", str(stack.state.folder)]
    assert cli.run(arguments) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["found"], answer["redriven"], answer["left"], answer["reasons"]) == (0, 0, 0, {})


def test_the_exit_status_tells_what_is_left(stack: Stack, prefix: str, capsys: Any) -> None:
    key = put_errors(stack, "processing-failed", prefix, [processing_line([], prefix)])
    arguments = ["redrive", "--reason", prefix, "--state", str(stack.state.folder)]
    assert cli.run(arguments) == 1
    assert f"1 left: {NO_CHANGE}" in capsys.readouterr().out
    assert cli.run([*arguments, "--since", "2999-01-01"]) == 0, "too old to be chosen"
    stack.s3.delete_object(Bucket=stack.output("Lake"), Key=key)
