"""A stack's folder: stack.json, process records, logs, checkpoints, temporary files, demo.json."""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from salescast.stack import private, processes
from salescast.stack.errors import SalescastError
from salescast.stack.processes import Process

PROJECT = Path(__file__).resolve().parents[2]
DEFAULT = PROJECT / ".salescast"
REPLAYED = "replayed"


@dataclass
class Record:
    """stack.json: where the laptop stack is and what runs for it."""

    stack: str
    endpoint: str
    region: str
    account: str
    fast: float
    secret: str  # of root's key
    parameters: dict[str, str] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)
    deployed: str = ""  # a digest of what the stack was made of
    template: str = ""  # path of a template of somebody else's; empty: the project's


@dataclass(frozen=True)
class State:
    """The folder of one stack."""

    folder: Path

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def tmp(self) -> Path:
        return self.folder / "tmp"

    def read(self) -> Record | None:
        """The recorded stack, None when there is none. Raises SalescastError for a file that is no record."""
        path = self.folder / "stack.json"
        try:
            content = json.loads(path.read_text())
            ran = {name: Process(**process) for name, process in content.pop("processes").items()}
            return Record(**content, processes=ran)
        except FileNotFoundError:
            return None
        except NotADirectoryError as error:
            raise SalescastError(f"{self.folder} is a file; a stack's state is a folder") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise SalescastError(f"{path} is damaged; end its processes, then remove the file") from error

    def write(self, record: Record) -> None:
        content = dict(vars(record))
        content["processes"] = {name: vars(process) for name, process in record.processes.items()}
        write_json(self.folder / "stack.json", content)

    @property
    def replayed(self) -> str:
        """The name of the order file that was replayed last into the stack that runs here; empty for none."""
        try:
            return (self.folder / REPLAYED).read_text().strip() if self.read() else ""
        except FileNotFoundError:
            return ""

    def holds(self, file: str) -> None:
        """Remember that the stack holds the orders of a file, which nothing else could bring back."""
        with open(self.folder / REPLAYED, "w", opener=private.opener) as marker:
            marker.write(f"{file}\n")

    def log_tail(self, name: str, lines: int = 15) -> str:
        """The last lines of a process's log, empty when there is none."""
        path = self.logs / f"{name}.log"
        if not path.exists():
            return ""
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - 64_000))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])

    def down(self) -> list[str]:
        """End exactly the recorded processes, return their names; logs and demo.json stay.

        The emulator goes last, so that the stand-ins can finish what they have in hand.
        """
        record = self.read()
        ended = []
        if record:
            for name in sorted(record.processes, key=lambda name: name == "emulator"):
                processes.end(record.processes[name])
                ended.append(name)
        for name in ("stack.json", REPLAYED):
            (self.folder / name).unlink(missing_ok=True)
        for folder in (self.checkpoints, self.tmp):
            shutil.rmtree(folder, ignore_errors=True)
        return ended

    def prepare(self) -> None:
        """Create the folder and its parts."""
        for folder in (self.folder, self.logs, self.checkpoints, self.tmp):
            private.make(folder)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Let one command at a time change what runs here. Raises SalescastError if another does."""
        private.make(self.folder)
        with file_lock(self.folder / "lock", wait=False):
            yield


@contextlib.contextmanager
def file_lock(path: Path, *, wait: bool) -> Iterator[None]:
    """Hold an exclusive lock on a file; without `wait`, raise SalescastError if another process has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a", opener=private.opener) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise SalescastError(
                f"another salescast command is at work in {path.parent}; wait for it"
            ) from error
        yield


def write_json(path: Path, content: Any) -> None:
    """Write JSON for its owner alone, so that a reader sees the old file or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    with open(partial, "w", opener=private.opener) as file:
        file.write(json.dumps(content, indent=2) + "\n")
    partial.replace(path)
