"""A small stack of its own for the tests of the data movers: an emulator, a CloudFormation stack, stand-ins
on demand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from salescast.local.movers.clients import client
from salescast.local.movers.credentials import account_session
from salescast.stack.session import SECRET_VARIABLE
from tests.local.emulator.emulator_process import started
from tests.local.movers.template import TEMPLATE
from tests.template import ROOT

ACCOUNT = "000000000000"


class Stack:
    """A running emulator with a deployed stack; starts and ends stand-ins."""

    name = "movers"

    def __init__(self, endpoint: str, secret: str, state: Path) -> None:
        self.endpoint = endpoint
        self.secret = secret
        self.state = state
        self._session = account_session(endpoint, secret)
        self._clients: dict[str, Any] = {}
        self._outputs: dict[str, str] = {}
        self._contents: dict[str, bytes] = {}

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = client(self._session, service, self.endpoint)
        return self._clients[service]

    def outputs(self) -> dict[str, str]:
        if not self._outputs:
            stack = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]
            self._outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        return self._outputs

    @contextmanager
    def mover(self, module: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Runs a stand-in; ends it with SIGTERM and checks that it ended well."""
        process = self.start(module, *arguments)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                assert process.wait(30) == 0

    def start(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        logs = self.state / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", f"salescast.local.movers.{module}", "--endpoint", self.endpoint]
        command += ["--stack", self.name, "--state", str(self.state), *arguments]
        with (logs / f"{module}.log").open("ab") as log:
            environment = {"PATH": os.defpath, SECRET_VARIABLE: self.secret}
            return subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=ROOT)

    def policy(self, role: str, *actions: str) -> Callable[[], None]:
        """Denies these actions to a role; gives the function that allows them again."""
        iam, name = self.client("iam"), self.outputs()[role]
        deny = {"Effect": "Deny", "Action": list(actions), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
        iam.put_role_policy(RoleName=name, PolicyName="deny", PolicyDocument=document)

        def allow() -> None:
            with suppress(iam.exceptions.NoSuchEntityException):
                iam.delete_role_policy(RoleName=name, PolicyName="deny")

        return allow

    def checkpoint(self, module: str) -> dict[str, Any]:
        """The positions that a stand-in kept, by shard; empty when it kept none."""
        path = self.state / "checkpoints" / f"{module}.json"
        shards: dict[str, Any] = json.loads(path.read_text())["shards"] if path.exists() else {}
        return shards

    def log(self, module: str) -> str:
        return (self.state / "logs" / f"{module}.log").read_text()

    def keys(self, prefix: str) -> list[str]:
        """Keys of the lake's objects under a prefix."""
        pages = self.client("s3").get_paginator("list_objects_v2").paginate(
            Bucket=self.outputs()["Lake"], Prefix=prefix
        )  # fmt: skip
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def read(self, key: str) -> bytes:
        """An object's content, fetched once: what Firehose wrote under a key stays as it is."""
        if key not in self._contents:
            answer = self.client("s3").get_object(Bucket=self.outputs()["Lake"], Key=key)
            self._contents[key] = answer["Body"].read()
        return self._contents[key]


@contextmanager
def running_stack(state: Path) -> Iterator[Stack]:
    """An emulator on a free port with the stack of movers_template.py."""
    with started(state) as emulator:
        stack = Stack(emulator.endpoint, emulator.secret, state)
        cloudformation = stack.client("cloudformation")
        cloudformation.create_stack(
            StackName=stack.name, TemplateBody=json.dumps(TEMPLATE), Capabilities=["CAPABILITY_IAM"]
        )
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName=stack.name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
        yield stack
