"""Stand-ins reach this machine only, and read no credentials that lie around."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest

from salescast.local.movers.clients import Clients
from salescast.local.movers.credentials import account_session, service_session
from salescast.stack.errors import SalescastError


def test_an_endpoint_elsewhere_is_refused() -> None:
    endpoint = "https://sqs.us-east-1.amazonaws.com"
    for use in (
        lambda: account_session(endpoint, "s3cret"),
        lambda: service_session(
            endpoint,
            boto3.Session(),
            "arn:aws:iam::1:role/r",
            "pipes.amazonaws.com",
            "arn:x",
            "1",
            rights=None,
        ),
        lambda: Clients(boto3.Session(), endpoint),
    ):
        with pytest.raises(SalescastError, match="salescast up"):
            use()


def test_environment_and_files_are_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[default]\nregion = eu-west-1\naws_access_key_id = FILE\naws_secret_access_key = FILE\n"
    )
    for name, value in {
        "AWS_PROFILE": "absent",
        "AWS_ACCESS_KEY_ID": "REAL",
        "AWS_SECRET_ACCESS_KEY": "REAL",
        "AWS_DEFAULT_REGION": "eu-west-2",
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(config),
        "AWS_ENDPOINT_URL": "https://example.com",
        "HTTP_PROXY": "http://proxy.example.com:1",
    }.items():
        monkeypatch.setenv(name, value)
    session = account_session("http://127.0.0.1:4566", "s3cret")
    credentials = session.get_credentials()
    assert credentials is not None
    assert (credentials.access_key, credentials.secret_key) == ("000000000000", "s3cret")
    sqs = Clients(session, "http://127.0.0.1:4566").sqs
    assert sqs.meta.region_name == "us-east-1"
    assert sqs.meta.endpoint_url == "http://127.0.0.1:4566"
    settings: Any = sqs.meta.config
    assert settings.proxies == {}
