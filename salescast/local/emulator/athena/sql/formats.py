"""Formats that are literals: of dates, of format(), of regular expressions, in DuckDB's words."""

import re

from sqlglot import exp

from salescast.local.emulator.athena.errors import QueryError, place
from salescast.local.emulator.athena.sql import kinds
from salescast.local.emulator.athena.sql.kinds import kind_of

_MYSQL = {
    "a": "%a",
    "b": "%b",
    "c": "%-m",
    "d": "%d",
    "e": "%-d",
    "f": "%f",
    "H": "%H",
    "h": "%I",
    "I": "%I",
    "i": "%M",
    "j": "%j",
    "k": "%-H",
    "l": "%-I",
    "M": "%B",
    "m": "%m",
    "p": "%p",
    "r": "%I:%M:%S %p",
    "S": "%S",
    "s": "%S",
    "T": "%H:%M:%S",
    "v": "%V",
    "W": "%A",
    "x": "%G",
    "Y": "%Y",
    "y": "%y",
    "%": "%%",
}
_NOT_IN_TRINO = "DUuVwX"
_JODA = {
    "y": "%Y",
    "yy": "%y",
    "yyyy": "%Y",
    "M": "%-m",
    "MM": "%m",
    "MMM": "%b",
    "MMMM": "%B",
    "d": "%-d",
    "dd": "%d",
    "E": "%a",
    "EE": "%a",
    "EEE": "%a",
    "EEEE": "%A",
    "H": "%-H",
    "HH": "%H",
    "h": "%-I",
    "hh": "%I",
    "m": "%-M",
    "mm": "%M",
    "s": "%-S",
    "ss": "%S",
    "SSS": "%g",
    "a": "%p",
    "D": "%-j",
    "DDD": "%j",
    "ww": "%V",
    "e": "%u",
    "xxxx": "%G",
}
_JODA_TOKEN = re.compile(r"'((?:[^']|'')*)'|([a-zA-Z])\2*|[^a-zA-Z']+")
_CONVERSION = re.compile(r"%(?P<flags>[,0]*)(?P<width>[0-9]*)(?:\.(?P<digits>[0-9]+))?(?P<letter>.)")


def mysql(layout: exp.Expr) -> str:
    """A format of date_format and date_parse for strftime and strptime."""

    def directive(found: re.Match[str]) -> str:
        letter = found[1]
        if letter in _NOT_IN_TRINO:
            raise QueryError(f"INVALID_FUNCTION_ARGUMENT: %{letter} not supported in date format string")
        return _MYSQL.get(letter, letter)

    return re.sub(r"%(.)", directive, layout.name, flags=re.DOTALL)


def joda(layout: exp.Expr) -> str:
    """A format of format_datetime and parse_datetime."""
    parts = []
    for token in _JODA_TOKEN.finditer(layout.name):
        if token[1] is not None:
            parts.append((token[1].replace("''", "'") or "'").replace("%", "%%"))
        elif token[2] is None:
            parts.append(token[0].replace("%", "%%"))
        elif token[0] in _JODA:
            parts.append(_JODA[token[0]])
        else:
            raise QueryError(
                f"NOT_SUPPORTED: {place(layout)}: the laptop's Athena has no '{token[0]}' in a date format"
            )
    return "".join(parts)


def replacement(node: exp.Expr) -> str:
    """A replacement of regexp_replace: $1 is a group, a backslash takes the next sign as it is."""

    def part(found: re.Match[str]) -> str:
        if found[1]:
            return "\\" + found[1]
        if found[2]:
            return "\\\\" if found[2] == "\\" else found[2]
        raise QueryError(
            f"NOT_SUPPORTED: {place(node)}: the laptop's Athena has no '{found[0]}' in a replacement"
        )

    return re.sub(r"\$([0-9])|\\(.)|\$\{?\w*\}?", part, node.name)


def formatted(node: exp.Anonymous) -> exp.Expr:
    """format(): its conversions of texts and numbers."""
    layout, *values = node.expressions
    parts: list[exp.Expr] = []
    rest, end = list(values), 0
    for found in _CONVERSION.finditer(layout.name):
        parts.append(exp.Literal.string(layout.name[end : found.start()]))
        end = found.end()
        if found["letter"] == "%":
            parts.append(exp.Literal.string("%"))
        elif found["letter"] == "n":
            parts.append(exp.Literal.string("\n"))
        else:
            if not rest:
                raise QueryError(f"INVALID_FUNCTION_ARGUMENT: Invalid format string: {layout.name}")
            parts.append(_conversion(found, rest.pop(0)))
    parts.append(exp.Literal.string(layout.name[end:]))
    return exp.Anonymous(this="concat", expressions=parts)


def _conversion(found: re.Match[str], value: exp.Expr) -> exp.Expr:
    kind, flags, width, letter = kind_of(value), found["flags"], found["width"], found["letter"]
    text: exp.Expr | None = None
    if (
        letter == "s"
        and not flags
        and kind.name in ("varchar", "date", "boolean", "decimal", *kinds.INTEGERS)
    ):
        text = exp.Cast(this=value.copy(), to=exp.DataType.build("VARCHAR"))
        text = _or_null(text)
        if width:
            text = _function(
                "lpad",
                text,
                exp.func("GREATEST", _number(width), _function("length", text.copy())),
                _text(" "),
            )
        return text
    if letter == "d" and kind.name in kinds.INTEGERS and flags in ("", "0", ","):
        if flags == ",":
            text = _function("format", _text("{:,}"), value.copy())
        else:
            text = _function("printf", _text(f"%{flags}{width}d"), value.copy())
        return _or_null(text)
    if letter == "f" and kind.name in ("double", "decimal") and flags == "" and not width:
        digits = int(found["digits"] or 6)
        exact = exp.DataType.build(f"DECIMAL(38, {digits})")
        shortest = exp.Cast(this=value.copy(), to=exp.DataType.build("VARCHAR"))
        return _or_null(exp.Cast(this=exp.Cast(this=shortest, to=exact), to=exp.DataType.build("VARCHAR")))
    raise QueryError(
        f"NOT_SUPPORTED: {place(value)}: the laptop's Athena has no '{found[0]}' for {kind} in a format"
    )


def _or_null(text: exp.Expr) -> exp.Expr:
    return _function("COALESCE", text, _text("null"))


def _function(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _text(value: str) -> exp.Expr:
    return exp.Literal.string(value)


def _number(value: str) -> exp.Expr:
    return exp.Literal.number(value)
