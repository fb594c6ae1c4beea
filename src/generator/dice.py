"""Numbers that look random and never change: the same key gives the same numbers on every machine and Python.

Python's own `hash()` differs per process and `random` promises little across versions, so the numbers are
taken from BLAKE2b (RFC 7693) of a key.
"""

import hashlib
import struct

_WORDS = struct.Struct(">8Q")
_NUMBERS = struct.Struct(">qqq")
_SCALE = 2.0**-53

Uniforms = tuple[float, float, float, float, float, float, float, float]


def root(*parts: object) -> "hashlib.blake2b":
    """Start of a key: everything that all numbers of a series share, such as seed and catalogue version."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=64)


def uniforms(start: "hashlib.blake2b", a: int, b: int = 0, c: int = 0) -> Uniforms:
    """Eight independent numbers in [0, 1), 53 bits each, for the key (start, a, b, c)."""
    key = start.copy()
    key.update(_NUMBERS.pack(a, b, c))
    first, second, third, fourth, fifth, sixth, seventh, eighth = _WORDS.unpack(key.digest())
    return (
        (first >> 11) * _SCALE,
        (second >> 11) * _SCALE,
        (third >> 11) * _SCALE,
        (fourth >> 11) * _SCALE,
        (fifth >> 11) * _SCALE,
        (sixth >> 11) * _SCALE,
        (seventh >> 11) * _SCALE,
        (eighth >> 11) * _SCALE,
    )
