"""Fixtures that several folders of tests share."""

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from salescast import laptop
from salescast.stack.stack import NO_AWS_CONFIGURATION, Stack
from salescast.stack.state import State
from tests import parts
from tests.shop import shop

__all__ = ["shop"]

# Each in an environment of its own: make test-clients, make test-glue.
collect_ignore = ["clients", "glue"]

# No verdict depends on how fast the machine is, or on what else it does.
settings.register_profile("salescast", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("salescast")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A laptop stack with the whole template deployed, in a folder of its own; one for all tests of a run.

    Tests share its tables, so each writes orders under ids of its own (see `prefix`) and looks at those only.
    """
    folder = parts.share(tmp_path_factory.mktemp("salescast"))
    # A change that Kinesis never takes must not hold its shard for twelve hours here.
    parameters = {"FirstOrderDate": "2010-01-01", "PipeRetryAttempts": "10"}
    try:
        yield laptop.up(folder, fast=60, parameters=parameters, report=print)
    finally:
        State(folder).down()


@pytest.fixture(scope="session")
def empty_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack without orders or a schedule that writes some; its tests leave it so, the last destroys it."""
    folder = parts.share(tmp_path_factory.mktemp("empty"))
    try:
        yield laptop.up(folder, fast=60, parameters={"GeneratorSchedule": "DISABLED"}, report=print)
    finally:
        State(folder).down()


@pytest.fixture
def prefix() -> str:
    """What the ids of a test's orders begin with."""
    return f"t{uuid4().hex[:10]}-"


class _ByPart(LoadScopeScheduling):  # type: ignore[misc]
    """Gives a whole part to one of two workers (`make test`), then the next."""

    def _split_scope(self, nodeid: str) -> str:
        return str(parts.part(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return _ByPart(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the parts first, in their order; what thousands of examples run is not traced each time."""
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker(pytest.mark.no_cover)
    items.sort(
        key=lambda item: part if isinstance(part := parts.part(item.nodeid), int) else len(parts.PARTS)
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """End the stacks of parts that are over."""
    parts.begin(item.nodeid)


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


def pytest_configure() -> None:
    """No test may know the user's AWS."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(NO_AWS_CONFIGURATION)
