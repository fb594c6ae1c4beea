"""A shop's own table: where the attributes of an order stand in its items, declared in mapping.yaml.

Without the file beside this module, changes are read as they are. With it an item becomes one order, or one
for each of its nested lines, and a change of an item the changes of its orders; the contract judges what
comes of it. docs/your-own-orders.md describes the form. `salescast` reads the table by this module too.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from msgspec import Struct, ValidationError, convert
from msgspec.json import decode

from attribute import Number, OptionalFlag, OptionalNumber, is_absent, plain
from breach import breach_of
from change import Dropped, Reading, read_again
from contract import ATTRIBUTES, REQUIRED, ChangeError
from moment import Moment, utc

PATH = Path(__file__).with_name("mapping.yaml")
NO_LINES = "no lines"
INSTANTS = ("order_ts", "updated_ts")
MONEY = ("unit_price", "discount")
_MAPPED = tuple(name for name in ATTRIBUTES if name != "order_id")
_REMEDIES = {
    "version": "; of a table that counts no versions it is `constant: 1`: the stream's sequence decides then",
    "updated_ts": "; it may be the column of order_ts where items are never changed",
}

Item = dict[str, Any]
"""An item, or a map in it, as DynamoDB JSON: ``{"qty": {"N": "2"}}``."""


class MappingError(ValueError):
    """A mapping that orders cannot be made with: the file, the field, and the remedy."""


class Source(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a value comes from: a column (the first of several that says something), or a constant.

    A column is an attribute of the item or a path in it, ``customer.country``. `values` translates what it
    says (case apart; "*" is anything else, "" is no value), `set` stands for whatever it says, `pseudonym`
    for what names a person. `minor_units`: a number counts the last so many decimal places (2: cents).
    """

    column: str | list[str] | None = None
    constant: str | None = None
    values: dict[str, str] | None = None
    set: str | None = None
    pseudonym: bool = False
    minor_units: int = 0

    @property
    def columns(self) -> list[str]:
        return [self.column] if isinstance(self.column, str) else self.column or []


class Declared(Struct, frozen=True, forbid_unknown_fields=True):
    """The file. `id`: attributes or columns that make an order's id. `lines`: the list whose elements are
    orders; a path that begins with it leads into one of them.
    """

    id: list[str]
    attributes: dict[str, Source | list[Source]]
    lines: str = ""
    description: str = ""


class Mapping:
    """A mapping that was checked. Items and changes are DynamoDB JSON."""

    def __init__(self, declared: Declared, path: Path = PATH) -> None:
        """Raises MappingError."""
        self._lines = declared.lines
        self._inside = f"{declared.lines}."
        self._sources = {
            name: [sources] if isinstance(sources, Source) else sources
            for name, sources in declared.attributes.items()
        }
        self._id = declared.id
        if reason := next(self._faults(), ""):
            raise MappingError(f"{path}: {reason}; docs/your-own-orders.md describes a mapping")
        self._values = {
            (name, place): {key.casefold(): value for key, value in (source.values or {}).items()}
            for name, sources in self._sources.items()
            for place, source in enumerate(sources)
        }

    def orders(self, item: Item) -> list[Item]:
        """The orders of an item, by the attributes of the contract. Never raises: what is no list of lines,
        or no line, becomes an order that lacks what the contract asks for.
        """
        if not self._lines:
            return [self._order(item, {})]
        lines = _at(item, self._lines)
        elements = lines.get("L") if isinstance(lines, dict) else None
        if not isinstance(elements, list):
            return [self._order(item, {})]
        orders, numbers = list[Item](), Counter[str]()
        for element in elements:
            line = element.get("M") if isinstance(element, dict) else None
            order = self._order(item, line if isinstance(line, dict) else {})
            if "order_id" in order:
                base = order["order_id"]["S"]
                numbers[base] += 1
                order["order_id"] = {"S": f"{base}/{numbers[base]}"}
            orders.append(order)
        return orders

    def changes(self, change: Any) -> list[Any]:
        """The changes of the orders that a change of an item makes. Never raises: what is no change stays as
        it is.

        A line that came with a MODIFY is an INSERT, one that went is a REMOVE. Each has the eventID, with a
        number where there are lines.
        """
        stream = change.get("dynamodb") if isinstance(change, dict) else None
        if not isinstance(stream, dict):
            return [change]
        name = change.get("eventName")
        images = {"INSERT": ("NewImage",), "REMOVE": ("OldImage",), "MODIFY": ("NewImage", "OldImage")}.get(
            name
        )
        if images is None or not all(isinstance(stream.get(image), dict) for image in images):
            return [change]
        by_id = {image: _by_id(self.orders(stream[image])) for image in images}
        new, old = by_id.get("NewImage", {}), by_id.get("OldImage", {})
        changes = []
        for number, order_id in enumerate(dict.fromkeys([*new, *old]), 1):
            of_order = {"NewImage": new.get(order_id), "OldImage": old.get(order_id)}
            there = {image: order for image, order in of_order.items() if order is not None}
            kind = "MODIFY" if len(there) == 2 else "INSERT" if "NewImage" in there else "REMOVE"
            rest = {key: value for key, value in stream.items() if key not in ("Keys", *of_order)}
            made = {**change, "eventName": kind, "dynamodb": rest | there}
            if self._lines and isinstance(change.get("eventID"), str):
                made["eventID"] = f"{change['eventID']}-{number}"
            changes.append(made)
        return changes

    def read(self, data: bytes, moment: Moment) -> list[Reading]:
        """Reads a change of an item (JSON): the rows of its orders, of which there is at least one.

        Raises Dropped where none of them is for the lake, ChangeError for one that breaks the contract: all
        of them fail then. A line that went and broke the contract was never there.
        """
        change = decode(data)
        readings: list[Reading] = []
        dropped = NO_LINES
        for of_order in self.changes(change):
            try:
                readings.append(read_again(of_order, moment))
            except Dropped as reason:
                dropped = reason.args[0]
            except ChangeError as error:
                if not is_incidental(of_order, change):
                    raise ChangeError(self._named(str(error))) from None
        if not readings:
            raise Dropped(dropped)
        return readings

    def _order(self, item: Item, line: Item) -> Item:
        order = {}
        for name, sources in self._sources.items():
            for place, source in enumerate(sources):
                if (value := self._value(name, place, source, item, line)) is not None:
                    order[name] = value
                    break
        parts = [
            _text(order.get(part) if part in self._sources else self._find(part, item, line)) or ""
            for part in self._id
        ]
        if any(parts):
            # One id has one meaning: behind the first part a slash is the one between parts.
            escaped = (part.replace("%", "%25").replace("/", "%2F") for part in parts[1:])
            order["order_id"] = {"S": "/".join((parts[0], *escaped))}
        return order

    def _value(self, name: str, place: int, source: Source, item: Item, line: Item) -> Any:
        """The attribute as the contract has it, None where the source says nothing; what is neither text,
        number nor BOOL stays as it is.
        """
        if source.constant is not None:
            return _typed(name, source.constant)
        found = (self._find(column, item, line) for column in source.columns)
        attribute = next((attribute for attribute in found if not is_absent(attribute)), None)
        if attribute is None:
            return None
        if source.set is not None:
            return _typed(name, source.set)
        text = _text(attribute)
        if text is None:
            return attribute
        if values := self._values[name, place]:
            text = values.get(text.casefold(), values.get("*", text))
            if not text:
                return None
        if source.pseudonym:
            text = blake2b(text.casefold().encode(), digest_size=8).hexdigest()
        return _typed(name, text, source.minor_units)

    def _find(self, column: str, item: Item, line: Item) -> Any:
        if self._lines and column.startswith(self._inside):
            return _at(line, column.removeprefix(self._inside))
        return _at(item, column)

    def _named(self, reason: str) -> str:
        """A reason of the contract, with the columns that its attribute comes from."""
        name, colon, rule = reason.partition(":")
        columns = [column for source in self._sources.get(name, []) for column in source.columns]
        columns = self._id if name == "order_id" else columns
        return f"{name} ({', '.join(columns)}){colon}{rule}" if columns else reason

    def _faults(self) -> Iterator[str]:
        """What is wrong with the mapping."""
        for name, sources in self._sources.items():
            if name not in _MAPPED:
                near = difflib.get_close_matches(name, _MAPPED, n=1)
                yield f"orders have no attribute {name}" + (
                    f"; is it {near[0]}?" if near else f": {', '.join(_MAPPED)}"
                )
            if not sources:
                yield f"{name}: comes from nowhere; it needs a column or a constant"
            for source in sources:
                yield from _faults_of(name, source)
        for name in _MAPPED:
            if name in REQUIRED and name not in self._sources:
                yield f"{name}: is missing; it needs a column or a constant{_REMEDIES.get(name, '')}"
        if not any(self._id):
            yield "id: names no attributes or columns that make an order's id"
        if self._lines and not any(self._of_line_alone(name) for name in REQUIRED & self._sources.keys()):
            yield (
                "lines: nothing that an order must have comes of a line alone; "
                f"a column {self._inside}NAME does"
            )

    def _of_line_alone(self, name: str) -> bool:
        sources = self._sources[name]
        return all(
            source.columns and all(column.startswith(self._inside) for column in source.columns)
            for source in sources
        )


def load(path: Path = PATH) -> Mapping:
    """The mapping in a YAML file. Raises MappingError, OSError."""
    import yaml  # only who has a mapping pays for it

    try:
        # Everything is text: `1`, `no` and `2026-01-01` are what stands in the file.
        content = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506, makes text only
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MappingError(f"{path}: is no YAML: {' '.join(str(error).split())}") from error
    attributes = content.get("attributes") if isinstance(content, dict) else None
    place = ""
    try:
        for name, sources in attributes.items() if isinstance(attributes, dict) else ():
            place = f"attributes.{name}: "  # msgspec does not name it
            convert(sources, Source | list[Source], strict=False)
        place = ""
        return Mapping(convert(content, Declared, strict=False), path)
    except ValidationError as error:
        raise MappingError(f"{path}: {place}{error}; docs/your-own-orders.md describes a mapping") from error


@cache
def declared() -> Mapping | None:
    """The mapping beside this module, None without one. Raises MappingError."""
    return load() if PATH.exists() else None


def is_incidental(change: Any, whole: Any) -> bool:
    """Whether the change of an order is the removal of a line by the MODIFY of its item."""
    return change is not whole and change["eventName"] == "REMOVE" != whole["eventName"]


def _by_id(orders: list[Item]) -> dict[Any, Item]:
    """Those without an id are kept apart."""
    return {order.get("order_id", {"S": place})["S"]: order for place, order in enumerate(orders)}


def _at(item: Item, path: str) -> Any:
    """The attribute at a path, None where there is none. A name with a dot in it goes before a path."""
    if path in item:
        return item[path]
    head, dot, rest = path.partition(".")
    inner = item.get(head)
    inside = inner.get("M") if dot and isinstance(inner, dict) else None
    return _at(inside, rest) if isinstance(inside, dict) else None


def _text(attribute: Any) -> str | None:
    """What a string, a number or a BOOL says, None for anything else."""
    match attribute:
        case {"S": str(text)}:
            return text
        case {"N": str(number)}:
            return plain(number)
        case {"BOOL": bool(flag)}:
            return "true" if flag else "false"
    return None


def _typed(name: str, text: str, minor_units: int = 0) -> Item:
    """A text as the type that the contract wants; what cannot be one stays what it is, for it to refuse."""
    kind, _ = ATTRIBUTES[name]
    if kind in (Number, OptionalNumber):
        return {"N": _shifted(plain(text.strip()), minor_units)}
    if kind is OptionalFlag and text in ("true", "false"):
        return {"BOOL": text == "true"}
    if name in INSTANTS:
        try:
            return {"S": utc(text)}
        except (TypeError, ValueError, OverflowError, OSError):
            pass
    return {"S": text}


def _shifted(number: str, places: int) -> str:
    try:
        return plain(str(Decimal(number).scaleb(-places))) if places else number
    except InvalidOperation:
        return number


def _faults_of(name: str, source: Source) -> Iterator[str]:
    if bool(source.columns) == (source.constant is not None):
        yield f"{name}: needs either a column or a constant"
    if source.minor_units and (name not in MONEY or not 1 <= source.minor_units <= 4):
        yield f"{name}: minor_units is for {' and '.join(MONEY)}, from 1 to 4"
    if source.pseudonym and name != "customer_id":
        yield f"{name}: pseudonym is for customer_id"
    for value in filter(None, (source.constant, source.set, *(source.values or {}).values())):
        if name in ATTRIBUTES and name != "entity" and (reason := breach_of(name, _typed(name, value))):
            yield f"{reason}, and {value!r} is not"
