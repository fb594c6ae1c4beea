"""The families of `make backtest-simulated`: whole series, the same ones for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.simulations import FAMILIES, simulated

DAYS, AHEAD = 120, 56
WITH_GAPS = {"cash_machines"}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_series_has_every_day(family: str) -> None:
    _, values = simulated(family, 1, DAYS, 0, AHEAD)
    assert values.shape == (DAYS + AHEAD,)
    assert values.dtype == np.float64
    assert not np.isinf(values).any()
    assert np.isnan(values).any() == (family in WITH_GAPS)
    assert np.nanmin(values) >= 0
    assert np.nanstd(values) > 0


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_seed_gives_the_same_series(family: str) -> None:
    start, values = simulated(family, 1, DAYS, 0, AHEAD)
    again, same = simulated(family, 1, DAYS, 0, AHEAD)
    assert start == again
    np.testing.assert_array_equal(values, same)
    for other in ((family, 2, DAYS, 0), (family, 1, DAYS, 1)):
        assert not np.array_equal(values, simulated(*other, AHEAD)[1], equal_nan=True)


def test_a_week_begins_on_its_weekday() -> None:
    start, calls = simulated("call_centres", 1, 730, 0)
    first_sunday = (6 - start.weekday()) % 7
    assert not calls[first_sunday::7].any()
