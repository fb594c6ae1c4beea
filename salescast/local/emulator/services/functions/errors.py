"""A function that raised: the errorType of its answer, and its execution environment, which lives on.

Gaps closed: MiniStack answers `Runtime.HandlerError` whatever was raised. Lambda names the exception's class,
and callers tell a refused event from a broken function by it. The traceback, which goes to the log, has the
name. And MiniStack ends the environment, so that the next invocation is a cold start; on Lambda an exception
of the handler ends the invocation alone. Its worker for Python is therefore made to tell such an error as an
answer of another kind, for which the environment stays.
"""

import re
from collections.abc import Callable
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from salescast.local.emulator import patching

_UNKNOWN = "Runtime.HandlerError"
# How MiniStack's worker tells what the handler raised, and how it does here.
_ENDS = '"status": "error", "error": str(e), "trace": traceback.format_exc()'
_STAYS = '"status": "ok", "raised": True, "error": str(e), "trace": traceback.format_exc()'


def apply() -> None:
    """Name the exception in the answer of a function that raised, and keep its environment."""
    patching.wrap(lambda_svc, "_execute_function_warm", _with_error_type)
    patching.wrap(lambda_runtime, "_PYTHON_WORKER_SCRIPT", _staying)
    patching.wrap(patching.target(lambda_runtime, "Worker"), "invoke", _telling)


def _staying(script: str) -> str:
    if script.count(_ENDS) != 1:
        raise patching.MissingPatchTargetError("MiniStack's worker tells an error in another way")
    return script.replace(_ENDS, _STAYS)


def _telling(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def invoke(*arguments: Any, **named: Any) -> dict[str, Any]:
        result = original(*arguments, **named)
        return result | {"status": "error"} if result.get("raised") else result

    return invoke


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
