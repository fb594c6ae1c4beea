"""A query that runs while the page goes on: it can be cancelled, and it ends when nobody looks any more."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from salescast.stack.errors import SalescastError, message
from salescast.stack.services.athena import Result

# A page looks every half second; a browser that is closed, or on another page, does not.
UNSEEN_SECONDS = 10.0


@dataclass
class Asking:
    """One query and its answer: `result`, or `error` in one line, once `done` is set.

    `ask` runs it; it is given a function that tells whether to cancel.
    """

    ask: Callable[[Callable[[], bool]], Result]
    unseen: float = UNSEEN_SECONDS
    began: float = field(default_factory=time.monotonic)
    done: threading.Event = field(default_factory=threading.Event)
    result: Result | None = None
    error: str = ""
    _seen: float = field(default_factory=time.monotonic)
    _cancelled: bool = False

    def start(self) -> "Asking":
        threading.Thread(target=self._run, daemon=True).start()
        return self

    def look(self, seconds: float = 0.0) -> bool:
        """Whether it has ended, within so many seconds; and note that somebody looks."""
        self._seen = time.monotonic()
        return self.done.wait(seconds)

    def cancel(self) -> None:
        """End it for who looks; Athena is told beside."""
        self._cancelled = True
        self.error = "the query was cancelled"
        self.done.set()

    @property
    def seconds(self) -> float:
        """How long it has run."""
        return time.monotonic() - self.began

    def _stopped(self) -> bool:
        return self._cancelled or time.monotonic() - self._seen > self.unseen

    def _run(self) -> None:
        result, error = None, ""
        try:
            result = self.ask(self._stopped)
        except (SalescastError, BotoCoreError, ClientError, OSError) as raised:
            error = message(raised)
        if not self._cancelled:
            self.result, self.error = result, error
            self.done.set()
