"""Robust ridge regression, from the whole history and again from every rolling origin.

Huber's loss by iteratively reweighted least squares (Huber, Robust Estimation of a Location Parameter, 1964;
Holland and Welsch, Robust Regression Using Iteratively Reweighted Least-Squares, 1977). The origins reuse the
weights of the whole fit, and their Gram matrices are partial sums of its own, so that all of them cost
about as much as one more fit.
"""

import numpy as np

from models.design import Design
from models.smoothing import Days, Floats

REWEIGHTINGS = 4
DELTA = 1.0  # robust standard deviations from which on an error counts linearly
NORMAL = 1.4826  # standard deviations in a median absolute deviation of normal errors


def coefficients(design: Design, work: Floats, origins: Days) -> Floats:
    """(origins, p) coefficients from the days before each origin, the last one being n.

    work (n,): the history on the working scale, standardised; nan is a day without a value.
    """
    n = len(work)
    rows = design.columns[:n]
    known = np.isfinite(work)
    target = np.where(known, work, 0.0)
    roughness, special = design.roughness, design.special[:n]
    full = roughness + np.diag(design.penalty(n))
    weights = known.astype(np.float64)
    for _ in range(REWEIGHTINGS):
        weighted = rows * weights[:, None]
        found = np.linalg.solve(rows.T @ weighted + full, weighted.T @ target)
        errors = np.abs(target - rows @ found)
        limit = DELTA * NORMAL * float(np.median(errors[known])) + 1e-9
        # A feast with a column of its own is expected to be far off: it is no error of the records.
        weights = known * np.where(special, 1.0, np.minimum(1.0, limit / np.maximum(errors, limit)))
    weighted = rows * weights[:, None]
    size = rows.shape[1]
    grams, moments = np.empty((len(origins), size, size)), np.empty((len(origins), size))
    gram, moment, before = np.zeros((size, size)), np.zeros(size), 0
    for place, origin in enumerate(origins):
        part = slice(before, origin)
        gram = gram + rows[part].T @ weighted[part]
        moment = moment + weighted[part].T @ target[part]
        grams[place], moments[place], before = gram, moment, int(origin)
        # Knots after the origin touch none of its days; the level's roughness ends with its last knot.
        grams[place] += roughness + np.diag(design.penalty(int(origin)))
        beyond = np.nonzero(design.ends > origin - 1)[0]
        if len(beyond):
            last = beyond[0] - 1
            grams[place][last, last] -= roughness[last, last + 1] * -1
            grams[place][last, beyond[0]] = grams[place][beyond[0], last] = 0.0
    return np.asarray(np.linalg.solve(grams, moments[:, :, None])[:, :, 0])
