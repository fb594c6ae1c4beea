"""A delivery stream's error log.

Keeps (docs/aws-behaviour.md 2.6, 2.7): one JSON event per error in the configured group and stream, which
must exist, written with the destination's role.
"""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from salescast.local.movers.firehose.config import FirehoseConfig, LogStream
from salescast.local.movers.runner import describe

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

logger = logging.getLogger(__name__)


class FirehoseLog:
    """Writes to one log stream. A failing write goes to the process's own log and changes nothing else."""

    def __init__(self, client: CloudWatchLogsClient, config: FirehoseConfig, where: LogStream | None) -> None:
        self._client = client
        self._config = config
        self._where = where

    def error(self, code: str, message: str, **more: str) -> None:
        """One error; `message` carries no data of a record."""
        logger.error("%s: %s", code, message)
        if self._where is None:
            return
        event = {
            "deliveryStreamARN": self._config.arn,
            "destination": f"arn:aws:s3:::{self._config.bucket}",
            "deliveryStreamVersionId": int(self._config.version),
            "message": message,
            "errorCode": code,
            **more,
        }
        try:
            self._client.put_log_events(
                logGroupName=self._where.group,
                logStreamName=self._where.stream,
                logEvents=[{"timestamp": time.time_ns() // 1_000_000, "message": json.dumps(event)}],
            )
        except (ClientError, BotoCoreError, OSError) as error:
            logger.warning("the log group %s was not written: %s", self._where.group, describe(error))
