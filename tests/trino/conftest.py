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
def trino(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trino]:
    """A Trino whose catalog awsdatacatalog is the shop's Glue and S3."""
    url = os.environ.get("TRINO_URL")
    assert shop.stack.endpoint
    if url:
        server = Trino(url, shop.stack.output("Database"))
        server.use(shop.stack)
        yield server
        return
    with started(tmp_path_factory.mktemp("trino"), Path(os.environ["SALESCAST_TRINO"])) as url:
        server = Trino(url, shop.stack.output("Database"))
        server.use(shop.stack)
        yield server
