"""`sam build` and `sam deploy` of the unedited template against a laptop stack's emulator."""

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

import yaml

from salescast.laptop import emulator_process, packages
from salescast.stack import private
from salescast.stack.errors import SalescastError
from salescast.stack.stack import LAPTOP_REGION, laptop_environment
from salescast.stack.state import PROJECT, Record, State, file_lock

BUILD = PROJECT / ".aws-sam" / "laptop"
BUILT = BUILD / "built"  # says what the finished build was made of
ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "arm64": "arm64", "aarch64": "arm64"}
ERROR_LINES = 12
# SAM asks CloudFormation every 5 seconds how far a deployment is; the emulator answers within one.
POLL_SECONDS = "0.2"


class _TemplateLoader(yaml.CSafeLoader):
    """Reads a CloudFormation template; its tags (!Ref, !Sub, ...) become null."""


_TemplateLoader.add_multi_constructor("!", lambda _loader, _tag, _node: None)


def laptop_parameters(overrides: Mapping[str, str], template: Path | None = None) -> dict[str, str]:
    """Template parameters for this machine: the emulator's own interpreter, the schedules off.

    Another's `template` gets those of them that it declares.
    """
    machine = platform.machine().lower()
    if machine not in ARCHITECTURES:
        raise SalescastError(
            f"this machine's architecture, {machine}, is not one of Lambda's (x86_64, arm64)"
        )
    parameters = {
        "PythonRuntime": f"python{_emulator_version()}",
        "Architecture": ARCHITECTURES[machine],
        "GeneratorSchedule": "DISABLED",
        "ProjectorSchedule": "DISABLED",
        "LakeJobSchedule": "DISABLED",
    }
    if template is not None:
        declared = _declared(template)
        parameters = {name: value for name, value in parameters.items() if name in declared}
    return parameters | dict(overrides)


def _declared(template: Path) -> Mapping[str, object]:
    """The parameters of a template. Raises SalescastError for a file that is none."""
    try:
        loaded = yaml.load(template.read_text(), _TemplateLoader)  # noqa: S506, a safe loader
    except (OSError, yaml.YAMLError) as error:
        raise SalescastError(f"{template} cannot be read as a template: {error}") from error
    if not isinstance(loaded, dict) or "Resources" not in loaded:
        raise SalescastError(f"{template} is no CloudFormation template: it has no Resources")
    declared: Mapping[str, object] = loaded.get("Parameters") or {}
    return declared


def check_parameters(names: Iterable[str], template: Path | None = None) -> None:
    """Raises SalescastError for a name that the template has no parameter of: SAM would ignore it."""
    if not (overridden := list(names)) and template is None:
        return  # reading the template takes a while
    parameters = _declared(template or PROJECT / "template.yaml")
    for name in overridden:
        if name not in parameters:
            has = ", ".join(parameters) or "none"
            raise SalescastError(f"the template has no parameter {name}; it has: {has}")


def build(state: State, parameters: Mapping[str, str]) -> str:
    """Build the functions for this machine, unless nothing changed since they were. All states share it.

    Gives a digest of what they are made of. SAM's own cache does not serve makefile builds: it would install
    every function's libraries each time.
    """
    choices = {
        "PYTHON_RUNTIME": parameters["PythonRuntime"],
        "ARCHITECTURE": parameters["Architecture"],
        "PLATFORM": "native",
    }
    template = BUILD / "build" / "template.yaml"
    with file_lock(BUILD.with_suffix(".lock"), wait=True):
        inputs = _inputs(choices)
        if template.exists() and BUILT.exists() and BUILT.read_text() == inputs:
            with open(state.logs / "build.log", "w", opener=private.opener) as log:
                log.write("Nothing changed since the last build.\n")
            return inputs
        BUILT.unlink(missing_ok=True)
        _sam(
            state,
            "build",
            [
                *("--template-file", str(PROJECT / "template.yaml")),
                *("--build-dir", str(template.parent), "--parallel"),
                *("--parameter-overrides", *_pairs(parameters)),
            ],
            laptop_environment(dict(os.environ)) | choices,
        )
        packages.pack(template.parent)
        BUILT.write_text(inputs)
    return inputs


def build_other(state: State, template: Path, parameters: Mapping[str, str]) -> Path:
    """Build somebody else's template into the stack's folder, anew each time; gives the built template."""
    built = state.tmp / "build" / "template.yaml"
    runtime = {"PYTHON_RUNTIME": f"python{_emulator_version()}", "PLATFORM": "native"}
    _sam(
        state,
        "build",
        [
            *("--template-file", str(template), "--build-dir", str(built.parent)),
            *(("--parameter-overrides", *_pairs(parameters)) if parameters else ()),
        ],
        laptop_environment(dict(os.environ)) | runtime,
    )
    return built


def _inputs(choices: Mapping[str, str]) -> str:
    """A digest of all that a build depends on: sources, template, choices, interpreter, SAM, compression."""
    made_by = (sorted(choices.items()), sys.version, version("aws-sam-cli"), packages.COMPRESSION_LEVEL)
    digest = hashlib.sha256(repr(made_by).encode())
    for path in _sources():
        content = path.read_bytes()
        digest.update(f"{path.relative_to(PROJECT)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    yield PROJECT / "template.yaml"
    for path in sorted((PROJECT / "src").rglob("*")):
        # Bytecode is a trace of the tests, not a source.
        if path.is_file() and path.parent.name != "__pycache__":
            yield path


def fingerprint(built: str, parameters: Mapping[str, str]) -> str:
    """A digest of all that a deployment depends on; `built` is what `build` gave."""
    digest = hashlib.sha256(repr((built, sorted(parameters.items()))).encode())
    for path in sorted((PROJECT / "jobs").glob("*.py")):  # SAM uploads them
        digest.update(path.read_bytes())
    return digest.hexdigest()


def deploy(state: State, record: Record, parameters: Mapping[str, str], other: Path | None = None) -> None:
    """Deploy what was built, or somebody else's built template; an unchanged stack is left as it is."""
    template = other or BUILD / "build" / "template.yaml"
    # Salescast's own needs no more.
    capabilities = ["CAPABILITY_IAM", *(["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"] if other else [])]
    with file_lock(BUILD.with_suffix(".lock"), wait=True):
        _sam(
            state,
            "deploy",
            [
                *("--template-file", str(template)),
                *("--stack-name", record.stack, "--region", LAPTOP_REGION),
                *("--resolve-s3", "--capabilities", *capabilities),
                *("--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"),
                *(("--parameter-overrides", *_pairs(parameters)) if parameters else ()),
            ],
            laptop_environment(dict(os.environ), record.endpoint, record.secret)
            | {"SAM_CLI_POLL_DELAY": POLL_SECONDS},
        )


def _sam(state: State, command: str, arguments: list[str], environment: dict[str, str]) -> None:
    sam = Path(sys.executable).with_name("sam")
    if not sam.exists():
        raise SalescastError(f"{sam} is missing; run `make install`")
    # samconfig.toml is written for AWS; here every option is on the command line.
    config = state.tmp / "samconfig.toml"
    config.write_text("version = 0.1\n")
    environment |= {
        "SAM_CLI_TELEMETRY": "0",
        "PATH": f"{sam.parent}{os.pathsep}{environment.get('PATH', os.defpath)}",
    }
    log = state.logs / f"{command}.log"
    with open(log, "w", opener=private.opener) as output:
        done = subprocess.run(
            [str(sam), command, "--config-file", str(config), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=PROJECT,
            env=environment,
            check=False,
        )
    if done.returncode:
        tail = state.log_tail(command, ERROR_LINES)
        raise SalescastError(f"`sam {command}` failed; the last lines of {log}:\n{tail}")


def _pairs(parameters: Mapping[str, str]) -> list[str]:
    return [f"ParameterKey={name},ParameterValue={value}" for name, value in parameters.items()]


def _emulator_version() -> str:
    """The emulator interpreter's minor version ("3.11"). Raises SalescastError when it is not installed."""
    if not emulator_process.PYTHON.exists():
        raise SalescastError(f"{emulator_process.PYTHON} is missing; run `make install`")
    config = emulator_process.PYTHON.parents[1] / "pyvenv.cfg"
    for line in config.read_text().splitlines():
        name, _, value = line.partition("=")
        if name.strip() in ("version", "version_info"):
            return ".".join(value.strip().split(".")[:2])
    raise SalescastError(f"{config} names no version; remove .venv-emulator and run `make install`")
