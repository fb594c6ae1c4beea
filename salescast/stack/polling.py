"""Looking again until something is so."""

import math
import time
from collections.abc import Callable
from typing import TypeVar

GROWTH = 1.5

T = TypeVar("T")


def poll(
    look: Callable[[], T],
    until: Callable[[T], bool],
    *,
    pause: float,
    longest: float | None = None,
    seconds: float = math.inf,
) -> T:
    """What `look` answers first of which `until` is true, or its last answer when `seconds` have passed.

    Looks at once, then after `pause` seconds; each pause is half as long again as the one before, up to
    `longest` (default: all alike). What `look` raises ends it.
    """
    end = time.monotonic() + seconds
    while True:
        answer = look()
        if until(answer) or time.monotonic() >= end:
            return answer
        time.sleep(pause)
        pause = min(longest or pause, pause * GROWTH)
