"""The stand-in for EventBridge Pipes: a DynamoDB stream to a Kinesis stream, any number of them.

    python -m salescast.local.movers.pipe --endpoint URL --stack NAME --state DIR

Keeps (docs/aws-behaviour.md 1): each deployed pipe's own configuration, followed when it changes;
TRIM_HORIZON and LATEST; parents before children, closed shards, expired iterators, trimmed data; batches by
BatchSize, MaximumBatchingWindowInSeconds and 6 MB; delivery and failures as in delivery.py; reading and
writing under the pipe's role; at least once: a position is kept only after the target or the
dead-letter queue took the batch.

Leaves out: what config.py and delivery.py name; CloudWatch metrics of the pipe; a pipe at LATEST
that was stopped before its first record starts at the new tip.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from salescast.local.movers.checkpoint import Checkpoint
from salescast.local.movers.clients import Clients
from salescast.local.movers.credentials import service_session
from salescast.local.movers.fleet import Fleet
from salescast.local.movers.pipe.config import PipeConfig, PipeState, UnsupportedPipeError, from_description
from salescast.local.movers.pipe.delivery import DeadLetterQueue, Delivery, StoppedError
from salescast.local.movers.pipe.event import Entry, key_of, to_entry
from salescast.local.movers.pipe.filter import filter_of
from salescast.local.movers.pipe.log import PipeLog
from salescast.local.movers.pipe.rights import RIGHTS
from salescast.local.movers.pipe.target import KinesisTarget
from salescast.local.movers.runner import Runner, describe, start
from salescast.local.movers.shard import (
    FINISHED,
    LATEST,
    TRIM_HORIZON,
    Position,
    PositionType,
    Record,
    ShardGoneError,
    ShardReader,
    after,
    at,
    from_checkpoint,
)
from salescast.local.movers.shards import ShardGroup
from salescast.local.movers.streams import DynamoDBStream, raw_get_records
from salescast.stack.condition import Report
from salescast.stack.services.raw_answers import keep_raw
from salescast.stack.services.stream_event import to_event

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.25
READ_LIMIT = 1000
BATCH_BYTES = 6_000_000


class Positions:
    """Where each shard's reader is, kept in a checkpoint. A new pipe or stream starts from nothing."""

    def __init__(self, checkpoint: Checkpoint, config: PipeConfig, condition: Report) -> None:
        self._checkpoint = checkpoint
        self._condition = condition
        self._lock = threading.Lock()
        kept = checkpoint.load()
        identity = [config.arn, config.created, config.source]
        if kept.get("identity") != identity:
            kept = {"identity": identity, "shards": {}}
        self._content: dict[str, Any] = kept
        self.fresh = not kept["shards"]

    def position(self, shard_id: str) -> Position | None:
        """Where to go on, FINISHED for a shard that was read to its end, None for one not begun."""
        kept = self._content["shards"].get(shard_id)
        return from_checkpoint(kept) if kept else None

    def finished(self, shard_id: str) -> bool:
        return self.position(shard_id) == FINISHED

    def keep(self, shard_id: str, position: Position) -> None:
        """Note the position. A full disk does not lead back: what is not written is kept in memory."""
        with self._lock:
            self._content["shards"][shard_id] = list(position)
            try:
                self._checkpoint.save(self._content)
                self._condition.well("checkpoint")
            except OSError as error:
                self._condition.ill("checkpoint", f"the checkpoint cannot be written: {error}")

    def finish(self, shard_id: str) -> None:
        self.keep(shard_id, FINISHED)


class Pipe:
    """One pipe with one configuration, running in threads of its own until it is stopped."""

    def __init__(self, runner: Runner, config: PipeConfig, checkpoint: str = "pipe") -> None:
        self.config = config
        self._stop = threading.Event()
        session = service_session(
            runner.endpoint,
            runner.account,
            config.role_arn,
            "pipes.amazonaws.com",
            config.arn,
            config.account,
            config.region,
            rights=RIGHTS,
        )
        clients = Clients(session, runner.endpoint)
        self._stream = DynamoDBStream(raw_get_records(clients.dynamodbstreams), config.source)
        keep_raw(clients.kinesis, "PutRecords")
        log = PipeLog(runner.clients.logs, config.log_group, config.arn)
        queue = None
        if config.dead_letter_queue:
            queue = DeadLetterQueue(clients.sqs, runner.endpoint, config)
        target = KinesisTarget(clients.kinesis, config.target)
        self._condition = runner.condition
        self._delivery = Delivery(config, target, queue, log, self._stop, report=self._condition)
        self._key = key_of(config.partition_key)
        self._passes = filter_of(config.filters)
        self._positions = Positions(Checkpoint(runner.checkpoint(checkpoint)), config, self._condition)
        self._shards = ShardGroup(
            self._stream.parents, self._positions.finished, self._work, self._stop, self._condition
        )

    def start(self) -> None:
        self._shards.start()

    def stop(self) -> None:
        """Ends reading; a batch on its way is delivered or will be read again."""
        self._stop.set()
        self._shards.join()

    def _start(self, shard_id: str) -> Position:
        kept = self._positions.position(shard_id)
        if kept is not None:
            return kept
        latest = self._positions.fresh and self.config.starting_position is PositionType.LATEST
        return LATEST if latest and shard_id in (self._shards.initial or ()) else TRIM_HORIZON

    def _work(self, shard_id: str) -> None:
        start = self._start(shard_id)
        logger.info("%s: reading from %s", shard_id, " ".join(start).strip())
        reader = ShardReader(self._stream, shard_id, start)
        batcher = Batcher(self.config)
        try:
            with ThreadPoolExecutor(1) as ahead:
                self._read(reader, batcher, ahead)
        except StoppedError:
            logger.info("%s: stopped with a batch undelivered", shard_id)
        except ShardGoneError:
            logger.warning("%s: the shard is gone", shard_id)
            self._positions.finish(shard_id)

    def _read(self, reader: ShardReader, batcher: Batcher, ahead: ThreadPoolExecutor) -> None:
        shard_id = reader.shard_id
        counted = 0
        begun = reader.position.value != ""
        page: Future[list[Record]] | None = None
        while not self._stop.is_set():
            records = self._page(page or ahead.submit(reader.read, READ_LIMIT), shard_id)
            if records and not begun:
                # From here on a restart must not skip what was read: LATEST would.
                self._positions.keep(shard_id, at(self._stream.sequence_number(records[0])))
                begun = True
            closed = reader.closed
            # The next page is read while this one is delivered.
            page = ahead.submit(reader.read, READ_LIMIT) if records and not closed else None
            for record in records:
                event = to_event(record, self.config.source)
                if self._passes(event):
                    batcher.add(to_entry(event, self._key, counted))
                counted += 1
            while batch := batcher.take(closed):
                self._delivery.deliver(shard_id, batch)
                self._positions.keep(shard_id, after(batch[-1].sequence_number))
            if closed:
                logger.info("%s: closed and read to its end", shard_id)
                self._positions.finish(shard_id)
                return
            if not records:
                self._stop.wait(POLL_SECONDS)

    def _page(self, page: Future[list[Record]], shard_id: str) -> list[Record]:
        try:
            records = page.result()
            self._condition.well(f"reading {shard_id}")
            return records
        except (ClientError, BotoCoreError, OSError) as error:
            self._condition.ill(f"reading {shard_id}", f"{shard_id}: {describe(error)}")
            self._stop.wait(1.0)
            return []


class Batcher:
    """Gathers entries into batches of at most BatchSize and 6 MB, waiting at most the batching window."""

    def __init__(self, config: PipeConfig, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = config.batch_size
        self._window = config.batching_window
        self._clock = clock
        self._entries: list[Entry] = []
        self._since = 0.0

    def add(self, entry: Entry) -> None:
        if not self._entries:
            self._since = self._clock()
        self._entries.append(entry)

    def take(self, flush: bool = False) -> list[Entry]:
        """The next batch that is due, empty when none is."""
        size = 0
        for count, entry in enumerate(self._entries):
            size += len(entry.data)
            if count == self._most or (count and size > BATCH_BYTES):
                return self._cut(count)
        due = flush or len(self._entries) == self._most or self._clock() - self._since >= self._window
        return self._cut(len(self._entries)) if self._entries and due else []

    def _cut(self, count: int) -> list[Entry]:
        batch, self._entries = self._entries[:count], self._entries[count:]
        return batch


def run(runner: Runner) -> None:
    """Follows the stack's pipes until the process is told to stop."""
    pipes = runner.clients.pipes
    Fleet(
        runner,
        "AWS::Pipes::Pipe",
        lambda name: _wanted(from_description(dict(pipes.describe_pipe(Name=name)))),
        lambda config, checkpoint: Pipe(runner, config, checkpoint),
        UnsupportedPipeError,
    ).follow()


def _wanted(config: PipeConfig) -> PipeConfig | None:
    return config if config.state is PipeState.RUNNING else None


def main() -> int:
    """Run until SIGTERM or SIGINT. Returns the exit status."""
    return start("pipe", run)
