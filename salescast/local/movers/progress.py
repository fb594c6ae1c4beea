"""How far a delivery stream has come in each shard of its source.

A record read from a shard is in some container (a batch on its way through the function, a buffer of a
partition, of the error output, of the backup) until it is delivered. The position to keep for a shard is the
oldest record in any container, or, when there is none, just after the last record read. So what is kept
never passes a record that is not delivered, in whatever order containers are delivered, and a restart from
it delivers every record at least once.
"""

from __future__ import annotations

import threading
import time

from salescast.local.movers.shard import FINISHED, Position, after, at


class Container:
    """Something that holds undelivered records; knows the oldest of each shard."""

    def __init__(self) -> None:
        self.oldest: dict[str, tuple[int, str]] = {}  # to compare, and as it is written
        self.since = time.monotonic()

    def holds(self, shard_id: str, sequence_number: str) -> None:
        """Notes that a record of this shard is in the container."""
        number = int(sequence_number)
        oldest = self.oldest.get(shard_id)
        if oldest is None or number < oldest[0]:
            self.oldest[shard_id] = (number, sequence_number)


class Progress:
    """The positions of all shards. A container is added before its records leave the one they were in."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._containers: set[Container] = set()
        self._last: dict[str, str] = {}
        self._closed: set[str] = set()

    def add(self, container: Container) -> None:
        with self._lock:
            self._containers.add(container)

    def remove(self, container: Container) -> None:
        """The container's records are delivered, or all in other containers."""
        with self._lock:
            self._containers.discard(container)

    def waiting(self) -> float:
        """Seconds since the oldest container was opened; 0 when everything is delivered."""
        with self._lock:
            now = time.monotonic()
            return max((now - container.since for container in self._containers), default=0.0)

    def read(self, shard_id: str, sequence_number: str) -> None:
        """The record, and every one before it, has been put into a container."""
        with self._lock:
            self._last[shard_id] = sequence_number

    def close(self, shard_id: str) -> None:
        """The shard is read to its end."""
        with self._lock:
            self._closed.add(shard_id)

    def positions(self) -> dict[str, Position]:
        """Where to go on after a restart, by shard; FINISHED for one that is closed and delivered."""
        with self._lock:
            positions: dict[str, Position] = {}
            for shard_id in self._last.keys() | self._closed:
                held = [c.oldest[shard_id] for c in self._containers if shard_id in c.oldest]
                if held:
                    positions[shard_id] = at(min(held)[1])
                elif shard_id in self._closed:
                    positions[shard_id] = FINISHED
                else:
                    positions[shard_id] = after(self._last[shard_id])
            return positions
