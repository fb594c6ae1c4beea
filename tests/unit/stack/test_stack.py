"""A laptop command cannot reach AWS, and an AWS command is never taken for a laptop's."""

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from salescast.laptop.emulator_process import free_port
from salescast.stack import processes
from salescast.stack.errors import SalescastError
from salescast.stack.processes import Process
from salescast.stack.stack import Stack, laptop_environment
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
        "salescast", endpoint, "us-east-1", "000000000000", 20.0, "s3cret", {}, {"emulator": emulator or me}
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
    assert credentials.get_frozen_credentials()[:3] == ("000000000000", "s3cret", None)
    for client in (stack.s3, stack.dynamodb, stack.functions):
        assert client.meta.endpoint_url == "http://127.0.0.1:4566"
        assert client.meta.region_name == "us-east-1"
    assert vars(stack.config)["proxies"] == {}
    assert stack.is_laptop
    assert stack.fast == 20


def test_laptop_and_aws_stacks_live_side_by_side_in_threads(tmp_path: Path) -> None:
    """Opening a laptop stack, as each viewer of the dashboard does, changes nothing for others."""
    folder, before = recorded(tmp_path, "http://127.0.0.1:4566"), dict(os.environ)
    start = threading.Barrier(2)

    def key(open_stack: Callable[[], Stack]) -> set[tuple[str, str]]:
        start.wait(10)
        keys = set()
        for _ in range(5):
            stack = open_stack()
            credentials = stack.session.get_credentials()
            assert credentials is not None
            keys.add((credentials.access_key, str(stack.session.region_name)))
        return keys

    os.environ.pop("AWS_PROFILE")  # its keys would come first
    before.pop("AWS_PROFILE")
    with ThreadPoolExecutor(2) as threads:
        laptop = threads.submit(key, lambda: Stack.laptop(folder))
        aws = threads.submit(key, lambda: Stack.aws("shop", tmp_path))
        assert laptop.result() == {("000000000000", "us-east-1")}
        assert aws.result() == {("AKIAREAL", "eu-west-1")}
    assert dict(os.environ) == before


def test_an_endpoint_elsewhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SalescastError, match="salescast up"):
        Stack.laptop(recorded(tmp_path, "https://dynamodb.us-east-1.amazonaws.com"))


def test_a_dead_emulator_means_a_lost_stack(tmp_path: Path) -> None:
    with pytest.raises(SalescastError, match="the stack is lost"):
        Stack.laptop(recorded(tmp_path, "http://127.0.0.1:4566", Process(os.getpid(), 1.0)))


def test_environment_for_children() -> None:
    found = laptop_environment(dict(os.environ), "http://127.0.0.1:4566", "s3cret")
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert (found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"]) == ("000000000000", "s3cret")
    assert found["AWS_CONFIG_FILE"] == os.devnull
    assert found["PATH"] == os.environ["PATH"]
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"} & found.keys()
    with pytest.raises(SalescastError):
        laptop_environment({}, "https://example.com")


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


def test_a_function_is_called_once_however_long_it_takes(tmp_path: Path) -> None:
    laptop = Stack.laptop(recorded(tmp_path, "http://127.0.0.1:4566"))
    for stack in (laptop, Stack.aws("shop", tmp_path)):
        config: Any = stack.invocations.meta.config
        assert config.retries["total_max_attempts"] == 1
        assert config.tcp_keepalive
        assert config.read_timeout > 900
        assert stack.invocations.meta.endpoint_url == stack.functions.meta.endpoint_url
        reads: Any = stack.functions.meta.config
        assert reads.retries["total_max_attempts"] > 1
    assert vars(laptop.invocations.meta.config)["proxies"] == {}


def test_without_a_network_it_is_said_soon(tmp_path: Path) -> None:
    os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{free_port()}"  # nobody listens
    stack = Stack.aws("shop", tmp_path, attempts=2)
    begin = time.monotonic()
    with pytest.raises(SalescastError, match=r"AWS cannot be reached from here: .* a proxy, and AWS_REGION"):
        stack.reach()
    assert time.monotonic() - begin < 15
    config: Any = stack.cloudformation.meta.config
    # Where packets vanish each attempt waits for the connection; botocore pauses a second at the most.
    assert config.retries["total_max_attempts"] * (config.connect_timeout + 1) < 15
