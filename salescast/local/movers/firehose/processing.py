"""Invoking the transformation function.

Keeps (docs/aws-behaviour.md 2.3, 2.4): a function error, a timeout, a throttle, a refusal and a response over
6 MB are tried again NumberOfRetries times with the same record ids; then the whole batch fails with the code
of the last attempt.

Leaves out: Lambda's own faults (5xx) and a silent endpoint are tried again without counting, so that a
laptop's hiccup does not end in the error output.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from salescast.local.movers.firehose.batch import Batch
from salescast.local.movers.firehose.config import FirehoseConfig
from salescast.local.movers.firehose.response import MAX_RESPONSE, Accepted, BatchError, Rejected, verdicts
from salescast.local.movers.runner import describe

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
INVOCATION_SECONDS = 300  # a transformation may run for five minutes

FUNCTION_ERROR = "Lambda.FunctionError"
_ERROR_RESULT = "The Lambda function was successfully invoked but it returned an error result."
_TIMED_OUT = "The function timed out. Increase the Timeout setting in the Lambda function."
_REFUSALS = {
    "TooManyRequestsException": (
        "Lambda.InvokeLimitExceeded",
        "The Lambda function execution was throttled or reached its limit of concurrent executions.",
    ),
    "AccessDeniedException": (
        "Lambda.InvokeAccessDenied",
        "Access was denied. Ensure that the access policy on the provided IAM role allows the invocation.",
    ),
    "ResourceNotFoundException": ("Lambda.FunctionNotFound", "The Lambda function does not exist."),
}


class StoppedError(Exception):
    """The process ends before the batch was transformed; it is read again after the next start."""


class Outcome:
    """What became of a batch."""

    def __init__(self, accepted: list[Accepted], rejected: list[Rejected], attempts: int) -> None:
        self.accepted = accepted
        self.rejected = rejected
        self.attempts = attempts


class NoFunction:
    """The place of the function in a delivery stream without one: every record is delivered as it came."""

    def transform(self, batch: Batch) -> Outcome:
        return Outcome([Accepted(source, source.decoded()) for source in batch.sources], [], 1)


class _UncountedError(Exception):
    """The attempt failed for a reason that is not the user's."""


class Function:
    """The transformation function of one delivery stream. Safe to use from several threads."""

    def __init__(self, client: LambdaClient, config: FirehoseConfig, stop: threading.Event) -> None:
        assert config.processing is not None
        self._client = client
        self._config = config
        self._processing = config.processing
        self._stop = stop

    def transform(self, batch: Batch) -> Outcome:
        """Gives every record of the batch a verdict. Raises StoppedError."""
        attempts = uncounted = 0
        while True:
            try:
                attempts += 1
                accepted, rejected = verdicts(batch.sources, self._invoke(batch))
                return Outcome(accepted, rejected, attempts)
            except _UncountedError:
                attempts -= 1
                uncounted += 1
            except _AttemptError as error:
                if attempts > self._processing.retries:
                    return _all_failed(batch, error, attempts)
            except BatchError as error:
                return _all_failed(batch, error, attempts)
            pause = FIRST_PAUSE_SECONDS * 2 ** min(attempts + uncounted - 1, 8)
            if self._stop.wait(min(pause, LONGEST_PAUSE_SECONDS)):
                raise StoppedError

    def _invoke(self, batch: Batch) -> bytes:
        function = self._processing.function_arn
        try:
            answer = self._client.invoke(FunctionName=function, Payload=batch.event(self._config))
            body: bytes = answer["Payload"].read()
        except ClientError as error:
            raise _refused(error) from None
        except (BotoCoreError, OSError) as error:
            raise _UncountedError(describe(error)) from None
        if answer.get("FunctionError"):
            if b"Task timed out" in body[:10_000]:
                raise _AttemptError("Lambda.FunctionTimedOut", _TIMED_OUT)
            raise _AttemptError(FUNCTION_ERROR, _ERROR_RESULT)
        if len(body) > MAX_RESPONSE:
            raise _AttemptError(FUNCTION_ERROR, "The response of the Lambda function is larger than 6 MB.")
        return body


class _AttemptError(BatchError):
    """One attempt failed; the next may not."""


def _refused(error: ClientError) -> Exception:
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    if code in _REFUSALS:
        return _AttemptError(*_REFUSALS[code])
    if status == 403:
        return _AttemptError(*_REFUSALS["AccessDeniedException"])
    if status == 429:
        return _AttemptError(*_REFUSALS["TooManyRequestsException"])
    if status >= 500:
        return _UncountedError(describe(error))
    return _AttemptError(FUNCTION_ERROR, f"The Lambda function was not invoked: {code}.")


def _all_failed(batch: Batch, error: BatchError, attempts: int) -> Outcome:
    return Outcome([], [Rejected(source, error.code, str(error)) for source in batch.sources], attempts)
