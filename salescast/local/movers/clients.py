"""Clients of a session for the emulator. No botocore retries: the stand-ins count attempts."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypedDict

import boto3
from botocore.config import Config

from salescast.stack.loopback import require_loopback

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_firehose import FirehoseClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_pipes import EventBridgePipesClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


class _Options(TypedDict):
    endpoint_url: str
    config: Config


def _options(endpoint: str, read_timeout: float) -> _Options:
    config = Config(
        connect_timeout=5,
        read_timeout=read_timeout,
        max_pool_connections=20,
        retries={"total_max_attempts": 1},
        parameter_validation=False,
        proxies={},
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return {"endpoint_url": require_loopback(endpoint), "config": config}


def client(session: Any, service: str, endpoint: str) -> Any:
    """A client by its service's name, for whoever has the name only. Raises SalescastError."""
    return session.client(service, **_options(endpoint, 60))


class Clients:
    """The clients of one session, each made when it is first used; `read_timeout` in seconds.

    Raises SalescastError.
    """

    def __init__(self, session: boto3.Session, endpoint: str, read_timeout: float = 60) -> None:
        self._session = session
        self._options = _options(endpoint, read_timeout)

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        return self._session.client("cloudformation", **self._options)

    @cached_property
    def dynamodbstreams(self) -> DynamoDBStreamsClient:
        return self._session.client("dynamodbstreams", **self._options)

    @cached_property
    def firehose(self) -> FirehoseClient:
        return self._session.client("firehose", **self._options)

    @cached_property
    def functions(self) -> LambdaClient:
        return self._session.client("lambda", **self._options)

    @cached_property
    def glue(self) -> GlueClient:
        return self._session.client("glue", **self._options)

    @cached_property
    def kinesis(self) -> KinesisClient:
        return self._session.client("kinesis", **self._options)

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        return self._session.client("logs", **self._options)

    @cached_property
    def pipes(self) -> EventBridgePipesClient:
        return self._session.client("pipes", **self._options)

    @cached_property
    def s3(self) -> S3Client:
        return self._session.client("s3", **self._options)

    @cached_property
    def sqs(self) -> SQSClient:
        return self._session.client("sqs", **self._options)
