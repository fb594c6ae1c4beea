"""Projections as charts: of text in the terminal, or as a PNG or SVG."""

import math
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from salescast.functions.project import Projected
from salescast.stack import optional_libraries
from salescast.stack.errors import SalescastError

FORMATS = (".png", ".svg")
PLOT_DAYS = 56  # of history in the terminal: with 28 days ahead, one column a day fits 96 columns
PLOT_WIDTH = 97
LEAST_PLOT_DAYS = 7
TICKS, TICK_ROWS = 5, 3  # ticks at most over the values, and rows from one to the next
LABEL = 11
PROJECTED = "#08519c"
EVENT = "#d94801"
HEADROOM = 1.1  # above the highest day, for the legend
TITLE_PAD = 16  # points, for the names of events


def terminal(one: Projected, width: int = PLOT_WIDTH) -> list[str]:
    """A plot of text, one column a day: sold days, the mean, the two intervals as shades, planned days below.

    So much of the history as fits into the width.
    """
    ahead = len(one.bounds["mean"])
    history = one.history[-max(LEAST_PLOT_DAYS, min(PLOT_DAYS, width - LABEL - 2 - ahead)) :]
    tick = _round_tick(max([*history, *one.bounds["hi95"], 1e-9]) - min([*history, *one.bounds["lo95"], 0.0]))
    step = tick / TICK_ROWS
    bottom = math.floor(min([*history, *one.bounds["lo95"], 0.0]) / tick) * tick
    height = math.ceil((max([*history, *one.bounds["hi95"], 1e-9]) - bottom) / step - 1e-9) + 1

    def row(value: float) -> int:
        return round((value - bottom) / step)

    cells = [[" "] * (len(history) + ahead) for _ in range(height)]
    for column, value in enumerate(history):
        cells[row(value)][column] = "•"
    for day in range(ahead):
        column = len(history) + day
        for low, high, shade in (("lo95", "hi95", "░"), ("lo80", "hi80", "▒")):
            for level in range(row(one.bounds[low][day]), row(one.bounds[high][day]) + 1):
                cells[level][column] = shade
        cells[row(one.bounds["mean"][day])][column] = "█"
    lines = [f"{one.title}: {one.method}"]
    for level in reversed(range(height)):
        label = _short(bottom + step * level, tick) if level % TICK_ROWS == 0 else ""
        lines.append(f"{label:>{LABEL}} ┤{''.join(cells[level]).rstrip()}")
    first = one.start - timedelta(days=len(history))
    planned = [
        event for event in one.events if first <= event.last and event.first < one.start + timedelta(ahead)
    ]
    if planned:
        days = [first + timedelta(days=column) for column in range(len(history) + ahead)]
        marks = ["▲" if any(event.first <= day <= event.last for event in planned) else " " for day in days]
        lines.append(f"{'':>{LABEL}}  {''.join(marks).rstrip()}")
    last = one.start + timedelta(days=ahead - 1)
    gap = max(1, len(history) - len(str(first)))
    lines.append(f"{'':>{LABEL}}  {first}{'':{gap}}{one.start}{'':{max(1, ahead - 20)}}{last}")
    names = f"   ▲ {', '.join(dict.fromkeys(event.name for event in planned))}" if planned else ""
    lines.append(f"{'':>{LABEL}}  • sold   █ projected   ▒ 80 %   ░ 95 %{names}")
    return lines


def _round_tick(span: float) -> float:
    """1, 2 or 5 times a power of ten, of which at most five reach over the span."""
    rough = span / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)


def _short(value: float, tick: float) -> str:
    """With as many digits as its tick needs, and thousands separated."""
    return f"{value:,.{max(0, -math.floor(math.log10(tick)))}f}"


def check_plot(path: Path) -> None:
    """Raises SalescastError for a name without a format, a folder that is not there, a missing library."""
    if path.suffix.lower() not in FORMATS:
        raise SalescastError(f"{path} is neither .png nor .svg; name the plot so")
    if not path.parent.is_dir():
        raise SalescastError(f"there is no folder {path.parent} to write the plot to; make it first")
    optional_libraries.require_dashboard("matplotlib")


def plot(path: Path, ones: list[Projected], currency: str) -> None:
    """A fan chart of each series in one PNG or SVG: history, mean, bands."""
    check_plot(path)
    import matplotlib as mpl  # 0.4 s

    mpl.use("Agg")
    from matplotlib import dates, ticker
    from matplotlib import pyplot as plt

    # Without a date and with a fixed salt, the same projection gives the same file.
    mpl.rcParams["svg.hashsalt"] = "salescast"
    figure, rows = plt.subplots(len(ones), 1, figsize=(10, 4 * len(ones)), squeeze=False)
    for axes, one in zip(rows[:, 0], ones, strict=True):
        past: list[Any] = [one.history_start + timedelta(days=day) for day in range(len(one.history))]
        days: list[Any] = [one.start + timedelta(days=day) for day in range(len(one.bounds["mean"]))]
        mean = one.bounds["mean"]
        if one.history:
            # The line goes on from the last sold day.
            axes.plot([past[-1], days[0]], [one.history[-1], mean[0]], color=PROJECTED, linewidth=1.8)
        axes.plot(past, one.history, color="#444444", linewidth=1.2, label="sold")
        axes.fill_between(days, one.bounds["lo95"], one.bounds["hi95"], color="#c6dbef", label="95 %")
        axes.fill_between(days, one.bounds["lo80"], one.bounds["hi80"], color="#6baed6", label="80 %")
        axes.plot(days, mean, color=PROJECTED, linewidth=1.8, label="projected")
        _mark(axes, one)
        title = f"{one.title}, with {len(mean)} projected days from {one.start:%d %B %Y}"
        axes.set_title(title, loc="left", pad=TITLE_PAD)
        concise: Any = dates.ConciseDateFormatter
        axes.xaxis.set_major_formatter(concise(axes.xaxis.get_major_locator()))
        axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _place: f"{value:,.10g}"))
        axes.set_ylabel(currency if one.measure == "revenue" else "units")
        axes.margins(x=0.01)
        axes.set_ylim(top=axes.get_ylim()[1] * HEADROOM)
        if min([*one.history, *one.bounds["lo95"]]) >= 0:
            axes.set_ylim(bottom=0)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(loc="upper left", ncols=4, frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=120, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
    plt.close(figure)


def _mark(axes: Any, one: Projected) -> None:
    """Shade the planned days that the chart reaches, with their name above them."""
    end = one.start + timedelta(days=len(one.bounds["mean"]) - 1)
    for event in one.events:
        first, last = max(event.first, one.history_start), min(event.last, end)
        if first <= last:
            half = timedelta(hours=12)
            left, right = (datetime.combine(day, datetime.min.time()) for day in (first, last))
            axes.axvspan(left - half, right + half, color=EVENT, alpha=0.12, linewidth=0)
            axes.annotate(
                event.name, (left, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 2),
                textcoords="offset points", color=EVENT, fontsize=8, va="bottom",
            )  # fmt: skip
