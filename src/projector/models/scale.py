"""Plain and logarithmic scale: `Scale(0.0)` changes nothing, `Scale(shift)` is log(v + shift)."""

from dataclasses import dataclass

import numpy as np

from models.smoothing import Floats

SHARE = 0.1  # of the mean of a day that is added before taking the logarithm
SMALL = 0.01
SOME = 0.003
LEAST = 0.02  # of the mean: a day below this has next to no sales
HIGHEST = 50.0  # a logarithm above this is cut off before it overflows


@dataclass(frozen=True, slots=True)
class Scale:
    """The working scale; `shift` in the units of the history, 0.0 for the plain one."""

    shift: float

    def forward(self, values: Floats) -> Floats:
        """From the units of the history to the working scale, any shape."""
        return np.asarray(np.log(np.maximum(values, 0.0) + self.shift)) if self.shift else values

    def back(self, values: Floats) -> Floats:
        """From the working scale to the units of the history, any shape."""
        return np.asarray(np.exp(np.minimum(values, HIGHEST)) - self.shift) if self.shift else values


def log_shift(z: Floats) -> float:
    """What to add to z (n,) before taking logarithms; 0.0 where a logarithmic scale makes no sense."""
    known = z[np.isfinite(z)]
    mean = float(np.mean(known))
    if known.min() < 0 or np.mean(known < LEAST * mean) >= 0.5:
        return 0.0
    local = np.array([np.median(known[max(0, day - 28) : day + 28]) for day in range(0, len(known), 28)])
    low = known < SHARE * np.repeat(local, 28)[: len(known)]
    return (SHARE if np.mean(low) > SOME else SMALL) * mean
