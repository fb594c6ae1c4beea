"""The stand-in for Data Firehose: a Kinesis stream to S3, any number of them, through a function or not.

    python -m salescast.local.movers.firehose --endpoint URL --stack NAME --state DIR --fast N

Keeps (docs/aws-behaviour.md 2 to 5): each deployed delivery stream's own configuration, followed when it
changes; every shard from the delivery stream's creation on; the Lambda contract and its failure matrix
(processing.py, response.py); buffers, prefixes, Parquet, error objects and backup (delivery.py);
every call under the role that the configuration names for it; at least once: a position is kept only when
everything before it is delivered (progress.py).

Leaves out: de-aggregation of KPL records; CloudWatch metrics; Firehose's one GetRecords a second and shard
(it reads on while there is more) and its five outstanding invocations a shard (as many as this machine has
cores, in all).
"""

from __future__ import annotations

import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from salescast.local.movers.checkpoint import Checkpoint
from salescast.local.movers.clients import Clients
from salescast.local.movers.credentials import service_session
from salescast.local.movers.firehose.batch import Batch, Source, to_source
from salescast.local.movers.firehose.config import (
    MEGABYTE,
    FirehoseConfig,
    Hints,
    UnsupportedStreamError,
    from_description,
)
from salescast.local.movers.firehose.delivery import Delivery
from salescast.local.movers.firehose.destination import Destinations
from salescast.local.movers.firehose.log import FirehoseLog
from salescast.local.movers.firehose.processing import (
    INVOCATION_SECONDS,
    Function,
    NoFunction,
    StoppedError,
)
from salescast.local.movers.firehose.rights import RIGHTS
from salescast.local.movers.firehose.table import Table
from salescast.local.movers.fleet import Fleet
from salescast.local.movers.progress import Progress
from salescast.local.movers.runner import Runner, describe, start
from salescast.local.movers.shard import (
    FINISHED,
    TRIM_HORIZON,
    Position,
    PositionType,
    ShardGoneError,
    ShardReader,
    from_checkpoint,
)
from salescast.local.movers.shards import ShardGroup
from salescast.local.movers.streams import KinesisStream, raw_get_records

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.25
SHORTEST_POLL_SECONDS = 0.4
READ_BYTES = 2 * 1024 * 1024  # wanted of one GetRecords
READ_MOST = 2000
FINISH_SECONDS = 15.0
# After so long a buffer is overdue.
PATIENCE_FACTOR = 1.5
PATIENCE_SECONDS = 60.0
AT_ONCE = Hints(MEGABYTE, 0.0)  # how records are gathered where no function waits for them
INVOCATIONS = max(2, os.cpu_count() or 2)


class Firehose:
    """One delivery stream with one configuration, running in threads of its own until it is stopped."""

    def __init__(self, runner: Runner, config: FirehoseConfig, checkpoint: str = "firehose") -> None:
        self.config = config
        self._runner = runner
        self._condition = runner.condition
        self._stop = threading.Event()
        self._poll = max(SHORTEST_POLL_SECONDS, 1.0 / runner.fast)
        self._sessions: dict[str, boto3.Session] = {}
        kinesis = raw_get_records(self._clients(config.source_role_arn).kinesis)
        self._stream = KinesisStream(kinesis, config.source)
        self._checkpoint = Checkpoint(runner.checkpoint(checkpoint))
        self._kept = self._load()
        self._progress = Progress()
        self._read: set[str] = set()
        folder = runner.state / "tmp" / checkpoint
        self._delivery = Delivery(
            config, self._destinations(), self._progress, folder, condition=self._condition
        )
        patient = self._clients(config.role_arn, read_timeout=INVOCATION_SECONDS + 10)
        self._function: Function | NoFunction = NoFunction()
        self._batching = AT_ONCE
        if config.processing is not None:
            self._function = Function(patient.functions, config, self._stop)
            self._batching = config.processing.hints
        self._invocations = ThreadPoolExecutor(INVOCATIONS, thread_name_prefix="invocation")
        self._free = threading.Semaphore(INVOCATIONS)
        self._shards = ShardGroup(self._stream.parents, self._done, self._work, self._stop, self._condition)
        self._ticker = threading.Thread(target=self._tick, name="delivery")

    def start(self) -> None:
        self._ticker.start()
        self._shards.start()

    def stop(self) -> None:
        """Ends reading, delivers what was read if it can be delivered soon, and keeps the position."""
        self._stop.set()
        self._shards.join()
        self._invocations.shutdown()
        self._ticker.join()
        self._delivery.finish(FINISH_SECONDS)
        self._keep()

    def _destinations(self) -> Destinations:
        config = self.config
        own = self._clients(config.role_arn)
        log = FirehoseLog(own.logs, config, config.log)
        table = None
        if config.conversion is not None:
            table = Table(self._clients(config.conversion.schema["RoleARN"]).glue, config.conversion)
        if config.backup is None:
            return Destinations(own.s3, table, log, own.s3, log)
        backup = self._clients(config.backup.role_arn)
        backup_log = FirehoseLog(backup.logs, config, config.backup.log)
        return Destinations(own.s3, table, log, backup.s3, backup_log)

    def _clients(self, role_arn: str, read_timeout: float = 60) -> Clients:
        session = self._sessions.get(role_arn)
        if session is None:
            config = self.config
            session = self._sessions[role_arn] = service_session(
                self._runner.endpoint,
                self._runner.account,
                role_arn,
                "firehose.amazonaws.com",
                config.arn,
                config.account,
                config.region,
                rights=RIGHTS,
            )
        return Clients(session, self._runner.endpoint, read_timeout)

    def _load(self) -> dict[str, Any]:
        kept = self._checkpoint.load()
        identity = [self.config.arn, self.config.created, self.config.source]
        return kept if kept.get("identity") == identity else {"identity": identity, "shards": {}}

    def _keep(self) -> None:
        for shard_id, position in self._progress.positions().items():
            self._kept["shards"][shard_id] = list(position)
        self._checkpoint.save(self._kept)

    def _tick(self) -> None:
        longest = PATIENCE_FACTOR * self.config.longest_interval + PATIENCE_SECONDS
        while not self._stop.wait(TICK_SECONDS):
            self._delivery.deliver_due()
            try:
                self._keep()
                self._condition.well("checkpoint")
            except OSError as error:
                self._condition.ill("checkpoint", f"the checkpoint cannot be written: {error}")
            if self._progress.waiting() > longest:
                self._condition.ill("delivery", f"what was read is not delivered after {longest:.0f} s")
            else:
                self._condition.well("delivery")

    def _done(self, shard_id: str) -> bool:
        return shard_id in self._read or self._kept_position(shard_id) == FINISHED

    def _kept_position(self, shard_id: str) -> Position | None:
        kept = self._kept["shards"].get(shard_id)
        return from_checkpoint(kept) if kept else None

    def _start(self, shard_id: str) -> Position:
        position = self._progress.positions().get(shard_id) or self._kept_position(shard_id)
        if position is not None:
            return position
        since = self.config.source_since
        return TRIM_HORIZON if since is None else Position(PositionType.AT_TIMESTAMP, str(since))

    def _work(self, shard_id: str) -> None:
        start = self._start(shard_id)
        logger.info("%s: reading from %s", shard_id, " ".join(start).strip())
        reader = ShardReader(self._stream, shard_id, start)
        try:
            self._read_shard(reader)
        except ShardGoneError:
            logger.warning("%s: the shard is gone", shard_id)
            self._finish(shard_id)

    def _read_shard(self, reader: ShardReader) -> None:
        shard_id = reader.shard_id
        batch = Batch(shard_id, time.monotonic())
        hints = self._batching
        limit = 100
        try:
            while not self._stop.is_set():
                sources = self._page(reader, limit)
                if sources and not self._back_up(shard_id, sources):
                    return  # they are read again after the next start
                if sources:
                    limit = _limit(sources)
                    batch = self._gather(batch, sources)
                closed = reader.closed
                if batch.sources and (closed or time.monotonic() - batch.opened >= hints.interval):
                    self._submit(batch)
                    batch = Batch(shard_id, time.monotonic())
                if closed:
                    logger.info("%s: closed and read to its end", shard_id)
                    self._finish(shard_id)
                    return
                if not reader.milliseconds_behind or self._delivery.overfull:
                    self._stop.wait(self._poll)
        finally:
            if batch.sources:
                self._submit(batch)

    def _finish(self, shard_id: str) -> None:
        self._progress.close(shard_id)
        self._read.add(shard_id)

    def _page(self, reader: ShardReader, limit: int) -> list[Source]:
        if self._delivery.overfull:
            return []
        shard_id = reader.shard_id
        try:
            sources = [to_source(record) for record in reader.read(limit)]
            self._condition.well(f"reading {shard_id}")
            return sources
        except (ClientError, BotoCoreError, OSError) as error:
            self._condition.ill(f"reading {shard_id}", f"{shard_id}: {describe(error)}")
            self._stop.wait(1.0)
            return []

    def _gather(self, batch: Batch, sources: list[Source]) -> Batch:
        """Puts the records into the batch, and into the following ones as each is full; gives the last."""
        shard_id = batch.shard_id
        for source in sources:
            if batch.full(self._batching.size, source):
                self._submit(batch)
                batch = Batch(shard_id, time.monotonic())
            if not batch.sources:
                batch.opened = time.monotonic()
                batch.add(source)
                self._progress.add(batch)
            else:
                batch.add(source)
        self._progress.read(shard_id, sources[-1].sequence_number)
        return batch

    def _back_up(self, shard_id: str, sources: list[Source]) -> bool:
        """Backs records up, before anything else becomes of them, for as long as that takes.

        False when the process stops before.
        """
        while True:
            try:
                self._delivery.back_up(shard_id, sources)
                self._condition.well("backup")
                return True
            except OSError as error:
                self._condition.ill("backup", f"what was read cannot be backed up: {error}")
            if self._stop.wait(1.0):
                return False

    def _submit(self, batch: Batch) -> None:
        self._free.acquire()
        self._invocations.submit(self._transform, batch).add_done_callback(lambda _: self._free.release())

    def _transform(self, batch: Batch) -> None:
        """Until it is done: what nobody foresaw leaves the batch as it is."""
        while True:
            try:
                self._delivery.take(batch, self._function.transform(batch))
                self._progress.remove(batch)
                return
            except StoppedError:
                break
            except Exception:
                logger.exception("%s: a batch could not be transformed; trying again", batch.shard_id)
            if self._stop.wait(1.0):
                break
        logger.info("%s: stopped with a batch not transformed", batch.shard_id)


def _limit(sources: list[Source]) -> int:
    """Records to ask for next, so that an answer has about READ_BYTES."""
    mean = sum(source.size for source in sources) / len(sources)
    return max(10, min(READ_MOST, int(READ_BYTES / max(mean, 1))))


def run(runner: Runner) -> None:
    """Follows the stack's delivery streams until the process is told to stop."""
    firehose = runner.clients.firehose

    def describe(name: str) -> FirehoseConfig:
        answer = firehose.describe_delivery_stream(DeliveryStreamName=name)
        return from_description(dict(answer["DeliveryStreamDescription"]), runner.fast)

    Fleet(
        runner,
        "AWS::KinesisFirehose::DeliveryStream",
        describe,
        lambda config, checkpoint: Firehose(runner, config, checkpoint),
        UnsupportedStreamError,
    ).follow()


def main() -> int:
    """Run until SIGTERM or SIGINT. Returns the exit status."""
    return start("firehose", run)
