"""How a projection is shown: in the terminal, and as a fan chart."""

from __future__ import annotations

from datetime import date
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
    assert len(plotted) == projection_chart.PLOT_HEIGHT
    for column in range(projection_chart.PLOT_DAYS):
        assert sum(row[column : column + 1] == "•" for row in plotted) == 1
    for column in range(projection_chart.PLOT_DAYS, projection_chart.PLOT_DAYS + 28):
        assert sum(row[column : column + 1] == "█" for row in plotted) == 1
    assert "80 %" in legend
    assert rows[0].lstrip().startswith("9 ┤")


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
