import pytest

from salescast.stack import optional_libraries
from salescast.stack.errors import SalescastError


def test_what_is_there_needs_nothing() -> None:
    optional_libraries.require_dashboard("json", "polars")


def test_what_is_not_there_is_named_with_its_remedy() -> None:
    with pytest.raises(SalescastError, match="no_such_library is not installed; `make install-dashboard`"):
        optional_libraries.require_dashboard("json", "no_such_library")
