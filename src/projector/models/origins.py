"""Rolling origins: the past days from which every member forecasts again what came after them."""

import numpy as np

from models.smoothing import WEEK, Days

MOST = 26
LONG = 200  # days of history from which on a stretch of level lasts two weeks, not one
EARLIEST = 3 * WEEK


def stretch(n: int) -> int:
    """Days between two knots of the level, and between two origins, for a history of n days."""
    return 2 * WEEK if n >= LONG else WEEK


def origins(n: int) -> Days:
    """Past days to forecast from, rising, a stretch apart, and n itself as the last."""
    step = stretch(n)
    earliest = EARLIEST if n >= 5 * WEEK else n // 2
    count = max(0, min(MOST, (n - earliest) // step))
    return n - step * np.arange(count, -1, -1)
