"""Commands for the stack itself: up, down, status, env, destroy."""

from pathlib import Path
from typing import Annotated

import typer

from salescast.cli import arguments, consent
from salescast.cli.arguments import JsonOption, StackOption, StateOption
from salescast.cli.output import Output
from salescast.stack.errors import SalescastError
from salescast.stack.stack import Stack
from salescast.stack.state import DEFAULT, State


def start_stack(
    context: typer.Context,
    state: StateOption = DEFAULT,
    fast: Annotated[
        float | None, typer.Option(min=1, max=60, help="Divide Firehose's buffering interval by this.")
    ] = None,
    parameter: Annotated[
        list[str] | None, typer.Option(help="Override a template parameter.", metavar="NAME=VALUE")
    ] = None,
    template: Annotated[
        Path | None,
        typer.Option(help="A SAM template of your own, in place of Salescast's.", metavar="FILE"),
    ] = None,
    _json: JsonOption = False,
) -> None:
    """Start the stack on this machine: emulator, stand-ins, sam build, sam deploy. Repeatable.

    salescast up
    salescast up --fast 20 --parameter FirstOrderDate=2010-01-01
    salescast up --template ../other/template.yaml --state .other
    """
    from salescast import laptop

    output: Output = context.obj
    overrides = arguments.pairs(parameter, "--parameter FirstOrderDate=2010-01-01")
    output.up(laptop.up(state, fast=fast, parameters=overrides, template=template, report=output.step))


def end_stack(context: typer.Context, state: StateOption = DEFAULT, _json: JsonOption = False) -> None:
    """End the stack on this machine and its data; logs and demo.json stay.

    salescast down
    salescast down --state .shop
    """
    output: Output = context.obj
    folder = State(state.resolve())
    with folder.lock():
        ended = folder.down()
    output.down(folder, ended)


def show_status(
    context: typer.Context,
    state: StateOption = DEFAULT,
    stack: StackOption = None,
    _json: JsonOption = False,
) -> int:
    """Show the health of every stage. Exit status 1 when one is down.

    salescast status
    salescast status --stack salescast --json
    """
    from salescast.integrity import health

    output: Output = context.obj
    target = arguments.stack(state, stack, attempts=2)
    if not target.is_laptop:
        target.reach()  # once for all stages: each would wait for the network in its turn
    stages = health.stages(target)
    output.stages(stages)
    return int(any(stage.health == health.DOWN for stage in stages))


def show_environment(context: typer.Context, state: StateOption = DEFAULT, _json: JsonOption = False) -> None:
    """Print export lines that let any AWS client use the stack on this machine, as its root: eval them.

    salescast env
    salescast env --state .shop
    """
    output: Output = context.obj
    output.environment(Stack.laptop(state.resolve()).variables)


def destroy_stack(
    context: typer.Context,
    stack: Annotated[str, typer.Option("--stack", help="The stack to delete, by name.", metavar="NAME")],
    state: Annotated[
        Path | None,
        typer.Option("--state", help="Folder of a laptop stack, if it is one.", show_default="AWS"),
    ] = None,
    keep_data: Annotated[bool, typer.Option("--keep-data", help="Do not empty the bucket.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    _json: JsonOption = False,
) -> None:
    """Empty and delete a stack. Tables and bucket stay where DataDeletionPolicy is Retain, and are named.

    salescast destroy --stack salescast
    salescast destroy --stack salescast --keep-data
    """
    from salescast.stack.destroy import destroy

    output: Output = context.obj
    target = Stack.laptop(state.resolve()) if state else Stack.aws(stack, DEFAULT)
    if target.name != stack:
        raise SalescastError(
            f"the stack in {state} is named {target.name}, not {stack}; use --stack {target.name}"
        )
    consent.confirm(f"Delete the stack {stack}{'' if keep_data else ' and every object of its lake'}?", yes)
    output.destroyed(destroy(target, keep_data=keep_data, report=output.step))
