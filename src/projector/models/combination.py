"""The members' weights: what is believed beforehand, times how small their errors at past days were."""

import numpy as np

from models.smoothing import WEEK, Floats

EAGERNESS = 15.0  # how fast a member's weight falls with its excess of mean absolute error
WARINESS = 8  # the power of how much further
TRUSTED = 300  # days of history that make the weights as eager as that; few errors are hardly a reason


def weights(missed: Floats, prior: Floats, n: int) -> Floats:
    """(members,) weights that add up to 1, for a history of n days.

    missed: (members, origins, horizon) absolute errors, nan where the day has not come or has no value;
    prior: (members,).
    """
    known = np.isfinite(missed)
    if not known.any():
        return np.asarray(prior / prior.sum())
    errors = np.where(known, missed, 0.0).sum(axis=(1, 2)) / known.sum(axis=(1, 2))
    excess = (errors + 1e-12) / (errors.min() + 1e-12) - 1
    found = prior * np.exp(-EAGERNESS * min(1.0, n / TRUSTED) ** 2 * excess)
    return np.asarray(found / found.sum())


def trust(members: Floats, safe: Floats) -> Floats:
    """(members,) factors of the prior, 1.0 at most: less for one that begins further away from the `safe`
    member than it ever did at the origins: there the level has just moved, and the safe one follows.

    members: (members, origins, horizon), the last origin being the forecast's own; safe: (origins, horizon).
    """
    apart = np.abs(np.mean((members - safe)[:, :, :WEEK], axis=2))
    usual = np.max(apart[:, :-1], axis=1, initial=0.0) + 1e-9
    return np.asarray(np.minimum(1.0, usual / np.maximum(apart[:, -1], 1e-9)) ** WARINESS)
