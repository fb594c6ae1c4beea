"""The dashboard as a process of its own, as `salescast dashboard` starts it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 90.0
END_SECONDS = 20.0
SALESCAST = Path(sys.executable).with_name("salescast")


@dataclass(frozen=True)
class Served:
    """Where it answers, its process, and what it has printed."""

    url: str
    pid: int
    log: Path


@contextmanager
def served(state: Path, log: Path) -> Iterator[Served]:
    """A dashboard of the stack in `state` on a free port, until the block ends. Its warnings are errors."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [SALESCAST, "dashboard", "--state", state, "--port", str(port), "--no-browser"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONWARNINGS": "error"},
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(process, url, log)
        yield Served(url, process.pid, log)
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):
                return
        except OSError:
            assert process.poll() is None, f"the dashboard ended: {log.read_text()}"
            assert time.monotonic() < deadline, f"the dashboard does not answer: {log.read_text()}"
            time.sleep(0.1)
