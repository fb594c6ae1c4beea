"""DynamoDB's JSON goes out and comes back as it is."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.config import Config
from botocore.credentials import Credentials

from salescast.stack.retry import ATTEMPTS
from salescast.stack.services.dynamo import DynamoDB, DynamoDBError
from salescast.stack.session import isolated_session
from salescast.stack.stack import Stack

Answer = tuple[int, bytes]


@contextmanager
def served(answer: Callable[[str, bytes], Answer]) -> Iterator[DynamoDB]:
    """A DynamoDB whose service is the function from target and body to status and body."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=key/")
            assert self.headers["Content-Type"] == "application/x-amz-json-1.0"
            status, content = answer(self.headers["X-Amz-Target"], body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    stack = SimpleNamespace(
        session=isolated_session("us-east-1", lambda: Credentials("key", "secret")),
        endpoint=f"http://127.0.0.1:{server.server_port}",
        config=Config(proxies={}, retries={"total_max_attempts": 3}),
    )
    try:
        yield DynamoDB(cast(Stack, stack))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("operation", ["Scan", "BatchGetItem", "TransactWriteItems"])
def test_bytes_pass_untouched(operation: str) -> None:
    request, answer = b'{ "Any": {"N":"1.0"} }', b'{ "Items" : [{"a":{"N":"1E2"}}] }'
    seen: list[tuple[str, bytes]] = []

    def service(target: str, body: bytes) -> Answer:
        seen.append((target, body))
        return 200, answer

    with served(service) as dynamodb:
        assert dynamodb.call(operation, request) == answer
    assert seen == [(f"DynamoDB_20120810.{operation}", request)]


def test_threads_get_their_own_answers() -> None:
    with served(lambda _target, body: (200, body)) as dynamodb:
        bodies = [json.dumps({"TableName": str(number)}).encode() for number in range(40)]
        answers: dict[bytes, bytes] = {}

        def call(mine: list[bytes]) -> None:
            answers.update({body: dynamodb.call("Scan", body) for body in mine})

        threads = [threading.Thread(target=call, args=(bodies[start::4],)) for start in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == {body: body for body in bodies}


def test_a_refusal_has_its_code_and_reasons() -> None:
    body = json.dumps(
        {
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "message": "Transaction cancelled",
            "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict", "Message": "again"}],
        }
    ).encode()
    with (
        served(lambda _target, _body: (400, body)) as dynamodb,
        pytest.raises(DynamoDBError, match="TransactionCanceledException: Transaction cancelled") as caught,
    ):
        dynamodb.call("TransactWriteItems", b"{}")
    assert caught.value.code == "TransactionCanceledException"
    assert [reason["Code"] for reason in caught.value.body["CancellationReasons"]] == [
        "None",
        "TransactionConflict",
    ]


@pytest.mark.parametrize(
    "refusal",
    [
        (400, b'{"__type": "a#ProvisionedThroughputExceededException"}'),
        (400, b'{"__type": "a#TransactionInProgressException"}'),
        (500, b'{"__type": "a#InternalServerError"}'),
        (503, b"<html>"),
    ],
)
def test_what_passes_is_tried_again(refusal: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    answers = [refusal] * (ATTEMPTS - 1) + [(200, b"{}")]
    with served(lambda _target, _body: answers.pop(0)) as dynamodb:
        assert dynamodb.call("Scan", b"{}") == b"{}"
    answers = [refusal] * ATTEMPTS
    with served(lambda _target, _body: answers.pop(0)) as dynamodb, pytest.raises(DynamoDBError):
        dynamodb.call("Scan", b"{}")
    assert answers == []
