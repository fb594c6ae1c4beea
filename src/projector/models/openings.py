"""When a shop was open: runs of closed days, weekdays that opened or closed lately, a stray first order.

A day without sales means little demand only where the shop could sell. Days here are indices of a history
z (n,) from its first day on; a weekday is day % 7; 0.0 is a day without sales and nan a gap.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.smoothing import WEEK, Days, Floats

Flags = NDArray[np.bool_]

RARELY = 0.05  # share of sales on a weekday below which it is one on which the shop is shut
CLOSED_DAYS = 6  # without sales, of those on which the shop is open, that make a closure
LONG_RUN = 15  # days from the last sale before to the first one after
STEADY = 0.05  # share of days without sales outside of closures, above which zeros are no closures
CHANGED_WEEKS = 3  # of another kind than those before, that make a weekday opened or closed
BEFORE_WEEKS = 26  # before these that are looked at
LEAST_BEFORE = 6
CLEARLY = 0.9  # share of weeks that are of one kind
SHUT_WEEKS = 26  # without a sale, after which a weekday is shut whatever was before
STRAY_DAYS = 3  # at most, before a pause, that are no beginning
STRAY_PAUSE = 56  # days, and longer than twice every later pause


@dataclass(frozen=True, slots=True)
class Openings:
    """What members learn from: z with closures as gaps, and with what a weekday that opened lately would have
    sold before. `known` (n,) says which of its days were really sold; `shut` (7,) which weekdays are shut
    now; `notes` what was done."""

    z: Floats
    known: Flags
    shut: Flags
    notes: list[str]


def openings(z: Floats, feast: Flags) -> Openings:
    """Of a history z (n,); on `feast` (n,) days a shop may be shut every year."""
    found, notes = z.copy(), []
    closed = closures(z, feast)
    if closed.any():
        found[closed] = np.nan
        notes.append(f"{int(closed.sum())} closed days left out")
    shut, opened, now_closed = _shut(z), 0, 0
    days = np.arange(len(z))
    for weekday in range(WEEK):
        same = days[(days % WEEK == weekday) & np.isfinite(found)]
        weeks = _changed(found[same] != 0)
        if not weeks:
            continue
        recent, before = same[-weeks:], same[:-weeks]
        if found[same[-1]] == 0:
            if _others_sell(found, recent):
                found[recent], shut[weekday], now_closed = np.nan, True, now_closed + 1
        else:
            opened += 1
            zeros = before[found[before] == 0]
            others = np.array([_around(found, day) for day in np.concatenate([recent, zeros])])
            ratio = float(np.nanmedian(found[recent] / np.maximum(others[: len(recent)], 1e-9)))
            found[zeros] = ratio * others[len(recent) :]
    notes += [f"{opened} weekday(s) opened lately"] if opened else []
    notes += [f"{now_closed} weekday(s) closed lately"] if now_closed else []
    return Openings(found, np.isfinite(found) & (found == z), shut, notes)


def closures(z: Floats, feast: Flags) -> Flags:
    """Which days (n,) lie in runs without sales in a series that otherwise sells on all days it is open.

    A run at the end may be one that goes on, and is none. The feasts of a run that is not long are no part of
    it: what they sell is learned.
    """
    n = len(z)
    nothing = z == 0
    sold = np.isfinite(z) & ~nothing
    by_weekday = [sold[day::WEEK] for day in range(WEEK)]
    usual = np.array([bool(len(one)) and float(np.mean(one)) > RARELY for one in by_weekday])
    open_days = usual[np.arange(n) % WEEK]
    found = np.zeros(n, dtype=bool)
    places = np.nonzero(sold)[0]
    if not len(places):
        return found
    for before, after in pairwise(places):
        between = slice(before + 1, after)
        if after - before > CLOSED_DAYS and int((nothing & open_days)[between].sum()) >= CLOSED_DAYS:
            found[between] = nothing[between] & ~(feast[between] & (after - before <= LONG_RUN))
    outside = open_days & ~found & ~feast
    outside[places[-1] + 1 :] = False
    rate = float(np.mean(nothing[outside])) if outside.any() else 1.0
    return found if rate <= STEADY else np.zeros(n, dtype=bool)


def stray_days(z: Floats) -> int:
    """How many days to leave out at the beginning: those of one to three days with sales, far before all
    others, and the pause after them."""
    sold = np.nonzero(np.nan_to_num(z) != 0)[0]
    pauses = np.diff(sold)
    for count in range(min(STRAY_DAYS, len(pauses) - 1), 0, -1):
        later = int(np.max(pauses[count:]))
        enough = len(sold) - count >= 4 * STRAY_DAYS
        if enough and pauses[count - 1] >= STRAY_PAUSE and pauses[count - 1] > 2 * later:
            return int(sold[count])
    return 0


def _shut(z: Floats) -> Flags:
    """Which weekdays had no sale in the last 26 weeks, with at least four days to show it."""
    recent: Days = np.arange(max(0, len(z) - SHUT_WEEKS * WEEK), len(z))
    same = [z[recent[recent % WEEK == day]] for day in range(WEEK)]
    return np.array([len(one) >= 4 and bool((one == 0).all()) for one in same])


def _changed(sold: Flags) -> int:
    """For how many of the last weeks a weekday has been of another kind than clearly before; else 0."""
    same = sold == sold[-1] if len(sold) else sold
    weeks = int(np.argmin(same[::-1])) if not same.all() else 0
    before = same[-weeks - BEFORE_WEEKS : -weeks] if weeks else same[:0]
    changed = CHANGED_WEEKS <= weeks < SHUT_WEEKS and len(before) >= LEAST_BEFORE
    return weeks if changed and float(np.mean(~before)) >= CLEARLY else 0


def _others_sell(z: Floats, days: Days) -> bool:
    """Whether the days around these sold, so that it is the weekday that is shut and not the shop."""
    return all(_around(z, day) > 0 for day in days)


def _around(z: Floats, day: int) -> float:
    """Mean of the days with sales within three days of this one; nan without any."""
    near = np.concatenate([z[max(0, day - 3) : day], z[day + 1 : day + 4]])
    near = near[np.isfinite(near) & (near != 0)]
    return float(near.mean()) if len(near) else float("nan")
