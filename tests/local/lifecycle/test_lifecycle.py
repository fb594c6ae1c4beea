"""A stack's beginning and end: the unedited template deployed, looked at while empty, emptied and deleted.

test_laptop.py deploys twice.
"""

from datetime import UTC, datetime, timedelta

import pytest

from salescast.cli.main import run
from salescast.functions import compact, trickle
from salescast.integrity import health
from salescast.local.movers.job import spark
from salescast.stack.errors import SalescastError
from salescast.stack.services import athena
from salescast.stack.stack import Stack


@pytest.fixture
def stack(empty_stack: Stack) -> Stack:
    """The stack where it answers now: an earlier test may have let it die and come up again."""
    return Stack.laptop(empty_stack.state.folder)


def stack_status(stack: Stack) -> str:
    summaries = stack.cloudformation.list_stacks()["StackSummaries"]
    return next(summary["StackStatus"] for summary in summaries if summary["StackName"] == stack.name)


def test_declared_tables_are_empty_and_the_views_read_them(stack: Stack) -> None:
    for table in ("order_log", "order_state", "order_arrivals", "orders", "order_changes"):
        assert athena.run(stack, f"SELECT count(*) FROM {table}").rows == [[0]]
    described = athena.run(stack, "DESCRIBE order_log").rows
    assert ["order_date", "string", ""] in described


def test_the_shop_goes_on_by_the_schedule(stack: Stack) -> None:
    """The minutes since are made up for; all that comes is the schedule's, which is as it was but enabled."""
    name = next(
        name
        for name, logical in stack.resources("AWS::Scheduler::Schedule").items()
        if logical == trickle.SCHEDULE
    )
    group = stack.resource("AWS::Scheduler::ScheduleGroup")
    before = stack.scheduler.get_schedule(GroupName=group, Name=name)
    written = trickle.start(stack, datetime.now(UTC) - timedelta(minutes=10))
    assert written.invocations in (10, 11)
    after = stack.scheduler.get_schedule(GroupName=group, Name=name)
    assert (before["State"], after["State"]) == ("DISABLED", "ENABLED")
    for part in ("Target", "ScheduleExpression", "FlexibleTimeWindow", "GroupName"):
        assert after[part] == before[part]
    again = trickle.start(stack, datetime.now(UTC) - timedelta(hours=3))
    assert again.invocations in (59, 60), "older ticks are refused"
    table = stack.dynamodb.describe_table(TableName=stack.output("OrdersTable"))["Table"]
    assert table["ItemCount"] >= written.inserted + again.inserted > 0


@pytest.mark.skipif(spark.installed(), reason="Spark is installed")
def test_a_run_without_spark_says_what_to_do(stack: Stack) -> None:
    with pytest.raises(SalescastError, match="salescast compact"):
        compact.run(stack)
    (stage,) = [stage for stage in health.stages(stack) if stage.name == "lake job"]
    assert stage.health == health.WARNING


def test_destroy_wants_the_name_of_the_stack(stack: Stack, capfd: pytest.CaptureFixture[str]) -> None:
    command = ["destroy", "--stack", "another", "--state", str(stack.state.folder), "--yes"]
    assert run(command) == 1
    assert "is named salescast" in capfd.readouterr().err
    assert stack_status(stack) == "CREATE_COMPLETE"


def test_destroy_empties_and_deletes(stack: Stack, capfd: pytest.CaptureFixture[str]) -> None:
    lake = stack.output("Lake")
    for _ in range(2):  # two versions of one object
        stack.s3.put_object(Bucket=lake, Key="curated/something", Body=b"x")
    command = ["destroy", "--stack", stack.name, "--state", str(stack.state.folder), "--yes"]
    assert run(command) == 0
    assert f"retained: AWS::S3::Bucket {lake}" in capfd.readouterr().out
    assert stack_status(stack) == "DELETE_COMPLETE"
    versions = stack.s3.list_object_versions(Bucket=lake)
    assert "Versions" not in versions
    assert "DeleteMarkers" not in versions
