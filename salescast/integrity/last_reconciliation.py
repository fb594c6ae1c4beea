"""The last reconciliation of a stack, kept in its folder for the dashboard."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from salescast.integrity.reconcile import Reconciliation
from salescast.stack.stack import Stack
from salescast.stack.state import write_json


def keep(stack: Stack, result: Reconciliation) -> None:
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


def _path(stack: Stack) -> Path:
    return stack.state.folder / f"reconciliation-{stack.name}.json"


def _origin(stack: Stack) -> str:
    """What a laptop stack that took the place of another one has of its own."""
    return stack.endpoint or stack.region
