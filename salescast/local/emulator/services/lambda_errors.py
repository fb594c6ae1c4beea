"""The errorType of a function that raised.

Gap closed: MiniStack answers `Runtime.HandlerError` whatever was raised. Lambda names the exception's class,
and callers tell a refused event from a broken function by it. The traceback, which goes to the log, has the
name.
"""

import re
from collections.abc import Callable
from typing import Any

from ministack.services import lambda_svc

from salescast.local.emulator import patching

_UNKNOWN = "Runtime.HandlerError"


def apply() -> None:
    """Name the exception in the answer of a function that raised."""
    patching.wrap(lambda_svc, "_execute_function_warm", _with_error_type)


def error_type(message: str, log: str) -> str | None:
    """The class of the exception with this message whose traceback ends the log; None when there is none."""
    first = message.partition("\n")[0]
    ends = re.findall(rf"^(?:[\w.]+\.)?(\w+): {re.escape(first)}$", log, re.MULTILINE)
    if not message:
        ends = re.findall(r"^(?:[\w.]+\.)?(\w+)$", log, re.MULTILINE)
    return str(ends[-1]) if ends else None


def _with_error_type(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def execute(*arguments: Any, **named: Any) -> dict[str, Any]:
        result = original(*arguments, **named)
        body = result.get("body")
        if result.get("error") and isinstance(body, dict) and body.get("errorType") == _UNKNOWN:
            body["errorType"] = error_type(body.get("errorMessage", ""), result.get("log") or "") or _UNKNOWN
        return result

    return execute
