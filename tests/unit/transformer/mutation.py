"""Damage to changes, seeded: bytes, structure, values. For the property tests and `make fuzz`."""

from __future__ import annotations

import copy
import random
from typing import Any

import orjson

NUMBERS = [
    *("0", "-0", "1E+2", "1e-400", "NaN", "Infinity", "1_000", "\u0661", "0.00001", "2147483648"),
    *("99999999999999.9999", "100000000000000"),
]
INSTANTS = [
    *("2026-02-29T10:15:07.250Z", "2024-02-29T23:59:59.999Z"),
    *("2026-11-20T24:00:00.000Z", "0001-01-01T00:00:00.000Z"),
]
TEXTS = [
    *("", " ", "9" * 60, "\x00", "\u202eabc", "\U0001f680", "a\nb", "x" * 5000),
    *("INSERT", "MODIFY", "REMOVE", "WEB", "USD"),
]
SHAPES: list[Any] = [
    *([], {}, [[]], {"NULL": True}, {"BOOL": True}, {"BOOL": False}, {"S": "order"}, {"S": 5}, {"SS": ["a"]}),
]
PLAIN: list[Any] = [None, True, False, 0, -1, 1.5, 1e308]
WRAPPED: list[Any] = [{kind: text} for kind in "NS" for text in [*NUMBERS, *INSTANTS, *TEXTS]]
ODD: list[Any] = [*NUMBERS, *INSTANTS, *TEXTS, *SHAPES, *PLAIN, *WRAPPED]


def mutate(change: dict[str, Any], rng: random.Random) -> bytes:
    """JSON of ``change`` after one to four injuries; often still legal, sometimes no JSON at all."""
    changed = copy.deepcopy(change)
    for _ in range(rng.randint(1, 4)):
        _injure(changed, rng)
    data = orjson.dumps(changed)
    if rng.random() < 0.2:
        data = _garble(data, rng)
    return data


def _injure(changed: dict[str, Any], rng: random.Random) -> None:
    inner: Any = changed
    while True:
        keys = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
        if not keys:
            return
        key = rng.choice(keys)
        if isinstance(inner[key], dict | list) and inner[key] and rng.random() < 0.85:
            inner = inner[key]
            continue
        what = rng.random()
        if what < 0.25:
            del inner[key]
        elif what < 0.85:
            inner[key] = copy.deepcopy(rng.choice(ODD))
        elif isinstance(inner, dict):
            inner[rng.choice(["extra", "test", "entity", "discount", "stock_left", "S", "N"])] = (
                copy.deepcopy(rng.choice(ODD))
            )
        return


def _garble(data: bytes, rng: random.Random) -> bytes:
    garbled = bytearray(data)
    for _ in range(rng.randint(1, 5)):
        position = rng.randrange(len(garbled))
        what = rng.random()
        if what < 0.5:
            garbled[position] = rng.randrange(256)
        elif what < 0.75:
            del garbled[position : position + rng.randrange(1, 40)]
        else:
            garbled[position:position] = rng.randbytes(rng.randrange(1, 8))
        if not garbled:
            break
    return bytes(garbled)
