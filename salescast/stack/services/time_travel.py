"""SQL as of an earlier time: the lake as the job had left it by then, asked as if it were then.

Athena travels in an Iceberg table, not in a view, and arrivals keep no history. So a statement gets a WITH
clause with the tables as they were and the views' own texts over them, in front of those of today.
"""

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from salescast.stack.errors import SalescastError
from salescast.stack.stack import Stack

# Each table, and what of it was there at a moment ({0}); what had arrived unmerged is not known any more.
TABLES = {
    "order_log": "FOR TIMESTAMP AS OF {0}",
    "order_state": "FOR TIMESTAMP AS OF {0}",
    "order_arrivals": "WHERE false",
    "inventory": "WHERE snapshot_ts <= CAST({0} AS timestamp)",
    "sales_projections": "WHERE projected_ts <= CAST({0} AS timestamp)",
}
_VIEW = re.compile(r"/\* Presto View: (\S+) \*/")
# Comments and space before a statement, and its own WITH.
_HEAD = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*", re.DOTALL)
_WITH = re.compile(r"WITH\s+(RECURSIVE\s)?", re.IGNORECASE)
# What is no code, then what tells the time.
_CLOCK = re.compile(
    r"(?P<text>'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/)|(?P<date>\bcurrent_date\b)"
    r"|\bcurrent_timestamp\b(?:\s*\(\s*\d+\s*\))?|\bnow\s*\(\s*\)",
    re.IGNORECASE | re.DOTALL,
)


def as_of(stack: Stack, sql: str, moment: datetime) -> str:
    """`sql`, to be asked of the lake as it was then.

    Raises SalescastError for WITH RECURSIVE, and for a table that is named together with its database: that
    would be the table of today.
    """
    time = f"TIMESTAMP '{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC'"
    database = stack.output("Database")
    views = dict(_views(stack, database))
    names = "|".join((*TABLES, *views))
    if found := re.search(rf'\b{re.escape(database)}"?\s*\.\s*"?({names})\b', sql, re.IGNORECASE):
        raise SalescastError(f"--as-of: name the table {found[1]} without its database")
    steps = [f"{name} AS (SELECT * FROM {name} {part.format(time)})" for name, part in TABLES.items()]  # noqa: S608
    steps += [f"{name} AS (\n{_then(statement, moment)}\n)" for name, statement in views.items()]
    head = _HEAD.match(sql)
    rest = _then(sql[head.end() :] if head else sql, moment)
    if own := _WITH.match(rest):
        if own[1]:
            raise SalescastError("--as-of cannot be combined with WITH RECURSIVE")
        return f"WITH {', '.join(steps)}, {rest[own.end() :]}"
    return f"WITH {', '.join(steps)} {rest}"


def _then(sql: str, moment: datetime) -> str:
    """The statement with the moment where it asks for the time."""

    def told(found: re.Match[str]) -> str:
        if found["text"]:
            return found[0]
        utc = moment.astimezone(UTC)
        return f"DATE '{utc:%Y-%m-%d}'" if found["date"] else f"TIMESTAMP '{utc:%Y-%m-%d %H:%M:%S.%f} UTC'"

    return _CLOCK.sub(told, sql)


def _views(stack: Stack, database: str) -> Iterator[tuple[str, str]]:
    """Names and texts of the stack's views, each after those that it reads."""
    texts = {}
    pages = stack.glue.get_paginator("get_tables").paginate(DatabaseName=database)
    for table in (table for page in pages for table in page["TableList"]):
        if found := _VIEW.search(table.get("ViewOriginalText", "")):
            texts[table["Name"]] = str(json.loads(base64.b64decode(found[1]))["originalSql"])
    while texts:
        ready = [name for name, text in texts.items() if not _words(text) & (texts.keys() - {name})]
        for name in ready:
            yield name, texts.pop(name)
        if not ready:
            raise SalescastError(f"the views {', '.join(sorted(texts))} read each other")


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))
