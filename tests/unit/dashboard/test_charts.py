"""Every chart is valid Vega-Lite and says times as they are written."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from salescast.dashboard import charts

DAYS = ["2026-11-19", "2026-11-20"]
FAN = pl.DataFrame(
    {
        "day": [*DAYS, "2026-11-21"],
        "what": [charts.SOLD, charts.BEFORE, charts.PROJECTED],
        "value": [1.0, 2.0, 3.0],
    }
)
BOUNDS = pl.DataFrame(
    {"day": ["2026-11-21"], "mean": [3.0], "lo80": [2.0], "hi80": [4.0], "lo95": [1.0], "hi95": [5.0]}
)
LINES = pl.DataFrame({"day": DAYS, "value": [1.0, 2.0], "what": ["a", "b"]})
EVENTS = pl.DataFrame({"promotion": ["BLACK20"], "first": ["2026-11-19"], "last": ["2026-11-20"]})
CHARTS: dict[str, Any] = {
    "by_minute": lambda: charts.by_minute(
        pl.DataFrame({"minute": ["2026-11-20 10:05:00.000"], "orders": [3]})
    ),
    "close": lambda: charts.close(
        pl.DataFrame({"hour": [0.0, 1.5], "value": [0.0, 2.0], "day": ["today", "yesterday"]}),
        pl.DataFrame({"hour": [24.0], "mean": [3.0], "lo80": [2.0], "hi80": [4.0]}),
        "£",
        1,
    ),
    "close, not projected": lambda: charts.close(
        pl.DataFrame({"hour": [0.0], "value": [0.0], "day": ["today"]}),
        pl.DataFrame(schema=dict.fromkeys(("hour", "mean", "lo80", "hi80"), pl.Float64)),
        "£",
        5.5,
    ),
    "fan": lambda: charts.fan(FAN, BOUNDS, "£"),
    "fan, with events": lambda: charts.fan(FAN, BOUNDS, "£", EVENTS),
    "fan, not projected": lambda: charts.fan(FAN.head(2), BOUNDS.clear(), "£"),
    "bars": lambda: charts.bars(pl.DataFrame({"name": ["a"], "value": [1.0], "before": [None]}), "£"),
    "stacked": lambda: charts.stacked(
        pl.DataFrame({"month": ["2026-11"], "value": [1.0], "what": ["new"]}), "month", ["new"], "£"
    ),
    "cohorts": lambda: charts.cohorts(
        pl.DataFrame({"cohort": ["2026-10"], "months_later": [1], "customers": [9], "retained": [20.0]})
    ),
    "runs_out": lambda: charts.runs_out(
        pl.DataFrame(
            {
                "product": ["P"],
                "stock": [4],
                "early": ["2026-11-25"],
                "expected": [None],
                "until": ["2026-12-01"],
            },
            schema_overrides={"expected": pl.String},
        )
    ),
    "lines by day": lambda: charts.lines(LINES, "day", "s", "day"),
    "lines by number": lambda: charts.lines(
        LINES.drop("day").with_columns(horizon=pl.Series([1, 2])), "horizon", "%", "days ahead"
    ),
}


def spec(name: str) -> dict[str, Any]:
    chart: dict[str, Any] = CHARTS[name]().to_dict(validate=True)
    return chart


def units(chart: dict[str, Any]) -> list[dict[str, Any]]:
    layers: list[dict[str, Any]] = chart.get("layer", [chart])
    return layers


def rows(chart: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for rows in chart["datasets"].values() for row in rows]


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_valid_and_its_fields_are_in_its_data(name: str) -> None:
    chart = spec(name)
    assert chart["$schema"].startswith("https://vega.github.io/schema/vega-lite/")
    for unit in units(chart):
        data: Any = unit.get("data", chart.get("data"))
        there = chart["datasets"][data["name"]]
        for channel, encodings in unit["encoding"].items():
            for encoding in encodings if isinstance(encodings, list) else [encodings]:
                if there and "field" in encoding:
                    assert encoding["field"] in there[0], channel


@pytest.mark.parametrize("name", CHARTS)
def test_no_time_moves_with_the_time_zone_of_the_browser(name: str) -> None:
    """A date alone is UTC to a browser, and so is what ends with Z; a date with a time is the clock's."""
    chart = spec(name)
    temporal = {
        encoding["field"]
        for unit in units(chart)
        for encoding in unit["encoding"].values()
        if isinstance(encoding, dict) and encoding.get("type") == "temporal"
    }
    for row in rows(chart):
        for field in temporal & row.keys():
            assert row[field] is None or "T" in row[field], field
            assert row[field] is None or not row[field].endswith(("Z", "+00:00")), field


def test_a_text_keeps_its_day_and_minute() -> None:
    frame = pl.DataFrame({"at": ["2026-11-20", "2026-11-20 23:59:00.000", None]}).with_columns(
        charts.local("at")
    )
    assert frame["at"].to_list() == ["2026-11-20T00:00:00", "2026-11-20T23:59:00.000", None]


@pytest.mark.parametrize(("name", "field"), [("fan", "what"), ("close", "day"), ("lines by day", "what")])
def test_lines_are_told_apart_without_colours(name: str, field: str) -> None:
    drawn = [unit for unit in units(spec(name)) if unit["mark"]["type"] == "line"]
    assert [unit["encoding"]["strokeDash"]["field"] for unit in drawn] == [field]


def test_no_gap_between_sold_and_projected() -> None:
    (join,) = (unit for unit in units(spec("fan")) if unit["mark"]["type"] == "rule")
    (row,) = (row for row in rows(spec("fan")) if "until" in row)
    ends = [
        tuple(row[join["encoding"][name]["field"]] for name in pair) for pair in (("x", "y"), ("x2", "y2"))
    ]
    assert ends == [("2026-11-19T00:00:00", 1.0), ("2026-11-21T00:00:00", 3.0)]


def test_a_line_has_the_same_dashes_on_each_page() -> None:
    whole, part = (
        json.dumps(unit["encoding"]["strokeDash"]["scale"])
        for name in ("fan", "fan, not projected")
        for unit in units(spec(name))
        if unit["mark"]["type"] == "line"
    )
    assert json.loads(whole)["domain"] == [charts.SOLD, charts.PROJECTED, charts.BEFORE]
    dashes = dict(zip(*json.loads(whole).values(), strict=True))
    assert all(dashes[what] == dash for what, dash in zip(*json.loads(part).values(), strict=True))
