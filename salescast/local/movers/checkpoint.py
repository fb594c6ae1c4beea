"""A durable checkpoint: one JSON file, replaced as a whole.

Keeps: what AWS keeps for us, the position of a reader in a stream. A checkpoint is either the old one or the
new one, also after SIGKILL or a power cut: it is written beside the file, flushed to the disk, and renamed
over it.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any


class CorruptCheckpointError(ValueError):
    """The file is not a checkpoint."""


class Checkpoint:
    """The JSON object in `path`. Safe to save from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._saved: str | None = None

    def load(self) -> dict[str, Any]:
        """The object, empty when there is no file. Raises CorruptCheckpointError when it is none."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        try:
            content = json.loads(text)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise CorruptCheckpointError(
                f"{self.path} is not a checkpoint: delete it to read the stream again from its start"
            )
        return content

    def save(self, content: dict[str, Any]) -> None:
        """Replaces the file. Does nothing when the content is what was saved last."""
        text = json.dumps(content, separators=(",", ":"), sort_keys=True)
        with self._lock:
            if text == self._saved:
                return
            self.path.parent.mkdir(parents=True, exist_ok=True)
            beside = self.path.with_name(f"{self.path.name}.{os.getpid()}.tmp")
            with beside.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
            self._saved = text
