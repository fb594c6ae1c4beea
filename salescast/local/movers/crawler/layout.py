"""What a crawler makes of the keys under an S3 target: tables, and partitions in their folders.

Keeps (docs/aws-behaviour.md 6.3, Glue's crawler guide): glob exclusions relative to the target;
TableLevelConfiguration, counted from the bucket as level 1, else one table at the target; a table named after
its folder; `key=value` folders as partition keys, others as partition_0, partition_1 and so on; files
starting with `_` or `.` and empty ones are passed over.

Leaves out: the guess at where tables begin when no level is set; tables whose folders differ in depth.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from salescast.local.movers.formats.hive import to_arrow


class Object(NamedTuple):
    """One S3 object."""

    key: str
    size: int


@dataclass
class CrawledTable:
    """A table as its files lie there. `partitions`: values -> objects."""

    name: str
    bucket: str
    folder: str  # key prefix with a slash at its end
    partition_keys: list[str] = field(default_factory=list)
    partitions: dict[tuple[str, ...], list[Object]] = field(default_factory=dict)

    @property
    def location(self) -> str:
        return f"s3://{self.bucket}/{self.folder}"

    def partition_location(self, values: Sequence[str]) -> str:
        key = self.partitions[tuple(values)][0].key
        return f"s3://{self.bucket}/{key.rpartition('/')[0]}/"


def exclusion(pattern: str) -> re.Pattern[str]:
    """A Glue exclusion pattern: `*` within a folder, `**` across, `?`, `[...]`, `{a,b}`."""
    text, depth, position = "", 0, 0
    while position < len(pattern):
        character = pattern[position]
        if pattern.startswith("**", position):
            text += ".*"
            position += 1
        elif character in "*?":
            text += "[^/]*" if character == "*" else "[^/]"
        elif character == "[" and "]" in pattern[position:]:
            end = pattern.index("]", position)
            inner = pattern[position + 1 : end].replace("\\", r"\\")
            text += f"[{'^' + inner[1:] if inner.startswith('!') else inner}]"
            position = end
        elif character == "{":
            text, depth = f"{text}(?:", depth + 1
        elif character == "}" and depth:
            text, depth = f"{text})", depth - 1
        elif character == "," and depth:
            text += "|"
        else:
            text += re.escape(character)
        position += 1
    return re.compile(text)


def tables(
    bucket: str,
    target: str,
    objects: Iterable[Object],
    excluded: Sequence[str],
    level: int | None,
    prefix: str,
) -> list[CrawledTable]:
    """The tables under one target, `target` being its key prefix."""
    patterns = [exclusion(pattern) for pattern in excluded]
    by_folder: dict[str, CrawledTable] = {}
    depth = max(level - 1, target.count("/")) if level is not None else target.count("/")
    for item in sorted(objects):
        file = item.key.rpartition("/")[2]
        relative = item.key.removeprefix(target)
        if not item.size or file.startswith(("_", ".")) or any(p.fullmatch(relative) for p in patterns):
            continue
        folders = item.key.split("/")[:-1]
        if len(folders) < depth:
            continue
        folder = "".join(f"{part}/" for part in folders[:depth])
        name = table_name(bucket, folder, prefix)
        table = by_folder.setdefault(folder, CrawledTable(name, bucket, folder))
        keys, values = _partition(folders[depth:])
        if not table.partitions:
            table.partition_keys = keys
        if keys == table.partition_keys:
            table.partitions.setdefault(values, []).append(item)
    return list(by_folder.values())


def table_name(bucket: str, folder: str, prefix: str) -> str:
    """TablePrefix and the folder's name, lower case, underscores for what a table name cannot have."""
    last = folder.rstrip("/").rpartition("/")[2] or bucket
    return prefix + re.sub(r"[^a-z0-9_]", "_", last.lower())


def merge_columns(schemas: Iterable[Sequence[tuple[str, str]]]) -> list[tuple[str, str]]:
    """All columns in the order in which they are first seen, each with a type that holds all its types."""
    merged: dict[str, str] = {}
    for schema in schemas:
        for name, hive in schema:
            merged[name.lower()] = _wider(merged.get(name.lower(), hive), hive)
    return list(merged.items())


_WIDTH = ["tinyint", "smallint", "int", "bigint", "float", "double"]


def _wider(first: str, other: str) -> str:
    if first == other:
        return first
    if first in _WIDTH and other in _WIDTH:
        return max(first, other, key=_WIDTH.index)
    if first.startswith("decimal") and other.startswith("decimal"):
        a: Any = to_arrow(first)
        b: Any = to_arrow(other)
        scale = max(a.scale, b.scale)
        whole = max(a.precision - a.scale, b.precision - b.scale)
        return f"decimal({min(whole + scale, 38)},{scale})"
    return "string"


def _partition(folders: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    keys, values = [], []
    for number, folder in enumerate(folders):
        key, equals, value = folder.partition("=")
        keys.append(key.lower() if equals else f"partition_{number}")
        values.append(value if equals else folder)
    return keys, tuple(values)
