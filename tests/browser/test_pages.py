"""Every page, light on a telephone and dark in a wide window: it stands, and everybody can read it."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.look import PATHS

WINDOWS = [("light", 400), ("dark", 1280)]


@pytest.mark.parametrize("title", PATHS)
@pytest.mark.parametrize(("scheme", "width"), WINDOWS)
def test_a_page_stands(look: Open, title: str, scheme: str, width: int) -> None:
    """In the dark the pages are reached by their links, else by their addresses."""
    window = look(scheme, width)
    seconds = window.go(title) if scheme == "dark" else window.open(title)
    print(f"{title}, {scheme}, {width} px: {seconds:.2f} s")
    expect(window.errors()).to_have_count(0)
    assert window.too_wide() == []
    assert window.inaccessible() == []


def test_a_narrow_window_has_the_pages_behind_a_button(look: Open) -> None:
    window = look(width=400)
    window.open("Ask")
    window.page.get_by_test_id("stExpandSidebarButton").click()
    window.go("Stock")
