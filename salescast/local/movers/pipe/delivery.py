"""How a pipe brings a batch to its target, or to the dead-letter queue.

Keeps (docs/aws-behaviour.md 1.2, 1.6): only what failed is sent again; customer errors count as attempts, the
service's own do not; AUTOMATIC_BISECT halves a batch that was refused as a whole for what is in it, and a
split does not count as an attempt, so that a poison record ends alone; MaximumRecordAgeInSeconds and
MaximumRetryAttempts end in the dead-letter queue, whose message is metadata only: shard, first and last
sequence number, size. The records of one message are neighbours in the shard, so that reading between its
two sequence numbers gives those records and no others.

Leaves out: SNS as dead-letter queue; disabling a pipe after sustained errors; a pipe without a dead-letter
queue drops what it gives up, and logs it.
"""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from salescast.local.movers.pipe.config import PipeConfig
from salescast.local.movers.pipe.event import Entry
from salescast.local.movers.pipe.log import PipeLog, Step
from salescast.local.movers.pipe.target import Failure, KinesisTarget
from salescast.local.movers.runner import describe
from salescast.stack.condition import Report

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
PATIENCE = 4  # attempts after which it is said that a batch waits


class Condition(StrEnum):
    """Why a pipe gives records up."""

    RETRIES_EXHAUSTED = "RetryAttemptsExhausted"
    TOO_OLD = "RecordAgeExceeded"


class StoppedError(Exception):
    """The process ends before the batch was delivered; it is read again after the next start."""


class DeadLetterQueue:
    """An SQS queue that takes a pipe's batch metadata."""

    def __init__(self, client: SQSClient, endpoint: str, config: PipeConfig) -> None:
        self._client = client
        self._config = config
        name, account = (config.dead_letter_queue or "::::::").split(":")[5], config.account
        self._url = f"{endpoint}/{account}/{name}"

    def send(self, shard_id: str, entries: list[Entry], condition: Condition) -> None:
        """One message for neighbours in a shard. Raises ClientError."""
        body = dead_letter(self._config, shard_id, entries, condition, datetime.now(UTC))
        self._client.send_message(QueueUrl=self._url, MessageBody=json.dumps(body))


def dead_letter(
    config: PipeConfig, shard_id: str, entries: list[Entry], condition: Condition, now: datetime
) -> dict[str, Any]:
    """The message's body (docs/aws-behaviour.md 1.6)."""
    return {
        "context": {"partnerResourceArn": config.arn, "condition": condition},
        "version": "1.0",
        "timestamp": _iso(now),
        "DDBStreamBatchInfo": {
            "shardId": shard_id,
            "startSequenceNumber": entries[0].sequence_number,
            "endSequenceNumber": entries[-1].sequence_number,
            "approximateArrivalOfFirstRecord": _iso(datetime.fromtimestamp(entries[0].created, UTC)),
            "approximateArrivalOfLastRecord": _iso(datetime.fromtimestamp(entries[-1].created, UTC)),
            "batchSize": len(entries),
            "streamArn": config.source,
        },
    }


class Delivery:
    """Delivers batches of one pipe. `stop` ends the waiting between attempts."""

    def __init__(
        self,
        config: PipeConfig,
        target: KinesisTarget,
        queue: DeadLetterQueue | None,
        log: PipeLog,
        stop: threading.Event,
        clock: Callable[[], float] = time.time,
        report: Report | None = None,
    ) -> None:
        self._config = config
        self._target = target
        self._queue = queue
        self._log = log
        self._stop = stop
        self._clock = clock
        self._condition = report

    def deliver(self, shard_id: str, batch: list[Entry]) -> None:
        """Returns once every entry is in the target or in the dead-letter queue. Raises StoppedError."""
        execution = str(uuid.uuid4())
        work = [(batch, 0, 0)]  # entries, counted attempts, uncounted ones
        while work:
            entries, attempts, uncounted = work.pop()
            entries = self._within_age(execution, shard_id, entries)
            again: list[tuple[list[Entry], int, int]] = []
            pause = 0.0
            for failure in self._target.put(entries) if entries else []:
                self._report(execution, failure)
                if attempts + uncounted >= PATIENCE:
                    self._ill(shard_id, f"{len(failure.entries)} change(s): {failure.message}")
                if failure.internal:
                    pause = max(pause, self._pause(attempts + uncounted))
                    again.append((failure.entries, attempts, uncounted + 1))
                elif self._config.bisect and failure.about_records and len(failure.entries) > 1:
                    middle = len(failure.entries) // 2
                    again += [(half, attempts, uncounted) for half in _halves(failure.entries, middle)]
                elif 0 <= self._config.retry_attempts <= attempts:
                    self._give_up(execution, shard_id, failure.entries, Condition.RETRIES_EXHAUSTED)
                else:
                    pause = max(pause, self._pause(attempts + uncounted))
                    again.append((failure.entries, attempts + 1, uncounted))
            work += reversed(again)  # the oldest first
            if pause and self._stop.wait(pause):
                raise StoppedError
            if work and self._stop.is_set():
                raise StoppedError
        if self._condition is not None:
            self._condition.well(f"delivery of {shard_id}")

    def _ill(self, shard_id: str, sentence: str) -> None:
        if self._condition is not None:
            self._condition.ill(f"delivery of {shard_id}", f"{shard_id} waits: {sentence}")

    def _within_age(self, execution: str, shard_id: str, entries: list[Entry]) -> list[Entry]:
        if self._config.record_age < 0:
            return entries
        oldest = self._clock() - self._config.record_age
        old = [entry for entry in entries if entry.created < oldest]
        if not old:
            return entries
        self._give_up(execution, shard_id, old, Condition.TOO_OLD)
        return [entry for entry in entries if entry.created >= oldest]

    def _give_up(self, execution: str, shard_id: str, entries: list[Entry], condition: Condition) -> None:
        for run in neighbours(entries):
            where = f"{shard_id} {run[0].sequence_number} to {run[-1].sequence_number}, {len(run)} records"
            if self._queue is None:
                message = f"{condition}, no dead-letter queue, records dropped: {where}"
                self._log.error(execution, Step.EXECUTION_FAILED, message, 0, "pipes", "")
                continue
            self._send(execution, shard_id, run, condition)
            message = f"{condition}, sent to the dead-letter queue: {where}"
            self._log.error(execution, Step.EXECUTION_FAILED, message, 0, "pipes", "")

    def _send(self, execution: str, shard_id: str, run: list[Entry], condition: Condition) -> None:
        assert self._queue is not None
        attempt = 0
        while True:
            try:
                self._queue.send(shard_id, run, condition)
                return
            except (ClientError, BotoCoreError, OSError) as error:
                # Without the queue's consent the records are nowhere: keep them in the stream.
                self._log.error(execution, Step.EXECUTION_FAILED, describe(error), 0, "sqs", "")
                self._ill(shard_id, describe(error))
            if self._stop.wait(self._pause(attempt)):
                raise StoppedError
            attempt += 1

    def _report(self, execution: str, failure: Failure) -> None:
        partly = failure.status == 200
        step = Step.TARGET_INVOCATION_PARTIALLY_FAILED if partly else Step.TARGET_INVOCATION_FAILED
        message = f"{len(failure.entries)} records: {failure.message}"
        self._log.error(execution, step, message, failure.status, "kinesis", failure.request_id)

    def _pause(self, attempt: int) -> float:
        longest = min(FIRST_PAUSE_SECONDS * 2 ** min(attempt, 10), LONGEST_PAUSE_SECONDS)
        return float(longest * random.uniform(0.5, 1))


def neighbours(entries: list[Entry]) -> Iterator[list[Entry]]:
    """Splits entries, ordered by position, into runs without a gap."""
    run: list[Entry] = []
    for entry in entries:
        if run and entry.position != run[-1].position + 1:
            yield run
            run = []
        run.append(entry)
    if run:
        yield run


def _halves(entries: list[Entry], middle: int) -> tuple[list[Entry], list[Entry]]:
    return entries[:middle], entries[middle:]


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
