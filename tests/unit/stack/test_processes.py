"""Processes are told apart by pid and start time, and ended with all that they started."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from salescast.stack import processes
from salescast.stack.processes import Process

SLEEP = "import time; time.sleep(600)"
PARENT = (
    f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}]); "
    f"print('ready', flush=True); {SLEEP}"
)
STUBBORN = (
    f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); {SLEEP}"
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "process.log"


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", SLEEP]) as process:
        yield process
        process.kill()


def start(code: str, log: Path) -> Process:
    return processes.start([sys.executable, "-c", code], log=log, cwd=log.parents[1], env={"ONLY": "this"})


def wait_for(log: Path, text: str) -> None:
    deadline = time.monotonic() + 10
    while text not in (log.read_text() if log.exists() else ""):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_process_is_alive_until_it_is_ended(log: Path) -> None:
    process = start(SLEEP, log)
    assert process.alive
    processes.end(process)
    assert not process.alive


def test_it_sees_the_given_environment_only(log: Path) -> None:
    start("import os; print(sorted(os.environ), flush=True)", log)
    wait_for(log, "ONLY")
    assert "PATH" not in log.read_text()


def test_a_process_that_ended_by_itself_is_not_alive(log: Path) -> None:
    process = start("pass", log)
    deadline = time.monotonic() + 10
    while process.alive:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_another_process_with_the_pid_is_left_alone(sleeper: subprocess.Popen[bytes]) -> None:
    started = processes.start_time(sleeper.pid)
    assert started is not None
    earlier = Process(sleeper.pid, started - 100)
    assert not earlier.alive
    processes.end(earlier, seconds=0.2)
    assert sleeper.poll() is None


def test_children_end_too(log: Path) -> None:
    process = start(PARENT, log)
    wait_for(log, "ready")
    children = psutil.Process(process.pid).children()
    assert len(children) == 1
    processes.end(process)
    assert not process.alive
    psutil.wait_procs(children, timeout=5)
    assert not children[0].is_running()


def test_what_ignores_sigterm_is_killed(log: Path) -> None:
    process = start(STUBBORN, log)
    wait_for(log, "ready")
    processes.end(process, seconds=0.5)
    assert not process.alive


def test_ending_what_is_gone_does_nothing(log: Path) -> None:
    process = start(SLEEP, log)
    processes.end(process)
    processes.end(process)
