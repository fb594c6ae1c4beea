"""Calling one of the stack's functions and reading its answer."""

import builtins
import json
from typing import Any

from botocore.exceptions import ClientError

from salescast.stack.errors import SalescastError
from salescast.stack.retry import retry
from salescast.stack.stack import Stack

Event = dict[str, Any]

REFUSED = "EventError"  # what the functions raise for a wrong event
SHOWN = 200  # characters of an answer that is none


def invoke(stack: Stack, name: str, event: Event, *, key: str, failure: str) -> Event:
    """The answer of the function `name` ("generator") to the event: an object that has `key`.

    Raises SalescastError with the function's reason: after `failure` when it ends with an error, also when it
    refuses the event or answers anything else. Only a call that Lambda did not let in is sent again: any
    other may have run.
    """
    response = retry(
        lambda: stack.invocations.invoke(
            FunctionName=stack.output(f"{name.capitalize()}Function"), Payload=json.dumps(event).encode()
        ),
        error=_not_let_in,
    )
    answer: Any = json.loads(response["Payload"].read() or b"null")
    if response.get("FunctionError"):
        kind, reason = _error(answer)
        begin = f"the {name} refuses the event" if kind == REFUSED else failure
        raise SalescastError(f"{begin}: {reason}")
    if not isinstance(answer, dict) or key not in answer:
        raise SalescastError(f"the {name} answered {repr(answer)[:SHOWN]}; deploy the current src/{name}")
    return answer


def _not_let_in(error: BaseException) -> bool:
    return isinstance(error, ClientError) and error.response["Error"]["Code"] == "TooManyRequestsException"


def _error(answer: Any) -> tuple[str, str]:
    """Lambda's description of an error: its kind, and its reason in one line."""
    if not isinstance(answer, dict):
        return "", str(answer)
    kind, text = str(answer.get("errorType") or ""), str(answer.get("errorMessage") or "")
    line = (text.splitlines() or [""])[0]
    # The texts of Python's own errors are nothing without their names.
    return kind, f"{kind} {line}".rstrip() if hasattr(builtins, kind) or not line else line
