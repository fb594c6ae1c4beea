"""Sums over the next days have intervals of their own."""

from __future__ import annotations

import numpy as np
import pytest

from forecast import project

WEEK_SHAPE = np.array([1.0, 0.9, 1.0, 1.1, 1.4, 1.8, 0.4])


def weekly(days: int, noise: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 100 * np.resize(WEEK_SHAPE, days) * np.exp(noise * rng.standard_normal(days))


def test_a_sum_of_independent_days_is_surer_than_its_days() -> None:
    found = project(weekly(400, 0.3, 1))
    month = found.sums[1]
    assert month.days == 28
    assert month.hi80 - month.lo80 < 0.6 * float(np.sum(found.hi80 - found.lo80))
    assert month.mean == pytest.approx(float(found.mean.sum()), rel=0.1)


def test_sums_are_covered_and_not_too_low_where_days_are_skewed() -> None:
    """Over 40 series whose days are log-normal: their median is 12 % below their mean."""
    inside, projected, sold = [], 0.0, 0.0
    for seed in range(40):
        history = weekly(428, 0.5, seed)
        month = project(history[:400]).sums[1]
        truth = float(history[400:].sum())
        inside.append(month.lo80 <= truth <= month.hi80)
        projected, sold = projected + month.mean, sold + truth
    assert 0.65 <= np.mean(inside) <= 0.95
    assert projected == pytest.approx(sold, rel=0.05)


def test_a_sum_is_never_below_zero_where_no_day_is() -> None:
    assert all(one.lo95 >= 0 for one in project(weekly(60, 1.5, 2)).sums)
