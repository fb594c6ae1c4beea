"""Projections as charts: of text in the terminal, or as a PNG or SVG."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from salescast.functions.project import Projected
from salescast.stack import optional_libraries
from salescast.stack.errors import SalescastError

FORMATS = (".png", ".svg")
PLOT_DAYS = 56  # of history in the terminal: with 28 days ahead, one column a day fits 96 columns
PLOT_HEIGHT = 14
LABEL = 11


def terminal(one: Projected, height: int = PLOT_HEIGHT) -> list[str]:
    """A plot of text, one column a day: sold days, the mean, and the two intervals as shades."""
    history = one.history[-PLOT_DAYS:]
    ahead = len(one.bounds["mean"])
    top = max([*history, *one.bounds["hi95"], 1e-9])
    bottom = min([*history, *one.bounds["lo95"], 0.0])

    def row(value: float) -> int:
        return round((value - bottom) / (top - bottom) * (height - 1))

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
        value = bottom + (top - bottom) * level / (height - 1)
        label = f"{value:,.0f}" if level % 3 == 0 or level == height - 1 else ""
        lines.append(f"{label:>{LABEL}} ┤{''.join(cells[level]).rstrip()}")
    first = one.start - timedelta(days=len(history))
    last = one.start + timedelta(days=ahead - 1)
    gap = max(1, len(history) - len(str(first)))
    lines.append(f"{'':>{LABEL}}  {first}{'':{gap}}{one.start}{'':{max(1, ahead - 20)}}{last}")
    lines.append(f"{'':>{LABEL}}  • sold   █ projected   ▒ 80 %   ░ 95 %")
    return lines


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
    from matplotlib import pyplot as plt

    # Without a date and with a fixed salt, the same projection gives the same file.
    mpl.rcParams["svg.hashsalt"] = "salescast"
    figure, rows = plt.subplots(len(ones), 1, figsize=(10, 4 * len(ones)), squeeze=False)
    for axes, one in zip(rows[:, 0], ones, strict=True):
        past: list[Any] = [one.history_start + timedelta(days=day) for day in range(len(one.history))]
        days: list[Any] = [one.start + timedelta(days=day) for day in range(len(one.bounds["mean"]))]
        axes.plot(past, one.history, color="#444444", linewidth=1.2, label="sold")
        axes.fill_between(days, one.bounds["lo95"], one.bounds["hi95"], color="#c6dbef", label="95 %")
        axes.fill_between(days, one.bounds["lo80"], one.bounds["hi80"], color="#6baed6", label="80 %")
        axes.plot(days, one.bounds["mean"], color="#08519c", linewidth=1.8, label="projected")
        axes.set_title(one.title, loc="left")
        axes.set_ylabel(currency if one.measure == "revenue" else "units")
        axes.margins(x=0.01)
        if min([*one.history, *one.bounds["lo95"]]) >= 0:
            axes.set_ylim(bottom=0)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(loc="upper left", ncols=4, frameon=False)
    figure.autofmt_xdate()
    figure.tight_layout()
    figure.savefig(path, dpi=120, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
    plt.close(figure)
