"""Every page, light on a telephone and dark in a wide window: it stands, and everybody can read it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.look import PATHS

WINDOWS = [("light", 390), ("dark", 1440)]


@pytest.mark.parametrize("title", PATHS)
@pytest.mark.parametrize(("scheme", "width"), WINDOWS)
def test_a_page_stands(look: Open, title: str, scheme: str, width: int) -> None:
    """The pages are reached by their links, which are in sight in any window."""
    window = look(scheme, width)
    seconds = window.go(title)
    print(f"{title}, {scheme}, {width} px: {seconds:.2f} s")
    expect(window.errors()).to_have_count(0)
    assert window.too_wide() == []
    assert window.inaccessible() == []
    expect(window.head).to_contain_text(re.compile("^Salescast.*Newest order: "))
    expect(window.page.get_by_role("link", name=title, exact=True)).to_be_in_viewport()
