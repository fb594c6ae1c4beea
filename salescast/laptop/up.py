"""The laptop stack: the emulator, the deployed template, and the processes that stand in for services."""

import operator
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from salescast.laptop import emulator_process, sam
from salescast.stack import condition, disk, processes
from salescast.stack.errors import SalescastError
from salescast.stack.polling import poll
from salescast.stack.processes import Process
from salescast.stack.services import order_items
from salescast.stack.session import SECRET_VARIABLE, new_secret, root_session
from salescast.stack.stack import LAPTOP_ACCOUNT, LAPTOP_REGION, LAPTOP_STACK, NO_AWS_CONFIGURATION, Stack
from salescast.stack.state import PROJECT, Record, State

STAND_INS = ("pipe", "firehose", "crawler", "job")
RUN_SECONDS = 60.0
RUNNING = ("RUNNING", "ACTIVE")  # the pipe, the delivery stream
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
    order_items.mapping()  # a function that cannot use it would fail every change
    state = State(folder.resolve())
    with state.lock():
        state.prepare()
        disk.require_room(state.folder)
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
        sam.deploy(state, record, resolved)
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
        port = emulator_process.free_port()
        endpoint = f"http://127.0.0.1:{port}"
        secret = new_secret()
        argv, variables = emulator_process.command(port, state.folder), emulator_process.variables(secret)
        process = _start(state, "emulator", argv, variables)
        record = Record(LAPTOP_STACK, endpoint, LAPTOP_REGION, LAPTOP_ACCOUNT, fast, secret, dict(parameters))
        record.processes["emulator"] = process
        state.write(record)
        if emulator_process.healthy(process, endpoint, root_session(secret, LAPTOP_REGION)):
            return record
        processes.end(process)
        if attempt == PORT_ATTEMPTS:
            break
    state.down()
    raise SalescastError(
        f"the emulator does not start; the last lines of its log:\n{state.log_tail('emulator')}"
    )


def _start_stand_ins(state: State, record: Record) -> None:
    for name in STAND_INS:
        process = record.processes.get(name)
        if process and process.alive:
            continue
        argv = [sys.executable, "-m", f"salescast.local.movers.{name}", "--endpoint", record.endpoint]
        argv += ["--stack", record.stack, "--state", str(state.folder)]
        if name == "firehose":
            argv += ["--fast", f"{record.fast:g}"]
        record.processes[name] = _start(state, name, argv, {SECRET_VARIABLE: record.secret})
        state.write(record)


def _start(state: State, name: str, argv: list[str], variables: Mapping[str, str]) -> Process:
    environment = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
    environment |= NO_AWS_CONFIGURATION
    environment |= {"HOME": str(state.tmp), "TMPDIR": str(state.tmp), "PYTHONUNBUFFERED": "1"}
    environment |= variables
    return processes.start(argv, log=state.logs / f"{name}.log", cwd=PROJECT, env=environment)


def _end(record: Record, name: str) -> None:
    if process := record.processes.pop(name, None):
        processes.end(process)


def _wait_until_running(stack: Stack, record: Record) -> None:
    pipe = stack.resource("AWS::Pipes::Pipe")
    delivery = stack.output("DeliveryStream")

    def states() -> tuple[str, str]:
        for name in STAND_INS:
            if not record.processes[name].alive:
                raise SalescastError(f"{name} has died; the end of its log:\n{stack.state.log_tail(name)}")
        description = stack.firehose.describe_delivery_stream(DeliveryStreamName=delivery)
        return (
            stack.pipes.describe_pipe(Name=pipe)["CurrentState"],
            description["DeliveryStreamDescription"]["DeliveryStreamStatus"],
        )

    pipe_state, delivery_state = poll(states, lambda seen: seen == RUNNING, pause=0.2, seconds=RUN_SECONDS)
    if (pipe_state, delivery_state) == RUNNING:
        _wait_until_at_work(stack.state, record)
    else:
        raise SalescastError(
            f"after {RUN_SECONDS:.0f} s the pipe is {pipe_state}, the delivery stream {delivery_state}; "
            f"see {stack.state.logs}/deploy.log"
        )


def _wait_until_at_work(state: State, record: Record) -> None:
    """Until every stand-in says that it works by the deployed configuration. Raises SalescastError."""

    def idle() -> list[str]:
        said = {name: condition.read(state, name) for name in STAND_INS}
        return [
            f"{name} {'; '.join(one.ills.values()) or 'says nothing'}, see {state.logs}/{name}.log"
            for name, one in said.items()
            if one.pid != record.processes[name].pid or not one.at_work or "configuration" in one.ills
        ]

    if left := poll(idle, operator.not_, pause=0.1, seconds=RUN_SECONDS):
        raise SalescastError(f"after {RUN_SECONDS:.0f} s not at work: {', '.join(left)}")
