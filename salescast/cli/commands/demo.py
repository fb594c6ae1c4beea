"""The command that shows everything once: demo."""

from pathlib import Path
from typing import Annotated

import typer

from salescast.cli.arguments import JsonOption, StateOption
from salescast.cli.output import Output
from salescast.stack.state import DEFAULT


def run_demo(
    context: typer.Context,
    orders: Annotated[
        int, typer.Option(min=1, max=10_000_000, help="Orders to generate over the past 120 days.")
    ] = 2000,
    file: Annotated[Path | None, typer.Option("--replay", help="Replay this order file instead.")] = None,
    fast: Annotated[
        float, typer.Option(min=1, max=60, help="Divide Firehose's buffering interval by this.")
    ] = 20,
    state: StateOption = DEFAULT,
    _json: JsonOption = False,
) -> None:
    """Run everything once on a fresh laptop stack, reconcile it, and leave demo.json. The stack stays up.

    salescast demo --orders 20000
    salescast demo --replay online_retail.csv.gz
    """
    from salescast.cli import demo_steps

    output: Output = context.obj
    shown = demo_steps.run(state, output, orders=orders, file=file, fast=fast)
    output.demo(shown)
    shown.check()
