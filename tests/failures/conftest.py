"""One small stack for all tests of this folder, and a proxy that puts faults in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local.movers.faults import Proxy, proxy
from tests.local.movers.stack import Stack, running_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("failures")) as running:
        yield running


@pytest.fixture
def faults(stack: Stack) -> Iterator[Proxy]:
    with proxy(stack.endpoint, stack.secret) as running:
        yield running
