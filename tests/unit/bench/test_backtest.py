"""What the backtests add up: errors, coverage, seasonal naive over gaps, an Online Retail file."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from tests.bench import backtest_simulated, retail_file
from tests.bench.backtest_simulated import Cell
from tests.bench.forecasters import Series, filled, seasonal_naive
from tests.bench.scores import Score

START = dt.date(2024, 1, 1)


def line(values: list[float]) -> Series:
    return Series("line", START, np.array(values))


def test_mase_is_the_error_over_that_of_last_week() -> None:
    score = Score()
    # Every day of the history differs by 7 from that of the week before; the forecast misses by 8 to 14.
    score.add(seasonal_naive, line([float(day) for day in range(28)] + [35.0] * 7), 28, 7)
    assert score.mases == [pytest.approx((8 + 9 + 10 + 11 + 12 + 13 + 14) / 7 / 7)]
    assert score.wape == pytest.approx(77 / (35 * 7))
    assert np.isnan([score.covered("80"), score.covered_sum]).all()


def test_days_without_a_value_do_not_count() -> None:
    def model(series: Series, origin: int, horizon: int) -> dict[str, np.ndarray]:
        level = np.ones(horizon)
        return {"mean": level, "lo80": level * 0, "hi80": level * 2, "lo95": level * 0, "hi95": level * 9}

    score = Score()
    score.add(model, line([*range(14), 1.0, float("nan"), 5.0, float("nan")]), 14, 4)
    score.add(model, line([*range(14), float("nan")]), 14, 1)
    assert score.mases == [pytest.approx(2 / 7)]
    assert (score.covered("80"), score.covered("95")) == (0.5, 1.0)
    assert Score.together([score, score]).covered("80") == 0.5
    assert len(Score.together([score, score]).mases) == 2


def test_gaps_take_last_week() -> None:
    nan = float("nan")
    assert filled(np.array([nan, 2, 3, 4, 5, 6, 7, 8, nan, 9]))[[0, 8]].tolist() == [5.5, 2.0]


def test_families_and_lengths_have_lines_of_their_own() -> None:
    scores = {
        Cell(family, origin, 28): {
            "projection": Score(mases=[ours, ours]), "seasonal naive": Score(mases=[1.0, 2.0])
        }
        for family, origin, ours in (("a_b", 60, 0.5), ("a_b", 120, 1.75), ("c", 60, 1.5))
    }  # fmt: skip
    rows = list(backtest_simulated.table("family", scores, lambda cell: cell.family))
    assert [row.split() for row in rows[1:]] == [
        ["a_b", "28", "4", "1.125", "1.500"], ["c", "28", "2", "1.500", "1.500"]
    ]  # fmt: skip
    for models in scores.values():
        models["before"] = Score(mases=[1.2, 1.2])
    _, row, _ = backtest_simulated.table("family", scores, lambda cell: cell.family)
    assert row.split()[-1] == "-6.2%"
    assert "better in 1 of 3 cells" in backtest_simulated.naive_wins(scores)


def test_a_retail_file_is_summed_by_day(tmp_path: Path) -> None:
    path = tmp_path / "retail.csv"
    path.write_text(
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        "1,A,Cup,2,2011-01-01 09:10:00,1.50,,France\n"
        "2,B,Pot,1,2011-01-03 10:10:00,20.00,,EIRE\n"
        "C3,A,Cup,-1,2011-01-03 10:20:00,1.50,,France\n"
    )
    found = retail_file.read(path)
    assert found.start == dt.date(2011, 1, 1)
    assert found.total.tolist() == [3.0, 0.0, 18.5]
    assert {name: values.tolist() for name, values in found.countries.items()} == {
        "France": [3.0, 0.0, -1.5], "EIRE": [0.0, 0.0, 20.0]
    }  # fmt: skip
    assert found.hours["10"].tolist() == [0.0, 0.0, 18.5]
    assert found.prices["8"].tolist() == [0.0, 0.0, 20.0]
    assert [values.tolist() for values in retail_file.largest(found.products)] == [[2, 0, -1], [0, 0, 1]]
