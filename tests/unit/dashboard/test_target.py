"""Which stack the dashboard opens."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from salescast.dashboard import target
from salescast.dashboard.target import REFRESH_AWS, REFRESH_LAPTOP, Target
from salescast.stack.errors import SalescastError
from salescast.stack.stack import Stack
from salescast.stack.state import State


@pytest.fixture(autouse=True)
def _nothing_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "_opened", {})


def test_what_it_is_told_by_arguments() -> None:
    laptop = Target.from_arguments(["--state", "some/folder"])
    assert laptop == Target(Path("some/folder"))
    assert (laptop.place, laptop.refresh) == ("on this machine", REFRESH_LAPTOP)
    aws = Target.from_arguments(["--state", "some/folder", "--stack", "shop"])
    assert aws == Target(Path("some/folder"), "shop")
    assert (aws.place, aws.refresh) == ("on AWS", REFRESH_AWS)


def test_a_stack_is_opened_once(stack: Stack) -> None:
    target = Target(stack.state.folder)
    identity, opened = target.open()
    assert stack.endpoint is not None
    assert stack.endpoint in identity
    assert opened.endpoint == stack.endpoint
    assert target.open() == (identity, opened)
    assert target.open()[1] is opened


def test_without_a_stack_the_remedy_is_named(tmp_path: Path) -> None:
    with pytest.raises(SalescastError, match=r"no stack runs in .*; start one with `salescast up`"):
        Target(tmp_path).open()


def test_a_stack_whose_emulator_has_died_is_lost(stack: Stack, tmp_path: Path) -> None:
    record = stack.state.read()
    assert record is not None
    emulator = record.processes["emulator"]
    record.processes["emulator"] = dataclasses.replace(emulator, started=emulator.started - 1)
    State(tmp_path).write(record)
    with pytest.raises(SalescastError, match=r"has died, so the stack is lost; .*`salescast up`"):
        Target(tmp_path).open()


def test_a_stack_that_is_not_deployed_yet_is_not_opened(stack: Stack, tmp_path: Path) -> None:
    """As while `salescast up` runs: the emulator is there, the stack is not. Later it is opened."""
    record = stack.state.read()
    assert record is not None
    State(tmp_path).write(dataclasses.replace(record, stack="later", processes=dict(record.processes)))
    with pytest.raises(SalescastError, match="there is no stack named later"):
        Target(tmp_path).open()
    State(tmp_path).write(record)
    assert Target(tmp_path).open()[1].name == stack.name


def test_a_stack_without_outputs_is_being_deployed(stack: Stack) -> None:
    bare = dataclasses.replace(stack)
    bare.__dict__["description"] = {"StackName": stack.name, "StackStatus": "CREATE_IN_PROGRESS"}
    with pytest.raises(SalescastError, match="is still being deployed"):
        target._deployed(bare)


def test_an_emulator_that_does_not_answer_yet_is_one_line(stack: Stack) -> None:
    bare = dataclasses.replace(stack, endpoint="http://127.0.0.1:9")
    with pytest.raises(SalescastError, match=r"Is the stack up\?"):
        target._deployed(bare)
