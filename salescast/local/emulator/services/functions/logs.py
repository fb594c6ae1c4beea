"""Lambda invocations without a fixed wait for log lines.

Gap closed: after each invocation MiniStack waits 50 ms for a first log line, or 5 ms after the last. A worker
writes its log before its answer, so once the answer is here the lines are in the pipe, and it is enough to
wait until it is empty.
"""

import array
import fcntl
import queue
import termios
import time
from collections.abc import Callable
from typing import Any

from ministack.core import lambda_runtime

from salescast.local.emulator import patching

_LOOK_SECONDS = 0.001
# The thread that reads the pipe may hold a line that is in neither place: the pipe has to be found empty
# twice.
_LOOKS = 2
_LONGEST_WAIT_SECONDS = 0.25


def apply() -> None:
    """Replace the wait in MiniStack's Python and Node.js worker."""
    patching.wrap(patching.target(lambda_runtime, "Worker"), "_drain_stderr_bounded", _drained_when_empty)


def _drained_when_empty(original: Callable[..., str]) -> Callable[..., str]:
    def drained(worker: Any, *args: Any, **kwargs: Any) -> str:
        pipe = worker._proc and worker._proc.stderr
        if not pipe:
            # The process was ended for its error; what it wrote last is waited for as before.
            return original(worker, *args, **kwargs)
        lines: list[str] = []
        looks, give_up = 0, time.monotonic() + _LONGEST_WAIT_SECONDS
        while looks < _LOOKS and time.monotonic() < give_up:
            unread = _unread_bytes(pipe.fileno())
            time.sleep(_LOOK_SECONDS)
            before = len(lines)
            _take(worker._stderr_queue, lines)
            looks = looks + 1 if unread == 0 and len(lines) == before else 0
        return "\n".join(lines)

    return drained


def _take(waiting: "queue.Queue[str]", lines: list[str]) -> None:
    while True:
        try:
            lines.append(waiting.get_nowait())
        except queue.Empty:
            return


def _unread_bytes(descriptor: int) -> int:
    count = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count)
    return count[0]
