"""Replacing a part of MiniStack, and noticing when that part is gone.

MiniStack is pinned; a new version may have moved or closed what we patch. Every replacement names an
attribute that has to exist, so that the emulator refuses to start instead of running half patched.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

PINNED = "1.5.33"


class MissingPatchTargetError(RuntimeError):
    """The installed MiniStack lacks something that we patch."""


def target(module: ModuleType | type, name: str) -> Any:
    """The attribute of `module` that is about to be patched.

    Raises MissingPatchTargetError when there is none.
    """
    try:
        return getattr(module, name)
    except AttributeError:
        raise MissingPatchTargetError(
            f"{module.__name__}.{name} does not exist: salescast/local patches MiniStack {PINNED}, "
            "install the version pinned in requirements/emulator.txt"
        ) from None


def replace(module: ModuleType | type, name: str, new: Any) -> Any:
    """Put `new` in the place of `module.name` and return what was there."""
    old = target(module, name)
    setattr(module, name, new)
    return old


def wrap(module: ModuleType | type, name: str, make: Callable[[Any], Any]) -> None:
    """Replace `module.name` by `make(module.name)`."""
    replace(module, name, make(target(module, name)))
