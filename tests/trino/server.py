"""A Trino server as `tests/trino/fetch.sh` brings it, and the few lines of its protocol that queries need.

The catalog is made by CREATE CATALOG, so a server that runs elsewhere serves as well (TRINO_URL), if it sees
this machine's loopback and lets catalogs be made:

    docker run --network host -e CATALOG_MANAGEMENT=dynamic trinodb/trino
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from salescast.stack.services.athena import _reader
from salescast.stack.session import ROOT_KEY
from salescast.stack.stack import Stack

START_SECONDS = 180


class TrinoError(Exception):
    """What Trino says is wrong with a statement."""


def raw(url: str, sql: str) -> tuple[list[str], list[list[Any]]]:
    """Types of the columns and rows of JSON values of a statement over no table. Raises TrinoError."""
    headers = {"X-Trino-User": "salescast", "X-Trino-Time-Zone": "UTC"}
    request = urllib.request.Request(f"{url}/v1/statement", sql.encode(), headers)
    types: list[str] = []
    rows: list[list[Any]] = []
    while True:
        with urllib.request.urlopen(request, timeout=300) as response:
            page = json.load(response)
        if "error" in page:
            raise TrinoError(f"{page['error']['errorName']}: {page['error']['message']}")
        types = [column["type"] for column in page.get("columns", [])] or types
        rows += page.get("data", [])
        if "nextUri" not in page:
            return types, rows
        request = urllib.request.Request(page["nextUri"])


class Trino:
    """A client: one statement at a time, as the user salescast."""

    def __init__(self, url: str, schema: str) -> None:
        self._url, self._schema = url.rstrip("/"), schema

    def use(self, stack: Stack) -> None:
        """Make awsdatacatalog, the name that the views carry, out of the emulator's Glue and S3.

        Athena reads tables of Hive and Iceberg in one catalog; Trino hands the latter over to a second one.
        """
        credentials = stack.session.get_credentials()
        assert credentials is not None
        shared = {
            "hive.metastore.glue.region": stack.region,
            "hive.metastore.glue.endpoint-url": str(stack.endpoint),
            "hive.metastore.glue.aws-access-key": ROOT_KEY,
            "hive.metastore.glue.aws-secret-key": str(credentials.secret_key),
            "fs.native-s3.enabled": "true",
            "s3.endpoint": str(stack.endpoint),
            "s3.region": stack.region,
            "s3.path-style-access": "true",
            "s3.aws-access-key": ROOT_KEY,
            "s3.aws-secret-key": str(credentials.secret_key),
        }
        self._make("icebergs", "iceberg", shared | {"iceberg.catalog.type": "glue"})
        of_hive = {
            "hive.metastore": "glue",
            "hive.iceberg-catalog-name": "icebergs",
            "hive.partition-projection-enabled": "true",
            "hive.recursive-directories": "true",  # as Athena reads
        }
        self._make("awsdatacatalog", "hive", shared | of_hive)

    def _make(self, name: str, connector: str, properties: dict[str, str]) -> None:
        self(f"DROP CATALOG IF EXISTS {name}")
        described = ", ".join(f"\"{key}\" = '{value}'" for key, value in properties.items())
        self(f"CREATE CATALOG {name} USING {connector} WITH ({described})")

    def __call__(self, sql: str) -> tuple[list[tuple[str, str]], list[list[Any]]]:
        """Columns (name, type without its parameters) and rows, as the laptop's Athena gives them."""
        headers = {
            "X-Trino-User": "salescast",
            "X-Trino-Catalog": "awsdatacatalog",
            "X-Trino-Schema": self._schema,
            "X-Trino-Time-Zone": "UTC",
        }
        request = urllib.request.Request(f"{self._url}/v1/statement", sql.encode(), headers)
        columns: list[tuple[str, str]] = []
        rows: list[list[Any]] = []
        while True:
            with urllib.request.urlopen(request, timeout=120) as response:
                page = json.load(response)
            assert "error" not in page, f"{page['error']['message']}\n{sql}"
            columns = [(c["name"], c["type"].partition("(")[0]) for c in page.get("columns", [])] or columns
            rows += [
                [_value(value, kind) for value, (_, kind) in zip(row, columns, strict=True)]
                for row in page.get("data", [])
            ]
            if "nextUri" not in page:
                return columns, rows
            request = urllib.request.Request(page["nextUri"])


def _value(value: Any, kind: str) -> Any:
    if value is None:
        return None
    return _reader(kind)(json.dumps(value) if isinstance(value, bool | int | float) else value)


@contextmanager
def started(folder: Path, home: Path) -> Iterator[str]:
    """Run the server in `home` (server/ and java/) with its data in `folder`; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    # Only what is needed of 50 plugins: they take most of the start.
    (folder / "plugin").mkdir()
    (folder / "catalog").mkdir()
    for connector in ("hive", "iceberg"):
        (folder / "plugin" / connector).symlink_to(home / "server" / "plugin" / connector)
    (folder / "config.properties").write_text(
        "coordinator=true\nnode-scheduler.include-coordinator=true\ncatalog.management=dynamic\n"
        "catalog.store=memory\n"
        f"http-server.http.port={port}\ndiscovery.uri={url}\n"
    )
    command = [
        str(next(home.glob("java/**/bin/java"))),
        *("-Xmx2G", "-Djdk.attach.allowAttachSelf=true", f"-Dconfig={folder}/config.properties"),
        *("-Dnode.environment=test", f"-Dnode.data-dir={folder}", f"-Dplugin.dir={folder}/plugin"),
        *(f"-Dcatalog.config-dir={folder}/catalog", "-Duser.timezone=UTC"),
        *("-cp", f"{home}/server/lib/*", "io.trino.server.TrinoServer"),
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + START_SECONDS
        while "SERVER STARTED" not in (text := (folder / "log").read_text()):
            assert process.poll() is None, text[-3000:]
            assert time.monotonic() < deadline, text[-3000:]
            time.sleep(0.5)
        yield url
    finally:
        process.terminate()
        process.wait()
