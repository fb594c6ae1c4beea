"""Who gets into the emulator: whoever signs with a key of the stack's, and nobody else."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from salescast.stack.session import ROOT_KEY
from tests.local.emulator.emulator_process import Emulator, started

FORM = "application/x-www-form-urlencoded"
CREATE_USER = b"Action=CreateUser&UserName=intruder&Version=2010-05-08"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with started(tmp_path_factory.mktemp("door")) as emulator:
        emulator.client("s3").create_bucket(Bucket="lake")
        yield emulator


@pytest.fixture(autouse=True)
def nobody_came_in(emulator: Emulator) -> Iterator[None]:
    yield
    assert emulator.client("iam").list_users()["Users"] == []
    assert [bucket["Name"] for bucket in emulator.client("s3").list_buckets()["Buckets"]] == ["lake"]


def signed(
    emulator: Emulator,
    key: str = ROOT_KEY,
    secret: str | None = None,
    *,
    path: str = "/",
    body: bytes = CREATE_USER,
    at: datetime | None = None,
) -> dict[str, str]:
    """The headers of a request that makes a user, if it comes in."""
    request = AWSRequest("POST", emulator.endpoint + path, {"Content-Type": FORM}, body)
    signer: Any = SigV4Auth(Credentials(key, secret or emulator.secret), "iam", "us-east-1")
    if at is None:
        signer.add_auth(request)
        return dict(request.headers)
    request.context["timestamp"] = stamp = at.strftime("%Y%m%dT%H%M%SZ")
    request.headers["X-Amz-Date"] = stamp
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    signer._inject_signature_to_request(request, signature)
    return dict(request.headers)


def ask(
    emulator: Emulator,
    headers: dict[str, str],
    *,
    method: str = "POST",
    path: str = "/",
    body: bytes | None = CREATE_USER,
) -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=10)) as connection:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read().decode()


def test_a_request_that_root_signed_comes_in(emulator: Emulator) -> None:
    body = b"Action=ListUsers&Version=2010-05-08"
    status, answer = ask(emulator, signed(emulator, body=body), body=body)
    assert (status, "ListUsersResponse" in answer) == (200, True)


@pytest.mark.parametrize(
    ("key", "secret", "code"),
    [
        (ROOT_KEY, "forged", "SignatureDoesNotMatch"),
        ("test", "test", "InvalidClientTokenId"),
        ("test", None, "InvalidClientTokenId"),
        ("111111111111", None, "InvalidClientTokenId"),
        ("a-key-of-nobody", None, "InvalidClientTokenId"),
    ],
)
def test_a_forged_signature_is_refused(emulator: Emulator, key: str, secret: str | None, code: str) -> None:
    status, answer = ask(emulator, signed(emulator, key, secret))
    assert (status, code in answer) == (403, True), answer


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic cm9vdDpyb290"},
        {"Authorization": "AWS test:c2lnbmF0dXJl"},
        {"Authorization": "AWS4-HMAC-SHA256 Credential=/20260101/us-east-1/iam/aws4_request"},
        {"Authorization": "AWS4-HMAC-SHA256 Credential=test"},
    ],
)
def test_what_is_not_signed_is_refused(emulator: Emulator, headers: dict[str, str]) -> None:
    assert ask(emulator, {"Content-Type": FORM} | headers)[0] in (400, 403)


def test_the_signature_covers_time_path_and_body(emulator: Emulator) -> None:
    old = datetime.now(UTC) - timedelta(minutes=16)
    assert ask(emulator, signed(emulator, at=datetime.now(UTC), body=b"other"))[0] == 403
    assert ask(emulator, signed(emulator, at=old))[0] in (400, 403)
    assert ask(emulator, signed(emulator, path="/other"))[0] == 403
    with pytest.raises(ClientError, match="XAmzContentSHA256Mismatch"):
        _with_another_body(emulator)


def _with_another_body(emulator: Emulator) -> None:
    s3 = emulator.client("s3")

    def exchange(request: Any, **_: Any) -> None:
        request.body = b"other"
        request.headers["Content-Length"] = "5"

    s3.meta.events.register("before-send.s3", exchange)
    s3.put_object(Bucket="lake", Key="k", Body=b"mine!")


def test_the_key_that_signed_is_the_one_whose_rights_count(emulator: Emulator) -> None:
    """A signature in the header, and root's name in the query."""
    query = f"/?X-Amz-Credential={ROOT_KEY}/20260101/us-east-1/iam/aws4_request&X-Amz-Signature=0"
    headers = {"Content-Type": FORM, "Authorization": "Other Credential=test"}
    assert ask(emulator, headers, path=query)[0] in (400, 403)


@pytest.mark.parametrize(
    "host", ["rebound.example:{}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.rebound.example:{}", ""]
)
def test_another_host_is_refused(emulator: Emulator, host: str) -> None:
    headers = signed(emulator) | {"Host": host.format(emulator.port)}
    assert ask(emulator, headers)[0] == 403


def test_a_page_is_refused_though_it_signed(emulator: Emulator) -> None:
    for origin in ("https://example.com", emulator.endpoint, "null"):
        assert ask(emulator, signed(emulator) | {"Origin": origin}) == (
            403,
            '{"Code": "AccessDenied", "Message": "this stack answers no web pages"}',
        )


@pytest.mark.parametrize(
    "path",
    [
        "/_ministack/reset",
        "/_ministack/config",
        "/_ministack/health",
        "/_localstack/health",
        "/_aws/execute-api/x/y",
        "/%5Fministack/reset",
        "/health",
    ],
)
def test_what_is_beside_the_apis_is_closed_to_root_too(emulator: Emulator, path: str) -> None:
    assert ask(emulator, signed(emulator, path=path), path=path)[0] == 403


def test_only_root_asks_for_sessions_of_services(emulator: Emulator) -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    arn = emulator.client("iam").create_role(
        RoleName="somebody",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    session = emulator.client("sts").assume_role(RoleArn=arn, RoleSessionName="somebody")["Credentials"]
    path = "/_salescast/assume-service-role"
    headers = signed(emulator, session["AccessKeyId"], session["SecretAccessKey"], path=path)
    assert ask(emulator, headers, path=path)[0] == 403
    assert ask(emulator, {}, path=path)[0] == 403
    assert ask(emulator, {}, method="GET", path="/_salescast/health", body=None)[0] == 403


def test_presigned_addresses_are_checked(emulator: Emulator) -> None:
    s3 = emulator.client("s3")
    s3.put_object(Bucket="lake", Key="k", Body=b"mine")
    sign = {"config": Config(signature_version="s3v4", s3={"addressing_style": "path"})}
    presigner = _client(emulator, "s3", sign)
    url = urlsplit(presigner.generate_presigned_url("get_object", {"Bucket": "lake", "Key": "k"}))
    path = f"{url.path}?{url.query}"
    assert ask(emulator, {}, method="GET", path=path, body=None) == (200, "mine")
    assert ask(emulator, {}, method="GET", path=path.replace("/k?", "/l?"), body=None)[0] == 403
    assert ask(emulator, {}, method="GET", path=path.replace(ROOT_KEY, "test"), body=None)[0] == 403


def _client(emulator: Emulator, service: str, options: dict[str, Any]) -> Any:
    return emulator.root.client(service, endpoint_url=emulator.endpoint, **options)  # type: ignore[call-overload]


def test_no_websocket_comes_in(emulator: Emulator) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    assert ask(emulator, upgrade, method="GET", path="/_aws/execute-api/x/y", body=None)[0] == 403
