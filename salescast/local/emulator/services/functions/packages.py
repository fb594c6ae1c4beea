"""A function's package is unpacked once, and not for each of its execution environments.

Gap closed: MiniStack unpacks the package at every cold start, in a thread of a busy process: 2,400 files of
the projector take it 6 s. Here a process of its own unpacks a package, the first time that it is met; the
folder of an environment has links to what is in there, so that bytecode is kept as well. As on Lambda, a
function has no business writing there.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from ministack.core import lambda_runtime

from salescast.local.emulator import patching

# One thread unpacks a package, those that want the same one wait.
_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
# MiniStack puts a layer's modules of Node.js into the package's own folder of them.
_OWN_FOLDER = "node_modules"


def apply() -> None:
    """Give MiniStack's workers archives that unpack by linking."""
    archives = ModuleType(zipfile.__name__)
    archives.__dict__.update({**zipfile.__dict__, "ZipFile": Package})
    patching.replace(lambda_runtime, "zipfile", archives)


class Package(zipfile.ZipFile):
    """A zip archive of a file."""

    def extractall(
        self,
        path: str | os.PathLike[str] | None = None,
        members: Iterable[str | zipfile.ZipInfo] | None = None,
        pwd: bytes | None = None,
    ) -> None:
        """Fill the folder `path` with links to the unpacked archive. Raises CalledProcessError, OSError."""
        first = {name.partition("/")[0] for name in self.namelist()}
        if self.filename is None or path is None or members or pwd or _OWN_FOLDER in first:
            super().extractall(path, members, pwd)
            return
        for entry in unpacked(Path(self.filename)).iterdir():
            Path(path, entry.name).symlink_to(entry)


def unpacked(archive: Path) -> Path:
    """The folder that holds what is in the archive. Raises CalledProcessError where that is no archive."""
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    folder = Path(tempfile.gettempdir(), "packages", digest)
    with _locks[digest]:
        if not folder.exists():
            folder.parent.mkdir(exist_ok=True)
            half = Path(tempfile.mkdtemp(dir=folder.parent))
            command: list[Any] = [sys.executable, "-I", "-m", "zipfile", "-e", archive, half]
            subprocess.run(command, check=True, capture_output=True)
            half.rename(folder)
    return folder
