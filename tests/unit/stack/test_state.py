"""The state folder."""

import json
import sys
from pathlib import Path

import pytest

from salescast.stack import processes
from salescast.stack.errors import SalescastError
from salescast.stack.processes import Process
from salescast.stack.state import Record, State, file_lock, write_json


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path / "state")
    state.prepare()
    return state


def record(**running: Process) -> Record:
    return Record(
        "salescast", "http://127.0.0.1:4566", "us-east-1", "000000000000", 20.0, "s3cret", {"A": "b"}, running
    )


def test_a_record_is_read_as_it_was_written(state: State) -> None:
    written = record(emulator=Process(12, 34.0))
    state.write(written)
    assert state.read() == written
    content = json.loads((state.folder / "stack.json").read_text())
    assert content["processes"] == {"emulator": {"pid": 12, "started": 34.0}}
    assert content["endpoint"] == "http://127.0.0.1:4566"


def test_no_stack(state: State) -> None:
    assert state.read() is None
    assert state.down() == []


def test_a_file_is_no_folder(state: State) -> None:
    (state.folder / "file").touch()
    with pytest.raises(SalescastError, match="is a file; a stack's state is a folder"):
        State(state.folder / "file").read()


def test_a_stack_remembers_the_file_that_was_replayed(state: State) -> None:
    assert state.replayed == ""
    state.holds("retail.csv.gz")
    assert state.replayed == "", "no stack runs here"
    state.write(record())
    assert state.replayed == "retail.csv.gz"
    state.down()
    state.write(record())
    assert state.replayed == "", "another stack"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"processes": {"pipe": 1}}'])
def test_a_damaged_record_is_named(state: State, text: str) -> None:
    (state.folder / "stack.json").write_text(text)
    with pytest.raises(SalescastError, match="is damaged"):
        state.read()


def test_down_ends_the_recorded_processes_and_keeps_logs(state: State) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    emulator, pipe = (
        processes.start(command, log=state.logs / f"{name}.log", cwd=state.folder, env={})
        for name in ("emulator", "pipe")
    )
    state.write(record(emulator=emulator, pipe=pipe))
    (state.checkpoints / "pipe.json").write_text("{}")
    write_json(state.folder / "demo.json", {"rows": 1})
    assert state.down() == ["pipe", "emulator"]
    assert not emulator.alive
    assert not pipe.alive
    left = {path.name for path in state.folder.iterdir()}
    assert left == {"logs", "demo.json"}


def test_log_tail(state: State) -> None:
    (state.logs / "pipe.log").write_text("\n".join(f"line {number}" for number in range(30)))
    assert state.log_tail("pipe", 2) == "line 28\nline 29"
    assert state.log_tail("absent") == ""


def test_one_command_at_a_time(state: State) -> None:
    with state.lock(), pytest.raises(SalescastError, match="wait for it"), state.lock():
        pass
    with state.lock():
        pass


def test_lock_file_may_be_waited_for(tmp_path: Path) -> None:
    with file_lock(tmp_path / "build.lock", wait=True):
        assert (tmp_path / "build.lock").exists()


def test_write_json_leaves_nothing_beside_the_file(tmp_path: Path) -> None:
    write_json(tmp_path / "demo.json", {"rows": 1})
    write_json(tmp_path / "demo.json", {"rows": 2})
    assert json.loads((tmp_path / "demo.json").read_text()) == {"rows": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["demo.json"]
