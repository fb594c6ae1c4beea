"""Starts MiniStack on loopback with IAM enforced, and closes the gaps that Salescast meets.

    .venv-emulator/bin/python -m salescast.local.emulator --port 4566 --state .salescast

Runs in .venv-emulator and imports nothing but it, the standard library and its own siblings. Lambda functions
run as children of this process, with its interpreter and its environment, so the environment is emptied of
what Lambda's does not have, and the project is on this process's import path only.

Whoever asks must sign (door.py). Besides AWS's APIs it answers
    GET  /_salescast/health               200 {"ministack": version}
    POST /_salescast/assume-service-role  {"RoleArn", "Service", "SourceArn", "SourceAccount"}: 200 with a
                                          session, 403 when the trust policy does not allow it (sessions.py)
"""

import argparse
import asyncio
import gc
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from salescast.local.emulator import asgi
from salescast.local.emulator.asgi import App, Receive, Scope, Send

HOST = "127.0.0.1"
# By which `up` hands over the secret of root's key; it is gone from our environment before functions run.
SECRET = "SALESCAST_SECRET"  # noqa: S105, a name
# What a function may see of our environment; Lambda sets PATH, LANG and TZ itself. MiniStack reads
# GATEWAY_PORT whenever it starts a function, and a function's temporary files belong in the stack's folder.
_KEPT = {"PATH", "LANG", "TZ", "TMPDIR", "GATEWAY_PORT"}


def main() -> None:
    """Read the command line and serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(
        description="MiniStack on loopback, with the gaps closed that Salescast meets"
    )
    parser.add_argument("--port", type=int, required=True, help="TCP port on 127.0.0.1")
    parser.add_argument("--state", type=Path, required=True, help="the stack's folder; all files go there")
    arguments = parser.parse_args()
    secret = os.environ.get(SECRET, "")
    if not secret:
        parser.error(f"root's key needs a secret, in the environment variable {SECRET}")
    prepare_environment(arguments.port, arguments.state.resolve())
    app = patched_app(arguments.port, secret)
    asyncio.run(serve(app, arguments.port))


def prepare_environment(port: int, state: Path) -> None:
    """Replace the environment by what MiniStack reads when imported, and make its folders under `state`."""
    temporary = state / "tmp" / "emulator"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    os.environ.clear()
    os.environ.update(
        PATH=os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        LANG="en_US.UTF-8",
        TZ=":UTC",
        TMPDIR=str(temporary),
        GATEWAY_PORT=str(port),
        BIND_HOST=HOST,
        AUTH="true",
        LOG_LEVEL="WARNING",
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        PERSIST_STATE="0",
        STATE_DIR=str(temporary / "state"),
        S3_DATA_DIR=str(temporary / "s3"),
        LAMBDA_EXECUTOR="local",
    )
    tempfile.tempdir = None


def patches() -> tuple[ModuleType, ...]:
    """The modules that close gaps of MiniStack, each by its `apply()`, in the order of application."""
    from salescast.local.emulator.athena import service as athena
    from salescast.local.emulator.iam import policies, resources, sessions
    from salescast.local.emulator.services import (
        cloudformation,
        crawlers,
        dynamodb_expressions,
        dynamodb_items,
        firehose,
        iceberg_tables,
        job_runs,
        kinesis_resharding,
        kinesis_retention,
        pipes,
        scheduler,
    )
    from salescast.local.emulator.services.functions import errors, logs, packages

    return (
        sessions,
        resources,
        policies,
        pipes,
        firehose,
        cloudformation,
        scheduler,
        kinesis_resharding,
        kinesis_retention,
        errors,
        logs,
        packages,
        dynamodb_expressions,
        dynamodb_items,
        athena,
        crawlers,
        iceberg_tables,
        job_runs,
    )


def patched_app(port: int, secret: str) -> App:
    """MiniStack's ASGI application with every patch applied, our own endpoints and the door in front."""
    from ministack import app as ministack

    from salescast.local.emulator.door import Door

    door = Door(_with_own_endpoints(ministack.app, ministack._version()), port, secret)
    # First: services import what it replaces by name.
    door.apply()
    for module in patches():
        module.apply()
    return door


async def serve(app: App, port: int) -> None:
    """Serve until a signal; then end Lambda's processes and this one at once."""
    from hypercorn.asyncio import serve as hypercorn
    from hypercorn.config import Config
    from ministack.core import lambda_runtime

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    config = Config()
    config.bind = [f"{HOST}:{port}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"

    def end(status: int) -> NoReturn:
        lambda_runtime._REAP_GRACE = 0.2
        lambda_runtime.reset()
        # Worker threads may be in the middle of a query or an invocation, which no one waits for any more.
        os._exit(status)

    async def stopped() -> None:
        await stop.wait()
        end(0)

    try:
        await hypercorn(app, config, shutdown_trigger=stopped)
    except OSError as error:
        print(f"cannot listen on {HOST}:{port}: {error}", file=sys.stderr)
    end(1)


def _with_own_endpoints(app: App, version: str) -> App:
    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, _after_startup(send))
        elif scope["type"] == "http" and scope["path"].startswith("/_salescast/"):
            status, answer = _answer(scope, version, await asgi.body(receive))
            await asgi.send_json(send, status, answer)
        else:
            await app(_as_over_tls(scope), receive, send)

    return wrapped


def _as_over_tls(scope: Scope) -> Scope:
    """Loopback counts as TLS, so that a bucket policy that refuses plain HTTP can stay as it is on AWS.

    A request that says itself how it came (X-Forwarded-Proto) is believed: that is how tests see the refusal.
    """
    if scope["type"] != "http" or any(name == b"x-forwarded-proto" for name, _ in scope["headers"]):
        return scope
    return {**scope, "headers": [*scope["headers"], (b"x-forwarded-proto", b"https")]}


def _after_startup(send: Send) -> Send:
    async def wrapped(message: dict[str, Any]) -> None:
        if message["type"] == "lifespan.startup.complete":
            for name in set(os.environ) - _KEPT:
                del os.environ[name]
            # Modules and their data live as long as the process: the collector need not look at them again.
            gc.collect()
            gc.freeze()
            gc.set_threshold(50_000, 20, 100)
        await send(message)

    return wrapped


def _answer(scope: Scope, version: str, body: bytes) -> tuple[int, dict[str, str]]:
    from salescast.local.emulator.iam import sessions
    from salescast.local.emulator.services import crawlers, job_runs

    route = (scope["method"], scope["path"])
    if route == ("GET", "/_salescast/health"):
        return 200, {"ministack": version}
    if route == ("POST", "/_salescast/crawler-finished"):
        return crawlers.finish(json.loads(body))
    if route == ("POST", "/_salescast/job-run"):
        return job_runs.report(json.loads(body))
    if route != ("POST", "/_salescast/assume-service-role"):
        return 404, {"Code": "NotFound", "Message": f"no such endpoint: {route[0]} {route[1]}"}
    names = ("RoleArn", "Service", "SourceArn", "SourceAccount")
    try:
        request = json.loads(body)
        arguments = [request[name] for name in names]
    except (ValueError, KeyError, TypeError):
        arguments = []
    if not arguments or not all(isinstance(value, str) and value for value in arguments):
        return 400, {
            "Code": "ValidationException",
            "Message": f"expected a JSON object with {', '.join(names)}",
        }
    try:
        return 200, sessions.assume(*arguments)
    except sessions.AccessDeniedError as error:
        return 403, {"Code": "AccessDenied", "Message": str(error)}
