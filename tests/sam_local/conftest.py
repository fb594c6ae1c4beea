"""`sam local invoke` against a laptop stack: make test-sam-local."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.credentials import Credentials

from salescast.laptop.sam import ARCHITECTURES
from salescast.local.movers.credentials import service_session
from salescast.stack.stack import LAPTOP_ACCOUNT, LAPTOP_REGION, Stack, laptop_environment
from tests.local.movers.faults import Proxy, proxy
from tests.sam_local import docker
from tests.template import ROOT, resources, template

OWN_TARGET = "SALESCAST_SAM_LOCAL"
# Environment variable -> stack output.
NAMES = {
    "ORDERS_TABLE": "OrdersTable",
    "INVENTORY_TABLE": "InventoryTable",
    "LAKE": "Lake",
    "DATABASE": "Database",
    "WORKGROUP": "Workgroup",
}
INVOCATION_SECONDS = 300


@dataclass
class Sam:
    """Invokes functions in containers, each with its own role's session and the stack's names."""

    stack: Stack
    proxy: Proxy  # containers cannot reach loopback, and the emulator answers to nothing else
    folder: Path
    parameters: dict[str, str]
    pull: bool

    def invoke(self, function: str, event: Path | dict[str, Any], *, raises: bool | None = False) -> Any:
        """The function's answer to an event; fails when SAM fails, or unless the function raised as said."""
        variables = self.folder / "variables.json"
        given = {name: self.stack.output(output) for name, output in NAMES.items()}
        given["AWS_ENDPOINT_URL"] = self.proxy.endpoint
        declared = resources("AWS::Serverless::Function")[function]["Environment"]["Variables"]
        variables.write_text(
            json.dumps({function: {k: v for k, v in given.items() if k in declared or k.startswith("AWS_")}})
        )
        path = event if isinstance(event, Path) else self.folder / "event.json"
        if not isinstance(event, Path):
            path.write_text(json.dumps(event))
        command = [sam(), "local", "invoke", function, "--event", str(path)]
        command += ["--template", str(self.folder / "local.json"), "--env-vars", str(variables)]
        command += ["--config-file", str(self.folder / "samconfig.toml"), "--parameter-overrides"]
        command += [f"{name}={value}" for name, value in self.parameters.items()]
        command += [] if self.pull else ["--skip-pull-image"]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=INVOCATION_SECONDS,
            cwd=self.folder,
            check=False,
            env=self._environment(function),
        )
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout.splitlines()[-1])
        # SAM ends 0 even when the function raised.
        assert raises in (isinstance(answer, dict) and "errorType" in answer, None), done.stderr
        return answer

    def _environment(self, function: str) -> dict[str, str]:
        """SAM passes the credentials that it has on to the function: here its role's."""
        name = self.stack.output(function)
        source = f"arn:aws:lambda:{LAPTOP_REGION}:{LAPTOP_ACCOUNT}:function:{name}"
        role = self.stack.functions.get_function_configuration(FunctionName=name)["Role"]
        assert self.stack.endpoint is not None
        session = service_session(
            self.stack.endpoint,
            self.stack.session,
            role,
            "lambda.amazonaws.com",
            source,
            LAPTOP_ACCOUNT,
            rights=None,
        )
        credentials = session.get_credentials()
        assert credentials is not None
        frozen = credentials.get_frozen_credentials()
        key = str(frozen.access_key)
        self.proxy.keys[key] = Credentials(key, str(frozen.secret_key), frozen.token)
        return laptop_environment(dict(os.environ), self.stack.endpoint) | {
            "AWS_ACCESS_KEY_ID": str(frozen.access_key),
            "AWS_SECRET_ACCESS_KEY": str(frozen.secret_key),
            "AWS_SESSION_TOKEN": str(frozen.token),
            "AWS_MAX_ATTEMPTS": "1",
            "SAM_CLI_TELEMETRY": "0",
        }


def sam() -> str:
    return str(Path(sys.executable).with_name("sam"))


@pytest.fixture(scope="session")
def engine() -> None:
    """A Docker engine that answers: asked for by name, or the tests are left out."""
    asked = os.environ.get(OWN_TARGET)
    if not asked:
        pytest.skip("`sam local invoke` needs a Docker engine; with one, run: make test-sam-local")
    if not docker.answers():
        pytest.fail(f"no Docker engine answers at {docker.host()}; start one, or set DOCKER_HOST")


@pytest.fixture(scope="session")
def local(engine: None, stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sam]:
    """The functions built for an image that is there, or for this machine and the template's runtime."""
    images = docker.lambda_images()
    runtime = template()["Parameters"]["PythonRuntime"]["Default"]
    architecture = ARCHITECTURES[platform.machine().lower()]
    if images:
        runtime, architecture = f"python{images[-1][0]}", images[-1][1]
    parameters = {"PythonRuntime": runtime, "Architecture": architecture}
    folder = tmp_path_factory.mktemp("sam-local")
    (folder / "samconfig.toml").write_text("version = 0.1\n")
    environment = {"PYTHON_RUNTIME": runtime, "ARCHITECTURE": architecture, "SAM_CLI_TELEMETRY": "0"}
    command = [sam(), "build", "--template-file", str(ROOT / "template.yaml"), "--build-dir", str(folder)]
    command += ["--config-file", str(folder / "samconfig.toml"), "--parameter-overrides"]
    command += [f"{name}={value}" for name, value in parameters.items()]
    built = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT,
        env=laptop_environment(dict(os.environ)) | environment,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    _declare_endpoint(folder)
    (folder / "samconfig.toml").write_text("version = 0.1\n")
    assert stack.endpoint is not None
    address = docker.gateway()
    print(f"{runtime} on {architecture}, image {'there' if images else 'pulled'}, host at {address}")
    root = stack.session.get_credentials()
    assert root is not None
    with proxy(stack.endpoint, root.secret_key, address) as running:
        yield Sam(stack, running, folder, parameters, pull=not images)


def _declare_endpoint(folder: Path) -> None:
    """A copy of the built template whose functions have AWS_ENDPOINT_URL: SAM passes declared ones only."""
    built = yaml.load((folder / "template.yaml").read_text(), _loader())
    for resource in built["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["Environment"]["Variables"]["AWS_ENDPOINT_URL"] = "unset"
    (folder / "local.json").write_text(json.dumps(built))


def _loader() -> Any:
    from tests import template as module

    return module._Loader
