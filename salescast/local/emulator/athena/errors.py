"""What a query fails with."""

from sqlglot import exp


class QueryError(Exception):
    """Why a query fails: one line that starts with the error's name, as StateChangeReason has it."""


def place(node: exp.Expr | None) -> str:
    """`line 1:8`, where `node` stands; of what does not know, the first thing in it that does."""
    for part in node.walk() if node is not None else ():
        meta = part.meta
        if "line" in meta:
            return f"line {meta['line']}:{meta['col'] - (meta['end'] - meta['start'])}"
    return "line 1:1"
