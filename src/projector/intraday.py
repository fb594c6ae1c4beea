"""The running day: what has been sold so far, and what it will have been at its close."""

import datetime as dt
from dataclasses import dataclass

import numpy as np

from forecast import Projection
from models.smoothing import Floats

HOURS = 24


@dataclass(frozen=True, slots=True)
class Intraday:
    """Revenue so far, the share of a usual day that is over, and the projected close with bounds."""

    so_far: float
    share: float
    close: Projection


def profile(hours: dict[dt.date, Floats], today: dt.date) -> Floats:
    """Share of a day's revenue in each hour (24,), from the earlier days; even where none sold anything."""
    total = np.zeros(HOURS)
    for day, revenue in hours.items():
        if day < today:
            total += np.maximum(revenue, 0.0)
    return total / total.sum() if total.sum() > 0 else np.full(HOURS, 1 / HOURS)


def close(so_far: float, shares: Floats, now: dt.datetime, day: Projection) -> Intraday:
    """What is sold is certain; of the rest, the projection is trusted less the more of the day is over.

    `day` is the projection made before the day began (its first value is this day), `now` is UTC.
    """
    share = float(shares[: now.hour].sum() + shares[now.hour] * (now.minute / 60))
    left = 1.0 - share
    expected = float(day.mean[0])
    pace = so_far / (share * expected) if share > 0 and expected > 0 else 1.0
    ratio = 1 - share + share * float(np.clip(pace, 0.0, 5.0))
    mean, lo80, hi80, lo95, hi95 = (
        np.array([so_far + left * ratio * float(bound[0])])
        for bound in (day.mean, day.lo80, day.hi80, day.lo95, day.hi95)
    )
    return Intraday(so_far, share, Projection(mean, lo80, hi80, lo95, hi95, "so far + hour-of-day profile"))
