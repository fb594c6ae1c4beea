"""Which alarms a call of CloudWatch is about, for IAM.

Gap closed: MiniStack evaluates DescribeAlarms against the resource `*`, so that a policy that names alarms
refuses it. AWS evaluates it against alarms (docs/aws-behaviour.md 7.6).

Leaves out: DescribeAlarms with names is evaluated on all alarms of the account, not on those named.
"""

from collections.abc import Callable
from typing import Any

from ministack.core import iam_actions

from salescast.local.emulator import patching

Resolve = Callable[..., str]


def apply() -> None:
    """Wrap MiniStack's resolution of a request's resource."""
    patching.wrap(iam_actions, "extract_resource_arn", _with_alarms)


def _with_alarms(original: Resolve) -> Resolve:
    def resolve(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query: dict[str, Any],
        region: str,
        account: str,
    ) -> str:
        if service == "monitoring" and headers.get("x-amz-target", "").endswith(".DescribeAlarms"):
            return f"arn:aws:cloudwatch:{region}:{account}:alarm:*"
        return original(service, method, path, headers, body, query, region, account)

    return resolve
