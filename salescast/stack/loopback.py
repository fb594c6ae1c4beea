"""The one rule for endpoints of a laptop stack: they are on this machine."""

import ipaddress
from urllib.parse import urlsplit

from salescast.stack.errors import SalescastError


def require_loopback(endpoint: str) -> str:
    """`endpoint` if it is http with a loopback address or localhost and a port.

    Raises SalescastError, naming the remedy, for any other: nothing of a laptop stack may reach AWS.
    """
    if not _is_loopback(endpoint):
        raise SalescastError(
            f"the laptop stack's endpoint {endpoint!r} is not http://127.0.0.1:PORT; "
            "start one with `salescast up`"
        )
    return endpoint


def _is_loopback(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        if parts.scheme != "http" or not parts.port:
            return False
        return parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
