"""Writes docs/queries.md: every named query of a running stack, its question, and what it answers there.

make demo && make docs-queries
"""

import sys
from pathlib import Path

from salescast.stack.errors import SalescastError
from salescast.stack.services import athena
from salescast.stack.services.athena import NamedQuery, Result
from salescast.stack.stack import Stack
from salescast.stack.state import DEFAULT, PROJECT

PAGE = PROJECT / "docs" / "queries.md"
ROWS = 5
HEAD = """\
# Queries

The questions that are there, with the first rows of what each answered after `make demo`. They are named
queries of the stack's workgroup: in the Athena console under *Saved queries*, here with

    .venv/bin/salescast query
    .venv/bin/salescast query sales_by_day -p from=2026-11-01 -p to=2026-11-20 -p country=France

Dates are UTC days of the order; `today` and `today-7` are understood. Revenue is net: placed, shipped and
delivered orders count, cancelled and returned ones do not, credit lines count with their sign.
`make docs-queries` writes this page from the running stack.

"""


def page(stack: Stack) -> str:
    """The whole page as Markdown."""
    queries = athena.named_queries(stack)
    index = "".join(f"| [{query.name}](#{query.name}) | {query.description} |\n" for query in queries)
    sections = "".join(_section(stack, query) for query in queries)
    return f"{HEAD}| query | question |\n|---|---|\n{index}\n{sections}".rstrip("\n") + "\n"


def _section(stack: Stack, query: NamedQuery) -> str:
    given = {}
    if "order_id" in query.defaults:
        given["order_id"] = _an_order(stack)
    if "product_id" in query.defaults:
        given["product_id"] = str(athena.query(stack, "top_products", {}).rows[0][0])
    result = athena.query(stack, query.name, given)
    parameters = ", ".join(f"`{name}={value}`" for name, value in (query.defaults | given).items())
    told = f" Parameters: {parameters}." if parameters else ""
    return f"## {query.name}\n\n{query.description}{told}\n\n{_table(result)}\n"


def _an_order(stack: Stack) -> str:
    """One that has come some way."""
    rows = athena.run(stack, "SELECT max(order_id) AS order_id FROM orders WHERE version = 4").rows
    return str(rows[0][0])


def _table(result: Result) -> str:
    if not result.rows:
        return "No rows.\n"
    names = [column.name for column in result.columns]
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += [
        "| " + " | ".join("" if value is None else str(value) for value in row) + " |"
        for row in result.rows[:ROWS]
    ]
    more = len(result.rows) - ROWS
    return "\n".join(lines) + "\n" + (f"\nand {more:,} rows more\n" if more > 0 else "")


def main() -> None:
    """Write the page from the laptop stack in the folder given, or the usual one."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    try:
        PAGE.write_text(page(Stack.laptop(folder.resolve())))
    except SalescastError as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
