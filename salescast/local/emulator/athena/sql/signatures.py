"""Functions as they are declared in the tables of functions/, and which one a call means.

A line is `name(types) -> type = expression`: Trino's signature, and DuckDB's expression over the arguments a,
b, c, d. T, K, V, U stand for any type, `T...` for one or more, `function(T,U)` for a lambda, and `decimal`
for any precision and scale, which the result keeps. What is indented goes on with the line before.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from salescast.local.emulator.athena.sql import kinds
from salescast.local.emulator.athena.sql.kinds import Kind

_LINE = re.compile(r"(?P<name>\w+)\((?P<types>.*?)\) -> (?P<returns>.+?) = (?P<body>.+)")
_CONTINUED = re.compile(r"\n +")
_MAY_NOT = 1000
"""More steps than any conversion takes."""


@dataclass(frozen=True)
class Signature:
    """One way to call a function; `name` is Trino's, `body` DuckDB's expression."""

    name: str
    parameters: tuple[str, ...]
    returns: str
    body: str
    number: int

    @property
    def macro(self) -> str:
        """The name of the macro that DuckDB has for it."""
        return f"trino_{self.name}_{self.number}"

    @property
    def has_lambda(self) -> bool:
        """Whether it takes a function."""
        return any(parameter.startswith("function(") for parameter in self.parameters)

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.parameters)})"


@dataclass(frozen=True)
class Match:
    """A signature for a call: what the arguments become, and the result's kind."""

    signature: Signature
    parameters: tuple[Kind | None, ...]
    bindings: dict[str, Kind]

    def __deepcopy__(self, _: dict[int, Any]) -> "Match":
        return self  # as a Kind

    @property
    def returns(self) -> Kind:
        """The result's kind."""
        return filled(self.signature.returns, self.bindings)


def declared(table: str) -> dict[str, list[Signature]]:
    """The signatures of a table by name."""
    functions: dict[str, list[Signature]] = {}
    for line in filter(None, _CONTINUED.sub(" ", table).split("\n")):
        match = _LINE.fullmatch(line)
        assert match, line
        known = functions.setdefault(match["name"], [])
        parameters = tuple(split(match["types"]))
        known.append(Signature(match["name"], parameters, match["returns"], match["body"], len(known)))
    return functions


def split(text: str) -> Iterator[str]:
    """The parts of a list, at the commas that stand in no parentheses."""
    depth, part = 0, ""
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            yield part.strip()
            part = ""
        else:
            part += letter
    if part.strip():
        yield part.strip()


def matching(signatures: Sequence[Signature], arguments: Sequence[Kind | None]) -> Match | None:
    """The signature whose parameters the arguments are or become in the fewest steps.

    None stands for a lambda, whose kind comes later.
    """
    best: tuple[int, Match] | None = None
    for signature in signatures:
        parameters = _spread(signature.parameters, len(arguments))
        if parameters is None:
            continue
        bindings: dict[str, Kind] = {}
        total = 0
        for pattern, argument in zip(parameters, arguments, strict=True):
            total += _bound(pattern, argument, bindings)
        if total < _MAY_NOT and (best is None or total < best[0]):
            targets = tuple(
                None if pattern.startswith("function(") else filled(pattern, bindings)
                for pattern in parameters
            )
            best = total, Match(signature, targets, bindings)
    return best[1] if best else None


def _spread(parameters: tuple[str, ...], count: int) -> tuple[str, ...] | None:
    if parameters and parameters[-1].endswith("..."):
        fixed = parameters[:-1]
        more = count - len(fixed)
        return None if more < 1 else (*fixed, *[parameters[-1].removesuffix("...")] * more)
    return parameters if len(parameters) == count else None


def _bound(pattern: str, argument: Kind | None, bindings: dict[str, Kind]) -> int:
    """The steps from an argument to a parameter; notes what the letters of the parameter stand for."""
    if pattern.startswith("function("):
        return 0 if argument is None else _MAY_NOT
    if argument is None:
        return _MAY_NOT
    if len(pattern) == 1:
        before = bindings.get(pattern)
        both = argument if before is None else kinds.common(before, argument)
        if both is None:
            return _MAY_NOT
        bindings[pattern] = both
        return 0 if before in (None, argument) else 1
    name, _, inner = pattern.partition("(")
    if inner:
        parts = list(split(inner[:-1]))
        if argument.name == "unknown":
            for part in parts:
                _bound(part, kinds.UNKNOWN, bindings)
            return 1
        if argument.name != name or len(parts) != len(argument.parameters):
            return _MAY_NOT
        inside = [of[1] if name == "row" else of for of in argument.parameters]
        return sum(_bound(part, of, bindings) for part, of in zip(parts, inside, strict=True))
    if name == "decimal":
        digits = kinds.size(argument)
        if digits is None and argument.name != "unknown":
            return _MAY_NOT
        bindings["decimal"] = kinds.decimal(*(digits or (1, 0)))
        return 0 if argument.name == "decimal" else 3
    found = kinds.steps(argument, Kind(name))
    return _MAY_NOT if found is None else found


def filled(pattern: str, bindings: dict[str, Kind]) -> Kind:
    """The kind that a pattern is, its letters replaced."""
    if pattern in bindings:
        return bindings[pattern]
    if len(pattern) == 1:
        return kinds.UNKNOWN
    name, _, inner = pattern.partition("(")
    if not inner:
        return Kind(name)
    if name == "decimal":
        precision, scale = (int(number) for number in inner[:-1].split(","))
        return kinds.decimal(precision, scale)
    if name == "row":
        return Kind("row", tuple(("", filled(part, bindings)) for part in split(inner[:-1])))
    return Kind(name, tuple(filled(part, bindings) for part in split(inner[:-1])))
