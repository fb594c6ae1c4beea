"""An emulator of its own for a test module."""

import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from salescast.laptop.emulator_process import command, free_port, variables
from salescast.stack.session import ROOT_KEY, new_secret, root_session, signature
from tests.template import ROOT


@dataclass
class Emulator:
    """A running emulator process, and root's clients for it."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    secret: str

    @property
    def root(self) -> boto3.Session:
        return root_session(self.secret, "us-east-1")

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(
        self, service: str, access_key: str = ROOT_KEY, secret: str | None = None, token: str | None = None
    ) -> Any:
        return boto3.Session(access_key, secret or self.secret, token, "us-east-1").client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.endpoint,
        )

    def wait(self, path: str) -> None:
        """Wait until `path` answers."""
        url = f"{self.endpoint}{path}"
        for _ in range(400):
            request = urllib.request.Request(url, headers=signature(self.root, "GET", url))
            try:
                with urllib.request.urlopen(request, timeout=5):
                    return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        raise AssertionError(f"the emulator did not start: {self.log.read_text()}")


@contextmanager
def started(state: Path, environment: dict[str, str] | None = None) -> Iterator[Emulator]:
    """An emulator with its files under `state`, ended when the block ends."""
    port, secret = free_port(), new_secret()
    log = state / "emulator.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(port, state),
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=os.environ | variables(secret) | (environment or {}),
        )
    emulator = Emulator(process, port, log, secret)
    try:
        emulator.wait("/_salescast/health")
        yield emulator
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
