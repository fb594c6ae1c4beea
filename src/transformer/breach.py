"""What of an image keeps the contract, and which rule it breaks: asked only where the declared types refuse
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import ValidationError, convert

from attribute import is_absent, plainly
from contract import ATTRIBUTES, REQUIRED


def usual(image: Mapping[str, Any]) -> dict[str, Any]:
    """``image`` in the usual form: without what is absent or unknown, numbers written plainly."""
    return {
        name: plainly(attribute)
        for name, attribute in image.items()
        if name in ATTRIBUTES and not is_absent(attribute)
    }


def mended(old: Mapping[str, Any], image: Mapping[str, Any]) -> dict[str, Any]:
    """What of ``old`` keeps the contract; both in the usual form. Where its `Kind` does not, that of
    ``image`` counts: it may be mended, though it is fixed at insert.
    """
    broken = {name for name, attribute in old.items() if breach_of(name, attribute)}
    kind = {name: image[name] for name in broken if name in ("test", "entity") and name in image}
    return {name: attribute for name, attribute in old.items() if name not in broken} | kind


def breach(image: Mapping[str, Any]) -> str | None:
    """The first rule that ``image``, in the usual form, breaks, or None. Names the attribute, never its
    value.
    """
    for name in ATTRIBUTES:
        if name in image:
            if reason := breach_of(name, image[name]):
                return reason
        elif name in REQUIRED:
            return f"{name}: is missing"
    return None


def breach_of(name: str, attribute: Any) -> str | None:
    """The rule that the attribute ``name`` breaks, or None."""
    kind, rule = ATTRIBUTES[name]
    try:
        convert(attribute, kind)
        if all(map((rule.extra or {})["holds"], attribute.values())):
            return None
    except (TypeError, ValidationError):
        pass
    return f"{name}: must be {rule.description}"
