"""The Docker engine that `sam local invoke` would use: whether it answers, its images, its gateway."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
from typing import Any
from urllib.parse import urlsplit

DEFAULT = "unix:///var/run/docker.sock"
IMAGE = re.compile(r"public\.ecr\.aws/lambda/python:(3\.\d+)-(x86_64|arm64)$")


class _Local(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def host() -> str:
    """Where the engine is, as the docker command finds it."""
    return os.environ.get("DOCKER_HOST") or DEFAULT


def ask(path: str) -> Any:
    """The engine's answer. Raises OSError when none answers at `host()`."""
    parts = urlsplit(host())
    connection = _Local(parts.path) if parts.scheme == "unix" else http.client.HTTPConnection(parts.netloc)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        if response.status != http.client.OK:
            raise OSError(f"{host()} answered {response.status}")
        return json.loads(response.read())
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(f"{host()}: {error}") from error
    finally:
        connection.close()


def answers() -> bool:
    try:
        return "ApiVersion" in ask("/version")
    except OSError:
        return False


def gateway() -> str:
    """The address by which a container reaches this machine."""
    return str(ask("/networks/bridge")["IPAM"]["Config"][0]["Gateway"])


def lambda_images() -> list[tuple[str, str]]:
    """Python version and architecture of the Lambda images that are there, the newest Python last."""
    tags = [tag for image in ask("/images/json") for tag in image.get("RepoTags") or []]
    found = [match.groups() for tag in tags if (match := IMAGE.match(tag))]
    return sorted(
        ((version, architecture) for version, architecture in found),
        key=lambda image: int(image[0].split(".")[1]),
    )
