"""Libraries that only some commands need: the extra `dashboard` of pyproject.toml."""

from importlib.util import find_spec

from salescast.stack.errors import SalescastError


def require_dashboard(*libraries: str) -> None:
    """Raises SalescastError, saying how to install them, when one of the libraries is not there."""
    if lacking := [library for library in libraries if find_spec(library) is None]:
        raise SalescastError(f"{lacking[0]} is not installed; `make install-dashboard` does that")
