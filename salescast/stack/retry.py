"""The one way to try again: up to 10 times, with growing pauses and full jitter."""

from collections.abc import Callable
from typing import Any, TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    retry_if_result,
    stop_after_attempt,
    wait_random_exponential,
)

ATTEMPTS = 10
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 10.0

T = TypeVar("T")


def retry(
    call: Callable[[], T],
    *,
    answer: Callable[[T], bool] = lambda _: False,
    error: Callable[[BaseException], bool] = lambda _: False,
) -> T:
    """The outcome of `call`, repeated while `answer` or `error` says that another try may end better.

    After ATTEMPTS tries the last outcome stands, an answer or an exception. A pause lasts up to 0.1 s at
    first, then twice as long each time, at most 10 s
    (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/).
    """
    retrying = Retrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=FIRST_PAUSE, max=LONGEST_PAUSE),
        retry=retry_if_result(answer) | retry_if_exception(error),
        retry_error_callback=_outcome,
    )
    return retrying(call)


def _outcome(state: RetryCallState) -> Any:
    assert state.outcome is not None
    return state.outcome.result()
