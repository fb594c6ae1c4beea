"""What the backtests compare: the projection, seasonal naive and, if installed, statsforecast's AutoETS."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np

from forecast import project

WEEK = 7


@dataclass
class Series:
    """Daily `values` from `start` on, nan where there is none."""

    group: str
    start: dt.date
    values: np.ndarray
    country: str | None = None


# Of a series: the days before `origin`, and `horizon` days from there on. Gives arrays of length horizon:
# mean and, where the model has intervals, lo80, hi80, lo95 and hi95.
Model = Callable[[Series, int, int], dict[str, np.ndarray]]


def models(*, dates: bool = True) -> dict[str, Model]:
    """By name. Without `dates` the projection is told neither start nor country."""

    def projection(series: Series, origin: int, horizon: int) -> dict[str, np.ndarray]:
        known: dict[str, Any] = {"start": series.start, "country": series.country} if dates else {}
        found = project(series.values[:origin], horizon, **known)
        return {name: getattr(found, name) for name in ("mean", "lo80", "hi80", "lo95", "hi95")}

    found: dict[str, Model] = {"projection": projection, "seasonal naive": seasonal_naive}
    ets = auto_ets()
    return {**found, "AutoETS": ets} if ets else found


def seasonal_naive(series: Series, origin: int, horizon: int) -> dict[str, np.ndarray]:
    return {"mean": np.resize(filled(series.values[:origin])[-WEEK:], horizon)}


def filled(past: np.ndarray) -> np.ndarray:
    """A gap as the same day of the last week that has it; before there is one, as the median."""
    found = past.copy()
    for day in range(len(found)):
        if np.isnan(found[day]):
            found[day] = found[day - WEEK] if day >= WEEK else np.nanmedian(past)
    return found


def auto_ets() -> Model | None:
    try:
        statsforecast: Any = import_module("statsforecast.models")
    except ImportError:
        return None

    # One fit serves both horizons where they are asked for one after the other.
    @lru_cache(maxsize=1)
    def fitted(past: bytes) -> Any:
        return statsforecast.AutoETS(season_length=WEEK).fit(np.frombuffer(past))

    def forecast(series: Series, origin: int, horizon: int) -> dict[str, np.ndarray]:
        found = fitted(filled(series.values[:origin]).tobytes()).predict(h=horizon, level=[80, 95])
        names = {"mean": "mean", "lo-80": "lo80", "hi-80": "hi80", "lo-95": "lo95", "hi-95": "hi95"}
        return {names[name]: values for name, values in found.items()}

    return forecast
