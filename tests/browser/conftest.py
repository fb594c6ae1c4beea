"""Chromium and a dashboard, for the tests of this folder."""

import os
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium
from tests.browser.look import Look
from tests.browser.served import Served, served
from tests.shop import Shop

Open = Callable[..., Look]


# A page that goes away while its socket opens: Streamlit closes it once more, and its server tells so.
_CLOSED_TWICE = re.compile(
    r"Exception in ASGI application\n(?:(?!Exception in ASGI).)*?"
    r'WebSocketDisconnected: Cannot call "send" once a close message has been sent\.',
    re.DOTALL,
)


def clean(log: str) -> bool:
    """Whether a dashboard printed neither a traceback nor a warning of ours."""
    log = _CLOSED_TWICE.sub("", log)
    return not any(word in log for word in ("Traceback", "Exception", "Warning", "Error"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if chromium.find() is None:
        # Where the tests must all run, a missing browser is a failure.
        (pytest.fail if os.environ.get("SALESCAST_CI") else pytest.skip)(chromium.LACKING)
    with chromium.launched() as found:
        yield found


@pytest.fixture(scope="session")
def dashboard(browser: Browser, shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The dashboard of the shop's stack."""
    log = tmp_path_factory.mktemp("dashboard") / "dashboard.log"
    with served(shop.stack.state.folder, log) as found:
        yield found
    assert clean(log.read_text()), log.read_text()


@pytest.fixture(scope="session")
def windows(browser: Browser) -> Iterator[dict[tuple[str, str, int], Look]]:
    """The windows by address, colour scheme and width: a window keeps what it has loaded."""
    opened: dict[tuple[str, str, int], Look] = {}
    yield opened
    for window in opened.values():
        window.close()


@pytest.fixture
def look(browser: Browser, dashboard: Served, windows: dict[tuple[str, str, int], Look]) -> Iterator[Open]:
    """A browser window on the shop's dashboard: look(scheme="dark", width=400)."""
    used: list[Look] = []

    def get(scheme: str = "light", width: int = 1280) -> Look:
        kind = (dashboard.url, scheme, width)
        for other, window in windows.items():
            if other != kind and window not in used:
                window.page.goto("about:blank")  # an open page asks for its figures all the time
        if kind not in windows:
            windows[kind] = Look(browser, *kind)
        used.append(windows[kind])
        return windows[kind]

    yield get
    for window in used:
        problems, window.problems[:] = list(window.problems), []  # the next test has its own
        assert problems == []
