"""Detached processes that outlive their command, told apart from later ones with the same pid."""

import contextlib
import operator
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from salescast.stack import private
from salescast.stack.polling import poll

END_SECONDS = 15.0

# A Popen that is collected while its process runs warns; ours are meant to run on.
_started: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class Process:
    """A process by pid and start time: together they name it, because pids are used again."""

    pid: int
    started: float

    @property
    def alive(self) -> bool:
        """Whether this very process runs (not another one that got its pid, and no zombie)."""
        _reap()
        return start_time(self.pid) == self.started


def start_time(pid: int) -> float | None:
    """When the process started, comparable only with another answer of this function; None if it is gone.

    Linux counts clock ticks since boot, which no correction of the clock moves; elsewhere it is epoch
    seconds.
    """
    try:
        if Path("/proc/self/stat").exists():
            fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
            return None if fields[0] in "ZX" else float(fields[19])
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except (OSError, psutil.Error, IndexError, ValueError):
        return None


def start(argv: Sequence[str], *, log: Path, cwd: Path, env: Mapping[str, str]) -> Process:
    """Start a process in a session of its own, output appended to `log`, environment exactly `env`.

    What it writes is its owner's alone.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab", opener=private.opener) as output:
        popen = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=dict(env),
            start_new_session=True,
            close_fds=True,
            umask=private.UMASK,
        )
    _started.append(popen)
    return Process(popen.pid, start_time(popen.pid) or 0.0)


def end(process: Process, seconds: float = END_SECONDS) -> None:
    """End the process and what it started: SIGTERM, then SIGKILL for what is left after `seconds`."""
    _reap()
    started = start_time(process.pid)
    if started is not None and started != process.started:
        return  # the pid belongs to somebody else now
    children: list[psutil.Process] = []
    if started is not None:
        with contextlib.suppress(psutil.Error):
            children = psutil.Process(process.pid).children(recursive=True)
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
        _wait(process, seconds)
    # No new process gets a pid that still names a group, so the group is ours even when its leader is gone.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for child in children:
        with contextlib.suppress(psutil.Error):
            child.kill()
    _wait(process, seconds)


def _wait(process: Process, seconds: float) -> None:
    poll(lambda: process.alive, operator.not_, pause=0.05, seconds=seconds)


def _reap() -> None:
    _started[:] = [popen for popen in _started if popen.poll() is None]
