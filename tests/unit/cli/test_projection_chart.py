"""How a projection is shown: in the terminal, and as a fan chart."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from salescast.cli import projection_chart
from salescast.functions import project
from salescast.stack.errors import SalescastError

ONE = project.Projected(
    "total",
    "revenue",
    "given",
    date(2026, 9, 1),
    [float(day % 7) for day in range(80)],
    {"mean": [3.0] * 28, "lo80": [2.0] * 28, "hi80": [4.0] * 28, "lo95": [1.0] * 28, "hi95": [9.0] * 28},
)


def test_the_plot_has_a_column_for_each_day() -> None:
    title, *rows, _dates, legend = projection_chart.terminal(ONE)
    assert title == "total, revenue: given"
    plotted = [row.split("┤", 1)[1] for row in rows]
    for column in range(projection_chart.PLOT_DAYS):
        assert sum(row[column : column + 1] == "•" for row in plotted) == 1
    for column in range(projection_chart.PLOT_DAYS, projection_chart.PLOT_DAYS + 28):
        assert sum(row[column : column + 1] == "█" for row in plotted) == 1
    assert "80 %" in legend
    assert [row.split("┤")[0].strip() for row in rows if row.split("┤")[0].strip()] == [
        "8",
        "6",
        "4",
        "2",
        "0",
    ]


def test_a_narrow_terminal_has_less_of_the_history() -> None:
    rows = projection_chart.terminal(ONE, width=80)
    assert max(map(len, rows[1:-2])) <= 80


def test_ticks_are_round_and_small_values_have_decimals() -> None:
    tenth = replace(ONE, history=[0.1] * 60, bounds={name: [0.31] * 28 for name in project.BOUNDS})
    labels = [row.split("┤")[0].strip() for row in projection_chart.terminal(tenth) if "┤" in row]
    assert [label for label in labels if label] == ["0.3", "0.2", "0.1", "0.0"]
    large = replace(ONE, history=[1234567.0] * 60)
    assert any(row.split("┤")[0].strip() == "1,000,000" for row in projection_chart.terminal(large))


def test_an_answer_is_explained() -> None:
    answer = {
        "projections": [
            {
                "series": "total", "measure": "revenue", "method": "given", "history_start": "2026-09-01",
                "history": [1.0], "projection": ONE.bounds, "explanation": "Rests on 80 days of sales.",
                "sums": [{"days": 7, "mean": 2100.0, "lo80": 1900.4, "hi80": 2300.0}],
                "events": [{"name": "offer", "first": "2026-11-27", "last": "2026-11-30", "closed": False}],
            }
        ]
    }  # fmt: skip
    (one,) = project.series(answer, "revenue")
    assert one.explanation == (
        "Rests on 80 days of sales.",
        "The next 7 days add up to 2,100 (80 %: 1,900 to 2,300).",
    )
    assert one.events == (project.PlannedEvent("offer", date(2026, 11, 27), date(2026, 11, 30)),)


def test_events_are_marked_in_the_chart(tmp_path: Path) -> None:
    first = ONE.start + timedelta(days=3)
    projection_chart.plot(
        tmp_path / "p.svg", [replace(ONE, events=(project.PlannedEvent("offer", first, first),))], "GBP"
    )
    assert "<!-- offer -->" in (tmp_path / "p.svg").read_text()


@pytest.mark.parametrize("text", ["{}", "offers"])
def test_a_file_without_events_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    path.write_text(text)
    with pytest.raises(SalescastError, match="must hold a JSON list"):
        project.read_events(path)
    with pytest.raises(SalescastError, match="cannot be read"):
        project.read_events(tmp_path / "nothing.json")


def test_events_are_marked_in_the_terminal() -> None:
    sale = project.PlannedEvent("sale", ONE.start + timedelta(days=3), ONE.start + timedelta(days=5))
    past = project.PlannedEvent("long ago", date(2020, 1, 1), date(2020, 1, 2))
    *rows, marks, _dates, legend = projection_chart.terminal(replace(ONE, events=(sale, past)))
    first = rows[-1].index("┤") + 1 + projection_chart.PLOT_DAYS
    assert [place for place, mark in enumerate(marks) if mark == "▲"] == [first + day for day in (3, 4, 5)]
    assert legend.endswith("▲ sale")


def test_a_series_without_sales_is_plotted() -> None:
    nothing = dict.fromkeys(project.BOUNDS, [0.0] * 28)
    assert projection_chart.terminal(
        project.Projected("total", "units", "zero", date(2026, 9, 1), [0.0], nothing)
    )


@pytest.mark.parametrize(("name", "begin"), [("p.png", b"\x89PNG"), ("p.SVG", b"<?xml")])
def test_a_fan_chart_is_written(name: str, begin: bytes, tmp_path: Path) -> None:
    projection_chart.plot(tmp_path / name, [ONE, ONE], "GBP")
    assert (tmp_path / name).read_bytes().startswith(begin)


def test_the_same_projection_has_the_same_chart(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        projection_chart.plot(tmp_path / name, [ONE], "GBP")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_a_chart_in_another_format_is_refused() -> None:
    with pytest.raises(SalescastError, match="is neither"):
        projection_chart.check_plot(Path("projection.pdf"))
    with pytest.raises(SalescastError, match="there is no folder nowhere"):
        projection_chart.check_plot(Path("nowhere/projection.png"))
