"""Fixtures that several folders of tests share."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from salescast import laptop
from salescast.stack import Stack
from salescast.state import State


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A laptop stack with the whole template deployed, in a folder of its own; one for all tests of a run.

    Tests share its tables, so each writes orders under ids of its own (see `prefix`) and looks at those only.
    """
    folder = tmp_path_factory.mktemp("salescast")
    try:
        yield laptop.up(folder, fast=30, parameters={"FirstOrderDate": "2010-01-01"}, report=print)
    finally:
        State(folder).down()


@pytest.fixture
def prefix() -> str:
    """What the ids of a test's orders begin with."""
    return f"t{uuid4().hex[:10]}-"
