"""Fixtures that several folders of tests share."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from salescast import laptop
from salescast.stack import Stack
from salescast.state import State
from tests.shop import shop

__all__ = ["shop"]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A laptop stack with the whole template deployed, in a folder of its own; one for all tests of a run.

    Tests share its tables, so each writes orders under ids of its own (see `prefix`) and looks at those only.
    """
    folder = tmp_path_factory.mktemp("salescast")
    try:
        yield laptop.up(folder, fast=60, parameters={"FirstOrderDate": "2010-01-01"}, report=print)
    finally:
        State(folder).down()


@pytest.fixture
def prefix() -> str:
    """What the ids of a test's orders begin with."""
    return f"t{uuid4().hex[:10]}-"


# With several workers (`make test`), tests that share a stack stay together, the longest part begins.
GROUPS = {
    "stack": ("tests/local", "tests/iam", "tests/unpleasant"),
    "shop": ("tests/analytics", "tests/browser"),
}


@pytest.hookimpl(tryfirst=True)  # xdist looks for the groups after this
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group tests by the stack they share, else by folder."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    items.sort(key=lambda item: ([*GROUPS, _group(item)]).index(_group(item)))


def _group(item: pytest.Item) -> str:
    folder = str(Path(item.nodeid.split("::")[0]).parent)
    return next((name for name, folders in GROUPS.items() if folder in folders), folder)


_seconds: dict[str, float] = defaultdict(float)
_tests: dict[str, int] = defaultdict(int)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up set-up, call and tear-down by folder."""
    folder = str(Path(report.nodeid.split("::")[0]).parent)
    _seconds[folder] += report.duration
    _tests[folder] += report.when == "call"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how long each folder took."""
    terminalreporter.section("durations per folder")
    for folder, seconds in sorted(_seconds.items(), key=lambda item: -item[1]):
        terminalreporter.write_line(f"{seconds:8.1f} s {_tests[folder]:5} tests  {folder}")
