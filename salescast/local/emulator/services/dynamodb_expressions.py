"""DynamoDB condition expressions, checked and split once per text.

Gap closed: MiniStack parses the expression of every item of a transaction again, though a program has a
handful of them. Both functions depend on the text alone.
"""

import functools
from collections.abc import Callable
from typing import Any

from ministack.services import dynamodb

from salescast.local.emulator import patching

_TEXTS = 1024


def apply() -> None:
    """Remember MiniStack's answers."""
    patching.wrap(dynamodb, "_condition_syntax_error", functools.lru_cache(_TEXTS))
    patching.wrap(dynamodb, "_tokenize", _remembered)


def _remembered(original: Callable[[str], list[Any]]) -> Callable[[str], list[Any]]:
    remembered = functools.lru_cache(_TEXTS)(lambda text: tuple(original(text)))

    # A list of the caller's own, as before.
    def tokenize(text: str) -> list[Any]:
        return list(remembered(text))

    return tokenize
