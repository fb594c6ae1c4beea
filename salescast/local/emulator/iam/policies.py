"""Policy documents, parsed once per text.

Gap closed: MiniStack parses every policy of a caller anew for each request. What it makes of a document
depends on the text alone, and it reads the statements without changing them.
"""

import functools
from collections.abc import Callable
from typing import Any

from ministack.core import iam_evaluator

from salescast.local.emulator import patching

_DOCUMENTS = 512


def apply() -> None:
    """Remember what MiniStack parsed."""
    patching.wrap(iam_evaluator, "parse_policy_document", _remembered)


def _remembered(original: Callable[[Any], list[Any]]) -> Callable[[Any], list[Any]]:
    remembered = functools.lru_cache(_DOCUMENTS)(lambda text: tuple(original(text)))

    # A list of the caller's own, as before; a document that is parsed already is none of many.
    def parse(document: Any) -> list[Any]:
        return list(remembered(document)) if isinstance(document, str) else original(document)

    return parse
