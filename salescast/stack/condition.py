"""How a stand-in is, in its own words: whether it is at work, and what keeps it from it.

It writes a file when something changes; `up` waits until it says that it is at work, `status` shows what is
ill.
"""

import json
import logging
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from salescast.stack.state import State, write_json

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Condition:
    """What the process with this pid says.

    `ills` maps what is ill to a sentence. `deployment` is that whose resources it keeps at work, empty
    for a stand-in that follows a single resource.
    """

    pid: int = 0
    at_work: bool = False
    ills: Mapping[str, str] = field(default_factory=dict)
    deployment: str = ""


def deployment(described: Mapping[str, Any]) -> str:
    """What tells a deployment of a stack from an earlier one, from what DescribeStacks says of it."""
    return f"{described['StackId']} {described.get('LastUpdatedTime')} {described['StackStatus']}"


def read(state: State, name: str) -> Condition:
    """What the stand-in of this name said last; nothing where it has not said anything yet."""
    try:
        return Condition(**json.loads(_path(state.folder, name).read_text()))
    except (OSError, ValueError, TypeError):
        return Condition()


class Report:
    """The stand-in's side. Safe to use from several threads; a full disk does not stop it."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = _path(folder, name)
        self._lock = threading.Lock()
        self._at_work = False
        self._ills: dict[str, str] = {}
        self._deployment = ""

    @property
    def is_at_work(self) -> bool:
        return self._at_work

    def at_work(self) -> None:
        with self._lock:
            if not self._at_work:
                self._at_work = True
                self._write()

    def follows(self, deployment: str) -> None:
        """Say that all of this deployment's resources have been looked at."""
        with self._lock:
            if self._deployment != deployment:
                self._deployment = deployment
                self._write()

    def ill(self, what: str, sentence: str) -> None:
        """Say, and log once, what is ill until `well` is said of it."""
        with self._lock:
            if self._ills.get(what) != sentence:
                logger.error("%s", sentence)
                self._ills[what] = sentence
                self._write()

    def well(self, what: str) -> None:
        with self._lock:
            if self._ills.pop(what, None) is not None:
                logger.info("%s: well again", what)
                self._write()

    def _write(self) -> None:
        with suppress(OSError):
            said = Condition(os.getpid(), self._at_work, dict(self._ills), self._deployment)
            write_json(self._path, vars(said))


def _path(folder: Path, name: str) -> Path:
    # Goes with everything else of the stack when it ends.
    return folder / "tmp" / f"{name}.condition.json"
