"""A durable checkpoint: one JSON file, replaced as a whole.

Keeps: what AWS keeps for us, the positions of a reader in the shards of a stream. A checkpoint is either the
old one or the new one, also after SIGKILL or a power cut: it is written beside the file, flushed to the disk,
and renamed over it. What is no checkpoint all the same (a half of one, an empty one, another program's) is
set aside, and the stream is read from its beginning: at least once is allowed.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from pathlib import Path
from typing import Any

from salescast.local.movers.shard import from_checkpoint

logger = logging.getLogger(__name__)

ASIDE = ".broken"


class Checkpoint:
    """The JSON object in `path`: `shards` by id, and what else its owner keeps. Safe to save from threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._saved: str | None = None

    def load(self) -> dict[str, Any]:
        """The object, empty when there is no file, or none that is a checkpoint."""
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            for position in content["shards"].values():
                from_checkpoint(position)
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            aside = self.path.with_name(self.path.name + ASIDE)
            self.path.replace(aside)
            logger.error("%s is not a checkpoint: set aside, reading the stream from its beginning", aside)
            return {}
        return dict(content)

    def save(self, content: dict[str, Any]) -> None:
        """Replaces the file. Does nothing when the content is what was saved last. Raises OSError."""
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
