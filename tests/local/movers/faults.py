"""A proxy before the emulator that answers in its place where a test says so.

The emulator never throttles a single entry, never loses an answer and never forgets an iterator in time. A
stand-in that is started with the proxy's endpoint meets those failures on the wire, as it would meet AWS's.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from salescast.stack.session import ROOT_KEY
from tests.local.movers.stack import Stack

_NOT_PASSED_ON = {"connection", "content-length", "expect", "transfer-encoding", "keep-alive"}
_OF_A_SIGNATURE = {"authorization", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"}


class LostAnswerError(Exception):
    """A rule raises it to break off the connection without an answer."""


@dataclass
class Answer:
    """A response: status, body, headers without those about its length."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Call:
    """A request on its way to the emulator; `operation` as in "Kinesis_20131202.PutRecords", or empty."""

    method: str
    path: str
    operation: str
    headers: dict[str, str]
    body: bytes
    endpoint: str
    keys: dict[str, Credentials]

    def json(self) -> Any:
        return json.loads(self.body)

    def forward(self, body: bytes | None = None) -> Answer:
        """The emulator's own answer, to the request as it is or with another body, signed anew."""
        body = self.body if body is None else body
        connection = http.client.HTTPConnection(urlsplit(self.endpoint).netloc, timeout=120)
        try:
            connection.request(self.method, self.path, body, self._signed(body))
            response = connection.getresponse()
            kept = {k: v for k, v in response.getheaders() if k.lower() not in _NOT_PASSED_ON}
            answer = Answer(response.status, response.read(), kept)
        finally:
            connection.close()
        if self.path == "/_salescast/assume-service-role" and answer.status == http.HTTPStatus.OK:
            session = json.loads(answer.body)
            names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
            self.keys[session["AccessKeyId"]] = Credentials(*(session[name] for name in names))
        return answer

    def _signed(self, body: bytes) -> dict[str, str]:
        """The headers, signed for the emulator's address and this body by whoever signed them before."""
        kept = {k: v for k, v in self.headers.items() if k.lower() not in _OF_A_SIGNATURE}
        request = AWSRequest(self.method, self.endpoint + self.path, kept, body)
        # The credential's scope names key, date, region and service.
        key, _, region, service, _ = (
            self.headers["Authorization"].split("Credential=")[1].split(",")[0].split("/")
        )
        (S3SigV4Auth if service == "s3" else SigV4Auth)(self.keys[key], service, region).add_auth(request)
        return dict(request.headers)


Rule = Callable[[Call], Answer | None]


class Proxy:
    """Forwards to the emulator unless `rule` gives an answer. `calls` counts what the rule answered.

    `keys` are those that it can sign with: root's, and those of the sessions that were fetched through it.
    """

    def __init__(self, emulator: str, secret: str, address: str = "127.0.0.1") -> None:
        self.emulator = emulator
        self.keys = {ROOT_KEY: Credentials(ROOT_KEY, secret)}
        self.rule: Rule = lambda _: None
        self.calls = 0
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer((address, 0), _handler(self))
        self.server.daemon_threads = True

    @property
    def endpoint(self) -> str:
        address, port = self.server.server_address[:2]
        return f"http://{address!s}:{port}"

    def answer(self, call: Call) -> Answer:
        # One at a time, so that a rule may count.
        with self.lock:
            answer = self.rule(call)
            if answer is not None:
                self.calls += 1
                return answer
        return call.forward()


def error(code: str, status: int = 400) -> Answer:
    """An error as the JSON protocols give it."""
    body = json.dumps({"__type": code, "message": "by the test"}).encode()
    return Answer(status, body, {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": code})


@contextmanager
def proxy(emulator: str, secret: str, address: str = "127.0.0.1") -> Iterator[Proxy]:
    """A proxy that runs in this process until the block ends."""
    running = Proxy(emulator, secret, address)
    thread = threading.Thread(target=running.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.server.shutdown()
        running.server.server_close()
        thread.join()


def behind(faults: Proxy, stack: Stack) -> Stack:
    """The same stack, seen through the proxy."""
    return Stack(faults.endpoint, stack.secret, stack.state)


def _handler(running: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _NOT_PASSED_ON}
            operation = self.headers.get("X-Amz-Target", "")
            try:
                endpoint, keys = running.emulator, running.keys
                answer = running.answer(
                    Call(self.command, self.path, operation, headers, body, endpoint, keys)
                )
            except (LostAnswerError, OSError, http.client.HTTPException):
                self.close_connection = True
                return
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = serve  # noqa: N815 - names of the base class

    return Handler
