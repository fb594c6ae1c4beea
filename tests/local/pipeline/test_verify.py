"""`salescast verify` and `salescast cost` on a stack that has orders."""

from __future__ import annotations

import json

import pytest

from salescast.cli.main import run
from salescast.cost import measured
from salescast.functions import generate
from salescast.integrity import verify
from salescast.integrity.health import DOWN, OK, Stage
from salescast.stack.errors import SalescastError
from salescast.stack.services import athena
from salescast.stack.stack import Stack
from tests.waiting import wait_for

# What the laptop cannot show, or what other tests of the shared stack leave behind.
OTHERS = {"stages", "alarms", "schedules", "named queries"}


@pytest.fixture(scope="module")
def filled(stack: Stack) -> Stack:
    """The shared stack, with a few changes in the lake and under raw/."""
    generate.run(stack, {"action": "backfill", "start": "2026-02-02", "end": "2026-02-03", "orders": 12})
    wait_for(
        lambda: athena.run(stack, "SELECT count(*) FROM order_changes").rows[0][0], "changes in the lake"
    )
    wait_for(
        lambda: stack.s3.list_objects_v2(Bucket=stack.output("Lake"), Prefix="raw/")["KeyCount"],
        "raw objects",
    )
    return stack


def test_a_deployment_that_works_is_verified(filled: Stack) -> None:
    checks = {check.name: check for check in verify.checks(filled)}
    wrong = {name: check for name, check in checks.items() if check.health == DOWN and name not in OTHERS}
    assert wrong == {}
    for name in ("deployment", "Iceberg tables (6.4)", "changes arrive (2.6)", "views (6.2)"):
        assert checks[name].health == OK, checks[name]
    # No service here sends metrics, and so their names are not settled.
    assert (
        "AWS/Scheduler InvocationDroppedCount"
        in checks["metrics have the names that alarms ask for (8)"].detail
    )


def test_a_check_that_cannot_look_is_down_and_says_why(filled: Stack) -> None:
    gone = Stack.laptop(filled.state.folder)
    gone.name = "gone"
    checks = list(verify.checks(gone))
    assert {check.health for check in checks} == {DOWN}
    assert all(
        isinstance(check, Stage) and "gone" in check.detail for check in checks if check.name != "stages"
    )


def test_the_bill_of_a_stack_is_of_its_own_rate_and_sizes(filled: Stack) -> None:
    usage = measured.usage(filled, days=1)
    ((changes,),) = athena.run(filled, "SELECT count(*) FROM order_changes").rows
    assert isinstance(changes, int)
    assert usage.changes == pytest.approx(changes * 730 / 24, rel=0.2)  # others may write meanwhile
    assert 600 < usage.change_bytes < 5_000, "an event with its images"


def test_the_command_answers_for_given_figures_without_a_stack(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["cost", "--changes", "1000000", "--json"]) == 0
    answer = json.loads(capfd.readouterr().out)
    assert set(answer["designs"]) == {"default", "provisioned", "naive", "zero-etl"}
    assert answer["designs"]["default"]["usd"] == pytest.approx(sum(line["usd"] for line in answer["lines"]))
    assert run(["cost", "--orders-per-hour", "120"]) == 0
    assert "built as" in capfd.readouterr().out
    assert run(["cost", "--changes", "1", "--orders-per-hour", "1"]) == 2


def test_an_empty_lake_cannot_be_measured(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "_COUNTED", "SELECT 0 AS changes, 0 AS seconds")
    with pytest.raises(SalescastError, match="give --changes or --orders-per-hour"):
        measured.usage(stack)
