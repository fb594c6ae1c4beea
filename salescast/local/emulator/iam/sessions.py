"""Role sessions for the services whose work the stand-ins do.

AWS services assume the role that a resource names, after its trust policy was evaluated for the service
principal with aws:SourceArn and aws:SourceAccount. MiniStack has no such call, and its own AssumeRole lets
the account's root assume any role that trusts a service without conditions, so neither is used here.

Gap closed: a session of a service role, issued only when the trust policy allows that very service, source
and account.
"""

import json
import time
from datetime import UTC, datetime
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam, sts

from salescast.local.emulator import patching
from salescast.local.emulator.iam import rights

LIFETIME_SECONDS = 3600


class AccessDeniedError(Exception):
    """A trust policy or an identity policy does not allow it; the message is AWS's."""


def apply() -> None:
    """Check that what this module calls is there (it patches nothing)."""
    for name in ("EvalContext", "evaluate", "parse_policy_document", "enforce", "_service_principal_matches"):
        patching.target(iam_evaluator, name)
    for name in ("register_session", "_gen_session_access_key", "_gen_secret", "_gen_session_token"):
        patching.target(sts, name)
    patching.target(iam, "_roles")


def assume(role_arn: str, service: str, source_arn: str, source_account: str) -> dict[str, str]:
    """A session of `role_arn` for the service principal `service` acting for `source_arn`.

    Returns AccessKeyId, SecretAccessKey, SessionToken and Expiration (ISO 8601), as sts:AssumeRole does.
    Raises AccessDeniedError when the role does not exist or its trust policy does not allow it.
    """
    role = _role(role_arn)
    if role is None or not _trusts(role, role_arn, service, source_arn, source_account):
        raise AccessDeniedError(
            f"{service} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
        )
    account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    session = service.split(".")[0]
    expires = time.time() + LIFETIME_SECONDS
    credentials = {
        "AccessKeyId": str(sts._gen_session_access_key()),
        "SecretAccessKey": str(sts._gen_secret()),
        "SessionToken": str(sts._gen_session_token()),
    }
    sts.register_session(
        credentials["AccessKeyId"],
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
            "UserId": f"{role.get('RoleId', name)}:{session}",
            "SecretAccessKey": credentials["SecretAccessKey"],
            "SessionToken": credentials["SessionToken"],
            "Expiration": expires,
            "AccountId": account,
            "PrincipalType": "AssumedRole",
        },
    )
    return {**credentials, "Expiration": datetime.fromtimestamp(expires, UTC).isoformat()}


def require(
    access_key: str,
    action: str,
    resource: str,
    declared: frozenset[str],
    context: dict[str, str] | None = None,
) -> None:
    """Raise AccessDeniedError unless the owner of `access_key` may do `action` on `resource`.

    UndeclaredActionError unless the action is among those that the asking stand-in declares. Identity
    policies, permissions boundary, session policies and the resource's own policy all count; root passes
    (MiniStack knows root by an empty key). `context` holds condition keys such as s3:prefix.
    """
    rights.check(action, declared)
    denied = iam_evaluator.enforce(
        access_key, action, action.split(":")[0], get_region(), resource_arn=resource, service_context=context
    )
    if denied is None:
        return
    who = getattr(denied, "principal_arn", "") or "the caller"
    raise AccessDeniedError(f"User: {who} is not authorized to perform: {action} on resource: {resource}")


def _role(role_arn: str) -> dict[str, Any] | None:
    parts = role_arn.split(":")
    if len(parts) != 6 or parts[2] != "iam" or not parts[5].startswith("role/"):
        return None
    role: dict[str, Any] | None = iam._roles.get_scoped(parts[4], None, parts[5].rsplit("/", 1)[-1])
    return role if role and role.get("Arn") == role_arn else None


def _trusts(role: dict[str, Any], role_arn: str, service: str, source_arn: str, source_account: str) -> bool:
    """Whether the trust policy allows the service; of statements for others only a Deny for all counts."""
    document = role.get("AssumeRolePolicyDocument", "{}")
    document = json.loads(document) if isinstance(document, str) else document
    statements = document.get("Statement", [])
    statements = [statements] if isinstance(statements, dict) else statements

    def concerns(statement: dict[str, Any]) -> bool:
        principal = statement.get("Principal")
        if principal == "*":
            return statement.get("Effect") == "Deny"
        return bool(iam_evaluator._service_principal_matches(principal, service))

    context = iam_evaluator.EvalContext(
        principal_arn=service,
        principal_type="Service",
        principal_account=get_account_id(),
        action="sts:AssumeRole",
        resource_arn=role_arn,
        region=get_region(),
        service_context={"aws:sourcearn": source_arn, "aws:sourceaccount": source_account},
    )
    concerned = [iam_evaluator.parse_policy_document({"Statement": [s for s in statements if concerns(s)]})]
    return bool(iam_evaluator.evaluate(context, concerned).decision == "Allow")
