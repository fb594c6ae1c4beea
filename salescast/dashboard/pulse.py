"""How the shop's figures are, in the words of who sells: a light and a sentence for the head of every page.

Asking every stage takes a while. So it is asked beside the pages, at most once in a while, and a page shows
what was known last.
"""

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from salescast.dashboard.answers import Answers, Question
from salescast.integrity import health
from salescast.stack.errors import SalescastError

NEWEST = Question("latest_orders", ("order_ts",))
KEPT_BACK = {"errors/", "dead-letter queue"}
WELL = "Everything is working"


@dataclass(frozen=True)
class Beat:
    """`health` is ok, warning or down; `newest` is when the newest order of two days was placed (UTC)."""

    health: str
    sentence: str
    newest: datetime | None


class Pulse:
    """Of one stack. `every` is how many seconds a beat stands."""

    def __init__(self, answers: Answers, every: float) -> None:
        self._answers = answers
        self._every = every
        self._lock = threading.Lock()
        self._asked = float("-inf")
        self._beat: Beat | None = None

    def beat(self) -> Beat | None:
        """What was known last, None before the first answer. Asks anew in the background when it is due."""
        with self._lock:
            if time.monotonic() - self._asked >= self._every:
                self._asked = time.monotonic()
                threading.Thread(target=self._ask, daemon=True).start()
            return self._beat

    def _ask(self) -> None:
        beat = measure(self._answers, self._every)
        with self._lock:
            self._beat = beat


def measure(answers: Answers, max_age: float) -> Beat:
    """Ask every stage, and how old the newest order is. Nothing is raised: what cannot be asked is down."""
    stages = health.stages(answers.stack)
    try:
        (latest,) = answers.ask(NEWEST.where({"from": "today-1", "to": "today"}, max_age))
        frame = latest.frame
        newest = None if frame.is_empty() else _utc(str(frame["order_ts"][0]))
    except (SalescastError, BotoCoreError, ClientError, OSError):
        newest = None
    return Beat(*sentence(stages), newest)


def sentence(stages: list[health.Stage]) -> tuple[str, str]:
    """The worst health of the stages, and what that means for who reads the figures."""
    down = [stage.name for stage in stages if stage.health == health.DOWN]
    if down:
        return health.DOWN, "Part of the system is down: figures may be late"
    warned = {stage.name for stage in stages if stage.health == health.WARNING}
    if warned & KEPT_BACK:
        return health.WARNING, "Some orders could not be taken in; they are kept"
    if warned:
        return health.WARNING, "Working, with something to look at"
    return health.OK, WELL


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
