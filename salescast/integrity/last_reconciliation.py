"""The last reconciliation of a stack, kept in its folder for the dashboard and the next proof of the log."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salescast.stack.stack import Stack
from salescast.stack.state import write_json

if TYPE_CHECKING:
    from salescast.integrity.reconcile import Reconciliation


def keep(stack: Stack, result: "Reconciliation") -> None:
    """Write it down, with the time."""
    write_json(
        _path(stack),
        {"reconciled_at": datetime.now(UTC).isoformat(timespec="seconds"), "origin": _origin(stack)}
        | result.as_json(),
    )


def read(stack: Stack) -> dict[str, Any] | None:
    """What `salescast reconcile` or the dashboard found last; None when there was none of this very stack."""
    try:
        content: Any = json.loads(_path(stack).read_text())
    except (FileNotFoundError, ValueError):
        return None
    return content if isinstance(content, dict) and content.get("origin") == _origin(stack) else None


def log_proven_until(stack: Stack) -> datetime | None:
    """Until when the log was proven; None when it never was."""
    try:
        return datetime.fromisoformat(((read(stack) or {}).get("log") or {})["proven_until"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _path(stack: Stack) -> Path:
    return stack.state.folder / f"reconciliation-{stack.name}.json"


def _origin(stack: Stack) -> str:
    """What a laptop stack that took the place of another one has of its own."""
    return stack.endpoint or stack.region
