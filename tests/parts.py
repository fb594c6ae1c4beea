"""Folders whose tests share a stack: they run together in one process, and the stack ends with them."""

from pathlib import Path

from salescast.stack.state import State

# The longest begins.
PARTS = (
    ("tests/local/pipeline", "tests/iam", "tests/unpleasant", "tests/chaos", "tests/unit/dashboard"),
    ("tests/analytics", "tests/browser", "tests/local/lifecycle"),
)

_now: int | str = ""
_stacks: dict[Path, int | str] = {}


def part(nodeid: str) -> int | str:
    """The part of a test: a number, or its folder where it shares nothing."""
    folder = str(Path(nodeid.split("::")[0]).parent)
    return next((number for number, folders in enumerate(PARTS) if folder in folders), folder)


def begin(nodeid: str) -> None:
    """A test begins: end what only an earlier part needed; an idle stack takes a sixth of a processor."""
    global _now
    _now = part(nodeid)
    for folder, of in list(_stacks.items()):
        if of != _now:
            State(folder).down()
            del _stacks[folder]


def share(folder: Path) -> Path:
    """Say that a stack in this folder is for the rest of the part."""
    _stacks[folder] = _now
    return folder
