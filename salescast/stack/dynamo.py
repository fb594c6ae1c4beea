"""DynamoDB's own JSON in and out, for bulk reads and writes.

botocore walks every attribute of every item through its service model, both ways; for 250,000 orders that is
most of the work. Here a request body is bytes that are ready, signed and sent by botocore's public pieces,
and an answer stays bytes.
"""

import random
import time
from typing import Any

import orjson
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ConnectionError as BotocoreConnectionError
from botocore.exceptions import HTTPClientError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from salescast.stack.errors import SalescastError
from salescast.stack.stack import Stack

ATTEMPTS = 8
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
RETRIED = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)


class DynamoDBError(SalescastError):
    """DynamoDB refused a request: its error code and the body of its answer."""

    def __init__(self, code: str, body: dict[str, Any]) -> None:
        super().__init__(f"DynamoDB: {code}: {body.get('message') or body.get('Message') or ''}")
        self.code = code
        self.body = body


class DynamoDB:
    """The table's service, spoken to in bytes. Safe to use from several threads."""

    def __init__(self, stack: Stack) -> None:
        credentials = stack.session.get_credentials()
        if credentials is None:
            raise SalescastError("no AWS credentials found; run `aws configure`, or set AWS_PROFILE")
        self._credentials = credentials
        self._region = stack.region
        self._url = stack.dynamodb.meta.endpoint_url.rstrip("/") + "/"
        proxies = {} if stack.is_laptop else get_environ_proxies(self._url)
        self._http = URLLib3Session(proxies=proxies, timeout=120, max_pool_connections=16)

    def call(self, operation: str, body: bytes) -> bytes:
        """Send a request of DynamoDB's JSON protocol and return the answer's body.

        Repeats it after connection errors, throttling and server errors, so it must be one that may be
        repeated. Raises DynamoDBError for every other refusal, and after the last attempt.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                status, content = self._send(operation, body)
            except (BotocoreConnectionError, HTTPClientError):
                if attempt == ATTEMPTS:
                    raise
            else:
                if status == 200:
                    return content
                error = _error(content, status)
                if attempt == ATTEMPTS or not (status >= 500 or error.code in RETRIED):
                    raise error
            # Full jitter (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/).
            time.sleep(random.uniform(0, min(10.0, 0.05 * 2**attempt)))
        raise AssertionError("the last attempt returns or raises")

    def _send(self, operation: str, body: bytes) -> tuple[int, bytes]:
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        }
        request = AWSRequest("POST", self._url, headers=headers, data=body)
        SigV4Auth(self._credentials.get_frozen_credentials(), "dynamodb", self._region).add_auth(request)
        response = self._http.send(request.prepare())
        return response.status_code, response.content


def _error(content: bytes, status: int) -> DynamoDBError:
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    return DynamoDBError(str(body.get("__type", f"HTTP {status}")).rpartition("#")[2], body)
