"""Every action that the template allows: whose, on what, and where in which policy it stands."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.template import resources

Document = dict[str, Any]


class Allowed(NamedTuple):
    """One action of one statement. `resource` is the statement's, shortened: "Lake/raw/*"."""

    owner: str
    action: str
    resource: str
    policy: str
    statement: int


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def short(resource: Any) -> str:
    """The resource of a statement in the template, without what every ARN has."""
    if isinstance(resource, list):
        return ", ".join(short(part) for part in resource)
    if isinstance(resource, dict) and "Fn::If" in resource:
        return short(resource["Fn::If"][-1])  # that of the defaults
    text = resource if isinstance(resource, str) else next(iter(resource.values()))
    text = re.sub(r"arn:\$\{AWS::Partition\}:([\w-]+):\$\{AWS::Region\}:\$\{AWS::AccountId\}:", r"\1:", text)
    return re.sub(r"\$\{(\w+)(\.Arn)?\}", r"\1", text.removesuffix(".Arn"))


def documents() -> Iterator[tuple[str, str, Document]]:
    """Role or managed policy, name of the policy in it, and the policy document as the template has it."""
    for owner, role in resources("AWS::IAM::Role").items():
        assert not role.get("ManagedPolicyArns"), f"{owner}: actions that nobody listed"
        for policy in role["Policies"]:
            yield owner, policy["PolicyName"], policy["PolicyDocument"]
    for owner, policy in resources("AWS::IAM::ManagedPolicy").items():
        yield owner, owner, policy["PolicyDocument"]


def allowed() -> list[Allowed]:
    """Every action of every role and managed policy."""
    return [
        Allowed(owner, action, short(statement["Resource"]), policy, index)
        for owner, policy, document in documents()
        for index, statement in enumerate(document["Statement"])
        for action in listed(statement["Action"])
    ]


def without(document: Document, statement: int, action: str) -> Document:
    """The document without that action in that statement."""
    reduced = copy.deepcopy(document)
    changed = reduced["Statement"][statement]
    changed["Action"] = [other for other in listed(changed["Action"]) if other != action]
    if not changed["Action"]:
        del reduced["Statement"][statement]
    # IAM takes no policy without statements; this one allows nothing that exists.
    nothing = {"Effect": "Deny", "Action": "iam:CreateUser", "Resource": "*"}
    reduced["Statement"] = reduced["Statement"] or [nothing]
    return reduced
