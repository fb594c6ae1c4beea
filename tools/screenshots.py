"""Pictures of every page of the stack that `make demo` left, for README and docs: `make screenshots`."""

from __future__ import annotations

import io
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser

from salescast.stack.stack import Stack
from salescast.stack.state import DEFAULT
from tests.browser import chromium
from tests.browser.look import PATHS, Look
from tests.browser.served import served
from tests.template import ROOT

FOLDER = ROOT / "docs" / "images"
WIDTH, HEIGHT = 1440, 900
NARROW = 390
COLOURS = 128
MOST_BYTES = 150_000


def main() -> None:
    stack = Stack.laptop(DEFAULT)
    FOLDER.mkdir(parents=True, exist_ok=True)
    log = Path(tempfile.mkdtemp()) / "dashboard.log"
    with served(stack.state.folder, log) as dashboard, chromium.launched() as browser:
        for title in PATHS:
            picture(browser, dashboard.url, title, title.lower())
        picture(browser, dashboard.url, "Sales", "sales-dark", "dark")
        picture(browser, dashboard.url, "Sales", "sales-narrow", width=NARROW)


def picture(
    browser: Browser, url: str, title: str, name: str, scheme: Any = "light", width: int = WIDTH
) -> None:
    """Write one picture of a page as it is in a window."""
    window = Look(browser, url, scheme, width)
    window.open(title, "?query=top_products" if title == "Ask" else "")
    if title == "Ask":
        window.page.get_by_role("button", name="Run").click()
        window.page.get_by_role("button", name="Download CSV").wait_for()
    if title == "Trust":
        window.page.get_by_role("button", name="Reconcile now").click()
        window.page.get_by_text(re.compile(r"Reconciled \d s ago")).wait_for()
        window.page.mouse.move(0, 0)
    window.page.wait_for_timeout(1500)  # for what moves to come to rest
    shot = Image.open(io.BytesIO(window.page.screenshot())).convert("RGB")
    path = FOLDER / f"{name}.png"
    shot.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path.relative_to(ROOT)}: {size / 1000:.0f} kB")
    if size > MOST_BYTES:
        sys.exit(f"{path} is larger than {MOST_BYTES / 1000:.0f} kB")
    window.close()


if __name__ == "__main__":
    main()
