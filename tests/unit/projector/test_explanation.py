"""The sentence on what a projection rests on, and what changed."""

from __future__ import annotations

import datetime as dt

import numpy as np

from forecast import project
from models import explanation


def test_trend_week_and_year_are_named() -> None:
    days = np.arange(800)
    start = dt.date(2023, 1, 2)
    week = np.array([1, 1, 1, 1, 1.2, 1.8, 0.5])
    history = 100 * week[days % 7] * np.exp(0.3 * np.sin(2 * np.pi * days / 365.25) + days / 900)
    sentence = project(history, start=start).explanation
    assert sentence.startswith("Rests on 800 days of sales; a trend of +")
    assert "the week (Saturdays +" in sentence
    assert "the time of year (" in sentence


def test_what_the_last_weeks_changed_is_told_of_a_projection() -> None:
    """Sales that rose by half two weeks ago."""
    week = np.array([1, 1, 1, 1, 1.2, 1.8, 0.5])
    history = 100 * np.resize(week, 140)
    assert project(history).explanation.endswith("The last 7 days changed nothing much.")
    history[-14:] *= 1.5
    sentence = project(history).explanation
    assert "The last 7 days made it " in sentence
    assert sentence.endswith(" % more than was expected before them.")
    assert "The last" not in project(history, horizon=7).explanation


def test_what_changed_is_told_in_percent() -> None:
    old = np.full(28, 100.0)
    assert explanation.changed(old, old * 1.12, 7) == (
        "The last 7 days made it 12 % more than was expected before them."
    )
    assert "less" in explanation.changed(old, old * 0.5, 7)
    assert explanation.changed(old, old * 1.005, 7) == "The last 7 days changed nothing much."
    assert explanation.changed(old * 0, old * 0, 7) == "The last 7 days changed nothing much."
