"""A crawler's log: the lines of one run in the group of all crawlers.

Keeps (docs/aws-behaviour.md 6.3): the group /aws-glue/crawlers, made when it is absent, and a stream named
after the crawler, written with the crawler's role.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from salescast.local.movers.runner import describe

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import InputLogEventTypeDef

logger = logging.getLogger(__name__)

LOG_GROUP = "/aws-glue/crawlers"


class CrawlerLog:
    """Gathers the lines of a run. A failing write goes to the process's own log and changes nothing else."""

    def __init__(self, client: CloudWatchLogsClient, crawler: str) -> None:
        self._client = client
        self._crawler = crawler
        self._lines: list[InputLogEventTypeDef] = []

    def say(self, message: str) -> None:
        """One line."""
        logger.info("%s: %s", self._crawler, message)
        self._lines.append({"timestamp": time.time_ns() // 1_000_000, "message": message})

    def write(self) -> None:
        """Sends off what was said."""
        there_already = self._client.exceptions.ResourceAlreadyExistsException
        try:
            with suppress(there_already):
                self._client.create_log_group(logGroupName=LOG_GROUP)
            with suppress(there_already):
                self._client.create_log_stream(logGroupName=LOG_GROUP, logStreamName=self._crawler)
            self._client.put_log_events(
                logGroupName=LOG_GROUP, logStreamName=self._crawler, logEvents=self._lines
            )
        except (ClientError, BotoCoreError, OSError) as error:
            logger.warning("the log group %s was not written: %s", LOG_GROUP, describe(error))
