"""From the columns of a file to the attributes of an order: a mapping, declared in YAML, checked when loaded.

Profiles (profiles/*.yaml) are mappings that come along; docs/order-files.md describes the form.
"""

import difflib
import hashlib
import re
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Pairs
from functools import cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import yaml

from salescast.replay.dates import DateNumber, DateOrder
from salescast.stack.errors import SalescastError

PROFILES = Path(__file__).with_name("profiles")
PROFILE_NAMES = ("online-retail", "shopify", "woocommerce", "kaggle-sales", "own-columns")
STATUSES = ("PLACED", "SHIPPED", "DELIVERED", "CANCELLED", "RETURNED")
CHANNELS = ("WEB", "STORE", "MOBILE", "MARKETPLACE")
REQUIRED = ("order_ts", "product_id", "quantity", "country", "status", "channel", "currency")
OPTIONAL = (
    *(
        "invoice_id",
        "customer_id",
        "customer_name",
        "customer_email",
        "product_name",
        "category",
        "promotion",
    ),
    *("unit_price", "discount", "amount", "stock_left"),
)
_CURRENCY = re.compile(r"[A-Z]{3}").fullmatch


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an attribute's value comes from: a column (by any of its names), or a constant.

    `values` translates what the column says (case apart; "*" is anything else, "" is no value), `set` stands
    for whatever it says. A column that is `optional` may be absent from the file. `pseudonym` replaces what
    names a person, `verbatim` takes words such as NA for what they are (Namibia).
    """

    column: str | list[str] | None = None
    constant: str | None = None
    values: dict[str, str] | None = None
    set: str | None = None
    optional: bool = False
    pseudonym: bool = False
    verbatim: bool = False

    @property
    def names(self) -> list[str]:
        return [self.column] if isinstance(self.column, str) else self.column or []


class FillDown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Columns that only an order's first line fills, and the column whose value all its lines share."""

    within: str
    columns: list[str]


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file's mapping. `id`: attributes or columns that make an order's id, with a running number behind.

    `zone`: of times that name none. `dates`: the order of day and month in a file that does not show it, or
    what a bare number counts.
    """

    id: list[str]
    attributes: dict[str, Source | list[Source]]
    description: str = ""
    zone: str = "UTC"
    dates: DateOrder | DateNumber = "month-first"
    decimal: Literal["point", "comma"] | None = None
    fill_down: FillDown | None = None
    name: str = ""

    def sources(self, attribute: str) -> list[Source]:
        """Where the attribute comes from, in the order in which they are asked."""
        sources = self.attributes.get(attribute, [])
        return [sources] if isinstance(sources, Source) else sources

    @property
    def digest(self) -> str:
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()

    @property
    def time_zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def columns(self, header: Sequence[str]) -> dict[str, int]:
        """The place of every column that is read, by the name in the mapping.

        Raises SalescastError for a column that the file has twice.
        """
        places: dict[str, list[int]] = {}
        for index, name in enumerate(header):
            places.setdefault(key(name), []).append(index)
        columns = {}
        for names in self._names():
            for name in [name for name in names if key(name) in places][:1]:
                first, *others = places[key(name)]
                if others:
                    numbers = " and ".join(str(index + 1) for index in (first, *others))
                    raise SalescastError(
                        f"the file has the column {name} {len(others) + 1} times, as columns {numbers}; "
                        "rename those that do not count"
                    )
                columns[name] = first
        return columns

    def likeness(self, header: Sequence[str]) -> float:
        """The more of the mapping's columns a file has, and the fewer it misses, the higher."""
        there = {key(name) for name in header}
        read = sum(1 for names in self._names() if there & {key(name) for name in names})
        return read / (1 + len(self.missing(header)))

    def missing(self, header: Sequence[str]) -> list[str]:
        """The columns that the file would need and does not have."""
        there = {key(name) for name in header}
        missing = []
        for sources in (self.sources(attribute) for attribute in self.attributes):
            missing += [
                source.names[0]
                for source in sources
                if source.names and not source.optional and not there & {key(name) for name in source.names}
            ]
        missing += [part for part in self.id if part not in self.attributes and key(part) not in there]
        if self.fill_down and key(self.fill_down.within) not in there:
            missing.append(self.fill_down.within)
        return list(dict.fromkeys(missing))

    def with_options(
        self, columns: Pairs[str, str], constants: Pairs[str, str], **settings: str | None
    ) -> "Mapping":
        """The mapping as options of the command change it. Raises SalescastError."""
        attributes = dict(self.attributes)
        attributes |= {attribute: Source(column=column) for attribute, column in columns.items()}
        attributes |= {attribute: Source(constant=value) for attribute, value in constants.items()}
        changed = msgspec.structs.replace(
            self, attributes=attributes, **{name: value for name, value in settings.items() if value}
        )
        return _checked(changed, "the options")

    def _names(self) -> Iterable[list[str]]:
        """The names that each of the columns may have."""
        for attribute in self.attributes:
            yield from (source.names for source in self.sources(attribute) if source.names)
        yield from ([part] for part in self.id if part not in self.attributes)
        if self.fill_down:
            yield from ([name] for name in (self.fill_down.within, *self.fill_down.columns))


def load(path: Path) -> Mapping:
    """The mapping in a YAML file. Raises SalescastError, naming the file and the place in it."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        mapping = msgspec.convert(content, Mapping, strict=False)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SalescastError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
    except msgspec.ValidationError as error:
        place = _attribute_at_fault(content)
        raise SalescastError(f"{path}: {place}{error}; docs/order-files.md describes a mapping") from error
    return _checked(msgspec.structs.replace(mapping, name=mapping.name or path.stem), str(path))


def _attribute_at_fault(content: Any) -> str:
    """The attribute that cannot be read, which msgspec does not name; empty if it is none of them."""
    attributes = content.get("attributes") if isinstance(content, dict) else None
    for attribute, sources in attributes.items() if isinstance(attributes, dict) else ():
        try:
            msgspec.convert(sources, Source | list[Source], strict=False)
        except msgspec.ValidationError:
            return f"{attribute}: "
    return ""


@cache
def profiles() -> tuple[Mapping, ...]:
    """The mappings that come along."""
    return tuple(load(PROFILES / f"{name}.yaml") for name in PROFILE_NAMES)


def named(name: str) -> Mapping:
    """A profile by its name, or the mapping in the file of that name. Raises SalescastError."""
    for profile in profiles():
        if profile.name == name:
            return profile
    path = Path(name)
    if path.is_file():
        return load(path)
    names = ", ".join(profile.name for profile in profiles())
    raise SalescastError(f"there is no mapping {name}: it is neither a file nor one of {names}")


def fitting(header: Sequence[str], candidates: Sequence[Mapping], path: Path) -> Mapping:
    """The mapping whose columns the file has; of several the one with the most. Raises SalescastError.

    The error names every column that the nearest one misses, each with what looks like it.
    """
    complete = [mapping for mapping in candidates if not mapping.missing(header)]
    if complete:
        return max(complete, key=lambda mapping: mapping.likeness(header))
    nearest = max(candidates, key=lambda mapping: mapping.likeness(header))
    missing = nearest.missing(header)
    lookalikes = {name: _lookalikes(name, header) for name in missing}
    texts = [f"{name} (is it {' or '.join(like)}?)" if like else name for name, like in lookalikes.items()]
    if len(candidates) == 1:
        how = "name the columns with --column ATTRIBUTE=COLUMN"
    else:
        names = ", ".join(mapping.name for mapping in candidates)
        how = f"it is compared with {nearest.name}; --mapping takes one of {names}, or a file of yours"
    first = ", ".join(name or "(blank)" for name in header[:12]) + (", ..." if len(header) > 12 else "")
    raise SalescastError(
        f"{path} has no column{'s' if len(missing) > 1 else ''} {', '.join(texts)}; "
        f"its first line is {first!r}; {how}"
    )


def _lookalikes(name: str, header: Sequence[str]) -> list[str]:
    keys = {key(column): column for column in header if key(column)}
    near = difflib.get_close_matches(key(name), keys, n=2, cutoff=0.5)
    return [keys[key] for key in near]


def key(name: str) -> str:
    """A column's name without case, blanks and punctuation: Customer ID is customerid."""
    return "".join(filter(str.isalnum, name.casefold()))


def _checked(mapping: Mapping, place: str) -> Mapping:
    """The mapping, if orders can be made with it. Raises SalescastError."""

    def refuse(reason: str) -> None:
        raise SalescastError(f"{place}: {reason}")

    known = (*REQUIRED, *OPTIONAL)
    for attribute in mapping.attributes:
        if attribute not in known:
            near = difflib.get_close_matches(attribute, known, n=1)
            refuse(
                f"orders have no attribute {attribute}"
                + (f"; is it {near[0]}?" if near else f": {', '.join(known)}")
            )
        sources = mapping.sources(attribute)
        if not sources:
            refuse(f"{attribute} comes from nowhere")
        for source in sources:
            if bool(source.names) == (source.constant is not None):
                refuse(f"{attribute} needs either a column or a constant")
            constants = [source.constant, source.set, *(source.values or {}).values()]
            for value in filter(None, constants):
                if reason := rule(attribute, value):
                    refuse(f"{attribute}: {value!r} {reason}")
    if missing := [name for name in REQUIRED if name not in mapping.attributes]:
        refuse(f"nothing says where {', '.join(missing)} comes from: a column or a constant")
    if not {"unit_price", "amount"} & set(mapping.attributes):
        refuse("nothing says where unit_price comes from, nor amount")
    if not mapping.id:
        refuse("id names no attributes or columns that make an order's id")
    try:
        mapping.time_zone  # noqa: B018
    except (ZoneInfoNotFoundError, ValueError):
        refuse(f"there is no time zone {mapping.zone}; one is for example Europe/London")
    return mapping


def rule(attribute: str, value: str) -> str:
    """What the contract says against a value of an attribute whose values it lists; empty if nothing."""
    if attribute == "status" and value not in STATUSES:
        return f"is none of {', '.join(STATUSES)}"
    if attribute == "channel" and value not in CHANNELS:
        return f"is none of {', '.join(CHANNELS)}"
    if attribute == "currency" and not _CURRENCY(value):
        return "is no ISO 4217 code such as EUR"
    return ""
