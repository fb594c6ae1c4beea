"""Files and folders that only their owner may look into: a stack's have the secret of its root."""

import os
from pathlib import Path

UMASK = 0o077


def make(folder: Path) -> None:
    """Make a folder, with its parents, that only its owner may enter, also where it was there before."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)


def opener(path: str, flags: int) -> int:
    """For open(): a file that is made is its owner's alone."""
    return os.open(path, flags, 0o600)
