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
from typing import Any

import boto3
from botocore.config import Config
from botocore.credentials import Credentials, RefreshableCredentials

from salescast.stack.loopback import require_loopback
from salescast.stack.session import isolated_session

REGION = "us-east-1"
CONTROL_TIMEOUT_SECONDS = 30

# The account's own key. MiniStack takes any key that it did not issue itself for the account's root.
ACCOUNT_KEY = ("test", "test")


class TrustRefusedError(PermissionError):
    """The role's trust policy does not let this service assume it for this resource."""


def account_session(endpoint: str, region: str = REGION) -> boto3.Session:
    """A session with the account's own key, for what the service does without a role of the user's."""
    require_loopback(endpoint)
    return isolated_session(region, lambda: Credentials(*ACCOUNT_KEY, method="account"))


def service_session(
    endpoint: str, role_arn: str, service: str, source_arn: str, account: str, region: str = REGION
) -> boto3.Session:
    """A session of `role_arn` as the service principal `service` gets it for the resource `source_arn`.

    Raises TrustRefusedError when the trust policy refuses it, OSError when the emulator does not answer.
    """
    require_loopback(endpoint)

    def fetch() -> dict[str, str]:
        body = {"RoleArn": role_arn, "Service": service, "SourceArn": source_arn, "SourceAccount": account}
        answer = _post(f"{endpoint}/_salescast/assume-service-role", body)
        return {
            "access_key": answer["AccessKeyId"],
            "secret_key": answer["SecretAccessKey"],
            "token": answer["SessionToken"],
            "expiry_time": answer["Expiration"],
        }

    def load() -> Credentials:
        return RefreshableCredentials.create_from_metadata(fetch(), fetch, method="assume-service-role")

    return isolated_session(region, load)


def client(session: Any, service: str, endpoint: str, **config: Any) -> Any:
    """A client of a boto3 session for the emulator. No botocore retries: the stand-in counts attempts."""
    settings = {"connect_timeout": 5, "read_timeout": 60, "max_pool_connections": 20} | config
    return session.client(
        service,
        endpoint_url=require_loopback(endpoint),
        config=Config(
            retries={"total_max_attempts": 1},
            parameter_validation=False,
            proxies={},
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            **settings,
        ),
    )


def _post(url: str, body: dict[str, str]) -> dict[str, str]:
    request = urllib.request.Request(  # noqa: S310 - loopback only, checked by the callers
        url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}, method="POST"
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=CONTROL_TIMEOUT_SECONDS) as response:
            answer: dict[str, str] = json.load(response)
            return answer
    except urllib.error.HTTPError as error:
        detail = error.read().decode(errors="replace")
        if error.code == 403:
            raise TrustRefusedError(
                f"{body['Service']} may not assume {body['RoleArn']} for {body['SourceArn']}: {detail}"
            ) from None
        raise OSError(f"{url} answered {error.code}: {detail}") from None
