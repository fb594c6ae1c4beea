"""Who may speak to the emulator at all: whoever can sign a request, which is the user who started the stack.

MiniStack knows the account's root by its key's name alone, whatever the signature, and answers pages of any
origin: a page in a browser on this machine, or another of its users, would own the stack. So before MiniStack
sees a request:

* Host must be this emulator's address: a page cannot come in by giving its own name that address.
* Origin must be absent: no page has anything to ask here.
* What MiniStack answers beside AWS's APIs (`/_ministack/reset` and its like) is closed.
* The request must be signed (SigV4) with a key that exists, and its body must be the one that was signed.
  Root has ROOT_KEY and a secret of this stack's own; users' and sessions' keys are those that the emulator
  issued. What else MiniStack takes for root ("test", an empty key, other accounts' ids) is refused.
"""

import hashlib
import hmac
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote

from ministack import app as ministack
from ministack.core import iam_evaluator, router, sigv4

from salescast.local.emulator import asgi, patching
from salescast.local.emulator.asgi import App, Receive, Scope, Send

# MiniStack takes an account's id for its root's key.
ROOT_KEY = "000000000000"
_CLOSED = ("/_ministack", "/_localstack", "/_aws")
_ROOTS = "/_salescast/"  # our own endpoints: for the stand-ins and the command
_SHA256_DIGITS = 64
_REFUSED = {
    "MissingAuthenticationToken": "Request is missing Authentication Token",
    "AccessDenied": "only root may ask for this",
    "UnrecognizedClientException": "The security token included in the request is invalid.",
    "XAmzContentSHA256Mismatch": "The body is not the one that was signed (x-amz-content-sha256).",
}


class _Request(NamedTuple):
    """A request as it was sent; `raw_path` is still encoded."""

    method: str
    path: str
    raw_path: str
    headers: dict[str, str]
    parameters: dict[str, list[str]]

    @property
    def presigned(self) -> bool:
        return "authorization" not in self.headers


class _Claim(NamedTuple):
    """Whose signature a request claims to have, and the secret it must have been made with."""

    signature: Any
    secret: str


class _RefusedError(Exception):
    """The request may not come in; AWS's error code and a sentence."""

    def __init__(self, code: str, sentence: str = "") -> None:
        super().__init__(code)
        self.failure = iam_evaluator.AuthError(code, sentence or _REFUSED[code])


class Door:
    """The application behind it, for those who may speak to it. `port` is the emulator's own."""

    def __init__(self, app: App, port: int, secret: str) -> None:
        self._app = app
        self._secret = secret
        self._hosts = (f"127.0.0.1:{port}", f"localhost:{port}")

    def apply(self) -> None:
        """Give root its secret, and check that what this module calls is there."""
        for name in ("parse_header_signature", "parse_query_signature", "header_signature_failure"):
            patching.target(sigv4, name)
        patching.target(sigv4, "request_time_failure")
        for name in ("is_root_access_key", "AuthError", "CredentialResolutionError"):
            patching.target(iam_evaluator, name)
        for name in ("extract_access_key_id", "detect_service"):
            patching.target(router, name)
        for name in ("_credential_failure", "_send_response"):
            patching.target(ministack, name)
        patching.wrap(iam_evaluator, "resolve_credential", self._with_secret)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._pass(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = _request(scope)
        refusal = self._refusal(request)
        if refusal:
            await asgi.send_json(send, 403, {"Code": "AccessDenied", "Message": refusal})
            return
        try:
            claim = _claim(request)
            # Only now: nobody fills the memory who has no key.
            body = await asgi.body(receive)
            _verify(request, claim, body)
        except _RefusedError as error:
            service = router.detect_service(request.method, request.path, request.headers, request.parameters)
            answer = ministack._credential_failure(
                service, "", str(uuid.uuid4()), error.failure, request.headers
            )
            await ministack._send_response(send, *answer, head=request.method == "HEAD")
            return
        await self._app(scope, asgi.again(body, receive), send)

    def _refusal(self, request: _Request) -> str:
        """Why a request may not come in, whoever signed it; empty when it may."""
        if request.headers.get("host") not in self._hosts:
            return f"this stack answers to {self._hosts[0]} alone"
        if "origin" in request.headers:
            return "this stack answers no web pages"
        if request.path == "/health" or request.path.startswith(_CLOSED):
            return f"{request.path} is closed"
        return ""

    def _with_secret(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def resolve_credential(key: str, *rest: Any, **more: Any) -> Any:
            credential = original(key, *rest, **more)
            return replace(credential, secret_access_key=self._secret) if key == ROOT_KEY else credential

        return resolve_credential


def _request(scope: Scope) -> _Request:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), sigv4.decode_header_value(value)
        # SigV4 signs a header that comes twice as its values joined by a comma.
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    raw_path = scope.get("raw_path") or quote(scope["path"]).encode()
    parameters = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return _Request(scope["method"], scope["path"], raw_path.decode("latin-1"), headers, parameters)


def _claim(request: _Request) -> _Claim:
    """Raises _RefusedError for a request without a signature, or with a key that does not exist."""
    if request.presigned and "X-Amz-Signature" not in request.parameters:
        raise _RefusedError("MissingAuthenticationToken")
    signature = (
        sigv4.parse_query_signature(request.parameters)
        if request.presigned
        else sigv4.parse_header_signature(request.headers)
    )
    if isinstance(signature, tuple):
        raise _RefusedError(*signature)
    key = signature.access_key_id
    # Rights will be those of the key that MiniStack reads.
    known = key == router.extract_access_key_id(request.headers, request.parameters)
    if not known or (iam_evaluator.is_root_access_key(key) and key != ROOT_KEY):
        raise _RefusedError("UnrecognizedClientException")
    if request.path.startswith(_ROOTS) and key != ROOT_KEY:
        raise _RefusedError("AccessDenied")
    credential = iam_evaluator.resolve_credential(key, ROOT_KEY)
    if isinstance(credential, iam_evaluator.CredentialResolutionError):
        raise _RefusedError(credential.code, credential.message)
    return _Claim(signature, credential.secret_access_key)


def _verify(request: _Request, claim: _Claim, body: bytes) -> None:
    """Raises _RefusedError unless the secret signed this request, in time, with this body."""
    signature = claim.signature
    lasting = request.presigned and signature.service == "s3"  # S3 looks at X-Amz-Expires itself
    failure = None if lasting else sigv4.request_time_failure(signature)
    failure = failure or sigv4.header_signature_failure(
        signature,
        claim.secret,
        request.method,
        request.raw_path,
        request.parameters,
        request.headers,
        body,
        presigned=request.presigned,
    )
    if failure:
        raise _RefusedError(*failure)
    # Other values of the header are words such as UNSIGNED-PAYLOAD.
    signed = request.headers.get("x-amz-content-sha256", "")
    if len(signed) == _SHA256_DIGITS and not hmac.compare_digest(signed, hashlib.sha256(body).hexdigest()):
        raise _RefusedError("XAmzContentSHA256Mismatch")
