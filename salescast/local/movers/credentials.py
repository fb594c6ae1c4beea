"""Sessions for the stand-ins: the account's own key, and sessions of the role that a service was given.

Keeps (docs/aws-behaviour.md 1.7, 2.7): a service calls others only as the role in its configuration, and gets
a session of that role only when the role's trust policy allows the service principal with `aws:SourceArn` and
`aws:SourceAccount`. The emulator evaluates the trust policy (`POST /_salescast/assume-service-role`);
sessions last one hour and are renewed here.

Leaves out: the service-linked roles and vended-log delivery, which have no role of the user's; those use the
account's key.

Only a loopback endpoint is accepted, and nothing is read from the environment or from configuration files,
so a stand-in can never reach a real AWS account.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import boto3
from botocore.credentials import Credentials, RefreshableCredentials

from salescast.local.movers.rights import guard
from salescast.stack.loopback import require_loopback
from salescast.stack.session import isolated_session, root_session, signature

REGION = "us-east-1"
CONTROL_TIMEOUT_SECONDS = 30


class TrustRefusedError(PermissionError):
    """The role's trust policy does not let this service assume it for this resource."""


def account_session(endpoint: str, secret: str, region: str = REGION) -> boto3.Session:
    """A session with the account's own key, for what the service does without a role of the user's."""
    require_loopback(endpoint)
    return root_session(secret, region)


def service_session(
    endpoint: str,
    root: boto3.Session,
    role_arn: str,
    service: str,
    source_arn: str,
    account: str,
    region: str = REGION,
    *,
    rights: frozenset[str] | None,
) -> boto3.Session:
    """A session of `role_arn` as the service principal `service` gets it for the resource `source_arn`.

    `root`, a session with the account's own key, asks for it. Its clients raise UndeclaredActionError for a
    call that is not among `rights`, the IAM actions that the service declares; None lets every call through,
    for who tries what the role may. Raises TrustRefusedError when the trust policy refuses it, OSError when
    the emulator does not answer.
    """
    require_loopback(endpoint)

    def fetch() -> dict[str, str]:
        body = {"RoleArn": role_arn, "Service": service, "SourceArn": source_arn, "SourceAccount": account}
        try:
            answer = post(root, f"{endpoint}/_salescast/assume-service-role", body)
        except PermissionError as error:
            text = f"{service} may not assume {role_arn} for {source_arn}: {error}"
            raise TrustRefusedError(text) from None
        return {
            "access_key": answer["AccessKeyId"],
            "secret_key": answer["SecretAccessKey"],
            "token": answer["SessionToken"],
            "expiry_time": answer["Expiration"],
        }

    def load() -> Credentials:
        return RefreshableCredentials.create_from_metadata(fetch(), fetch, method="assume-service-role")

    session = isolated_session(region, load)
    if rights is not None:
        session.events.register("before-call", guard(rights))
    return session


def post(root: boto3.Session, url: str, body: dict[str, str]) -> dict[str, str]:
    """What the emulator answers to root about itself (`/_salescast/`).

    Raises PermissionError for 403 and OSError for any other refusal.
    """
    data = json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} | signature(root, "POST", url, data)
    # Loopback only, checked by the callers.
    request = urllib.request.Request(url, data, headers, method="POST")  # noqa: S310
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=CONTROL_TIMEOUT_SECONDS) as response:
            answer: dict[str, str] = json.load(response)
            return answer
    except urllib.error.HTTPError as error:
        detail = error.read().decode(errors="replace")
        if error.code == 403:
            raise PermissionError(detail) from None
        raise OSError(f"{url} answered {error.code}: {detail}") from None
