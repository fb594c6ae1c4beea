"""The projection of a series that sells on most days: members, their combination, intervals."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models import additive, combination, explanation, feasts, holt_winters
from models.design import YEAR_SEEN, Season, design
from models.openings import Flags
from models.origins import origins
from models.scale import Scale, log_shift
from models.smoothing import WEEK, Days, Floats

PRIOR_PLAIN, PRIOR_LOG, PRIOR_SMOOTHED = 1.0, 2.0, 1.0
# Where the regression does not know the year yet, it takes a season for a trend, the more so the longer it
# goes on: Holt-Winters is believed more, and fully so from a history of so many days on.
SMOOTHED_WITHOUT_YEAR, FULLY = 24.0, 200


@dataclass(frozen=True, slots=True)
class Course:
    """What the ensemble expects and how it did before.

    mean (horizon,); errors (origins, horizon), actual minus forecast, nan where the day has not come; origins
    (origins + 1,); the method; in sentences what it rests on and what the days since the last origin changed;
    swell (horizon,), how many times as wide as an ordinary day's its intervals are; the season that others
    may share, where it has a year of its own.
    """

    mean: Floats
    errors: Floats
    origins: Days
    method: str
    explanation: str
    swell: Floats
    season: Season | None


def course(
    z: Floats,
    known: Flags,
    horizon: int,
    start: dt.date | None,
    named: Mapping[str, Floats],
    season: Season | None = None,
) -> Course:
    """Of a history z (n,) with gaps nan, whose first day is `start`; errors count on `known` (n,) days.

    named: by name, columns (n + horizon,) of feasts and events; season: another series', for one too young
    for a year of its own.
    """
    n = len(z)
    days = origins(n)
    shift = log_shift(z)
    scales = [Scale(0.0), Scale(shift)] if shift else [Scale(0.0)]
    columns = design(z, horizon, start, named, season)
    names = [*("additive", "additive log")[: len(scales)], "Holt-Winters"]
    smoothed_prior = PRIOR_SMOOTHED if columns.waves else SMOOTHED_WITHOUT_YEAR * min(1.0, n / FULLY)
    prior = np.array([*(PRIOR_PLAIN, PRIOR_LOG)[: len(scales)], smoothed_prior])
    sums = [additive.forecasts(z, columns, scale, days, horizon) for scale in scales]
    # Smoothing knows no feasts, and takes those of the past as outliers: it borrows them.
    smoothed = holt_winters.forecasts(z, scales, days, horizon) + sums[-1].feasts
    members = np.stack([*(one.mean for one in sums), smoothed])
    prior[:-1] *= combination.trust(members[:-1], smoothed)
    ahead = days[:-1, None] + np.arange(horizon)
    sold = np.where(known, z, np.nan)
    actual = np.where(ahead < n, sold[np.minimum(ahead, n - 1)], np.nan)
    shares = combination.weights(np.abs(actual - members[:, :-1]), prior, n)
    combined = np.tensordot(shares, members, axes=1)
    words = [_members(dict(zip(names, shares, strict=True)))]
    words += ["year" if n >= YEAR_SEEN else "shared year"] if columns.waves else []
    words += ["feasts"] if columns.names else []
    words += ["holidays"] if any(name.startswith(feasts.HOLIDAY) for name in columns.names) else []
    # Of a feast that multiplies a day, the uncertainty is a multiple too.
    ordinary = combined[-1] - sums[-1].feasts[-1]
    swell = np.where(ordinary > 0, combined[-1] / np.where(ordinary > 0, ordinary, 1.0), 1.0)
    basis = [explanation.rests_on(int(np.isfinite(z).sum()), sums[-1], columns, start, horizon)]
    since = int(days[-1] - days[-2]) if len(days) > 1 else horizon
    if horizon - since >= WEEK:
        basis.append(explanation.changed(combined[-2, since:], combined[-1, : horizon - since], since))
    own = None
    if start is not None and n >= YEAR_SEEN:
        effect = sums[-1].season
        own = Season(start, effect / (float(np.std(effect)) + 1e-9))
    return Course(
        combined[-1],
        actual - combined[:-1],
        days,
        ", ".join(words),
        " ".join(basis),
        np.maximum(1.0, swell),
        own,
    )


def _members(shares: dict[str, float]) -> str:
    """Names and shares of the members, the largest first."""
    largest = sorted(shares, key=lambda name: -shares[name])
    return " + ".join(f"{name} {100 * shares[name]:.0f} %" for name in largest if shares[name] >= 0.005)
