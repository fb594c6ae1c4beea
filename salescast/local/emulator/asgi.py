"""ASGI, as far as the emulator speaks it itself."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


async def body(receive: Receive) -> bytes:
    """The whole body of a request, or what came of it before the caller went."""
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


def again(content: bytes, receive: Receive) -> Receive:
    """What an application receives when its request's body was read before: the body, then the rest."""
    waiting = [{"type": "http.request", "body": content, "more_body": False}]

    async def received() -> dict[str, Any]:
        return waiting.pop() if waiting else await receive()

    return received


async def send_json(send: Send, status: int, answer: dict[str, str]) -> None:
    content = json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
