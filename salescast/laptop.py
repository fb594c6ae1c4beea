"""The laptop stack: the emulator, the deployed template, and the processes that stand in for services."""

import http.client
import os
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from salescast import processes, sam
from salescast.errors import SalescastError
from salescast.processes import Process
from salescast.stack import LAPTOP_ACCOUNT, LAPTOP_REGION, LAPTOP_STACK, NO_AWS_CONFIGURATION, Stack
from salescast.state import PROJECT, Record, State

STAND_INS = ("pipe", "firehose", "crawler")
HEALTH = "/_salescast/health"
START_SECONDS = 30.0
RUN_SECONDS = 60.0
PORT_ATTEMPTS = 3
# What the processes may see of the user's environment. Functions run as children of the emulator.
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "LD_LIBRARY_PATH")

Report = Callable[[str], None]


def up(
    folder: Path,
    *,
    fast: float | None = None,
    parameters: Mapping[str, str] | None = None,
    report: Report = lambda _: None,
) -> Stack:
    """Make the laptop stack in `folder` run: start what is missing, build, deploy, wait until all of it runs.

    Repeating it changes nothing that is already so. `fast` divides Firehose's buffering interval and
    `parameters` overrides template parameters; both default to what the running stack has. `report` is called
    with each step. Raises SalescastError with the last lines of the log of what failed.
    """
    sam.check_parameters(parameters or {})
    state = State(folder.resolve())
    with state.lock():
        state.prepare()
        record = _emulator(state, report)
        if fast is not None and fast != record.fast:
            record.fast = fast
            _end(record, "firehose")
        record.parameters |= dict(parameters or {})
        state.write(record)
        resolved = sam.laptop_parameters(record.parameters)
        _start_stand_ins(state, record)
        report("building the functions for this machine (sam build)")
        sam.build(state, resolved)
        report("deploying template.yaml to the emulator (sam deploy)")
        sam.deploy(state, record.stack, record.endpoint, resolved)
        report("waiting until the pipe and the delivery stream run")
        _start_stand_ins(state, record)
        stack = Stack.laptop(state.folder)
        _wait_until_running(stack, record)
    return stack


def revive(folder: Path) -> None:
    """Start the stand-ins that have died, and nothing else. Raises SalescastError when no stack is there."""
    state = State(folder.resolve())
    with state.lock():
        record = state.read()
        if record is None:
            raise SalescastError(f"no stack runs in {folder}; start one with `salescast up`")
        _start_stand_ins(state, record)


def _emulator(state: State, report: Report) -> Record:
    """The record of a stack whose emulator runs; a new stack if there is none or its emulator has died."""
    record = state.read()
    if record and record.processes["emulator"].alive:
        return record
    if record:
        report("the emulator has died: the old stack and its data are lost; starting a new one")
        state.down()
        state.prepare()
        fast, parameters = record.fast, record.parameters
    else:
        fast, parameters = 1.0, {}
    report("starting the emulator")
    for attempt in range(1, PORT_ATTEMPTS + 1):
        port = _free_port()
        endpoint = f"http://127.0.0.1:{port}"
        argv = [str(sam.EMULATOR_PYTHON), str(PROJECT / "salescast" / "local" / "emulator.py")]
        process = _start(state, "emulator", [*argv, "--port", str(port), "--state", str(state.folder)])
        record = Record(LAPTOP_STACK, endpoint, LAPTOP_REGION, LAPTOP_ACCOUNT, fast, dict(parameters))
        record.processes["emulator"] = process
        state.write(record)
        if _healthy(process, endpoint):
            return record
        processes.end(process)
        if attempt == PORT_ATTEMPTS:
            break
    state.down()
    raise SalescastError(
        f"the emulator does not start; the last lines of its log:\n{state.log_tail('emulator')}"
    )


def _healthy(process: Process, endpoint: str) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while process.alive and time.monotonic() < deadline:
        if answers(endpoint):
            return True
        time.sleep(0.1)
    return False


def answers(endpoint: str, seconds: float = 5.0) -> bool:
    """Whether our emulator answers at the endpoint."""
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=seconds)
    try:
        connection.request("GET", HEALTH)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _start_stand_ins(state: State, record: Record) -> None:
    for name in STAND_INS:
        process = record.processes.get(name)
        if process and process.alive:
            continue
        argv = [sys.executable, "-m", f"salescast.local.{name}", "--endpoint", record.endpoint]
        argv += ["--stack", record.stack, "--state", str(state.folder)]
        if name == "firehose":
            argv += ["--fast", f"{record.fast:g}"]
        record.processes[name] = _start(state, name, argv)
        state.write(record)


def _start(state: State, name: str, argv: list[str]) -> Process:
    environment = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
    environment |= NO_AWS_CONFIGURATION
    environment |= {"HOME": str(state.tmp), "TMPDIR": str(state.tmp), "PYTHONUNBUFFERED": "1"}
    return processes.start(argv, log=state.logs / f"{name}.log", cwd=PROJECT, env=environment)


def _end(record: Record, name: str) -> None:
    if process := record.processes.pop(name, None):
        processes.end(process)


def _wait_until_running(stack: Stack, record: Record) -> None:
    pipe = stack.resource("AWS::Pipes::Pipe")
    delivery = stack.output("DeliveryStream")
    deadline = time.monotonic() + RUN_SECONDS
    while True:
        for name in STAND_INS:
            if not record.processes[name].alive:
                raise SalescastError(f"{name} has died; the end of its log:\n{stack.state.log_tail(name)}")
        pipe_state = stack.pipes.describe_pipe(Name=pipe)["CurrentState"]
        description = stack.firehose.describe_delivery_stream(DeliveryStreamName=delivery)
        delivery_state = description["DeliveryStreamDescription"]["DeliveryStreamStatus"]
        if (pipe_state, delivery_state) == ("RUNNING", "ACTIVE"):
            return
        if time.monotonic() > deadline:
            raise SalescastError(
                f"after {RUN_SECONDS:.0f} s the pipe is {pipe_state}, the delivery stream {delivery_state}; "
                f"see {stack.state.logs}/deploy.log"
            )
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
