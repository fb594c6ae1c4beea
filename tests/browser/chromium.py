"""The browser: Debian's Chromium, or whichever of its relatives is installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
LACKING = "these tests need a browser: apt-get install chromium"


def find() -> str | None:
    """Path of the browser, None when there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def arguments(*more: str) -> list[str]:
    """What Chromium is started with: its sandbox refuses to start for root."""
    return [*more, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


@contextmanager
def launched() -> Iterator[Browser]:
    """The browser, headless, until the block ends. Raises FileNotFoundError when there is none."""
    path = find()
    if path is None:
        raise FileNotFoundError(LACKING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments())
        try:
            yield browser
        finally:
            browser.close()
