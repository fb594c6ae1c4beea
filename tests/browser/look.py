"""A page of the dashboard in the browser, and what it did that it should not have done."""

from __future__ import annotations

import re
import time
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, ConsoleMessage, Locator, Request, expect

# The time that a page may take on a machine that is busy with other tests. Nothing is asserted about it.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)
PATHS = {
    "Now": "/",
    "Sales": "/sales",
    "Customers": "/customers",
    "Stock": "/stock",
    "Trust": "/trust",
    "Ask": "/ask",
}
# Streamlit's page looks for its server below its own path first.
PROBES = ("/_stcore/health", "/_stcore/host-config")
# It also looks for a file that a button offers, which the page's next run has taken back by then. A file that
# is clicked is looked for by the tests.
OFFERED = re.compile(r"/media/\w+\.csv")
BUTTON = "Client Error: Download Button source error"
# Parts of a page that must not be wider than it; tables scroll in themselves.
PARTS = "h1, h2, [data-testid=stMetric], [data-testid=stAlert], [data-testid=stVegaLiteChart], button, input"
WIDE = """([parts]) => {
    const width = document.documentElement.clientWidth;
    const scrolls = "[data-testid=stDataFrame], [data-testid=stSidebar]";
    const sticksOut = box => box.width > 0 && (box.right > width + 1 || box.left < -1);
    const found = [...document.querySelectorAll(parts)]
        .filter(one => sticksOut(one.getBoundingClientRect()) && !one.closest(scrolls))
        .map(one => one.outerHTML.slice(0, 120));
    for (const one of [document.documentElement, document.querySelector("[data-testid=stMain]")])
        if (one.scrollWidth > one.clientWidth) found.push(`${one.tagName}: ${one.scrollWidth} px`);
    return found;
}"""


class Look:
    """One page in a browser context of its own; `problems` are what was wrong with it."""

    def __init__(
        self, browser: Browser, url: str, scheme: Any = "light", width: int = 1280, zone: str = "UTC"
    ) -> None:
        self.url = url
        self.problems: list[str] = []
        self.context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 900}, timezone_id=zone
        )
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        self.page.on("request", self._request)

    def open(self, title: str, query: str = "") -> float:
        """Open a page by its address and wait until its content is there; the seconds that took."""
        begin = time.monotonic()
        self.page.goto(self.url + PATHS[title] + query)
        self.settled(title)
        return time.monotonic() - begin

    def go(self, title: str) -> float:
        """Reach a page by its link, from whichever is open; the seconds that took."""
        if not self.page.url.startswith(self.url):
            return self.open(title)
        begin = time.monotonic()
        self.page.get_by_role("link", name=title, exact=True).click()
        self.settled(title)
        return time.monotonic() - begin

    def settled(self, title: str) -> None:
        """Wait until the page and all its charts stand."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(title)
        if title == "Ask":
            expect(self.page.get_by_role("tab", name="Ready-made")).to_be_visible()
        else:
            expect(self.page.get_by_text(re.compile("^Athena, "))).to_be_visible()
        self.idle()
        for chart in self.page.get_by_test_id("stVegaLiteChart").filter(visible=True).all():
            expect(chart.locator("svg")).to_be_visible()

    def idle(self) -> None:
        """Wait until the page's script has ended, so that a click hits what it is meant for."""
        expect(self.page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")

    @property
    def head(self) -> Locator:
        """What stands above every page: whose figures these are, and how they are."""
        return self.page.locator("div.head")

    def metric(self, label: str) -> Locator:
        """The value below a label."""
        named = self.page.locator(
            "[data-testid=stMetricLabel] p", has_text=re.compile(f"^{re.escape(label)}$")
        )
        return self.page.get_by_test_id("stMetric").filter(has=named).get_by_test_id("stMetricValue")

    def shows(self, **figures: str) -> None:
        """Wait until each metric (label with _ for a space) has its value."""
        for label, value in figures.items():
            expect(self.metric(label.replace("_", " "))).to_have_text(value)

    def choose(self, label: str, option: str) -> None:
        """Pick from a box."""
        box = self.page.get_by_role("combobox", name=label)
        box.click()
        box.fill(option)
        self.page.get_by_role("option", name=option, exact=True).click()
        # A list may stay open where its choice was made before, and as long as it is all else has no role.
        choices = self.page.get_by_role("listbox")
        if choices.count():
            self.page.keyboard.press("Escape")
        expect(choices).to_have_count(0)
        self.idle()

    def dates(self, label: str, begin: date, end: date) -> None:
        """Type two dates."""
        for which, day in (("start", begin), ("end", end)):
            field = self.page.get_by_role("group", name=f"{label} {which} date")
            field.get_by_role("spinbutton", name="year").click()
            self.page.keyboard.type(f"{day:%Y%m%d}")
        self.page.keyboard.press("Enter")
        self.page.keyboard.press("Escape")

    def figure(self, label: str) -> str:
        """What stands below a label, once there is something."""
        expect(self.metric(label)).not_to_have_text("")
        return self.metric(label).inner_text()

    def click_row(self, told: str, number: int) -> None:
        """Click into a row of the table announced as `told`; 0 is the first below its head."""
        table = self.page.get_by_role("region", name=told, exact=True)
        table.scroll_into_view_if_needed()
        place: Any = {"x": 30, "y": 52 + 35 * number}
        # The canvas has to have drawn what the mouse is over; a hand is never as fast as this.
        table.hover(position=place)
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        table.click(position=place)

    def cells(self, told: str) -> list[list[str]]:
        """The rows in sight of the table announced as `told`, as screen readers find them."""
        table = self.page.get_by_role("region", name=told, exact=True).locator("canvas table")
        expect(table.locator("tr").nth(1)).to_be_attached()
        rows: list[list[str]] = table.evaluate(
            "one => [...one.rows].slice(1).map(row => [...row.cells].map(cell => cell.textContent))"
        )
        return rows

    def errors(self) -> Locator:
        """Error boxes and tracebacks."""
        return self.page.locator("[data-testid=stAlertContentError], [data-testid=stException]")

    def too_wide(self) -> list[str]:
        """What does not fit into the window."""
        found: list[str] = self.page.evaluate(WIDE, [PARTS])
        return found

    def inaccessible(self) -> list[str]:
        """What axe-core finds of serious or critical impact."""
        return [
            f"{one['impact']} {one['id']}: {one['nodes'][0]['html']} {one['nodes'][0].get('failureSummary')}"
            for one in Axe().run(self.page).response["violations"]
            if one["impact"] in ("serious", "critical")
        ]

    def close(self) -> None:
        self.context.close()

    def _console(self, message: ConsoleMessage) -> None:
        url = message.location["url"]
        taken_back = OFFERED.search(url) or message.text.startswith(BUTTON)
        if message.type == "error" and not url.endswith(PROBES) and not taken_back:
            self.problems.append(f"console: {message.text} ({message.location['url']})")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and f"{parts.scheme}://{parts.netloc}" not in (
            self.url,
            self.url.replace("http", "ws"),
        ):
            self.problems.append(f"request to another host: {request.url}")
