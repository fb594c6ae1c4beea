"""What counts as an endpoint on this machine."""

import pytest

from salescast.stack.errors import SalescastError
from salescast.stack.loopback import require_loopback


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:1", "http://127.0.0.2:4566", "http://localhost:4566", "http://[::1]:80"]
)
def test_a_loopback_endpoint_is_taken(endpoint: str) -> None:
    assert require_loopback(endpoint) == endpoint


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://dynamodb.us-east-1.amazonaws.com",
        "https://127.0.0.1:4566",
        "http://10.0.0.1:4566",
        "http://0.0.0.0:4566",
        "http://127.0.0.1.example.com:4566",
        "http://127.0.0.1@example.com:4566",
        "http://localhost.example.com:4566",
        "http://127.0.0.1",
        "http://127.0.0.1:0",
        "http://127.0.0.1:port",
        "http://127.0.0.1:99999",
        "http://[::1:80",
        "127.0.0.1:4566",
        "",
    ],
)
def test_any_other_is_refused_with_the_remedy(endpoint: str) -> None:
    with pytest.raises(SalescastError, match="salescast up"):
        require_loopback(endpoint)
