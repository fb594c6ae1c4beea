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

import ipaddress
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    Credentials,
    RefreshableCredentials,
)

REGION = "us-east-1"
CONTROL_TIMEOUT_SECONDS = 30

# The account's own key. MiniStack takes any key that it did not issue itself for the account's root.
ACCOUNT_KEY = ("test", "test")


class NotLoopbackError(ValueError):
    """The endpoint is not on this machine."""


class TrustRefusedError(PermissionError):
    """The role's trust policy does not let this service assume it for this resource."""


def require_loopback(endpoint: str) -> str:
    """Gives the endpoint back, or raises NotLoopbackError when it is no http URL of a loopback address."""
    parts = urllib.parse.urlsplit(endpoint)
    host = parts.hostname or ""
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if parts.scheme != "http" or not loopback or parts.port is None:
        raise NotLoopbackError(
            f"endpoint {endpoint!r} is not an http://127.0.0.1:PORT address: run `salescast up`"
        )
    return endpoint


def account_session(endpoint: str, region: str = REGION) -> boto3.Session:
    """A session with the account's own key, for what the service does without a role of the user's."""
    require_loopback(endpoint)
    return _session(region, lambda: Credentials(*ACCOUNT_KEY, method="account"))


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

    return _session(region, load)


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


class _Provider(CredentialProvider):
    METHOD = "salescast"
    CANONICAL_NAME = "salescast"

    def __init__(self, load: Callable[[], Credentials]) -> None:
        super().__init__()
        self._load = load

    def load(self) -> Credentials:
        return self._load()


def _session(region: str, load: Callable[[], Credentials]) -> boto3.Session:
    # Every variable of botocore without its environment variable, and no files.
    variables = {
        name: (key, None, default, conversion)
        for name, (key, _environment, default, conversion) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
    }
    variables["config_file"] = (None, None, os.devnull, None)
    variables["credentials_file"] = (None, None, os.devnull, None)
    core = botocore.session.Session(session_vars=variables)
    core.register_component("credential_provider", CredentialResolver([_Provider(load)]))
    core.get_credentials()  # now, so that a refusal is raised here and not at the first call
    return boto3.Session(botocore_session=core, region_name=region)


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
