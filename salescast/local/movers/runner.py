"""What the stand-ins' processes share: arguments, the end on SIGTERM, logging, finding their resource in the
stack."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TypeVar

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from salescast.local.movers.clients import Clients
from salescast.local.movers.credentials import account_session
from salescast.stack.condition import Report, deployment
from salescast.stack.loopback import require_loopback
from salescast.stack.session import SECRET_VARIABLE

logger = logging.getLogger(__name__)

CONFIGURATION_POLL_SECONDS = 2.0
FIRST_POLL_SECONDS = 0.5  # `up` waits

T = TypeVar("T")


@dataclass
class Runner:
    """One stand-in's process."""

    name: str
    endpoint: str
    secret: str = field(repr=False)  # of the account's own key
    stack: str
    state: Path
    fast: float = 1.0
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        require_loopback(self.endpoint)
        self.account: boto3.Session = account_session(self.endpoint, self.secret)
        self.condition = Report(self.state, self.name)
        self._physical_ids: dict[str, str] = {}
        self._listed: dict[str, tuple[str, list[str]]] = {}
        # With the account's own key: the services' control planes.
        self.clients = Clients(self.account, self.endpoint)

    def checkpoint(self, name: str) -> Path:
        return self.state / "checkpoints" / f"{name}.json"

    def described(self, resource_type: str, describe: Callable[[str], T]) -> T | None:
        """What `describe` says of the stack's resource of this type, None while there is none (yet).

        Its physical id is kept while it exists: CloudFormation's list of resources is long, and is asked for
        only when it does not.
        """
        try:
            if resource_type not in self._physical_ids:
                name = self._resource(resource_type)
                if name is None:
                    return None
                self._physical_ids[resource_type] = name
            return describe(self._physical_ids[resource_type])
        except ClientError as error:
            if not absent(error):
                raise
            self._physical_ids.pop(resource_type, None)
            return None

    def physical_ids(self, resource_type: str) -> tuple[str, list[str]]:
        """The stack's deployment and its resources of this type, none while there is no stack (yet).

        CloudFormation's list of resources is long, and is asked for only when the stack has changed.
        """
        try:
            (stack,) = self.clients.cloudformation.describe_stacks(StackName=self.stack)["Stacks"]
            now = deployment(stack)
            kept, ids = self._listed.get(resource_type, ("", []))
            if kept != now:
                ids = list(self._resources(resource_type))
                self._listed[resource_type] = (now, ids)
            return now, ids
        except ClientError as error:
            if not absent(error):
                raise
            return "", []

    def forget(self, resource_type: str) -> None:
        """Ask for the list of resources again: one that it named is gone."""
        self._listed.pop(resource_type, None)

    def _resource(self, resource_type: str) -> str | None:
        return next(self._resources(resource_type), None)

    def _resources(self, resource_type: str) -> Iterator[str]:
        pages = self.clients.cloudformation.get_paginator("list_stack_resources").paginate(
            StackName=self.stack
        )
        for page in pages:
            for resource in page["StackResourceSummaries"]:
                if resource["ResourceType"] == resource_type and resource.get("PhysicalResourceId"):
                    if resource["ResourceStatus"].startswith("DELETE"):
                        continue
                    yield str(resource["PhysicalResourceId"])

    def follow(self, step: Callable[[], None], every: float = CONFIGURATION_POLL_SECONDS) -> None:
        """Calls `step` until the process is told to stop. A failing step is reported and tried again."""
        while not self.stop.is_set():
            try:
                step()
                self.condition.well("configuration")
            except (ClientError, BotoCoreError, OSError) as error:
                self.condition.ill("configuration", f"waiting: {describe(error)}")
            self.stop.wait(every if self.condition.is_at_work else min(every, FIRST_POLL_SECONDS))


def describe(error: BaseException) -> str:
    """One line for the log. Carries no record and no payload."""
    if isinstance(error, ClientError):
        fault = error.response.get("Error", {})
        return f"{error.operation_name}: {fault.get('Code')}: {fault.get('Message')}"
    return f"{type(error).__name__}: {error}"


def absent(error: Exception) -> bool:
    """Whether the error says that the thing asked for does not exist."""
    if not isinstance(error, ClientError):
        return False
    code = error.response.get("Error", {}).get("Code", "")
    message = error.response.get("Error", {}).get("Message", "")
    return "NotFound" in code or (code == "ValidationError" and "does not exist" in message)


def start(name: str, work: Callable[[Runner], None], argv: list[str] | None = None) -> int:
    """Runs a stand-in: reads the arguments, ends on SIGTERM and SIGINT. Returns the exit status."""
    parser = argparse.ArgumentParser(prog=f"python -m salescast.local.movers.{name}")
    parser.add_argument("--endpoint", required=True, help="the emulator, http://127.0.0.1:PORT")
    parser.add_argument("--stack", required=True, help="name of the CloudFormation stack")
    parser.add_argument("--state", required=True, type=Path, help="folder of the stack (.salescast)")
    parser.add_argument("--fast", type=float, default=1.0, help="divides Firehose's intervals (1)")
    arguments = parser.parse_args(argv)
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S",
    )  # fmt: skip
    logging.Formatter.converter = time.gmtime
    logging.getLogger("botocore").setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    secret = os.environ.get(SECRET_VARIABLE)
    if not secret:
        parser.error(f"the account's key needs its secret, in the environment variable {SECRET_VARIABLE}")
    try:
        runner = Runner(
            name,
            arguments.endpoint,
            secret,
            arguments.stack,
            arguments.state,
            max(arguments.fast, 1.0),
        )
    except ValueError as error:
        parser.error(str(error))

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        runner.stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    logger.info("%s for stack %s starts", name, runner.stack)
    work(runner)
    logger.info("%s stops", name)
    return 0
