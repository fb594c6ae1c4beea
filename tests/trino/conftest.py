"""Trino beside the shop's stack. `make test-trino` runs it; `make test` does so where TRINO_URL is set."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shop import Shop
from tests.trino.server import Trino, started

collect_ignore_glob = (
    [] if os.environ.get("TRINO_URL") or os.environ.get("SALESCAST_TRINO") else ["test_*.py"]
)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Trino."""
    url = os.environ.get("TRINO_URL")
    if url:
        yield url.rstrip("/")
        return
    with started(tmp_path_factory.mktemp("trino"), Path(os.environ["SALESCAST_TRINO"])) as url:
        yield url


@pytest.fixture(scope="session")
def trino(shop: Shop, server: str) -> Trino:
    """A client whose catalog awsdatacatalog is the shop's Glue and S3."""
    assert shop.stack.endpoint
    client = Trino(server, shop.stack.output("Database"))
    client.use(shop.stack)
    return client
