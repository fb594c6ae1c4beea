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

# What each stand-in is for.
KINDS = {
    "pipe": "AWS::Pipes::Pipe",
    "firehose": "AWS::KinesisFirehose::DeliveryStream",
    "crawler": "AWS::Glue::Crawler",
    "job": "AWS::Glue::Job",
}
STAND_INS = tuple(KINDS)
RUN_SECONDS = 60.0
RUNNING = {"RUNNING", "STOPPED", "ACTIVE"}  # a pipe, one that is to stand still, a delivery stream
WAITING = "waiting: "  # what a stand-in says of a configuration that it cannot read yet
PORT_ATTEMPTS = 3
# What the processes may see of the user's environment. Functions run as children of the emulator.
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "LD_LIBRARY_PATH")

Report = Callable[[str], None]


def up(
    folder: Path,
    *,
    fast: float | None = None,
    parameters: Mapping[str, str] | None = None,
    template: Path | None = None,
    report: Report = lambda _: None,
) -> Stack:
    """Make the laptop stack in `folder` run: start what is missing, build, deploy, wait until all of it runs.

    Repeating it changes nothing that is already so. `fast` divides Firehose's buffering interval and
    `parameters` overrides template parameters; both default to what the running stack has. `report` is called
    with each step. Another's `template` may be deployed in place of the project's, into a folder of its own:
    its pipes, delivery streams, crawlers and jobs run as far as the stand-ins go, and what they leave out is
    refused by name. Raises SalescastError with the last lines of the log of what failed.
    """
    order_items.mapping()  # a function that cannot use it would fail every change
    state = State(folder.resolve())
    with state.lock():
        state.prepare()
        disk.require_room(state.folder)
        other = _template(state, template)
        sam.check_parameters(parameters or {}, other)
        record = _emulator(state, report)
        record.template = str(other or "")
        if fast is not None and fast != record.fast:
            record.fast = fast
            _end(record, "firehose")
        state.write(record)
        wanted = record.parameters | dict(parameters or {})
        resolved = sam.laptop_parameters(wanted, other)
        _start_stand_ins(state, record)
        report("building the functions for this machine (sam build)")
        if other is None:
            fingerprint = sam.fingerprint(sam.build(state, resolved), resolved)
            _deploy(state, record, resolved, fingerprint, report)
        else:
            built = sam.build_other(state, other, resolved)
            report(f"deploying {other} to the emulator (sam deploy)")
            sam.deploy(state, record, resolved, built)
        record.parameters = wanted  # what cannot be deployed is not remembered
        state.write(record)
        report("waiting until the pipe and the delivery stream run")
        _start_stand_ins(state, record)
        stack = Stack.laptop(state.folder)
        _wait_until_running(stack, record)
    return stack


def _deploy(
    state: State, record: Record, parameters: Mapping[str, str], fingerprint: str, report: Report
) -> None:
    """Deploy what was built, unless the stack is made of just that: SAM would say so after ten seconds."""
    if record.deployed == fingerprint and Stack.laptop(state.folder).is_complete:
        report("the stack is deployed as it is here")
        return
    record.deployed = ""  # whatever becomes of it
    state.write(record)
    report("deploying template.yaml to the emulator (sam deploy)")
    sam.deploy(state, record, parameters)
    record.deployed = fingerprint


def _template(state: State, chosen: Path | None) -> Path | None:
    """The template to deploy that is not the project's: the chosen one, or the running stack's."""
    record = state.read()
    kept = Path(record.template) if record and record.template else None
    if chosen is None:
        return kept
    chosen = chosen.resolve()
    if record and kept != chosen:
        raise SalescastError(
            f"the stack in {state.folder} has another template; `salescast down` ends it, or choose a "
            "folder of its own with --state"
        )
    return None if chosen == PROJECT / "template.yaml" else chosen


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
    _wait_until_at_work(stack, record)
    pipes = list(stack.resources("AWS::Pipes::Pipe"))
    deliveries = list(stack.resources("AWS::KinesisFirehose::DeliveryStream"))

    def states() -> dict[str, str]:
        seen = {f"pipe {name}": str(stack.pipes.describe_pipe(Name=name)["CurrentState"]) for name in pipes}
        for name in deliveries:
            described = stack.firehose.describe_delivery_stream(DeliveryStreamName=name)
            status = described["DeliveryStreamDescription"]["DeliveryStreamStatus"]
            seen[f"delivery stream {name}"] = str(status)
        return seen

    seen = poll(states, lambda seen: set(seen.values()) <= RUNNING, pause=0.2, seconds=RUN_SECONDS)
    if late := [f"the {name} is {state}" for name, state in seen.items() if state not in RUNNING]:
        raise SalescastError(
            f"after {RUN_SECONDS:.0f} s {', '.join(late)}; see {stack.state.logs}/deploy.log"
        )


def _wait_until_at_work(stack: Stack, record: Record) -> None:
    """Until every stand-in that has something to do says that it works by the deployed configuration.

    Raises SalescastError, at once for a configuration that does not run here.
    """
    state = stack.state
    needed = [name for name in STAND_INS if stack.resources(KINDS[name])]
    deployed = condition.deployment(stack.description)

    def idle() -> list[str]:
        for name in STAND_INS:
            if not record.processes[name].alive:
                raise SalescastError(f"{name} has died; the end of its log:\n{state.log_tail(name)}")
        said = {name: condition.read(state, name) for name in needed}
        of_now = {
            name: one
            for name, one in said.items()
            # What one that follows several resources says of an earlier deployment may be over.
            if one.pid == record.processes[name].pid and one.deployment in (deployed, "")
        }
        ills = {name: _configuration(one) for name, one in of_now.items()}
        if refused := [ill for told in ills.values() for ill in told if not ill.startswith(WAITING)]:
            raise SalescastError(f"{'; '.join(refused)}. The rest runs; see docs/local-differences.md")
        return [
            f"{name} {'; '.join(one.ills.values()) or 'says nothing'}, see {state.logs}/{name}.log"
            for name, one in said.items()
            if name not in of_now or not one.at_work or ills[name]
        ]

    if left := poll(idle, operator.not_, pause=0.1, seconds=RUN_SECONDS):
        raise SalescastError(f"after {RUN_SECONDS:.0f} s not at work: {', '.join(left)}")


def _configuration(said: condition.Condition) -> list[str]:
    return [sentence for what, sentence in said.ills.items() if what.startswith("configuration")]
