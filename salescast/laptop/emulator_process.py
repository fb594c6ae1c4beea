"""The emulator's process: how it is started, and whether it answers."""

import http.client
import socket
from pathlib import Path
from urllib.parse import urlsplit

import boto3

from salescast.stack.polling import poll
from salescast.stack.processes import Process
from salescast.stack.session import SECRET_VARIABLE, signature
from salescast.stack.state import PROJECT

ENVIRONMENT = PROJECT / ".venv-emulator"
PYTHON = ENVIRONMENT / "bin" / "python"
HEALTH = "/_salescast/health"
START_SECONDS = 30.0


def command(port: int, state: Path) -> list[str]:
    """The command that serves on 127.0.0.1:`port` with its files under `state`; to be run in PROJECT."""
    return [str(PYTHON), "-m", "salescast.local.emulator", "--port", str(port), "--state", str(state)]


def variables(secret: str) -> dict[str, str]:
    """What its environment needs: root's secret, and the way to libraries that functions must not find."""
    return {"PYTHONPATH": str(ENVIRONMENT / "tools"), SECRET_VARIABLE: secret}


def healthy(process: Process, endpoint: str, root: boto3.Session) -> bool:
    """Wait until the started process answers; False when it has ended or START_SECONDS have passed."""
    answered = poll(
        lambda: not process.alive or answers(endpoint, root), bool, pause=0.1, seconds=START_SECONDS
    )
    return answered and process.alive


def answers(endpoint: str, root: boto3.Session, seconds: float = 5.0) -> bool:
    """Whether our emulator answers at the endpoint, to whom it takes for its root."""
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=seconds)
    try:
        connection.request("GET", HEALTH, headers=signature(root, "GET", endpoint + HEALTH))
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
