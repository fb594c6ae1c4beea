"""What `salescast status` says of stages: summary, ages, missing rights."""

import os
import re
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from salescast.integrity import health
from salescast.integrity.health import DOWN, OK, WARNING, Stage
from salescast.stack import condition, disk, processes
from salescast.stack.errors import SalescastError
from salescast.stack.processes import Process
from salescast.stack.stack import Stack
from salescast.stack.state import Record, State


@pytest.mark.parametrize(
    ("healths", "worst", "says"),
    [
        ({"pipe": OK, "lake": OK}, OK, "all 2 are well"),
        ({"pipe": WARNING, "lake": OK}, WARNING, "1 of 2 to look at: pipe. Next: docs/operations.md"),
        ({"pipe": DOWN, "errors/": WARNING}, DOWN, "1 of 2 down: pipe. Next: docs/operations.md"),
        ({"errors/": WARNING}, WARNING, "errors/. Next: salescast reconcile, salescast redrive --dry-run"),
        ({"process pipe": DOWN, "pipe": OK}, DOWN, "process pipe. Next: salescast up"),
    ],
)
def test_the_summary_is_the_worst_and_says_where_to_look(
    healths: dict[str, str], worst: str, says: str
) -> None:
    found = [Stage(name, value, "") for name, value in healths.items()]
    assert health.summary(found)[0] == worst
    assert says in health.summary(found)[1]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (172_799, "48 h"), (172_800, "2 d")],
)
def test_spans(seconds: float, text: str) -> None:
    assert health.span(seconds) == text


def refusal(code: str, message: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@pytest.mark.parametrize(
    ("error", "right"),
    [
        (
            refusal(
                "AccessDeniedException",
                "User: arn:aws:iam::1:user/u is not authorized to perform: pipes:DescribePipe on resource: x",
                "DescribePipe",
            ),
            "pipes:DescribePipe",
        ),
        (
            refusal(
                "AccessDenied",
                "User: x is not authorized to perform: sqs:getqueueattributes on resource: x",
                "GetQueueAttributes",
            ),
            "sqs:GetQueueAttributes",
        ),
        # S3 does not always say which right it wanted.
        (refusal("AccessDenied", "Access Denied", "ListObjectsV2"), "s3:ListBucket"),
        (refusal("AccessDenied", "Access Denied", "GetMetricData"), "GetMetricData"),
    ],
)
def test_a_refusal_names_the_right_and_the_policy(error: ClientError, right: str) -> None:
    assert health.missing_right(error) == (
        f"may not be asked: the right {right} is missing; attach the policy in the output MonitorPolicy"
    )


def test_any_other_error_is_no_missing_right() -> None:
    assert health.missing_right(refusal("ThrottlingException", "slow down", "DescribePipe")) == ""
    assert health.missing_right(ValueError("AccessDenied")) == ""


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """A laptop stack whose every process is this one."""
    me = Process(os.getpid(), processes.start_time(os.getpid()) or 0.0)
    running = {"emulator": me, "pipe": me}
    record = Record("salescast", "http://127.0.0.1:4566", "us-east-1", "0", 1.0, "s3cret", {}, running)
    State(tmp_path).prepare()
    State(tmp_path).write(record)
    return Stack.laptop(tmp_path)


def said(stack: Stack) -> dict[str, tuple[str, str]]:
    return {stage.name: (stage.health, stage.detail) for stage in health._processes(stack)}


def test_what_keeps_a_stand_in_from_its_work_is_down_until_it_is_well(stack: Stack) -> None:
    report = condition.Report(stack.state.folder, "pipe")
    report.at_work()
    assert said(stack)["process pipe"] == (OK, f"pid {os.getpid()}")
    report.ill("shards", "the stream's shards cannot be listed")
    report.ill("checkpoint", "the checkpoint cannot be written")
    state, detail = said(stack)["process pipe"]
    assert state == DOWN
    log = stack.state.logs / "pipe.log"
    assert detail == f"the stream's shards cannot be listed; the checkpoint cannot be written; see {log}"
    report.well("shards")
    report.well("checkpoint")
    assert said(stack)["process pipe"][0] == OK


def test_what_an_earlier_process_said_does_not_count(stack: Stack) -> None:
    path = stack.state.tmp / "pipe.condition.json"
    path.write_text('{"pid": 1, "at_work": true, "ills": {"a": "b"}}')
    assert said(stack)["process pipe"][0] == OK
    for text in ("", "[]", '{"pid": 1, "other": 2}'):
        path.write_text(text)
        assert condition.read(stack.state, "pipe") == condition.Condition()


def test_a_broken_checkpoint_is_named(stack: Stack) -> None:
    aside = stack.state.checkpoints / "pipe.json.broken"
    aside.write_text("half")
    state, detail = said(stack)["process pipe"]
    assert (state, str(aside) in detail) == (WARNING, True)


@pytest.mark.parametrize(("left", "state"), [(5_000_000, DOWN), (500_000_000, WARNING), (50_000_000_000, OK)])
def test_a_full_disk_is_named(stack: Stack, monkeypatch: pytest.MonkeyPatch, left: int, state: str) -> None:
    monkeypatch.setattr(disk, "free", lambda _: left)
    found, detail = said(stack)["disk"]
    assert (found, str(stack.state.folder) in detail) == (state, True)
    if state == DOWN:
        with pytest.raises(SalescastError, match=re.escape(f"the disk of {stack.state.folder} is full")):
            disk.require_room(stack.state.folder)
    else:
        disk.require_room(stack.state.folder)
