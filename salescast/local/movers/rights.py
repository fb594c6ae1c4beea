"""The rights that a stand-in declares, and a guard that lets its clients make no other call.

A stand-in's rights.py names every IAM action that it uses under a role of the user's. So what its role must
allow is asked of a declaration (tests/iam), and a call that is missing in the declaration fails at once,
here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.model import OperationModel

# Where IAM has another word than the API.
_PREFIXES = {"monitoring": "cloudwatch"}
_ACTIONS = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:ListObjectsV2": "s3:ListBucket",
}


class UndeclaredActionError(RuntimeError):
    """A stand-in makes a call that it does not declare: a mistake of ours, not of the user's."""


def action_of(operation: OperationModel) -> str:
    """The IAM action that an operation of an API is authorised as."""
    service = operation.service_model.signing_name
    action = f"{_PREFIXES.get(service, service)}:{operation.name}"
    return _ACTIONS.get(action, action)


def guard(rights: frozenset[str]) -> Callable[..., None]:
    """A handler of botocore's before-call event that raises UndeclaredActionError for any other action."""

    def check(model: OperationModel, **_: Any) -> None:
        action = action_of(model)
        if action not in rights:
            raise UndeclaredActionError(f"{action} is not declared: add it to the stand-in's rights.py")

    return check
