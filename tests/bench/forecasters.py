"""What the backtests compare: the projection, an earlier version of it, seasonal naive and, where they are
installed, models of statsforecast and Prophet."""

from __future__ import annotations

import datetime as dt
import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from forecast import project

WEEK = 7
MONTH = 28
BEFORE = "before"  # the name of an earlier version
BOUNDS = ("mean", "lo80", "hi80", "lo95", "hi95")
LEVELS = {"mean": "mean", "lo-80": "lo80", "hi-80": "hi80", "lo-95": "lo95", "hi-95": "hi95"}


@dataclass
class Series:
    """Daily `values` from `start` on, nan where there is none."""

    group: str
    start: dt.date
    values: np.ndarray
    country: str | None = None


# Of a series: the days before `origin`, and `horizon` days from there on. Gives arrays of length horizon:
# mean and, where the model has intervals, lo80, hi80, lo95 and hi95; and, where it has one of its own, the
# sum of the first 28 days as an array sum28 of mean, lo80 and hi80.
Model = Callable[[Series, int, int], dict[str, np.ndarray]]


def models(*, dates: bool = True, before: Path | None = None, libraries: bool = True) -> dict[str, Model]:
    """By name. Without `dates` the projection is told neither start nor country.

    before: src/projector of an earlier version.
    """
    found: dict[str, Model] = {"projection": _projection(project, dates)}
    if before:
        found[BEFORE] = _projection(earlier(before), dates)
    found["seasonal naive"] = seasonal_naive
    return {**found, **(installed() if libraries else {})}


def _projection(function: Any, dates: bool) -> Model:
    def projection(series: Series, origin: int, horizon: int) -> dict[str, np.ndarray]:
        known: dict[str, Any] = {"start": series.start, "country": series.country} if dates else {}
        found = function(series.values[:origin], horizon, **known)
        answer = {name: getattr(found, name) for name in BOUNDS}
        for one in getattr(found, "sums", ()):
            if one.days == MONTH:
                answer["sum28"] = np.array([one.mean, one.lo80, one.hi80])
        return answer

    return projection


def earlier(folder: Path) -> Any:
    """`project` of another src/projector, whose modules have the names of this one's."""
    names = {file.stem for file in folder.glob("*.py")} | {file.stem for file in _here().glob("*.py")}
    ours = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    sys.path.insert(0, str(folder))
    try:
        return import_module("forecast").project
    finally:
        sys.path.remove(str(folder))
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(ours)


def _here() -> Path:
    return Path(sys.modules["forecast"].__file__ or "").parent


def seasonal_naive(series: Series, origin: int, horizon: int) -> dict[str, np.ndarray]:
    return {"mean": np.resize(filled(series.values[:origin])[-WEEK:], horizon)}


def filled(past: np.ndarray) -> np.ndarray:
    """A gap as the same day of the last week that has it; before there is one, as the median."""
    found = past.copy()
    for day in range(len(found)):
        if np.isnan(found[day]):
            found[day] = found[day - WEEK] if day >= WEEK else np.nanmedian(past)
    return found


def installed() -> dict[str, Model]:
    """The libraries' models that can be imported."""
    found: dict[str, Model] = {}
    try:
        statsforecast: Any = import_module("statsforecast.models")
    except ImportError:
        pass
    else:
        week = {"season_length": WEEK}
        found["AutoETS"] = _stats(lambda: statsforecast.AutoETS(**week))
        found["AutoCES"] = _stats(lambda: statsforecast.AutoCES(**week))
        found["AutoTheta"] = _stats(lambda: statsforecast.AutoTheta(**week))
        found["MSTL"] = _stats(
            lambda: statsforecast.MSTL(
                season_length=WEEK, trend_forecaster=statsforecast.AutoETS(model="ZZN")
            )
        )
    with suppress(ImportError):
        found["Prophet"] = _prophet(import_module("prophet").Prophet)
    return found


def _stats(make: Callable[[], Any]) -> Model:
    # One fit serves both horizons where they are asked for one after the other.
    @lru_cache(maxsize=1)
    def fitted(past: bytes) -> Any:
        return make().fit(np.frombuffer(past))

    def forecast(series: Series, origin: int, horizon: int) -> dict[str, np.ndarray]:
        found = fitted(filled(series.values[:origin]).tobytes()).predict(h=horizon, level=[80, 95])
        return {LEVELS[name]: values for name, values in found.items() if name in LEVELS}

    return forecast


def _prophet(make: Any) -> Model:
    for name in ("prophet", "cmdstanpy"):
        logging.getLogger(name).setLevel(logging.ERROR)
    pandas: Any = import_module("pandas")

    @lru_cache(maxsize=1)
    def fitted(past: bytes, start: dt.date, country: str | None) -> Any:
        model = make(interval_width=0.8, uncertainty_samples=300)
        if country:
            try:
                model.add_country_holidays(country)
            except (AttributeError, NotImplementedError):
                model = make(interval_width=0.8, uncertainty_samples=300)
        values = np.frombuffer(past)
        return model.fit(pandas.DataFrame({"ds": pandas.date_range(start, periods=len(values)), "y": values}))

    def forecast(series: Series, origin: int, horizon: int) -> dict[str, np.ndarray]:
        model = fitted(series.values[:origin].tobytes(), series.start, series.country)
        ahead = pandas.date_range(series.start + dt.timedelta(days=origin), periods=horizon)
        found = model.predict(pandas.DataFrame({"ds": ahead}))
        return {
            name: found[column].to_numpy()
            for name, column in (("mean", "yhat"), ("lo80", "yhat_lower"), ("hi80", "yhat_upper"))
        }

    return forecast
