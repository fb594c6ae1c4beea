"""Parts of a breakdown add up to the total, and stay where they may be."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast import Projection
from hierarchy import reconciled


def flat(mean: float, width: float, days: int = 3) -> Projection:
    level = np.full(days, mean)
    return Projection(level, level - width, level + width, level - 2 * width, level + 2 * width, "given")


amounts = st.floats(0, 1e6)


@given(amounts, st.lists(st.tuples(amounts, amounts), min_size=1, max_size=12))
def test_parts_add_up_and_are_not_negative(total: float, parts: list[tuple[float, float]]) -> None:
    found = reconciled(flat(total, 1.0), [flat(mean, width) for mean, width in parts], [False] * len(parts))
    summed = np.sum([part.mean for part in found], axis=0)
    np.testing.assert_allclose(summed, total, rtol=1e-6, atol=1e-6)
    for part in found:
        bounds = (part.lo95, part.lo80, part.mean, part.hi80, part.hi95)
        assert all((lower <= upper).all() for lower, upper in pairwise(bounds))
        assert (part.lo95 >= 0).all()


@given(st.floats(-1e6, 1e6), st.lists(st.tuples(st.floats(-1e6, 1e6), amounts), min_size=1, max_size=6))
def test_signed_parts_add_up_too(total: float, parts: list[tuple[float, float]]) -> None:
    found = reconciled(flat(total, 1.0), [flat(mean, width) for mean, width in parts], [True] * len(parts))
    np.testing.assert_allclose(np.sum([part.mean for part in found], axis=0), total, rtol=1e-6, atol=1e-3)


def test_parts_keep_their_proportions() -> None:
    large, small, none = reconciled(flat(100, 5), [flat(90, 1), flat(30, 9), flat(0, 1)], [False] * 3)
    assert large.mean[0] == pytest.approx(75)
    assert small.mean[0] == pytest.approx(25)
    assert none.mean[0] == pytest.approx(0, abs=1e-5)


def test_no_parts_are_none() -> None:
    assert reconciled(flat(1, 1), [], []) == []
