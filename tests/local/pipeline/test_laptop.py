"""The life of a laptop stack: up again, status, generate, and what happens when something dies.

The stack that others share is only repaired here, never broken for good: the emulator is left alone.
"""

import json
import os
import signal
import time

import boto3
import pytest

from salescast import laptop
from salescast.cli import main as cli
from salescast.functions import generate
from salescast.integrity import health
from salescast.laptop import emulator_process
from salescast.stack.errors import SalescastError
from salescast.stack.stack import Stack


def test_every_stage_is_up(stack: Stack) -> None:
    down = [stage for stage in health.stages(stack) if stage.health == health.DOWN]
    assert down == []


def test_status_as_json(stack: Stack, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["status", "--json", "--state", str(stack.state.folder)]) == 0
    names = [stage["name"] for stage in json.loads(capfd.readouterr().out)]
    assert names[:4] == ["process emulator", "process pipe", "process firehose", "process crawler"]


def test_only_loopback_is_listened_on(stack: Stack) -> None:
    assert stack.endpoint is not None
    assert stack.endpoint.startswith("http://127.0.0.1:")
    assert emulator_process.answers(stack.endpoint, stack.session)


def test_other_clients_get_in_with_what_env_prints(stack: Stack, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["env", "--json", "--state", str(stack.state.folder)]) == 0
    printed = json.loads(capfd.readouterr().out)
    session = boto3.Session(
        printed["AWS_ACCESS_KEY_ID"], printed["AWS_SECRET_ACCESS_KEY"], region_name=printed["AWS_REGION"]
    )
    tables = session.client("dynamodb", endpoint_url=printed["AWS_ENDPOINT_URL"]).list_tables()["TableNames"]
    assert stack.output("OrdersTable") in tables


def test_up_again_starts_what_died_and_leaves_the_rest(stack: Stack) -> None:
    before = stack.state.read()
    assert before is not None
    os.kill(before.processes["crawler"].pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while before.processes["crawler"].alive:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert [stage.name for stage in health.stages(stack) if stage.health == health.DOWN] == [
        "process crawler"
    ]
    deployed = (stack.state.logs / "deploy.log").stat().st_mtime
    laptop.up(stack.state.folder)
    after = stack.state.read()
    assert after is not None
    assert after.processes.pop("crawler").alive
    assert before.processes.pop("crawler") not in after.processes.values()
    assert after.processes == before.processes
    assert (after.endpoint, after.fast, after.parameters) == (before.endpoint, before.fast, before.parameters)
    assert "Nothing changed" in (stack.state.logs / "build.log").read_text()
    assert (stack.state.logs / "deploy.log").stat().st_mtime == deployed, "nothing to deploy"
    [described] = stack.cloudformation.describe_stacks(StackName=stack.name)["Stacks"]
    assert described["StackStatus"] == "CREATE_COMPLETE", "never updated"


def test_a_parameter_that_cannot_be_deployed_is_not_remembered(stack: Stack) -> None:
    before = stack.state.read()
    with pytest.raises(SalescastError, match="FirstOrderDate"):
        laptop.up(stack.state.folder, parameters={"FirstOrderDate": "someday"})
    after = stack.state.read()
    assert before is not None
    assert after is not None
    assert after.parameters == before.parameters
    laptop.up(stack.state.folder)  # works as if nothing had been asked


def test_generate_writes_and_repeats_nothing(stack: Stack) -> None:
    event = {"action": "backfill", "start": "2026-01-05", "end": "2026-01-06", "orders": 12}
    first = generate.run(stack, event)
    assert first.inserted == 12
    again = generate.run(stack, event)
    assert (again.inserted, again.changed) == (0, 0)


def test_the_generators_refusal_is_one_line(stack: Stack, capfd: pytest.CaptureFixture[str]) -> None:
    arguments = ["generate", "--start", "2026-01-05", "--end", "2199-01-01", "--json"]
    assert cli.run([*arguments, "--state", str(stack.state.folder)]) == 1
    assert capfd.readouterr().err.startswith("Error: the generator refuses the event: end: is in the future")
