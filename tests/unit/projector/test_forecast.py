"""`project` over histories of every kind: always an answer, no nan, ordered bounds; and good where it
can be."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import forecast
from forecast import Projection, project
from models.design import Season

PROJECTOR = Path(forecast.__file__).parent
LONG = 3 * 365
ONES = np.ones(3)
WEEK_SHAPE = np.array([1.0, 0.9, 1.0, 1.1, 1.4, 1.8, 0.4])


def weekly(days: int, noise: float = 0.1, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 100 * np.resize(WEEK_SHAPE, days) * np.exp(rng.normal(0, noise, days))


def check(found: Projection, horizon: int) -> None:
    bounds = (found.lo95, found.lo80, found.mean, found.hi80, found.hi95)
    for bound in bounds:
        assert bound.shape == (horizon,)
        assert bound.dtype == np.float64
        assert np.isfinite(bound).all()
    for lower, upper in pairwise(bounds):
        assert (lower <= upper).all()
    assert found.method
    assert [one.days for one in found.sums] == [days for days in (7, 28) if days <= horizon]
    for one in found.sums:
        assert np.isfinite([one.lo95, one.hi95]).all()
        assert one.lo95 <= one.lo80 <= one.mean <= one.hi80 <= one.hi95


numbers = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(0, 1000),
    st.sampled_from([0.0, 0.0, 1.0, -5.0, 1e308, -1e308, 5e-324]),
)


@settings(max_examples=150)
@given(
    st.integers(0, 130).flatmap(lambda days: arrays(np.float64, days, elements=numbers)),
    st.integers(1, 90),
    st.sampled_from([None, dt.date(2024, 2, 29), dt.date(2026, 12, 1)]),
    st.sampled_from([None, "GB", "United Kingdom", "EIRE", "Channel Islands", "Unspecified", ""]),
    st.sampled_from(
        [None, Season(dt.date(2024, 1, 1), np.sin(np.arange(99))), Season(dt.date(2024, 1, 1), ONES)]
    ),
)
def test_any_history_has_an_answer(
    history: np.ndarray, horizon: int, start: dt.date | None, country: str | None, season: Season | None
) -> None:
    found = project(history, horizon, start=start, country=country, season=season)
    check(found, horizon)
    known = history[np.isfinite(history)]
    if not (known < 0).any():
        assert (found.lo95 >= 0).all()


@settings(max_examples=40)
@given(
    st.integers(1, 400).flatmap(
        lambda days: arrays(np.float64, days, elements=st.one_of(st.floats(0, 1000), st.just(float("nan"))))
    ),
    st.sampled_from([1, 28, 90]),
    st.sampled_from([None, dt.date(2024, 2, 29)]),
)
def test_another_unit_gives_the_same_projection(
    history: np.ndarray, horizon: int, start: dt.date | None
) -> None:
    # A power of two, so that the digits of the history are the same ones; 1000 is tried below.
    one = project(history, horizon, start=start, country="GB")
    other = project(history * 1024, horizon, start=start, country="GB")
    for name in ("mean", "lo80", "hi80", "lo95", "hi95"):
        np.testing.assert_allclose(getattr(other, name), getattr(one, name) * 1024, rtol=1e-6, atol=1e-6)
    for small, large in zip(one.sums, other.sums, strict=True):
        assert large.mean == pytest.approx(small.mean * 1024, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("name", ["three years", "gaps", "dead", "intermittent", "negative days", "steps"])
def test_a_thousand_times_as_much_gives_a_thousand_times_as_much(name: str) -> None:
    history = np.asarray(HISTORIES[name])
    one, other = (
        project(history, start=dt.date(2023, 1, 1)),
        project(history * 1000, start=dt.date(2023, 1, 1)),
    )
    for bound in ("mean", "lo80", "hi80", "lo95", "hi95"):
        np.testing.assert_allclose(getattr(other, bound), getattr(one, bound) * 1000, rtol=1e-6, atol=1e-6)


SPIKE = np.zeros(LONG)
SPIKE[700] = 1e6
HISTORIES: dict[str, Any] = {
    "empty": [],
    "one day": [5.0],
    "two days": [5.0, 9.0],
    "nothing but gaps": [np.nan, np.inf, -np.inf],
    "zeros": [0.0] * 400,
    "constant": [7.0] * LONG,
    "spike": SPIKE,
    "huge": weekly(LONG) * 1e300,
    "tiny": weekly(LONG) * 1e-300,
    "negative days": weekly(LONG) - 80,
    "all negative": -weekly(200),
    "three years": weekly(LONG),
    "gaps": np.where(np.arange(LONG) % 11 == 0, np.nan, weekly(LONG)),
    "a year of gaps": np.where(np.arange(LONG) // 365 == 1, np.inf, weekly(LONG)),
    "explosive": np.exp(np.arange(300) / 20),
    "dead": np.concatenate([weekly(200), np.zeros(60)]),
    "intermittent": np.where(np.random.default_rng(1).random(500) < 0.1, 5.0, 0.0),
    "steps": np.repeat([1.0, 1e6, 1.0], 100),
}


@pytest.mark.parametrize("name", HISTORIES)
@pytest.mark.parametrize("horizon", [1, 28, 90])
def test_odd_histories(name: str, horizon: int) -> None:
    check(project(HISTORIES[name], horizon, start=dt.date(2023, 3, 1), country="GB"), horizon)


def test_the_same_history_has_the_same_projection() -> None:
    assert (project(weekly(300)).mean == project(list(weekly(300))).mean).all()


def test_a_constant_goes_on() -> None:
    assert project([7.0] * 100).mean == pytest.approx(np.full(28, 7.0), rel=0.02)


def test_a_weekly_season_is_found() -> None:
    found = project(weekly(210, noise=0.05))
    assert found.mean == pytest.approx(100 * np.resize(WEEK_SHAPE, 28), rel=0.15)


def test_a_product_that_stopped_selling_stays_stopped() -> None:
    found = project(HISTORIES["dead"])
    assert (found.mean == 0).all()
    assert found.method == "zero: no sales for 60 days"


def test_a_closed_weekday_stays_closed_and_returns_have_a_floor() -> None:
    history = weekly(180, noise=0.3)
    history[3::7] = 0.0
    history[50] = -20.0
    found = project(history)
    off = (180 + np.arange(28)) % 7 == 3
    assert (found.mean[off] == 0).all()
    assert (found.hi80[off] == 0).all()
    assert (found.hi95[off] < 0.5 * found.mean[~off].mean()).all()
    assert found.lo95.min() >= -20.0


def test_an_intermittent_product_keeps_its_rate() -> None:
    history = HISTORIES["intermittent"]
    assert project(history).mean.mean() == pytest.approx(np.mean(history), rel=0.4)


def test_a_level_shift_is_followed() -> None:
    history = np.concatenate([weekly(150), 3 * weekly(90, seed=2)])
    assert project(history).mean.sum() == pytest.approx(3 * 4 * 100 * WEEK_SHAPE.sum(), rel=0.15)


def test_last_years_course_comes_back() -> None:
    days = np.arange(730)
    history = weekly(758, noise=0.05) * np.exp(0.5 * np.sin(2 * np.pi * np.arange(758) / 364))
    found = project(history[:730])
    error = np.mean(np.abs(found.mean - history[730:]))
    flat = np.mean(np.abs(np.resize(history[723:730], 28) - history[730:]))
    assert days[-1] == 729
    assert error < 0.7 * flat
    assert "year" in found.method


def test_a_young_series_shares_the_year_of_the_total() -> None:
    """A product that came half a year ago, of a shop with a season: the next month it has not seen."""
    start = dt.date(2023, 1, 1)
    year = np.exp(0.5 * np.sin(2 * np.pi * np.arange(758) / 365.25))
    total = project(weekly(730, noise=0.05) * year[:730], start=start)
    young, first = weekly(758, noise=0.05, seed=2)[530:] * year[530:], start + dt.timedelta(days=530)
    alone = project(young[:200], start=first)
    shared = project(young[:200], start=first, season=total.season)
    off = [np.mean(np.abs(found.mean - young[200:])) for found in (shared, alone)]
    assert off[0] < 0.7 * off[1]
    assert "shared year" in shared.method
    assert "the time of year" in shared.explanation
    assert alone.season is None
    # A season of other days is no season.
    elsewhere = project(young[:200], start=first + dt.timedelta(days=9999), season=total.season)
    assert elsewhere.mean == pytest.approx(
        project(young[:200], start=first + dt.timedelta(days=9999)).mean, rel=0.2
    )


def test_a_public_holiday_is_expected_again() -> None:
    """A shop that closes on public holidays: with the country known, the next one is projected lower."""
    start = dt.date(2024, 1, 1)
    history = weekly(724, noise=0.05)  # up to 2025-12-24
    from models.feasts import holiday_names

    closed = np.array([bool(name) for name in holiday_names(start, 724, "GB")])
    history[closed] *= 0.05
    knowing = project(history, 7, start=start, country="United Kingdom")
    assert "holidays" in knowing.method
    assert knowing.mean[0] < 0.5 * project(history[:700], 31).mean[-7]


@pytest.mark.parametrize(
    ("country", "code"), [("GB", "GB"), ("United Kingdom", "GB"), ("EIRE", "IE"), ("germany", "DE")]
)
def test_countries_are_known_by_code_and_name(country: str, code: str) -> None:
    from models.feasts import holiday_names

    names = holiday_names(dt.date(2026, 1, 1), 366, country)
    assert names == holiday_names(dt.date(2026, 1, 1), 366, code)
    assert sum(map(bool, names)) >= 8


@pytest.mark.parametrize("horizon", [0, 91, -1])
def test_a_wrong_horizon_is_refused(horizon: int) -> None:
    with pytest.raises(ValueError, match="horizon must be from 1 to 90"):
        project([1.0], horizon)


def test_bounds_cover_what_they_claim() -> None:
    """Over 40 series of independent noise, 28 days each. The tolerance is what that many days allow."""
    inside: list[list[bool]] = [[], []]
    for seed in range(40):
        history = weekly(188, noise=0.3, seed=seed)
        found, truth = project(history[:160]), history[160:]
        inside[0] += list((found.lo80 <= truth) & (truth <= found.hi80))
        inside[1] += list((found.lo95 <= truth) & (truth <= found.hi95))
    assert 0.74 <= np.mean(inside[0]) <= 0.90
    assert 0.91 <= np.mean(inside[1]) <= 0.99


@pytest.mark.parametrize("days", [60, 200])
def test_a_wandering_level_is_no_worse_than_seasonal_naive_and_is_covered(days: int) -> None:
    """Over 30 random walks with a week, 28 days each: where the last days are nearly all there is to know."""
    missed: list[float] = []
    naive: list[float] = []
    inside: list[bool] = []
    for seed in range(30):
        rng = np.random.default_rng([seed, days])
        walk = np.cumsum(rng.normal(0, 1, days + 28)) + np.resize(rng.normal(0, 3, 7), days + 28)
        history, truth = walk[:days] + 100, walk[days:] + 100
        found = project(history)
        missed.append(float(np.mean(np.abs(found.mean - truth))))
        naive.append(float(np.mean(np.abs(np.resize(history[-7:], 28) - truth))))
        inside += list((found.lo80 <= truth) & (truth <= found.hi80))
    assert np.mean(missed) < np.mean(naive)
    assert 0.68 <= np.mean(inside) <= 0.92


def test_a_fixed_week_is_learned_from_the_whole_history() -> None:
    """A noisy week that never changes: after two years its profile is known far better than from a month."""
    found = project(weekly(728, noise=0.3))
    expected = 100 * np.resize(WEEK_SHAPE, 28)
    assert np.mean(np.abs(found.mean / expected - 1)) < 0.06


def test_importing_needs_no_aws_and_no_environment() -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(PROJECTOR)!r}); import forecast;"
        "print(sorted(set(sys.modules) & {'boto3', 'aws_lambda_powertools', 'holidays', 'arro3'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], env={}, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
