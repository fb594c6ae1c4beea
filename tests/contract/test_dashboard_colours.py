"""The dashboard's colours stand out from their background, also for the colour-blind."""

from __future__ import annotations

import itertools
import tomllib
from typing import Any

import numpy as np
import pytest

from tests.template import ROOT

THEME: dict[str, Any] = tomllib.loads(
    (ROOT / "salescast" / "dashboard" / "app" / ".streamlit" / "config.toml").read_text()
)["theme"]
MODES = ("light", "dark")
# WCAG 2.1, 1.4.3 and 1.4.11: text, and what is needed to understand graphics.
TEXT, GRAPHICS = 4.5, 3.0
# Twenty just noticeable differences of CIE 1976.
APART = 20.0
# Machado, Oliveira and Fernandes 2009, severity 1.0, for linear RGB.
SIGHTS = {
    "all": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def option(mode: str, name: str) -> Any:
    """What the mode says, else what holds for both."""
    return THEME[mode].get(name, THEME.get(name))


def linear(colour: str) -> Any:
    """Linear RGB of #RRGGBB (IEC 61966-2-1)."""
    part = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """WCAG 2.1's contrast ratio."""
    high, low = sorted((float(XYZ[1] @ linear(colour)) for colour in (one, other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def lab(colour: str, sight: str) -> Any:
    """CIE L*a*b* (D65) of the colour as it is seen."""
    white = XYZ @ np.ones(3)
    ratio = XYZ @ np.clip(SIGHTS[sight] @ linear(colour), 0, 1) / white
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_the_measures_are_right() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    assert lab("#FFFFFF", "all") == pytest.approx([100, 0, 0], abs=0.01)
    assert lab("#FF0000", "all") == pytest.approx([53.24, 80.09, 67.20], abs=0.05)
    for matrix in SIGHTS.values():  # grey stays grey
        assert matrix.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_colours_stand_out_from_their_background(mode: str) -> None:
    background = option(mode, "backgroundColor")
    for colour in [option(mode, "primaryColor"), *option(mode, "chartCategoricalColors")]:
        assert contrast(colour, background) >= GRAPHICS, colour
    for ground in (background, option(mode, "secondaryBackgroundColor")):
        assert contrast(option(mode, "textColor"), ground) >= TEXT, ground


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("mode", MODES)
def test_the_first_three_colours_are_told_apart(mode: str, sight: str) -> None:
    first = option(mode, "chartCategoricalColors")[:3]
    for one, other in itertools.combinations(first, 2):
        assert np.linalg.norm(lab(one, sight) - lab(other, sight)) > APART, (one, other)
