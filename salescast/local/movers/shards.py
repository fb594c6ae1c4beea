"""The shards of a stream, each read by a thread of its own.

Keeps: a shard is read when its parents are read to their end; shards that appear (a split, a merge, a shard
rolled over) are found; a shard whose thread ended before its end is taken up again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Set

from botocore.exceptions import BotoCoreError, ClientError

from salescast.local.movers.runner import describe
from salescast.stack.condition import Report

logger = logging.getLogger(__name__)

DISCOVERY_SECONDS = 5.0
STEADY_SECONDS = 3.0  # a thread that has run for so long has got over what ended the one before it
_SOON = 0.25


class ShardGroup:
    """Runs `work(shard_id)` for every shard that is due.

    `listed` gives the parents of every shard; `done` tells whether a shard is read to its end. What goes
    wrong is said in `condition`.
    """

    def __init__(
        self,
        listed: Callable[[], Mapping[str, Set[str]]],
        done: Callable[[str], bool],
        work: Callable[[str], None],
        stop: threading.Event,
        condition: Report,
    ) -> None:
        self.initial: Set[str] | None = None  # what was there when reading began
        self._listed = listed
        self._done = done
        self._work = work
        self._stop = stop
        self._condition = condition
        self._workers: dict[str, threading.Thread] = {}
        self._started: dict[str, float] = {}
        self._thread = threading.Thread(target=self._discover, name="shards")

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        """Waits for all threads, which end when `stop` is set."""
        self._thread.join()
        for worker in self._workers.values():
            worker.join()

    def _discover(self) -> None:
        while not self._stop.is_set():
            try:
                self._start_due(self._listed())
                self._condition.well("shards")
            except (ClientError, BotoCoreError, OSError) as error:
                self._condition.ill("shards", f"the stream's shards cannot be listed: {describe(error)}")
            self._rest()

    def _run(self, shard_id: str) -> None:
        """Works on a shard; it is taken up again when that ends in an error that nobody foresaw."""
        try:
            self._work(shard_id)
            self._condition.well(shard_id)
        except Exception as error:
            logger.exception("%s: reading ended", shard_id)
            self._condition.ill(shard_id, f"reading {shard_id} ended: {describe(error)}")

    def _rest(self) -> None:
        """Until it is time to look for shards: soon where a worker has ended, its children may be due."""
        until = time.monotonic() + DISCOVERY_SECONDS
        while not self._stop.wait(_SOON) and time.monotonic() < until:
            if not self._workers or not all(worker.is_alive() for worker in self._workers.values()):
                return

    def _start_due(self, shards: Mapping[str, Set[str]]) -> None:
        if self.initial is None:
            self.initial = frozenset(shards)
        for shard_id, parents in shards.items():
            worker = self._workers.get(shard_id)
            if worker is not None and worker.is_alive():
                if time.monotonic() - self._started[shard_id] > STEADY_SECONDS:
                    self._condition.well(shard_id)
                continue
            if self._done(shard_id):
                continue
            if any(parent in shards and not self._done(parent) for parent in parents):
                continue
            worker = threading.Thread(target=self._run, args=(shard_id,), name=shard_id)
            self._workers[shard_id] = worker
            self._started[shard_id] = time.monotonic()
            worker.start()
