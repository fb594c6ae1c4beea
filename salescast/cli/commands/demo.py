"""The command that shows everything once: demo."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from salescast.cli import consent
from salescast.cli.arguments import JsonOption, StateOption
from salescast.cli.output import Output
from salescast.stack.state import DEFAULT, State


def run_demo(
    context: typer.Context,
    orders: Annotated[
        int, typer.Option(min=1, max=10_000_000, help="Orders to generate over the past 400 days.")
    ] = 6000,
    file: Annotated[Path | None, typer.Option("--replay", help="Replay this order file instead.")] = None,
    fast: Annotated[
        float, typer.Option(min=1, max=60, help="Divide Firehose's buffering interval by this.")
    ] = 20,
    trickle: Annotated[
        bool,
        typer.Option("--trickle/--no-trickle", help="Let sample orders go on coming, at the same pace."),
    ] = True,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask before throwing away the orders of a file.")
    ] = False,
    state: StateOption = DEFAULT,
    _json: JsonOption = False,
) -> None:
    """Run everything once on a fresh laptop stack, reconcile it, and leave demo.json. The stack stays up.

    salescast demo --orders 20000
    salescast demo --replay online_retail.csv.gz
    """
    from salescast.cli import demo_steps

    output: Output = context.obj
    _ask(state, output, yes)
    try:
        shown = demo_steps.run(state, output, orders=orders, file=file, fast=fast, go_on=trickle)
    except KeyboardInterrupt:
        output.step(
            "stopped half way; what was started goes on running: `make down` ends it, `make demo` begins anew"
        )
        raise
    output.demo(shown)
    shown.check()


def _ask(state: Path, output: Output, yes: bool) -> None:
    """Ask before the orders of a file go, where somebody is there to answer; say so where not."""
    replayed = State(state.resolve()).replayed
    if not replayed or yes:
        return
    text = f"the stack in {state} holds the orders of {replayed}; a demo starts from a fresh one"
    if sys.stdin.isatty():
        consent.confirm(f"{text}. Throw them away?", yes)
    else:
        output.step(text)
