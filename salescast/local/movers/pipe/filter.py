"""FilterCriteria of a pipe: which events go to the target.

Keeps (Pipes guide, filtering; EventBridge guide, content filtering): up to five patterns, one of which has to
match; every member of a pattern has to; a list means one of its values; exact texts, numbers and null,
`prefix`, `suffix`, `equals-ignore-case`, `anything-but` (values or a prefix), `numeric`, `exists`; of an
array in the event one element has to match.

Leaves out, and refuses by name: `cidr`, `wildcard`, `$or`.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable
from typing import Any

Matches = Callable[[Any], bool]
MOST = 5
ABSENT = object()
_COMPARISONS = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
}


class UnsupportedFilterError(ValueError):
    """A pattern that is no JSON object, or uses an operator that does not run here."""


def filter_of(patterns: tuple[str, ...]) -> Matches:
    """The function that tells whether an event passes; every event does where there is no pattern.

    Raises UnsupportedFilterError.
    """
    if len(patterns) > MOST:
        raise UnsupportedFilterError(f"{len(patterns)} filters are more than Pipes takes, {MOST}")
    rules = [_pattern(text) for text in patterns]
    return lambda event: not rules or any(rule(event) for rule in rules)


def _pattern(text: str) -> Matches:
    try:
        pattern = json.loads(text)
    except ValueError as error:
        raise UnsupportedFilterError(f"the filter pattern {text!r} is no JSON") from error
    if not isinstance(pattern, dict):
        raise UnsupportedFilterError(f"the filter pattern {text!r} is no JSON object")
    return _members(pattern)


def _members(pattern: dict[str, Any]) -> Matches:
    rules: list[tuple[str, Matches]] = []
    for name, part in pattern.items():
        if name == "$or":
            raise UnsupportedFilterError("the filter operator $or does not run here")
        if isinstance(part, dict):
            rules.append((name, _members(part)))
        elif isinstance(part, list):
            rules.append((name, _any_of([_value(one) for one in part])))
        else:
            raise UnsupportedFilterError(f"the filter's {name} must be a list or an object")

    def matches(event: Any) -> bool:
        values = event if isinstance(event, dict) else {}
        return all(rule(values.get(name, ABSENT)) for name, rule in rules)

    return matches


def _any_of(rules: list[Matches]) -> Matches:
    def matches(value: Any) -> bool:
        values = value if isinstance(value, list) else [value]
        return any(rule(one) for rule in rules for one in values)

    return matches


def _value(wanted: Any) -> Matches:
    if not isinstance(wanted, dict):
        # True is no 1 in JSON.
        return lambda value: (type(value) is type(wanted) and value == wanted) or _same_number(value, wanted)
    ((name, operand),) = wanted.items()
    if name == "exists":
        return lambda value: (value is not ABSENT) == operand
    if name == "prefix" and isinstance(operand, str):
        return lambda value: isinstance(value, str) and value.startswith(operand)
    if name == "suffix" and isinstance(operand, str):
        return lambda value: isinstance(value, str) and value.endswith(operand)
    if name == "equals-ignore-case":
        return lambda value: isinstance(value, str) and value.lower() == operand.lower()
    if name == "anything-but":
        parts = operand if isinstance(operand, list) else [operand]
        refused = [_value(part) for part in parts]
        return lambda value: value is not ABSENT and not any(rule(value) for rule in refused)
    if name == "numeric":
        bounds = list(zip(operand[::2], operand[1::2], strict=True))
        return lambda value: (
            _is_number(value) and all(_COMPARISONS[sign](value, limit) for sign, limit in bounds)
        )
    raise UnsupportedFilterError(f"the filter operator {name} does not run here")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same_number(value: Any, wanted: Any) -> bool:
    return _is_number(value) and _is_number(wanted) and bool(value == wanted)
