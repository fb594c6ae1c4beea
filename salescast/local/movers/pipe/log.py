"""A pipe's log: ERROR records in its CloudWatch log group.

Keeps (docs/aws-behaviour.md 1.8): the record schema, one JSON object per execution step that failed. AWS
writes it by vended-log delivery, not with the pipe's role, so this writes with the account's own key.

Leaves out: INFO and TRACE records, execution data (payload, awsRequest, awsResponse: personal data), S3 and
Firehose as destinations.
"""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from salescast.local.movers.runner import describe

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

logger = logging.getLogger(__name__)


class Step(StrEnum):
    """Which step of an execution failed: a record's messageType."""

    EXECUTION_FAILED = "EXECUTION_FAILED"
    TARGET_INVOCATION_FAILED = "TARGET_INVOCATION_FAILED"
    TARGET_INVOCATION_PARTIALLY_FAILED = "TARGET_INVOCATION_PARTIALLY_FAILED"


class PipeLog:
    """Writes to one log group. A failing write goes to the process's own log and changes nothing else."""

    def __init__(self, client: CloudWatchLogsClient, group: str | None, pipe_arn: str) -> None:
        self._client = client
        self._group = group
        self._pipe_arn = pipe_arn
        self._stream: str | None = None

    def error(
        self, execution: str, step: Step, message: str, status: int, service: str, request: str
    ) -> None:
        """One failed step."""
        logger.error("%s %s: %s", step, execution, message)
        if self._group is None:
            return
        now = datetime.now(UTC)
        record = {
            "executionId": execution,
            "timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "messageType": step,
            "resourceArn": self._pipe_arn,
            "logLevel": "ERROR",
            "error": {
                "httpStatusCode": status,
                "message": message,
                "details": "",
                "awsService": service,
                "requestId": request,
            },
        }
        try:
            self._put(self._group, json.dumps(record), now)
        except (ClientError, BotoCoreError, OSError) as error:
            logger.warning("the log group %s was not written: %s", self._group, describe(error))

    def _put(self, group: str, message: str, now: datetime) -> None:
        if self._stream is None:
            self._stream = f"{self._pipe_arn.rsplit('/', 1)[1]}/{now:%Y-%m-%d}/{time.time_ns():x}"
            self._client.create_log_stream(logGroupName=group, logStreamName=self._stream)
        self._client.put_log_events(
            logGroupName=group,
            logStreamName=self._stream,
            logEvents=[{"timestamp": int(now.timestamp() * 1000), "message": message}],
        )
