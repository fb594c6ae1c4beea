"""From Athena's rows to the published columns, with the rows given; the rest is in tests/local/pipeline."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any, cast

import numpy as np
import pyarrow.parquet as pq
import pytest

import history
import intraday
import projector
import publish
from forecast import project
from history import Athena, ProjectionError

TODAY = dt.date(2026, 11, 20)
NOW = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)


class Given(Athena):
    """Rows as Athena's CSV has them."""

    def __init__(self, rows: list[dict[str, str]]) -> None:
        super().__init__(cast("Any", None), cast("Any", None), "", "")
        self.given = rows

    def rows(self, query: str) -> list[dict[str, str]]:
        return self.given


def row(day: dt.date, revenue: str, units: int, currency: str = "GBP", **which: str) -> dict[str, str]:
    empty = dict.fromkeys((*history.BREAKDOWNS, "sold_hour"), "")
    counts = {"order_lines": "1", "revenue": revenue, "units": str(units), "currency": currency}
    return {"order_date": day.isoformat(), **empty, **counts, **which}


def sold(days: int = 60) -> list[dict[str, str]]:
    """Two countries; France begins 20 days before today. Every seventh day nothing is sold."""
    rows = []
    for back in range(days, -1, -1):
        day = TODAY - dt.timedelta(days=back)
        if back % 7 == 3:
            continue
        rows.append(row(day, "150.5" if back <= 20 else "100.5", 10))
        rows.append(row(day, "100.5", 7, country="United Kingdom"))
        if back <= 20:
            rows.append(row(day, "50", 3, country="France"))
        if back <= 28:
            rows += [row(day, "75.25", 5, sold_hour=hour) for hour in ("9", "15")]
    return rows


def test_days_without_sales_are_zero_and_days_before_the_first_are_not_there() -> None:
    past = history.read(Given(sold()), TODAY)
    by_name = {(one.name, one.measure): one for one in past.series}
    total, france = by_name["total", "revenue"], by_name["France", "revenue"]
    assert total.start == TODAY - dt.timedelta(days=60)
    assert len(total.values) == 60
    assert total.values[57] == 0
    assert total.values[0] == 100.5
    assert france.start == TODAY - dt.timedelta(days=20)
    assert france.values[-1] == 50
    assert by_name["France", "units"].values.sum() == 3 * 17
    assert past.today_revenue == 150.5
    assert past.main_country == "United Kingdom"


def test_the_running_day_is_in_no_history() -> None:
    past = history.read(Given([*sold(), row(TODAY, "1e9", 1)]), TODAY)
    assert max(one.values.max() for one in past.series) < 1000


def test_the_currency_of_most_lines_is_projected() -> None:
    dollars = [row(TODAY - dt.timedelta(days=1), "1e6", 1, currency="USD")]
    past = history.read(Given(sold() + dollars), TODAY)
    assert past.currency == "GBP"
    assert past.series[0].values[-1] == 150.5


@pytest.mark.parametrize("rows", [[], [row(TODAY, "5", 1)]], ids=["no rows", "only today"])
def test_without_earlier_orders_there_is_an_error(rows: list[dict[str, str]]) -> None:
    with pytest.raises(ProjectionError, match="no orders before 2026-11-20"):
        history.read(Given(rows), TODAY)


def test_parts_add_up_to_the_total_and_units_are_not_negative() -> None:
    rows = sold()
    rows[0]["units"] = "-500"
    found = projector.projections(history.read(Given(rows), TODAY), 14)
    for measure in history.MEASURES:
        total = next(
            one.projection.mean
            for one in found
            if (one.series.breakdown, one.series.measure) == ("total", measure)
        )
        parts = [
            one.projection.mean
            for one in found
            if (one.series.breakdown, one.series.measure) == ("country", measure)
        ]
        assert len(parts) == 2
        np.testing.assert_allclose(np.sum(parts, axis=0), total)
    assert all((one.projection.lo95 >= 0).all() for one in found)


def test_a_young_country_shares_the_year_of_the_total() -> None:
    found = projector.projections(history.read(Given(sold(450)), TODAY), 14)
    methods = {(one.series.name, one.series.measure): one.projection.method for one in found}
    for measure in history.MEASURES:
        assert "shared year" in methods["France", measure]
        assert "shared year" not in methods["total", measure]
        assert ", year" in methods["United Kingdom", measure]


def test_columns_are_written_as_declared() -> None:
    found = projector.projections(history.read(Given(sold()), TODAY), 14)
    columns = publish.rows(found, TODAY, "GBP", NOW)
    table = pq.read_table(io.BytesIO(publish.parquet(columns)))
    assert tuple(table.column_names) == publish.COLUMNS
    types = [str(field.type) for field in table.schema]
    assert set(types) == {"string", "int32", "double", "timestamp[ms]"}
    assert table.num_rows == len(found) * 14
    first = table.slice(0, 1).to_pylist()[0]
    assert (first["projected_date"], first["horizon"], first["history_days"]) == ("2026-11-20", 1, 60)
    assert first["projected_ts"] == NOW.replace(tzinfo=None)


def test_the_running_day_closes_with_what_is_sold_and_the_rest() -> None:
    past = history.read(Given(sold()), TODAY)
    shares = intraday.profile(past.hours, TODAY)
    assert shares[[9, 15]].tolist() == [0.5, 0.5]
    day = project(np.resize([100.0, 120.0, 90.0], 90))
    noon = intraday.close(80.0, shares, NOW, day)
    assert noon.share == 0.5
    assert noon.close.mean[0] > 80
    assert noon.close.lo95[0] >= 80
    evening = intraday.close(130.0, shares, NOW.replace(hour=23), day)
    assert evening.close.mean[0] == evening.close.hi95[0] == 130.0
    morning = intraday.close(0.0, shares, NOW.replace(hour=1), day)
    assert morning.close.mean[0] == pytest.approx(day.mean[0])
