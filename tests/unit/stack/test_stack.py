"""A laptop command cannot reach AWS, and an AWS command is never taken for a laptop's."""

import os
from pathlib import Path

import pytest

from salescast.stack import processes
from salescast.stack.errors import SalescastError
from salescast.stack.processes import Process
from salescast.stack.stack import Stack, laptop_environment, require_loopback
from salescast.stack.state import Record, State


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment full of AWS, restored afterwards whatever a test does to it."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    config = tmp_path / "config"
    config.write_text("[profile prod]\nregion = eu-west-1\nendpoint_url = http://127.0.0.2:1\n")
    os.environ.update(
        AWS_PROFILE="prod",
        AWS_ACCESS_KEY_ID="AKIAREAL",
        AWS_SECRET_ACCESS_KEY="real",
        AWS_SESSION_TOKEN="real",
        AWS_REGION="eu-west-1",
        AWS_ENDPOINT_URL_S3="https://example.com",
        AWS_CONFIG_FILE=str(config),
    )


def recorded(folder: Path, endpoint: str, emulator: Process | None = None) -> Path:
    me = Process(os.getpid(), processes.start_time(os.getpid()) or 0.0)
    record = Record(
        "salescast", endpoint, "us-east-1", "000000000000", 20.0, {}, {"emulator": emulator or me}
    )
    State(folder).prepare()
    State(folder).write(record)
    return folder


def test_without_a_stack(tmp_path: Path) -> None:
    with pytest.raises(SalescastError, match="salescast up"):
        Stack.laptop(tmp_path)


def test_a_laptop_stack_knows_nothing_of_the_users_aws(tmp_path: Path) -> None:
    stack = Stack.laptop(recorded(tmp_path, "http://127.0.0.1:4566"))
    credentials = stack.session.get_credentials()
    assert credentials is not None
    assert (credentials.access_key, credentials.token) == ("test", None)
    for client in (stack.s3, stack.dynamodb, stack.functions):
        assert client.meta.endpoint_url == "http://127.0.0.1:4566"
        assert client.meta.region_name == "us-east-1"
    assert vars(stack.config)["proxies"] == {}
    assert stack.is_laptop
    assert stack.fast == 20
    left = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    assert "real" not in " ".join(left.values()).lower()
    assert "AWS_PROFILE" not in left


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://dynamodb.us-east-1.amazonaws.com",
        "http://10.0.0.1:4566",
        "http://127.0.0.1.example.com:4566",
        "http://127.0.0.1@example.com:4566",
        "http://127.0.0.1",
        "",
    ],
)
def test_an_endpoint_elsewhere_is_refused(tmp_path: Path, endpoint: str) -> None:
    with pytest.raises(SalescastError, match="salescast up"):
        Stack.laptop(recorded(tmp_path, endpoint))


def test_a_dead_emulator_means_a_lost_stack(tmp_path: Path) -> None:
    with pytest.raises(SalescastError, match="the stack is lost"):
        Stack.laptop(recorded(tmp_path, "http://127.0.0.1:4566", Process(os.getpid(), 1.0)))


def test_environment_for_children() -> None:
    found = laptop_environment(dict(os.environ), "http://127.0.0.1:4566")
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert found["AWS_ACCESS_KEY_ID"] == "test"
    assert found["AWS_CONFIG_FILE"] == os.devnull
    assert found["PATH"] == os.environ["PATH"]
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"} & found.keys()
    with pytest.raises(SalescastError):
        laptop_environment({}, "https://example.com")


def test_loopback_names() -> None:
    assert require_loopback("http://localhost:1") == "http://localhost:1"
    assert require_loopback("http://[::1]:1") == "http://[::1]:1"


def test_aws_takes_the_users_own_configuration(tmp_path: Path) -> None:
    stack = Stack.aws("shop", tmp_path)
    assert (stack.name, stack.region, stack.endpoint, stack.is_laptop) == ("shop", "eu-west-1", None, False)


def test_aws_without_region(tmp_path: Path) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        os.environ.pop(name, None)
    with pytest.raises(SalescastError, match="AWS_REGION"):
        Stack.aws("shop", tmp_path)


def test_aws_with_an_unknown_profile(tmp_path: Path) -> None:
    os.environ["AWS_PROFILE"] = "absent"
    with pytest.raises(SalescastError, match="AWS_PROFILE"):
        Stack.aws("shop", tmp_path)
