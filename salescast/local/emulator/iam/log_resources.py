"""CloudWatch Logs actions are authorised on what AWS authorises them on.

Gap closed: MiniStack asks for the log group's bare ARN. AWS asks for the log stream's, which is empty where
an action names none, and so GetAtt of a log group's Arn, which ends in `:*`, matches it
(Service Authorization Reference, Amazon CloudWatch Logs, resource type log-stream).
"""

import json
from collections.abc import Callable
from typing import Any

from ministack.core import iam_actions

from salescast.local.emulator import patching

ResourceArn = Callable[..., str]
_WITH_STREAM = {"PutLogEvents", "CreateLogStream", "GetLogEvents", "DeleteLogStream", "FilterLogEvents"}
_NAMES_NONE = {"CreateLogStream", "FilterLogEvents"}


def apply() -> None:
    """Patch MiniStack's resource of a request."""
    patching.wrap(iam_actions, "extract_resource_arn", _with_log_streams)


def _with_log_streams(original: ResourceArn) -> ResourceArn:
    def extract(
        service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any
    ) -> str:
        arn = original(service, method, path, headers, body, *rest)
        action = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
        if service == "logs" and action in _WITH_STREAM and ":log-group:" in arn:
            stream = json.loads(body).get("logStreamName", "") if action not in _NAMES_NONE else ""
            return f"{arn}:log-stream:{stream}"
        return arn

    return extract
