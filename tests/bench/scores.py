"""How far forecasts were off, and how often a day was inside its interval."""

from __future__ import annotations

import resource
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from tests.bench.forecasters import MONTH, WEEK, Model, Series


@dataclass
class Score:
    """Sums over forecasts of one model."""

    mases: list[float] = field(default_factory=list)
    error: float = 0.0
    actual: float = 0.0
    inside: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    seconds: float = 0.0  # of processor time, which other work on the machine does not lengthen much
    sums: list[tuple[float, float]] = field(default_factory=list)  # of 28 days: projected, actual
    inside_sum: list[bool] = field(default_factory=list)

    def add(self, model: Model, series: Series, origin: int, horizon: int) -> None:
        """One forecast more, from the days before `origin`; none where no day of its horizon is known."""
        past, truth = series.values[:origin], series.values[origin : origin + horizon]
        known = np.isfinite(truth)
        if not known.any():
            return
        begin = _processor()
        found = model(series, origin, horizon)
        self.seconds += _processor() - begin
        error = np.abs(truth - found["mean"])[known]
        naive = np.nanmean(np.abs(past[WEEK:] - past[:-WEEK]))
        self.mases.append(float(error.mean() / max(naive, 1e-9)))
        self.error += float(error.sum())
        self.actual += float(np.abs(truth[known]).sum())
        for level in ("80", "95"):
            if f"lo{level}" in found:
                inside = (found[f"lo{level}"] <= truth) & (truth <= found[f"hi{level}"])
                self.inside[level] += inside[known].tolist()
        month = truth[:MONTH]
        if horizon >= MONTH and np.isfinite(month).all():
            own = found.get("sum28", np.array([found["mean"][:MONTH].sum()]))
            self.sums.append((float(own[0]), float(month.sum())))
            if len(own) > 1:
                self.inside_sum.append(bool(own[1] <= month.sum() <= own[2]))

    @classmethod
    def together(cls, scores: Iterable[Score]) -> Score:
        total = cls()
        for one in scores:
            total.mases += one.mases
            total.error += one.error
            total.actual += one.actual
            total.seconds += one.seconds
            total.sums += one.sums
            total.inside_sum += one.inside_sum
            for level, days in one.inside.items():
                total.inside[level] += days
        return total

    @property
    def mase(self) -> float:
        """Mean over forecasts of the absolute error, in units of what repeating last week missed before."""
        return float(np.mean(self.mases))

    @property
    def wape(self) -> float:
        """The sum of absolute errors as a share of the sum of what was sold."""
        return self.error / max(self.actual, 1e-9)

    @property
    def bias(self) -> float:
        """How much more than was sold the sums of 28 days are, as a share of what was sold; nan for none."""
        projected, actual = np.array(self.sums).reshape(-1, 2).sum(axis=0)
        return float((projected - actual) / actual) if actual else float("nan")

    def covered(self, level: str) -> float:
        """The share of days inside the interval; nan for a model without intervals."""
        return float(np.mean(self.inside[level])) if self.inside[level] else float("nan")

    @property
    def covered_sum(self) -> float:
        """The share of sums of 28 days inside their 80 % interval; nan for a model without intervals."""
        return float(np.mean(self.inside_sum)) if self.inside_sum else float("nan")


def _processor() -> float:
    """Seconds of processor time of this process and of those that it has waited for."""
    used = (resource.getrusage(which) for which in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)
