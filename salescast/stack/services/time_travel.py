"""SQL as of an earlier time: the Iceberg tables' snapshots of then, and the stack's views over them.

Athena travels in a table, not in a view, and what has arrived since keeps no history. So a statement gets a
WITH clause that puts the tables as they were, and the views' own texts over them, before those of today:
the lake as the job had left it by then.
"""

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from salescast.stack.errors import SalescastError
from salescast.stack.stack import Stack

TABLES = ("order_log", "order_state")
ARRIVALS = "order_arrivals"
_VIEW = re.compile(r"/\* Presto View: (\S+) \*/")
# Comments and space before a statement, and its own WITH.
_HEAD = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*", re.DOTALL)
_WITH = re.compile(r"WITH\s+", re.IGNORECASE)
_RECURSIVE = re.compile(r"RECURSIVE\s", re.IGNORECASE)


def as_of(stack: Stack, sql: str, moment: datetime) -> str:
    """`sql`, to be asked of the lake as it was then. Raises SalescastError for WITH RECURSIVE."""
    text = f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    steps = [f"{name} AS (SELECT * FROM {name} FOR TIMESTAMP AS OF TIMESTAMP '{text}')" for name in TABLES]
    # What had arrived and was not merged by then is not known any more.
    steps.append(f"{ARRIVALS} AS (SELECT * FROM {ARRIVALS} WHERE false)")
    steps += [f"{name} AS ({statement})" for name, statement in _views(stack)]
    head = _HEAD.match(sql)
    rest = sql[head.end() :] if head else sql
    if own := _WITH.match(rest):
        rest = rest[own.end() :]
        if _RECURSIVE.match(rest):
            raise SalescastError("--as-of cannot be combined with WITH RECURSIVE")
        return f"WITH {', '.join(steps)}, {rest}"
    return f"WITH {', '.join(steps)} {rest}"


def _views(stack: Stack) -> Iterator[tuple[str, str]]:
    """Names and texts of the stack's views, each after those that it reads."""
    texts = {}
    pages = stack.glue.get_paginator("get_tables").paginate(DatabaseName=stack.output("Database"))
    for table in (table for page in pages for table in page["TableList"]):
        if found := _VIEW.search(table.get("ViewOriginalText", "")):
            texts[table["Name"]] = str(json.loads(base64.b64decode(found[1]))["originalSql"])
    while texts:
        ready = [name for name, text in texts.items() if not _read_by(text) & (texts.keys() - {name})]
        for name in ready:
            yield name, texts.pop(name)
        if not ready:
            raise SalescastError(f"the views {', '.join(sorted(texts))} read each other")


def _read_by(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))
